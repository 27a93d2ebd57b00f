/**
 * Serves /metrics, /healthz and /readyz of a process, on a separate address: as it is, or by TLS to those who may read
 * metrics. Health is for everybody, as the kubelet asks without a token.
 */
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { KeyPair } from './key-pair.ts';
import type { Verdict } from './reviews.ts';

export interface Protection {
  readonly pair: KeyPair;
  /** What becomes of a request for metrics with this Authorization header. */
  readonly verdict: (header: string | undefined) => Promise<Verdict>;
}

export interface StatusOptions {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  readonly registry: Registry;
  /** Why the process is not ready; undefined if it is. */
  readonly notReady: () => string | undefined;
  /** TLS, and who may read metrics; without it plain HTTP for everybody. */
  readonly protection?: Protection;
}

export interface StatusServer {
  readonly port: number;
  /** Has another certificate for new connections. */
  renew(pair: KeyPair): void;
  close(): void;
}

type Answer = readonly [status: number, type: string, body: string];

const text = 'text/plain';
const refusals: Readonly<Record<Exclude<Verdict, 'allowed'>, Answer>> = {
  unauthenticated: [401, text, 'metrics need a bearer token of the cluster\n'],
  forbidden: [403, text, 'the token may not get /metrics: it needs a role with nonResourceURLs /metrics\n'],
  unknown: [503, text, 'the API server does not say who may read metrics\n'],
};
/** Nobody keeps a connection of others busy by sending nothing. */
const timeouts = { headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 120_000 } as const;

/** Serves until closed; rejects if the address cannot be bound. */
export async function serveStatus(options: StatusOptions): Promise<StatusServer> {
  const { protection } = options;
  const metrics = async (header: string | undefined): Promise<Answer> => {
    const verdict = await (protection?.verdict(header) ?? 'allowed');
    if (verdict !== 'allowed') return refusals[verdict];
    return [200, options.registry.contentType, await options.registry.metrics()];
  };
  const answer = async ({ url = '', headers }: IncomingMessage): Promise<Answer> => {
    const [path = ''] = url.split('?');
    if (path === '/healthz') return [200, text, 'ok\n'];
    if (path === '/readyz') {
      const problem = options.notReady();
      return problem === undefined ? [200, text, 'ok\n'] : [503, text, `${problem}\n`];
    }
    if (path === '/metrics') return metrics(headers.authorization);
    return [404, text, 'there are /metrics, /healthz and /readyz\n'];
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request).then(
      ([status, type, body]) => response.writeHead(status, { 'content-type': type, ...challenge(status) }).end(body),
      () => response.writeHead(500).end(),
    );
  };
  const secure =
    protection === undefined
      ? undefined
      : createTlsServer({ ...timeouts, ...protection.pair, handshakeTimeout: 10_000 }, handle);
  const server = secure ?? createPlainServer(timeouts, handle);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: portOf(server.address()),
    renew: (pair) => secure?.setSecureContext({ ...pair }),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function challenge(status: number): Readonly<Record<string, string>> {
  return status === 401 ? { 'www-authenticate': 'Bearer' } : {};
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
