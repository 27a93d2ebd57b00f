/** HTTP to a server on loopback that does what each test says. Authorities are tried with the configuration. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pause } from '../../../src/io/async/pause.ts';
import { makeCertificate } from '../../../src/io/certificate.ts';
import { createTransport, type Transport, type TransportOptions } from '../../../src/io/kube/transport.ts';

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
type Act = (response: ServerResponse) => void;

let server: Server;
let transport: Transport;
const received: Received[] = [];
/** What becomes of the next requests, one after the other; the last one goes for all that follow. */
let acts: Act[] = [];
const renewed: boolean[] = [];

beforeEach(async () => {
  received.length = 0;
  renewed.length = 0;
  acts = [answered(200, 'ok')];
  server = createServer((request, response) => {
    const act = acts.length > 1 ? acts.shift() : acts[0];
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      received.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      act?.(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  transport = open();
});
afterEach(async () => {
  transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function answered(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Act {
  return (response) => {
    response.writeHead(status, headers).end(body);
  };
}
/** Closes the connection within the answer. */
const cut: Act = (response) => {
  response.writeHead(200, { 'content-length': '100' });
  response.write('half', () => response.destroy());
};
const dropped: Act = (response) => {
  response.destroy();
};
const silent: Act = () => undefined;
const status = (reason: string): string => JSON.stringify({ kind: 'Status', reason, message: reason });

const tls = {};
function portOf(listening: Server): number {
  const address = listening.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function open(options: Partial<TransportOptions> = {}, path = ''): Transport {
  return createTransport({
    server: new URL(`http://127.0.0.1:${portOf(server)}${path}`),
    credentials: (renew) => {
      renewed.push(renew);
      return Promise.resolve({ headers: { authorization: renew ? 'Bearer new' : 'Bearer old' }, tls });
    },
    userAgent: 'tester/1',
    ...options,
  });
}

describe('a request', () => {
  it('has who we are, what we take and what we send', async () => {
    expect(await transport.send({ method: 'PATCH', path: '/api/x?y=1', body: '{"ä":1}', contentType: 'a/b' })).toBe(
      'ok',
    );
    expect(received).toMatchObject([
      {
        method: 'PATCH',
        url: '/api/x?y=1',
        body: '{"ä":1}',
        headers: {
          accept: 'application/json',
          authorization: 'Bearer old',
          'user-agent': 'tester/1',
          'content-type': 'a/b',
          'content-length': '8',
        },
      },
    ]);
  });

  it('with a body is JSON, and without one has no type', async () => {
    await transport.send({ method: 'POST', path: '/', body: '{}' });
    await transport.send({ method: 'GET', path: '/' });
    expect(received.map(({ headers }) => headers['content-type'])).toEqual(['application/json', undefined]);
  });

  it('goes below the path of the server', async () => {
    for (const path of ['/prefix', '/prefix/']) {
      const prefixed = open({}, path);
      await prefixed.send({ method: 'GET', path: '/api' });
      prefixed.close();
    }
    expect(received.map(({ url }) => url)).toEqual(['/prefix/api', '/prefix/api']);
  });

  it('uses a connection again', async () => {
    let connections = 0;
    server.on('connection', () => connections++);
    for (let time = 0; time < 3; time++) await transport.send({ method: 'GET', path: '/' });
    expect(connections).toBe(1);
  });

  it('takes another connection when what it trusts has changed', async () => {
    let connections = 0;
    server.on('connection', () => connections++);
    const changing = open({ credentials: () => Promise.resolve({ headers: {}, tls: {} }) });
    for (let time = 0; time < 2; time++) await changing.send({ method: 'GET', path: '/' });
    expect(connections).toBe(2);
    changing.close();
  });

  it('is refused with what the server says', async () => {
    acts = [answered(409, status('Conflict'))];
    await expect(transport.send({ method: 'PUT', path: '/' })).rejects.toMatchObject({ code: 409, reason: 'Conflict' });
    expect(received).toHaveLength(1);
  });

  it.each([300, 302, 404, 500])('fails when it is answered with %i', async (code) => {
    acts = [answered(code, 'no')];
    await expect(transport.send({ method: 'GET', path: '/' })).rejects.toMatchObject({ code });
    expect(received).toHaveLength(1);
  });

  it('is sent again with new credentials after a 401, and once only', async () => {
    acts = [answered(401, ''), answered(200, 'in')];
    expect(await transport.send({ method: 'POST', path: '/' })).toBe('in');
    expect(received.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
    acts = [answered(401, '')];
    await expect(transport.send({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 401 });
    expect(renewed).toEqual([false, true, false, true]);
  });

  it.each([429, 503])('is sent again after %i when the server says when', async (code) => {
    acts = [answered(code, '', { 'retry-after': '0' }), answered(200, 'later')];
    expect(await transport.send({ method: 'POST', path: '/' })).toBe('later');
  });

  it.each<readonly [number, Readonly<Record<string, string>>]>([
    [429, {}],
    [503, { 'retry-after': 'soon' }],
    [503, { 'retry-after': '-1' }],
    [404, { 'retry-after': '0' }],
  ])('is not sent again after %i with %j', async (code, headers) => {
    acts = [answered(code, '', headers)];
    await expect(transport.send({ method: 'GET', path: '/' })).rejects.toMatchObject({ code });
    expect(received).toHaveLength(1);
  });

  it('that only reads is sent again when the connection broke', async () => {
    acts = [dropped, cut, answered(200, 'whole')];
    expect(await transport.send({ method: 'GET', path: '/' })).toBe('whole');
    expect(received).toHaveLength(3);
  });

  it.each(['POST', 'PATCH', 'PUT', 'DELETE'] as const)('by %s is not: it may have been done', async (method) => {
    for (const act of [dropped, cut]) {
      acts = [act];
      received.length = 0;
      await expect(transport.send({ method, path: '/' })).rejects.toThrow();
      expect(received).toHaveLength(1);
    }
  });

  it('fails when the server says nothing for too long, and is not sent again', async () => {
    acts = [silent];
    const impatient = open({ timeout: 50 });
    await expect(impatient.send({ method: 'GET', path: '/' })).rejects.toThrow(
      'no byte from the API server for 0.05 s',
    );
    expect(received).toHaveLength(1);
    impatient.close();
  });

  it('ends with its signal, with the reason that the signal has', async () => {
    acts = [silent];
    const stop = new AbortController();
    const sent = transport.send({ method: 'GET', path: '/', signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(sent).rejects.toThrow('enough');
    await expect(transport.send({ method: 'GET', path: '/', signal: stop.signal })).rejects.toThrow('enough');
  });

  it('that is under way ends when the transport is closed', async () => {
    acts = [silent];
    const sent = transport.send({ method: 'POST', path: '/' });
    const failed = expect(sent).rejects.toThrow();
    while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    transport.close();
    await failed;
  });
});

describe('a stream', () => {
  const { signal } = new AbortController();
  const stream = (onText: (text: string) => void = () => undefined, idleTimeout = 5000): Promise<void> =>
    transport.stream({ path: '/watch', signal, idleTimeout, onText });

  it('tells each piece as it comes, with letters whole, and ends with the answer', async () => {
    const pieces: string[] = [];
    const bytes = Buffer.from('aä');
    acts = [
      (response) => {
        response.write(bytes.subarray(0, 2));
        setTimeout(() => response.end(bytes.subarray(2)), 20);
      },
    ];
    await stream((text) => pieces.push(text));
    expect(pieces.join('')).toBe('aä');
    expect(pieces.length).toBeGreaterThan(1);
  });

  it('fails when it is cut off', async () => {
    acts = [cut];
    const pieces: string[] = [];
    await expect(stream((text) => pieces.push(text))).rejects.toThrow('the connection closed within an answer');
    expect(pieces).toEqual(['half']);
  });

  it('fails when it falls silent, and not while there is something', async () => {
    acts = [
      (response) => {
        response.write('.');
        let count = 1;
        const ticker = setInterval(() => {
          response.write('.');
          if (++count === 5) clearInterval(ticker);
        }, 100);
      },
    ];
    const pieces: string[] = [];
    const began = performance.now();
    await expect(stream((text) => pieces.push(text), 300)).rejects.toThrow('no byte from the API server for 0.3 s');
    expect(pieces.join('')).toBe('.....');
    expect(performance.now() - began).toBeGreaterThan(650);
  });

  it('that is refused says why and when to come again', async () => {
    acts = [answered(429, status('TooManyRequests'), { 'retry-after': '7' })];
    await expect(stream()).rejects.toMatchObject({ code: 429, status: { details: { retryAfterSeconds: 7 } } });
    acts = [answered(503, '', { 'retry-after': '100000' })];
    await expect(stream()).rejects.toMatchObject({ status: { details: { retryAfterSeconds: 60 } } });
    const own = JSON.stringify({ kind: 'Status', details: { retryAfterSeconds: 3 } });
    acts = [answered(504, own, { 'retry-after': '7' })];
    await expect(stream()).rejects.toMatchObject({ status: { details: { retryAfterSeconds: 3 } } });
    acts = [answered(410, status('Expired'))];
    await expect(stream()).rejects.toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('that is refused for its credentials asks for new ones, for the next time', async () => {
    acts = [answered(401, '')];
    await expect(stream()).rejects.toMatchObject({ code: 401 });
    expect(renewed).toEqual([false, true]);
  });

  it('ends with its signal', async () => {
    acts = [(response) => response.write('.')];
    const stop = new AbortController();
    const streamed = transport.stream({
      path: '/',
      signal: stop.signal,
      idleTimeout: 5000,
      onText: () => stop.abort(new Error('enough')),
    });
    await expect(streamed).rejects.toThrow('enough');
  });
});

describe('the name of a server by TLS', () => {
  const { key, certificate } = makeCertificate(['10.9.8.7', 'api.example'], new Date());
  const names: unknown[] = [];
  let secure: https.Server;
  beforeAll(async () => {
    secure = https.createServer({ key, cert: certificate }, (_request, response) => response.end('ok'));
    secure.on('secureConnection', (socket) => names.push(socket.servername));
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => secure.close());

  async function sent(servername: string): Promise<string> {
    const named = open({
      server: new URL(`https://127.0.0.1:${portOf(secure)}`),
      credentials: () => Promise.resolve({ headers: {}, tls: { ca: certificate, servername } }),
    });
    names.length = 0;
    const answer = await named.send({ method: 'POST', path: '/', body: '{}' }).catch((error: unknown) => String(error));
    named.close();
    return answer;
  }

  it('is sent and checked', async () => {
    expect(await sent('api.example')).toBe('ok');
    expect(names).toEqual(['api.example']);
    expect(await sent('other.example')).toContain("Hostname/IP does not match certificate's altnames");
  });

  it('is not sent if it is an address, which is checked all the same', async () => {
    expect(await sent('10.9.8.7')).toBe('ok');
    expect(names).toEqual([false]);
    expect(await sent('10.9.8.6')).toContain("IP: 10.9.8.6 is not in the cert's list");
  });
});

test('an answer is not kept by the connection by TLS that is kept for the next request', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  const { key, certificate } = makeCertificate(['api.example'], new Date());
  const big = Buffer.alloc(40 * 2 ** 20, 'x');
  const secure = https.createServer({ key, cert: certificate }, (_request, response) => response.end(big));
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  const kept = open({
    server: new URL(`https://127.0.0.1:${portOf(secure)}`),
    credentials: () => Promise.resolve({ headers: {}, tls: { ca: certificate, servername: 'api.example' } }),
  });
  const before = used();
  const length = await kept.send({ method: 'GET', path: '/' }).then((text) => text.length);
  await pause(10);
  expect(used() - before).toBeLessThan(20);
  expect(length).toBe(big.length);
  kept.close();
  secure.close();
});
