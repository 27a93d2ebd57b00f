/**
 * Carries connections to an API server that this machine reaches and the nodes' network namespaces do not: it may listen
 * on the loopback of the host. It is one process, so that when it ends all connections end, as if the server did.
 */
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { whenAborted } from '../../io/async/when-aborted.ts';

export interface RelayOptions {
  /** Where the server is. */
  readonly host: string;
  readonly port: number;
  /** Where clients find it: this port of 127.0.0.1, and this unix socket. */
  readonly at: { readonly port: number; readonly socket: string };
}

function join(near: Socket, far: Socket): void {
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  }
}

function listen(
  server: Server,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, resolve);
  });
}

/** Relays until the signal aborts; rejects if an address is taken. */
export async function relay({ host, port, at }: RelayOptions, signal: AbortSignal): Promise<void> {
  const open = new Set<Socket>();
  const accept = (near: Socket): void => {
    const far = connect(port, host);
    join(near, far);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    }
  };
  const servers = [createServer(accept), createServer(accept)] as const;
  await rm(at.socket, { force: true });
  await listen(servers[0], { path: at.socket });
  await chmod(at.socket, 0o600);
  await listen(servers[1], { host: '127.0.0.1', port: at.port });
  await new Promise<void>((resolve) => whenAborted(signal, resolve));
  for (const server of servers) server.close();
  for (const socket of open) socket.destroy();
}
