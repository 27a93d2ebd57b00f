/** The embedded API server: TLS on a port, and on a unix socket if requested; everything it serves is in memory. */
import { chmod, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, ListenOptions } from 'node:net';
import type { Duplex } from 'node:stream';
import { makeCertificate } from '../../io/certificate.ts';
import type { Logger } from '../../io/log.ts';
import { nodePorts as kubernetesNodePorts, type PortRange } from '../../model/objects/well-known.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../model/values/json.ts';
import { parseResourcePath, pathParts } from '../http/request.ts';
import { answer } from '../http/respond.ts';
import { Registry } from '../kinds/registry.ts';
import { Lists } from '../read/list.ts';
import { badRequest, methodNotAllowed, Refusal, unknownPath } from '../refusal.ts';
import type { ServiceAccountToken } from '../rights/tokens.ts';
import { type Identity, keptIdentity, openChangeLog } from '../store/change-log.ts';
import { kubeconfigText, makeToken } from '../store/identity.ts';
import { objectAt, textAt } from '../store/object.ts';
import { Store } from '../store/store.ts';
import { Objects, permanentNamespaces } from '../write/objects.ts';
import { answered } from './answers.ts';
import { Authenticator } from './authenticate.ts';
import { Authorizer, type Judged } from './authorize.ts';
import { discover, versionInfo } from './discovery.ts';
import { Handler } from './handler.ts';
import { openApi, openApi2, openApi2Type } from './openapi.ts';

export interface ApiServerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** The path of a unix socket to serve on as well, with mode 0600 and the same TLS. */
  readonly socketPath?: string;
  /**
   * The folder that stores objects and identity across restarts; created if missing. Without it they are in memory
   * only.
   */
  readonly dataDir?: string;
  /** Parsed CRDs that exist from the start. */
  readonly crds: readonly object[];
  readonly logger: Logger;
  /** `rbac`: only what the roles in the server allow; `always`, the default: who is known may do everything. */
  readonly authorization?: 'always' | 'rbac';
  /** Who is known besides the admin of the kubeconfig. */
  readonly serviceAccounts?: readonly ServiceAccountToken[];
  /** Is told of each request that was judged by the roles. */
  readonly onJudged?: (judged: Judged) => void;
  readonly now?: () => Date;
  /** Milliseconds between the bookmarks of a watch; 10,000 by default. */
  readonly bookmarkInterval?: number;
  /** Milliseconds for which a deleted namespace is Terminating before its objects go; 5,000 by default. */
  readonly namespaceDelay?: number;
  /** The ports that Services may have on every node; Kubernetes' own by default. */
  readonly nodePorts?: PortRange;
  /** The number of past changes of a kind that a watch can start from; 10,000 by default. */
  readonly logLimit?: number;
}

export interface ApiServer {
  readonly url: string;
  /** A kubeconfig with full rights, as YAML. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

const writer = { manager: 'sdn-compat-apiserver', operation: 'Update', subresource: '' } as const;
const writing = { dryRun: false, fieldValidation: 'Ignore', status: false, patch: false, writer } as const;
/** How long Kubernetes' namespace controller waits, so that all API servers see that the namespace is deleted. */
const kubernetesNamespaceDelay = 5000;
const openPaths = ['/healthz', '/livez', '/readyz'];

function seed(objects: Objects, crds: readonly object[]): void {
  const find = (group: string, plural: string): NonNullable<ReturnType<Registry['find']>> => {
    const resource = objects.world.registry.find(group, 'v1', plural);
    if (resource === undefined) throw new Error(`${plural} are not served`);
    return resource;
  };
  const namespaces = { resource: find('', 'namespaces'), namespace: undefined };
  for (const name of permanentNamespaces) {
    if (!objects.has({ ...namespaces, name }))
      objects.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, writing);
  }
  const definitions = { resource: find('apiextensions.k8s.io', 'customresourcedefinitions'), namespace: undefined };
  for (const crd of crds) {
    const body = parseJson(JSON.stringify(crd));
    if (!isJsonObject(body)) continue;
    const target = { ...definitions, name: textAt(objectAt(body, 'metadata'), 'name') ?? '' };
    if (objects.has(target)) objects.update(target, (old) => ({ ...old, spec: body['spec'] }), writing);
    else objects.create(definitions, body, writing);
  }
}

