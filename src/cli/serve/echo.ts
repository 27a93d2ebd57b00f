/** `sdn-compat echo`: tells each client the address that it comes from, for tests from pods. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Failure, untilSignal } from '../fail.ts';
import { print } from '../output.ts';

export interface EchoFlags {
  /** HOST:PORT. */
  readonly listen: string;
}

const badInput = 2;

/** Milliseconds for a client's request. */
const patience = 5_000;

/** Serves until a signal. */
export async function runEcho({ listen }: EchoFlags): Promise<void> {
  const [, host, digits] = /^(.+):(\d+)$/.exec(listen) ?? [];
  if (host === undefined || Number(digits) > 65_535)
    throw new Failure(`--listen ${JSON.stringify(listen)}: it must be ADDRESS:PORT`, badInput);
  const server = createServer(({ socket }, response) => {
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store', connection: 'close' });
    response.end(`${address}\n`);
  });
  server.requestTimeout = patience;
  server.headersTimeout = patience;
  server.listen(Number(digits), host.replace(/^\[(.*)\]$/, '$1'));
  await once(server, 'listening').catch((error: unknown) => {
    throw new Failure(`--listen ${listen}: ${error instanceof Error ? error.message : String(error)}`);
  });
  const at = server.address();
  print(`telling clients their address at ${typeof at === 'object' && at !== null ? `${host}:${at.port}` : listen}\n`);
  const signal = untilSignal();
  if (!signal.aborted) await once(signal, 'abort');
  server.close();
  server.closeAllConnections();
}
