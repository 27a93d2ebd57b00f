/** A request with its response, and how to answer it. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
}

/** Writes a JSON answer. */
export function answer(
  response: ServerResponse,
  code: number,
  text: string,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): void {
  response.writeHead(code, {
    'content-type': 'application/json',
    'cache-control': 'no-cache, private',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Headers that kubectl prints as warnings. */
export function warningHeaders(warnings: readonly string[]): Readonly<Record<string, readonly string[]>> {
  if (warnings.length === 0) return {};
  return { warning: warnings.map((text) => `299 - "${text.replace(/[\\"]/g, '\\$&').replace(/[^ -~]/g, '?')}"`) };
}

/** Whether a query parameter is 1 or true. */
export function isSet(query: URLSearchParams, key: string): boolean {
  const value = query.get(key);
  return value === '1' || value === 'true';
}
