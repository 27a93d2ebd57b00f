/** HTTP to one API server over keep-alive connections: whole answers and streamed ones. */
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { isRecord } from '../../model/values/json.ts';
import { pause } from '../async/pause.ts';
import { ApiError, apiError } from './error.ts';

/** Our credentials, and what the server's certificate is checked against. */
export interface Credentials {
  /** A list is a header for each of its values. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: Pick<https.RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
}

/** Returns the current credentials; `renew` is set after a 401. */
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
  /** Called with each chunk of the answer. */
  readonly onText: (text: string) => void;
}

export interface Transport {
  /** Sends a request and returns the body of the answer; throws ApiError if the server refuses. */
  send(request: Request): Promise<string>;
  /** Resolves when the server ends its answer; throws if it refuses, the connection breaks or falls silent. */
  stream(request: StreamRequest): Promise<void>;
  close(): void;
}

export interface TransportOptions {
  readonly server: URL;
  readonly credentials: CredentialSource;
  readonly userAgent: string;
  /** Milliseconds without a byte after which a request fails; 30,000 by default. */
  readonly timeout?: number;
}

/** The head of an answer, and why we ended the request, if so. */
interface Started {
  readonly response: http.IncomingMessage;
  readonly why: () => Error | undefined;
  /** Sets the idle timeout of the request in milliseconds. */
  readonly idle: (timeout: number) => void;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: number | undefined;
  readonly body: string;
}

/**
 * The time limit in milliseconds for the head of a streamed answer, including the connection; servers send it at once.
 */
const headTimeout = 10_000;
const attempts = 8;
const longestRetryAfter = 60;

function retryAfterOf(response: http.IncomingMessage): number | undefined {
  const seconds = Number(response.headers['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, longestRetryAfter) : undefined;
}

/** A connection broke during a read; reading again is harmless. */
function isBroken(error: unknown): boolean {
  const code = isRecord(error) ? error['code'] : undefined;
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED' || code === 'SDN_TRUNCATED';
}

/** Milliseconds after which to send a refused request again; undefined if that is useless. */
function waitBeforeRetry(answer: Answer, renewed: boolean): number | undefined {
  if (answer.status === 401) return renewed ? undefined : 0;
  if (answer.retryAfter === undefined || (answer.status !== 429 && answer.status < 500)) return undefined;
  return 1000 * answer.retryAfter + 100 * Math.random();
}

class TruncatedError extends Error {
  readonly code = 'SDN_TRUNCATED';
}

/** A server that accepted a request and then stayed silent. */
class SilentError extends Error {
  readonly code = 'SDN_SILENT';
}

/** Reads an answer to its end, chunk by chunk. */
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
  const body = pieces.join('');
  // the connection is kept for the next request, and keeps what listens to this answer
  pieces.length = 0;
  return { status: response.statusCode ?? 0, retryAfter: retryAfterOf(response), body };
}

/** The error for a refused stream; its details include the delay also when only a header had it. */
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
      this.#options.server.protocol === 'http:'
        ? new http.Agent(common)
        : new https.Agent({ ...common, ...tlsOptions(tls) });
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
      // without an error: one passed to destroy() may surface on a socket without listeners
      const end = (error: Error): void => {
        why ??= error;
        sent.destroy();
      };
      const abort = (): void => end(abortError(signal));
      signal?.addEventListener('abort', abort);
      this.#open.add(sent);
      sent.on('timeout', () => end(new SilentError(`no byte from the API server for ${String(patience / 1000)} s`)));
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

/** TLS sends no IP as the name of a server (RFC 6066), and the certificate is checked against it all the same. */
function tlsOptions(tls: Credentials['tls']): https.AgentOptions {
  const { servername = '' } = tls;
  if (isIP(servername) === 0) return tls;
  return {
    ...tls,
    servername: '',
    checkServerIdentity: (_host, certificate) => checkServerIdentity(servername, certificate),
  };
}

function bodyHeaders({ body, contentType = 'application/json' }: Request): http.OutgoingHttpHeaders {
  return body === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(body) };
}

function abortError(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('the request was ended');
}

/** Creates a transport to the server; it connects on the first request. */
export function createTransport(options: TransportOptions): Transport {
  return new HttpTransport(options);
}
