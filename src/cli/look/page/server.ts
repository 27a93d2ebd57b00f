/**
 * Serves the page: the page itself to everybody, as it holds nothing; the state, by server-sent events, and answers to
 * questions only to who has the session. Nothing that GET does changes anything.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { PageChange, PageState } from '../../../page/state.ts';
import { documentText, type PageParts, policyOf } from '../../page-document.ts';
import { Session } from './session.ts';

/** Answers a question of the page; throws an Error whose message the user sees, in an answer with only a `problem`. */
export type Ask = (question: Readonly<Record<string, unknown>>) => unknown;

export interface PageOptions {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  readonly parts: PageParts;
  readonly state: () => PageState;
  /** By path. */
  readonly asks: ReadonlyMap<string, Ask>;
  /** Whether a proxy, as the API server's, lets in only those who may look: then there is no session. */
  readonly isBehindProxy: boolean;
  /** Whether only this machine reaches it: then it has the names of this machine alone, else any. */
  readonly isLoopback: boolean;
}

export interface PageServer {
  readonly port: number;
  /** What the address that opens the page ends with; empty behind a proxy. */
  readonly token: string;
  /** Sends a change to all pages. */
  send(change: PageChange): void;
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Characters of a question at most. */
const longest = 65_536;
/** How many pages may look at a time. */
const mostPages = 32;
/** Milliseconds between signs of life, which let a proxy keep the connection. */
const heartbeat = 15_000;
const timeouts = { headersTimeout: 10_000, requestTimeout: 10_000 } as const;

const refusal = (status: number, why: string): Answer => ({ status, body: `${why}\n`, type: 'text/plain' });
const json = (value: unknown): Answer => ({ status: 200, body: JSON.stringify(value), type: 'application/json' });

const common = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** What a browser calls the page. */
export const pageTitle = 'Egress IPs';

class Pages {
  readonly #options: PageOptions;
  readonly #session = new Session();
  readonly #html: string;
  readonly #policy: string;
  /** Those that look, and whether each has missed a change because it did not keep up. */
  readonly #open = new Map<ServerResponse, boolean>();
  port = 0;

  constructor(options: PageOptions) {
    this.#options = options;
    this.#html = documentText({ title: pageTitle, parts: options.parts, state: undefined, body: '' });
    this.#policy = `${policyOf(options.parts)}; frame-ancestors 'none'`;
  }

  get token(): string {
    return this.#options.isBehindProxy ? '' : this.#session.token;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '', method = '' } = request;
    const path = url.split('?', 1)[0] ?? '';
    const why = this.#foreign(request);
    if (why !== undefined) this.#answer(response, refusal(403, why));
    else if (method === 'GET' && path === '/events' && this.#may(request) && this.#open.size < mostPages)
      this.#look(response);
    else this.#answer(response, method === 'GET' ? this.#get(path, request) : await this.#post(path, request));
  }

  send(change: PageChange): void {
    const text = eventText('change', change);
    for (const response of this.#open.keys()) {
      if (response.writableNeedDrain) this.#open.set(response, true);
      else response.write(text);
    }
  }

  /** Why a request is none of the page's: another site's, or by another name, as with DNS rebinding. */
  #foreign({ headers, method }: IncomingMessage): string | undefined {
    const { host = '', origin, 'sec-fetch-site': site } = headers;
    if (!this.#options.isLoopback)
      return method === 'GET' || site === undefined || site === 'same-origin' ? undefined : 'from another site';
    if (!this.#hosts().includes(host)) return `there is nothing of the name ${JSON.stringify(host)} here`;
    return origin === undefined || origin === `http://${host}` ? undefined : 'from another site';
  }

  #hosts(): readonly string[] {
    const { host } = this.#options;
    const own = isIP(host) === 6 ? `[${host}]` : host;
    return [...new Set([own, 'localhost', '127.0.0.1', '[::1]'])].map((name) => `${name}:${this.port}`);
  }

  #may({ headers }: IncomingMessage): boolean {
    return this.#options.isBehindProxy || this.#session.isOpen(headers);
  }

  #get(path: string, request: IncomingMessage): Answer {
    if (path === '/')
      return {
        ...{ status: 200, body: this.#html, type: 'text/html; charset=utf-8' },
        headers: { 'content-security-policy': this.#policy },
      };
    if (path === '/healthz') return { status: 200, body: 'ok\n', type: 'text/plain' };
    if (path !== '/events') return refusal(404, 'there is the page, and what it asks');
    return this.#may(request) ? refusal(503, 'too many pages look already') : refusal(401, 'open it with its token');
  }

  async #post(path: string, request: IncomingMessage): Promise<Answer> {
    if (request.method !== 'POST') return refusal(405, 'GET and POST');
    // no form of another site can send this type
    if (request.headers['content-type'] !== 'application/json') return refusal(415, 'application/json');
    const question = await readQuestion(request);
    if (question === undefined) return refusal(400, 'not a JSON object, or too long');
    if (path === '/session') return this.#begin(question['token']);
    if (!this.#may(request)) return refusal(401, 'open it with its token');
    const ask = this.#options.asks.get(path.slice(1));
    if (ask === undefined) return refusal(404, 'the page has no such question');
    try {
      return json(await ask(question));
    } catch (error) {
      return json({ problem: error instanceof Error ? error.message : String(error) });
    }
  }

  #begin(token: unknown): Answer {
    if (this.#options.isBehindProxy) return { status: 204 };
    const cookie = this.#session.open(token);
    if (cookie !== undefined) return { status: 204, headers: { 'set-cookie': cookie } };
    return refusal(401, 'the token is not the one of this page, or was used before');
  }

  #answer(response: ServerResponse, { status, body, type, headers = {} }: Answer): void {
    response.writeHead(status, { ...common, ...(type === undefined ? {} : { 'content-type': type }), ...headers });
    response.end(body);
  }

  #look(response: ServerResponse): void {
    response.writeHead(200, { ...common, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    this.#open.set(response, false);
    const alive = setInterval(() => response.write(':\n\n'), heartbeat);
    response.on('drain', () => {
      if (this.#open.get(response) !== true) return;
      this.#open.set(response, false);
      response.write(eventText('state', this.#options.state()));
    });
    response.on('close', () => {
      clearInterval(alive);
      this.#open.delete(response);
    });
    response.write(eventText('state', this.#options.state()));
  }
}

/** JSON has no line ends outside of strings, and escapes them inside. */
const eventText = (name: string, value: unknown): string => `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`;

async function readQuestion(request: IncomingMessage): Promise<Readonly<Record<string, unknown>> | undefined> {
  let text = '';
  request.setEncoding('utf8');
  for await (const part of request) {
    text += String(part);
    if (text.length > longest) return undefined;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined;
  } catch {
    return undefined;
  }
}

/** Serves until closed; rejects if the address cannot be bound. */
export async function servePage(options: PageOptions): Promise<PageServer> {
  const pages = new Pages(options);
  const server = createServer(timeouts, (request, response) => {
    pages.handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const at = server.address();
  pages.port = typeof at === 'object' && at !== null ? at.port : options.port;
  return {
    ...{ port: pages.port, token: pages.token },
    send: (change) => pages.send(change),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
