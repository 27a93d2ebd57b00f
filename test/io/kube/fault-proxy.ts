/** A proxy that does to requests what networks, load balancers and overloaded servers do, by a seeded dice. */
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';

export interface FaultProxy {
  readonly url: URL;
  /** How often each fault was done. */
  readonly faults: ReadonlyMap<string, number>;
  /** From now on everything passes. */
  heal(): void;
  close(): Promise<void>;
}

function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

const html = '<html><body><h1>503 Service Unavailable</h1>No server is available.</body></html>';
const gone = (message: string): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Expired', message, code: 410 });

const refusals: Record<string, (response: http.ServerResponse) => void> = {
  tooMany: (response) => response.writeHead(429, { 'retry-after': '0' }).end('slow down'),
  serverError: (response) =>
    response.writeHead(500).end('{"kind":"Status","status":"Failure","code":500,"message":"etcd"}'),
  unavailable: (response) => response.writeHead(503, { 'content-type': 'text/html', 'retry-after': '0' }).end(html),
  expired: (response) => response.writeHead(410).end(gone('too old')),
  page: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html),
  reset: (response) => response.destroy(),
};

/** Starts a proxy in plain HTTP before the server; `rate` is the share of requests and lines that go wrong. */
export async function faultProxy(server: string, seed: number, rate: number): Promise<FaultProxy> {
  const random = dice(seed);
  const faults = new Map<string, number>();
  let healthy = false;
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
  const happens = (name: string, share: number): boolean => {
    if (healthy || random() >= share) return false;
    faults.set(name, (faults.get(name) ?? 0) + 1);
    return true;
  };

  const forwardWatch = (upstream: http.IncomingMessage, response: http.ServerResponse): void => {
    let rest = '';
    let stalled = false;
    const told: string[] = [];
    upstream.setEncoding('utf8');
    const line = (text: string): boolean => {
      if (happens('resetWatch', rate / 8)) response.destroy();
      else if (happens('truncate', rate / 8)) response.end(text.slice(0, Math.floor(text.length / 2)));
      else if (happens('expiredWatch', rate / 40))
        response.end(`${JSON.stringify({ type: 'ERROR', object: JSON.parse(gone('gone')) as object })}\n`);
      else if (happens('garbage', rate / 20)) response.end(`${html}\n`);
      else if (happens('stall', rate / 40)) stalled = true;
      else {
        if (happens('split', rate)) {
          response.write(text.slice(0, 7));
          response.write(`${text.slice(7)}\n`);
        } else response.write(`${text}\n`);
        if (happens('duplicate', rate)) response.write(`${text}\n`);
        if (told.length > 3 && happens('replay', rate / 2)) response.write(`${told.slice(-3).join('\n')}\n`);
        told.push(text);
        if (told.length > 10) told.shift();
        return true;
      }
      return false;
    };
    upstream.on('data', (piece: string) => {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) if (stalled || !line(text)) return;
    });
    upstream.on('end', () => stalled || response.end());
    response.on('close', () => upstream.destroy());
  };

  const forward = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const isWatch = request.url?.includes('watch=1') === true;
    for (const [name, refuse] of Object.entries(refusals)) {
      if (!(isWatch && name === 'page') && happens(name, rate / 4)) {
        refuse(response);
        return;
      }
    }
    const sent = https.request(
      `${server}${request.url ?? ''}`,
      { method: request.method ?? 'GET', headers: request.headers, agent },
      (upstream) => {
        response.writeHead(upstream.statusCode ?? 500, upstream.headers);
        if (isWatch && upstream.statusCode === 200) forwardWatch(upstream, response);
        else if (happens('truncateList', rate / 4))
          upstream.once('data', (piece: Buffer) => {
            response.write(piece.subarray(0, piece.length / 2));
            setTimeout(() => response.destroy(), 5);
          });
        else upstream.pipe(response);
      },
    );
    sent.on('error', () => response.destroy());
    request.pipe(sent);
  };

  const proxy = http.createServer((request, response) => {
    if (happens('delay', rate)) setTimeout(() => forward(request, response), 30 * random());
    else forward(request, response);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`),
    faults,
    heal: () => (healthy = true),
    close: async () => {
      agent.destroy();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
