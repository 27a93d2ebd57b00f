/**
 * The web server outside the cluster: `/` answers OK, `/ip` the client's address; a log in Apache's combined format.
 */
import { createWriteStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { whenAborted } from '../../io/async/when-aborted.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Formats a time as Apache's %t in UTC: `[20/Nov/2026:09:00:00 +0000]`. */
export function apacheTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()] ?? ''}/${date.getUTCFullYear()}`;
  return `[${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000]`;
}

interface Served {
  readonly client: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly bytes: number;
  readonly referer: string;
  readonly agent: string;
}

/** One line of Apache's combined log: `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`. */
export function combinedLine(served: Served, date: Date): string {
  const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const request = quoted(`${served.method} ${served.path} HTTP/1.1`);
  return [
    served.client,
    '-',
    '-',
    apacheTime(date),
    request,
    served.status,
    served.bytes,
    quoted(served.referer),
    quoted(served.agent),
  ].join(' ');
}

function bodyFor(path: string, client: string): { readonly status: number; readonly body: string } {
  if (path === '/') return { status: 200, body: 'OK\n' };
  if (path === '/ip') return { status: 200, body: `${client}\n` };
  return { status: 404, body: 'Not Found\n' };
}

/** Serves until the signal aborts. */
export async function serveWeb(host: string, port: number, logPath: string, signal: AbortSignal): Promise<void> {
  const log = createWriteStream(logPath, { flags: 'a' });
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const client = request.socket.remoteAddress ?? '-';
    const { method = '-', url: path = '/' } = request;
    const { status, body } = bodyFor(path, client);
    const { referer = '-', 'user-agent': agent = '-' } = request.headers;
    const line = combinedLine({ client, method, path, status, bytes: body.length, referer, agent }, new Date());
    log.write(`${line}\n`, () => response.writeHead(status, { 'content-type': 'text/plain' }).end(body));
  };
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  await new Promise<void>((resolve) => whenAborted(signal, resolve));
  server.close();
  server.closeAllConnections();
}
