/** Serves /metrics, /healthz and /readyz of a process, on a separate address. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface StatusOptions {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  readonly registry: Registry;
  /** Why the process is not ready; undefined if it is. */
  readonly notReady: () => string | undefined;
}

export interface StatusServer {
  readonly port: number;
  close(): void;
}

/** Serves until closed; rejects if the address cannot be bound. */
export async function serveStatus(options: StatusOptions): Promise<StatusServer> {
  const answer = async (path: string): Promise<readonly [number, string, string]> => {
    if (path === '/healthz') return [200, 'text/plain', 'ok\n'];
    if (path === '/readyz') {
      const problem = options.notReady();
      return problem === undefined ? [200, 'text/plain', 'ok\n'] : [503, 'text/plain', `${problem}\n`];
    }
    if (path === '/metrics') return [200, options.registry.contentType, await options.registry.metrics()];
    return [404, 'text/plain', 'there are /metrics, /healthz and /readyz\n'];
  };
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const [path = ''] = (request.url ?? '').split('?');
    answer(path).then(
      ([status, type, body]) => response.writeHead(status, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: portOf(server.address()),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
