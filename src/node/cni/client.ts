/**
 * Sends a request to the agent over its CNI socket: one HTTP/1.0 request, whose answer ends with the connection. Uses a
 * plain socket, because loading Node's HTTP client takes half of the time allowed for the whole plugin, which every pod
 * pays for.
 */
import { connect } from 'node:net';
import { isRecord } from '../../model/values/json.ts';
import type { CniRequest } from './server.ts';

/** Returns the agent's answer; rejects with the agent's own words, or if nobody listens at the socket. */
export function askAgent(
  socketPath: string,
  body: Partial<CniRequest>,
  signal?: AbortSignal,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const socket = connect({ path: socketPath, allowHalfOpen: true, ...(signal === undefined ? {} : { signal }) });
    const chunks: Buffer[] = [];
    socket.on('connect', () =>
      socket.write(`POST /cni HTTP/1.0\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`),
    );
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => {
      socket.end();
      const { isGood, value } = answerOf(Buffer.concat(chunks).toString());
      if (isGood) resolve(value);
      else if (typeof value['error'] === 'string') reject(new Error(value['error']));
      else reject(Object.assign(new Error('the agent ended before it had answered'), { code: 'ECONNRESET' }));
    });
  });
}

interface Answer {
  readonly isGood: boolean;
  readonly value: Record<string, unknown>;
}

/** Parses the text of a response; one that is cut off or not JSON is neither good nor has an error. */
function answerOf(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  try {
    const value: unknown = JSON.parse(text.slice(end + 4));
    return isRecord(value)
      ? { isGood: /^HTTP\/1\.\d 200 /.test(text), value: { ...value } }
      : { isGood: false, value: {} };
  } catch {
    return { isGood: false, value: {} };
  }
}
