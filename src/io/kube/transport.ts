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

/** The head of an answer, and why we ended the request, if we did. */
interface Started {
  readonly response: http.IncomingMessage;
  readonly why: () => Error | undefined;
  /** Sets after how many milliseconds without a byte the request fails from now on. */
  readonly idle: (timeout: number) => void;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: number | undefined;
  readonly body: string;
}

/** Milliseconds until the head of a streamed answer is there, the connection included; servers send it at once. */
const headTimeout = 10_000;
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

/** Reads an answer to its end, piece by piece. */
function ended({ response, why }: Started, onText: (text: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    response.setEncoding('utf8');
    response.on('data', onText);
    response.on('end', resolve);
    response.on('error', (error) => reject(why() ?? (response.complete ? error : truncated())));
    response.on('close', () => reject(why() ?? truncated()));
  });
}

function truncated(): Error {
  return new TruncatedError('the connection closed within an answer');
}

async function whole(started: Started): Promise<Answer> {
  const pieces: string[] = [];
  await ended(started, (piece) => pieces.push(piece));
  const { response } = started;
  return { status: response.statusCode ?? 0, retryAfter: retryAfterOf(response), body: pieces.join('') };
}

/** The error for a refused stream; how long to wait is in its details also when only a header said so. */
function refusal({ status, retryAfter, body }: Answer): ApiError {
  const error = apiError(status, body);
  if (retryAfter === undefined || error.status.details?.retryAfterSeconds !== undefined) return error;
  return new ApiError(status, { ...error.status, details: { ...error.status.details, retryAfterSeconds: retryAfter } });
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
    const started = await this.#start({ method: 'GET', path, signal }, Math.min(idleTimeout, headTimeout), false);
    started.idle(idleTimeout);
    const status = started.response.statusCode ?? 0;
    if (status >= 300) {
      const answer = await whole(started);
      if (status === 401) await this.#options.credentials(true);
      throw refusal(answer);
    }
    await ended(started, onText);
  }

  close(): void {
    for (const request of this.#open) request.destroy();
    this.#agent?.destroy();
  }

  async #once(request: Request, renew: boolean): Promise<Answer> {
    return whole(await this.#start(request, this.#options.timeout ?? 30_000, renew));
  }

  #agentOf(tls: Credentials['tls']): http.Agent | https.Agent {
    if (this.#agent !== undefined && this.#agentFor === tls) return this.#agent;
    const common = {
      keepAlive: true,
      keepAliveMsecs: 15_000,
      maxFreeSockets: 64,
      timeout: 60_000,
      scheduling: 'lifo',
    } as const;
    this.#agentFor = tls;
    this.#agent =
      this.#options.server.protocol === 'http:' ? new http.Agent(common) : new https.Agent({ ...common, ...tls });
    return this.#agent;
  }

  /** Sends the request and resolves with the head of its answer. */
  async #start(request: Request, timeout: number, renew: boolean): Promise<Started> {
    const { headers, tls } = await this.#options.credentials(renew);
    const { signal, body } = request;
    signal?.throwIfAborted();
    const { server, userAgent } = this.#options;
    const isPlain = server.protocol === 'http:';
    return new Promise((resolve, reject) => {
      const sent = (isPlain ? http : https).request({
        agent: this.#agentOf(tls),
        host: server.hostname.replace(/^\[|\]$/g, ''),
        port: server.port === '' ? (isPlain ? 80 : 443) : server.port,
        method: request.method,
        path: `${this.#prefix}${request.path}`,
        timeout,
        headers: { ...headers, accept: 'application/json', 'user-agent': userAgent, ...bodyHeaders(request) },
      });
      let [why, patience]: [Error | undefined, number] = [undefined, timeout];
      // without an error: one given to destroy() may surface on a socket that nobody listens to any more
      const end = (error: Error): void => {
        why ??= error;
        sent.destroy();
      };
      const abort = (): void => end(abortError(signal));
      signal?.addEventListener('abort', abort);
      this.#open.add(sent);
      sent.on('timeout', () => end(new Error(`no byte from the API server for ${String(patience / 1000)} s`)));
      sent.on('error', (error) => reject(why ?? error));
      sent.on('close', () => {
        signal?.removeEventListener('abort', abort);
        this.#open.delete(sent);
      });
      const idle = (milliseconds: number): void => {
        patience = milliseconds;
        sent.setTimeout(milliseconds);
      };
      sent.on('response', (response) => resolve({ response, why: () => why, idle }));
      sent.end(body);
    });
  }
}

function bodyHeaders({ body, contentType = 'application/json' }: Request): http.OutgoingHttpHeaders {
  return body === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(body) };
}

function abortError(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('the request was ended');
}

/** A transport to the server; connects when the first request is sent. */
export function createTransport(options: TransportOptions): Transport {
  return new HttpTransport(options);
}