class Server {
  readonly #objects: Objects;
  readonly #handler: Handler;
  readonly #authenticator: Authenticator;
  readonly #logger: Logger;
  /** Undefined where everybody may do everything. */
  readonly #authorizer: Authorizer | undefined;

  constructor(objects: Objects, token: string, options: ApiServerOptions, signal: AbortSignal) {
    const {
      logger,
      bookmarkInterval = 10_000,
      authorization,
      serviceAccounts = [],
      onJudged = () => undefined,
    } = options;
    this.#authenticator = new Authenticator(objects, token, serviceAccounts);
    this.#authorizer = authorization === 'rbac' ? new Authorizer(objects, onJudged) : undefined;
    this.#objects = objects;
    this.#logger = logger;
    this.#handler = new Handler({ objects, lists: new Lists(() => performance.now()), bookmarkInterval, signal });
  }

  /** Answers a request; every failure is a Status. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (error) {
      this.#refuse(error, request, response);
    }
  }

  #refuse(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const refusal = error instanceof Refusal ? error : this.#bug(error, request);
    const headers = refusal.retryAfter === undefined ? {} : { 'retry-after': String(refusal.retryAfter) };
    // the unread rest of a body would be taken for the next request
    if (!request.complete) response.shouldKeepAlive = false;
    answer(response, refusal.code, JSON.stringify(refusal.status()), headers);
  }

  #bug(error: unknown, request: IncomingMessage): Refusal {
    if (!request.destroyed || request.complete)
      this.#logger.error({ err: error, method: request.method, url: request.url }, 'a request failed');
    return new Refusal(
      500,
      'InternalError',
      `Internal error occurred: ${error instanceof Error ? error.message : 'unknown'}`,
    );
  }

  /** What reviews are answered from: where everybody may do everything, that is the answer. */
  get #answers(): Parameters<typeof answered>[0] {
    return {
      objects: this.#objects,
      authenticator: this.#authenticator,
      allows: (user, request) => this.#authorizer?.allows(user, request) ?? true,
    };
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/', ...rest] = (request.url ?? '/').split('?');
    // only the first question mark ends the path (RFC 3986, section 3.4)
    const search = rest.join('?');
    if (openPaths.includes(path)) {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
      return;
    }
    if (path === '/version') {
      answer(response, 200, JSON.stringify(versionInfo));
      return;
    }
    const known = this.#authenticator.userOf(request.headers.authorization);
    if (known === undefined) throw new Refusal(401, 'Unauthorized', 'Unauthorized');
    const user = this.#authorizer?.impersonated(known, request) ?? known;
    const parts = pathParts(path);
    const resourcePath = parseResourcePath(parts);
    if (resourcePath === undefined) {
      this.#authorizer?.checkPath(user, request, path);
      this.#document(parts, request, response);
      return;
    }
    const query = new URLSearchParams(search);
    this.#authorizer?.check(user, request, resourcePath, query);
    const exchange = { request, response, query };
    if (!(await answered(this.#answers, exchange, resourcePath))) await this.#handler.handle(exchange, resourcePath);
  }

  #document(parts: readonly string[], request: IncomingMessage, response: ServerResponse): void {
    const [root, version, ...rest] = parts;
    if (request.method !== 'GET') throw methodNotAllowed();
    if (root === 'openapi' && version === 'v2' && rest.length === 0) {
      response.writeHead(200, { 'content-type': openApi2Type }).end(openApi2);
      return;
    }
    let document: JsonObject;
    if (root === 'api' || root === 'apis') document = discover(this.#objects.world.registry, parts);
    else if (root === 'openapi' && version === 'v3') document = openApi(this.#objects.world.registry, rest.join('/'));
    else throw unknownPath();
    answer(response, 200, JSON.stringify(document));
  }
}

/** Answers input that is not HTTP in the usual form. */
function refuseMalformed(socket: Duplex): void {
  const text = JSON.stringify(badRequest('the request is not HTTP').status());
  const head = `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${String(Buffer.byteLength(text))}\r\nconnection: close`;
  if (socket.writable) socket.end(`${head}\r\n\r\n${text}`);
  else socket.destroy();
}

function listen(server: https.Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

async function closed(server: https.Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function open(
  api: Server,
  { key, certificate }: Identity,
  at: ListenOptions,
  logger: Logger,
): Promise<https.Server> {
  const timeouts = { keepAliveTimeout: 120_000, headersTimeout: 20_000, requestTimeout: 60_000 };
  const server = https.createServer({ key, cert: certificate, ...timeouts });
  server.on('request', (request, response) => void api.serve(request, response));
  server.on('clientError', (_error, socket) => refuseMalformed(socket));
  server.on('tlsClientError', (error) => logger.debug({ err: error }, 'a connection failed'));
  await listen(server, at);
  return server;
}

async function openSocket(api: Server, identity: Identity, path: string, logger: Logger): Promise<https.Server> {
  await rm(path, { force: true });
  const server = await open(api, identity, { path }, logger);
  await chmod(path, 0o600);
  return server;
}

function identityFor(host: string): () => Promise<Identity> {
  const names = [...new Set([host, '127.0.0.1', 'localhost'])];
  return () => Promise.resolve({ ...makeCertificate(names, new Date()), token: makeToken() });
}

function urlOf(server: https.Server | undefined, { host, port }: ApiServerOptions['listen']): string {
  const address = server?.address() ?? null;
  return `https://${host.includes(':') ? `[${host}]` : host}:${String(isAddress(address) ? address.port : port)}`;
}

/**
 * Starts the server; rejects if the port (code EADDRINUSE) or the folder (FolderInUse) is in use or a CRD is not
 * supported.
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { listen: where, socketPath, logger, dataDir } = options;
  const stored = dataDir === undefined ? undefined : await openChangeLog(dataDir);
  const stop = new AbortController();
  const servers: https.Server[] = [];
  const close = async (): Promise<void> => {
    stop.abort();
    await Promise.all(servers.map(closed));
    stored?.changeLog.close();
  };
  try {
    const objects = objectsFrom(stored, options, stop.signal);
    const makeIdentity = identityFor(where.host);
    const identity = dataDir === undefined ? await makeIdentity() : await keptIdentity(dataDir, makeIdentity);
    const api = new Server(objects, identity.token, options, stop.signal);
    servers.push(await open(api, identity, { host: where.host, port: where.port }, logger));
    if (socketPath !== undefined) servers.push(await openSocket(api, identity, socketPath, logger));
    const url = urlOf(servers[0], where);
    return { url, kubeconfig: kubeconfigText(url, identity.certificate, identity.token), close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Stored = Awaited<ReturnType<typeof openChangeLog>>;

/** What was stored, and the CRDs. */
function objectsFrom(
  stored: Stored | undefined,
  {
    logLimit,
    crds,
    now = () => new Date(),
    namespaceDelay = kubernetesNamespaceDelay,
    nodePorts = kubernetesNodePorts,
  }: ApiServerOptions,
  signal: AbortSignal,
): Objects {
  const store = new Store({
    ...(logLimit === undefined ? {} : { logLimit }),
    ...(stored === undefined
      ? {}
      : { version: stored.state.version, note: (id, record) => stored.changeLog.note(id, record) }),
  });
  const objects = new Objects({
    store,
    registry: new Registry(),
    now,
    random: Math.random,
    nodePorts,
    namespaceDelay,
    signal,
  });
  for (const { id, object } of stored?.state.objects ?? []) objects.restore(id, object);
  seed(objects, crds);
  objects.resume();
  return objects;
}
