/**
 * JSON-RPC 1.0 over a unix socket, as OVSDB (RFC 7047, section 4) and the control sockets of Open vSwitch's daemons use
 * it: JSON values one after another, without separators.
 */
import { connect, type Socket } from 'node:net';
import { asList, isRecord } from '../../model/values/json.ts';

/** The connection ended, or the peer answered with an error; `message` tells which. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export interface RpcOptions {
  /** Receives the peer's notifications. */
  readonly notify?: (method: string, params: readonly unknown[]) => void;
  /** Milliseconds after which an unanswered call ends the connection; 10,000 by default. */
  readonly limit?: number;
}

export interface RpcConnection {
  /** The peer's result; rejects with RpcError. */
  call(method: string, params: readonly unknown[]): Promise<unknown>;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>;
  close(): void;
}

/** Splits a stream of text into whole JSON objects: counts braces outside strings, and reads each character once. */
export class JsonSplitter {
  #text = '';
  #at = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** The objects that `chunk` completes. */
  push(chunk: string): string[] {
    this.#text += chunk;
    const whole: string[] = [];
    let start = 0;
    for (; this.#at < this.#text.length; this.#at += 1) {
      if (!this.#step(this.#text.charCodeAt(this.#at))) continue;
      whole.push(this.#text.slice(start, this.#at + 1));
      start = this.#at + 1;
    }
    this.#text = this.#text.slice(start);
    this.#at -= start;
    return whole;
  }

  /** Whether this character ends an object. */
  #step(code: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (code === 0x5c) this.#escaped = true;
      else if (code === 0x22) this.#inString = false;
      return false;
    }
    if (code === 0x22) this.#inString = true;
    else if (code === 0x7b) this.#depth += 1;
    else if (code === 0x7d) {
      this.#depth -= 1;
      return this.#depth === 0;
    }
    return false;
  }
}

/** The value of a JSON text; undefined if it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

class Connection implements RpcConnection {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #options: RpcOptions;
  #nextId = 0;

  constructor(socket: Socket, options: RpcOptions) {
    this.#socket = socket;
    this.#options = options;
    const splitter = new JsonSplitter();
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      for (const text of splitter.push(chunk)) {
        const message = parsed(text);
        if (message === undefined) {
          this.close();
          return;
        }
        this.#receive(message);
      }
    });
    socket.on('error', () => undefined); // 'close' follows, and rejects the calls
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        for (const { reject, timer } of this.#pending.values()) {
          clearTimeout(timer);
          reject(new RpcError('the connection ended'));
        }
        this.#pending.clear();
        resolve();
      });
    });
  }

  call(method: string, params: readonly unknown[]): Promise<unknown> {
    if (this.#socket.destroyed) return Promise.reject(new RpcError('the connection ended'));
    this.#nextId += 1;
    const id = this.#nextId;
    return new Promise((resolve, reject) => {
      const { limit = 10_000 } = this.#options;
      const late = (): void => {
        reject(new RpcError(`${method} was not answered within ${limit} ms`));
        this.close();
      };
      this.#pending.set(id, { resolve, reject, timer: setTimeout(late, limit) });
      this.#socket.write(JSON.stringify({ method, params, id }));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(message: unknown): void {
    if (!isRecord(message)) return;
    const { id, method, params, result, error } = message;
    if (method === 'echo') this.#socket.write(JSON.stringify({ id, result: params, error: null }));
    else if (typeof method === 'string') this.#options.notify?.(method, asList(params));
    else if (typeof id === 'number') {
      const waiting = this.#pending.get(id);
      this.#pending.delete(id);
      clearTimeout(waiting?.timer);
      if (error === null || error === undefined) waiting?.resolve(result);
      else waiting?.reject(new RpcError(typeof error === 'string' ? error.trim() : JSON.stringify(error)));
    }
  }
}

/** Connects to a socket. Rejects if nobody listens there. */
export function connectRpc(path: string, options: RpcOptions = {}): Promise<RpcConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(new Connection(socket, options));
    });
  });
}
