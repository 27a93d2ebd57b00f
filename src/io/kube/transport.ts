/** HTTP to one API server over kept-alive connections: a request that is answered whole, and one that streams. */
import http from 'node:http';
import https from 'node:https';
import { pause } from '../pause.ts';
import { ApiError, apiError } from './error.ts';

/** What proves who we are, and what the server's certificate is checked against. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Pick<https.RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
}

/** Gives the credentials of the moment; `renew` is set after the server answered 401. */
export type CredentialSource = (renew: boolean) => Promise<Credentials>;

export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

export interface StreamRequest {
  readonly path: string;
  readonly signal: AbortSignal;
  /** Milliseconds without a byte after which the connection counts as dead. */
  readonly idleTimeout: number;
  /** Called with each piece of the answer. */
  readonly onText: (text: string) => void;
}

export interface Transport {
  /** Sends a request and returns the body of its answer; throws ApiError when the server refuses. */
  send(request: Request): Promise<string>;
  /** Resolves when the server ends its answer; throws when it refuses, the connection breaks or falls silent. */
  stream(request: StreamRequest): Promise<void>;
  close(): void;
}

export interface TransportOptions {
  readonly server: URL;
  readonly credentials: CredentialSource;
  readonly userAgent: string;
  /** Milliseconds without a byte after which a request fails; 30,000 when absent. */
  readonly timeout?: number;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: number | undefined;
  readonly body: string;
}

const attempts = 8;
const longestRetryAfter = 60;

function retryAfterOf(response: http.IncomingMessage): number | undefined {
  const seconds = Number(response.headers['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, longestRetryAfter) : undefined;
}

/** A connection that broke under a read: reading again does no harm. */
function isBroken(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED' || code === 'SDN_TRUNCATED';
}

/** Milliseconds after which a refused request is worth sending again; undefined when it is not. */
function waitBeforeRetry(answer: Answer, renewed: boolean): number | undefined {
  if (answer.status === 401) return renewed ? undefined : 0;
  if (answer.retryAfter === undefined || (answer.status !== 429 && answer.status < 500)) return undefined;
  return 1000 * answer.retryAfter + 100 * Math.random();
}

class TruncatedError extends Error {
  readonly code = 'SDN_TRUNCATED';
}

class HttpTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #prefix: string;
  readonly #open = new Set<http.ClientRequest>();
  #agent: http.Agent | https.Agent | undefined;
  #agentFor: Credentials['tls'] | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#prefix = options.server.pathname.replace(/\/$/, '');
  }

  async send(request: Request): Promise<string> {
    let renew = false;
    for (let attempt = 1; ; attempt += 1) {
      request.signal?.throwIfAborted();
      const answer: Answer | undefined = await this.#once(request, renew).catch((error: unknown) => {
        if (attempt < attempts && request.method === 'GET' && isBroken(error)) return undefined;
        throw error;
      });
      if (answer === undefined) {
        await pause(20 * 2 ** attempt * (0.5 + Math.random()), request.signal);
        continue;
      }
      if (answer.status < 300) return answer.body;
      const wait = waitBeforeRetry(answer, renew);
      if (wait === undefined || attempt >= attempts) throw apiError(answer.status, answer.body);
      renew = answer.status === 401;
      await pause(wait, request.signal);
    }
  }

  async stream(request: StreamRequest): Promise<void> {
    const { path, signal, idleTimeout, onText } = request;
    const response = await this.#start({ method: 'GET', path, signal }, idleTimeout, false);
    response.setEncoding('utf8');
    const status = response.statusCode ?? 0;
    if (status >= 300) {
      const answer = await this.#whole(response);
      if (status === 401) await this.#options.credentials(true);
      const retryAfterSeconds = answer.retryAfter;
      const error = apiError(status, answer.body);
      throw retryAfterSeconds === undefined ? error : new ApiError(status, { ...error.status, details: { retryAfterSeconds } });
    }
    await new Promise<void>((resolve, reject) => {
      response.on('data', onText);
      response.on('end', resolve);
      response.on('error', reject);
      response.on('close', () => reject(new TruncatedError('the connection closed within an answer')));
    });
  }

  close(): void {
    for (const request of this.#open) request.destroy();
    this.#agent?.destroy();
  }

  async #once(request: Request, renew: boolean): Promise<Answer> {
    const response = await this.#start(request, this.#options.timeout ?? 30_000, renew);
    response.setEncoding('utf8');
    return this.#whole(response);
  }

  #whole(response: http.IncomingMessage): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const pieces: string[] = [];
      response.on('data', (piece: string) => pieces.push(piece));
      response.on('error', reject);
      response.on('close', () => reject(new TruncatedError('the connection closed within an answer')));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, retryAfter: retryAfterOf(response), body: pieces.join('') }),
      );
    });
  }

  #agentOf(tls: Credentials['tls']): http.Agent | https.Agent {
    if (this.#agent !== undefined && this.#agentFor === tls) return this.#agent;
    const common = { keepAlive: true, keepAliveMsecs: 15_000, maxFreeSockets: 64, timeout: 60_000, scheduling: 'lifo' } as const;
    this.#agentFor = tls;
    this.#agent = this.#options.server.protocol === 'http:' ? new http.Agent(common) : new https.Agent({ ...common, ...tls });
    return this.#agent;
  }

  /** Sends the request and resolves with the head of its answer. */
  async #start(request: Request, timeout: number, renew: boolean): Promise<http.IncomingMessage> {
    const { headers, tls } = await this.#options.credentials(renew);
    request.signal?.throwIfAborted();
    const { server, userAgent } = this.#options;
    return new Promise((resolve, reject) => {
      const sent = (server.protocol === 'http:' ? http : https).request({
        agent: this.#agentOf(tls),
        host: server.hostname.replace(/^\[|\]$/g, ''),
        port: server.port === '' ? (server.protocol === 'http:' ? 80 : 443) : server.port,
        method: request.method,
        path: `${this.#prefix}${request.path}`,
        timeout,
        headers: {
          ...headers,
          accept: 'application/json',
          'user-agent': userAgent,
          ...(request.body === undefined
            ? {}
            : { 'content-type': request.contentType ?? 'application/json', 'content-length': Buffer.byteLength(request.body) }),
        },
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      this.#open.add(sent);
      sent.on('timeout', () => sent.destroy(new Error(`no byte from the API server for ${String(timeout / 1000)} s`)));
      sent.on('error', reject);
      sent.on('close', () => this.#open.delete(sent));
      sent.on('response', resolve);
      sent.end(request.body);
    });
  }
}

/** A transport to the server; connects when the first request is sent. */
export function createTransport(options: TransportOptions): Transport {
  return new HttpTransport(options);
}
