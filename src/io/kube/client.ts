/** Reads and writes objects of a Kubernetes API: paths, pages and bodies. HTTP itself is in transport.ts. */
import { apiVersionOf, type Kind, pods } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { isRecord, parseWithoutNullFields } from '../../model/values/json.ts';
import { isExpired, isNotFound, patchRefusal } from './error.ts';
import type { StreamRequest, Transport } from './transport.ts';

export interface NameRef {
  readonly name: string;
  readonly namespace?: string;
}

export type PatchType = 'merge' | 'json' | 'strategic' | 'apply';

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

export interface WriteOptions extends RequestOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
}

export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends Selection, RequestOptions {
  /** The page size; 2,000 by default. The result always has all objects. */
  readonly pageSize?: number;
  /** Selects objects of each page; all by default. */
  readonly filter?: (object: unknown) => boolean;
  /** `0` lets the server answer from its watch cache, which may be late; by default the answer is the newest state. */
  readonly resourceVersion?: '0';
}

export interface CreateOptions extends WriteOptions {
  /** Posts to this subresource of the object that the metadata name; what is returned is the answer. */
  readonly subresource?: 'binding' | 'token';
}

export interface PatchOptions extends WriteOptions {
  readonly type: PatchType;
  readonly subresource?: 'status';
  /** With type apply: take over fields of other managers. */
  readonly force?: boolean;
}

export interface DeleteOptions extends RequestOptions {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: readonly ['All'];
}

export interface WatchRequest extends Selection, Pick<StreamRequest, 'signal' | 'idleTimeout' | 'onText'> {
  readonly resourceVersion: string;
  /** The number of seconds after which the server ends the watch. */
  readonly timeoutSeconds: number;
}

export interface LogOptions extends RequestOptions {
  readonly tailLines: number;
  readonly previous?: boolean;
}

export interface List<T> {
  readonly items: T[];
  readonly resourceVersion: string;
}

/**
 * A client of one API server. Its methods throw ApiError if the server refuses, and other errors if it cannot be
 * reached.
 */
export interface KubeClient {
  /** The object, or undefined if it does not exist. */
  get<T extends KubeObject>(kind: Kind, ref: NameRef, options?: RequestOptions): Promise<T | undefined>;
  /** All selected objects, read in pages, and the version to watch from. */
  list<T extends KubeObject>(kind: Kind, options?: ListOptions): Promise<List<T>>;
  /** The version that the list has now, by a consistent read of one object; empty if the server names none. */
  newestVersion(kind: Kind, options?: Selection & RequestOptions): Promise<string>;
  /** How many objects there are, by a read of one; undefined if the server does not say. */
  count(kind: Kind, options?: Selection & RequestOptions): Promise<number | undefined>;
  /** The last lines that a pod's containers wrote, or those of them that ran before. */
  log(ref: NameRef, options: LogOptions): Promise<string>;
  /** Creates the object (namespace from its metadata) and returns it as stored. */
  create<T extends KubeObject>(kind: Kind, object: T, options?: CreateOptions): Promise<T>;
  /** Patches the object and returns it as stored. */
  patch<T extends KubeObject>(kind: Kind, ref: NameRef, body: unknown, options: PatchOptions): Promise<T>;
  /** Deletes the object; succeeds if it does not exist. */
  delete(kind: Kind, ref: NameRef, options?: DeleteOptions): Promise<void>;
  /** Streams the lines of a watch; resolves when the server ends it. Use `watchKind` instead. */
  watch(kind: Kind, request: WatchRequest): Promise<void>;
  close(): void;
}

const patchTypes: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface PathRef {
  readonly name?: string;
  readonly namespace?: string;
  readonly subresource?: string;
}

function pathOf(kind: Kind, ref: PathRef, query: Query = {}): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const namespace =
    kind.namespaced && ref.namespace !== undefined ? `/namespaces/${encodeURIComponent(ref.namespace)}` : '';
  const name = [ref.name, ref.subresource].map((part) => (part === undefined ? '' : `/${encodeURIComponent(part)}`));
  const entries = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`],
  );
  const search = entries.length === 0 ? '' : `?${entries.join('&')}`;
  return `${root}${namespace}/${kind.plural}${name.join('')}${search}`;
}

export type Guard<T> = (value: unknown) => value is T;

/** Checks the shape that all objects have; the server checks the rest by the schema of the kind. */
export function objectGuard<T extends KubeObject>(): Guard<T> {
  return (value): value is T => isRecord(value) && isRecord(value['metadata']);
}

function objectFrom<T extends KubeObject>(text: string, guard: Guard<T>): T {
  const value = parseWithoutNullFields(text);
  if (!guard(value)) throw new Error('the API server answered something that is no object');
  return value;
}

interface Page<T> {
  readonly items: T[];
  readonly resourceVersion: string;
  readonly next: string;
  /** How many objects are on the pages that follow, if the server says so. */
  readonly remaining: number | undefined;
}

function pageFrom<T extends KubeObject>(text: string, guard: Guard<T>): Page<T> {
  const value = parseWithoutNullFields(text);
  if (!isRecord(value) || !Array.isArray(value['items']) || !isRecord(value['metadata'])) {
    throw new Error('the API server answered something that is no list');
  }
  const metadata = value['metadata'];
  const items = value['items'].filter(guard);
  return {
    items,
    resourceVersion: typeof metadata['resourceVersion'] === 'string' ? metadata['resourceVersion'] : '',
    next: typeof metadata['continue'] === 'string' ? metadata['continue'] : '',
    remaining: typeof metadata['remainingItemCount'] === 'number' ? metadata['remainingItemCount'] : undefined,
  };
}

function selectorQuery(selection: Selection): Query {
  return { labelSelector: selection.labelSelector, fieldSelector: selection.fieldSelector };
}

function writeQuery(options: WriteOptions): Query {
  return { fieldManager: options.fieldManager, dryRun: options.dryRun === true ? 'All' : undefined };
}

class Client implements KubeClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async get<T extends KubeObject>(kind: Kind, ref: NameRef, options: RequestOptions = {}): Promise<T | undefined> {
    try {
      return objectFrom(await this.#send('GET', pathOf(kind, ref), options), objectGuard<T>());
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(kind: Kind, options: ListOptions = {}): Promise<List<T>> {
    const { pageSize = 2000, filter = () => true } = options;
    const read = async (limit: number | undefined, token: string | undefined): Promise<Page<T>> => {
      const page =
        token === undefined ? { limit, resourceVersion: options.resourceVersion } : { limit, continue: token };
      const path = pathOf(kind, { ...scope(options) }, { ...selectorQuery(options), ...page });
      return pageFrom(await this.#send('GET', path, options), objectGuard<T>());
    };
    try {
      const items: T[] = [];
      for (let token: string | undefined; ;) {
        const page = await read(pageSize, token);
        for (const item of page.items) if (filter(item)) items.push(item);
        if (page.next === '') return { items, resourceVersion: page.resourceVersion };
        token = page.next;
      }
    } catch (error) {
      // a page token is valid for a few minutes only: if it expired, read everything at once
      if (!isExpired(error)) throw error;
      const { items, resourceVersion } = await read(undefined, undefined);
      return { items: items.filter(filter), resourceVersion };
    }
  }

  async newestVersion(kind: Kind, options: Selection & RequestOptions = {}): Promise<string> {
    const path = pathOf(kind, { ...scope(options) }, { ...selectorQuery(options), limit: 1 });
    return pageFrom(await this.#send('GET', path, options), objectGuard()).resourceVersion;
  }

  async count(kind: Kind, options: Selection & RequestOptions = {}): Promise<number | undefined> {
    const path = pathOf(kind, { ...scope(options) }, { ...selectorQuery(options), limit: 1 });
    const { items, next, remaining } = pageFrom(await this.#send('GET', path, options), objectGuard());
    if (next === '') return items.length;
    return remaining === undefined ? undefined : items.length + remaining;
  }

  log(ref: NameRef, { tailLines, previous, ...options }: LogOptions): Promise<string> {
    return this.#send('GET', pathOf(pods, { ...ref, subresource: 'log' }, { tailLines, previous }), options);
  }

  async create<T extends KubeObject>(kind: Kind, object: T, options: CreateOptions = {}): Promise<T> {
    const { name = '' } = object.metadata;
    const part = options.subresource === undefined ? undefined : { name, subresource: options.subresource };
    const path = pathOf(kind, { ...scope(object.metadata), ...part }, writeQuery(options));
    const body = JSON.stringify({ apiVersion: apiVersionOf(kind), kind: kind.kind, ...object });
    return objectFrom(await this.#send('POST', path, options, body), objectGuard<T>());
  }

  async patch<T extends KubeObject>(kind: Kind, ref: NameRef, body: unknown, options: PatchOptions): Promise<T> {
    const { signal, type, subresource, force } = options;
    const [path = '', query = ''] = pathOf(kind, ref, { ...writeQuery(options), force }).split('?');
    const sent = this.#transport.send({
      method: 'PATCH',
      path: `${path}${subresource === undefined ? '' : `/${subresource}`}${query === '' ? '' : `?${query}`}`,
      body: JSON.stringify(body),
      contentType: patchTypes[type],
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await sent.catch((error: unknown) => {
      throw hasTests(body) ? patchRefusal(error, wordsOf(kind, ref)) : error;
    });
    return objectFrom(text, objectGuard<T>());
  }

  async delete(kind: Kind, ref: NameRef, options: DeleteOptions = {}): Promise<void> {
    const { signal, ...rest } = options;
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', ...rest });
    try {
      await this.#send('DELETE', pathOf(kind, ref), { ...(signal === undefined ? {} : { signal }) }, body);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  watch(kind: Kind, request: WatchRequest): Promise<void> {
    const { signal, idleTimeout, onText, resourceVersion, timeoutSeconds } = request;
    const query = { ...selectorQuery(request), watch: 1, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
    return this.#transport.stream({ path: pathOf(kind, { ...scope(request) }, query), signal, idleTimeout, onText });
  }

  close(): void {
    this.#transport.close();
  }

  #send(method: 'GET' | 'POST' | 'DELETE', path: string, options: RequestOptions, body?: string): Promise<string> {
    const { signal } = options;
    return this.#transport.send({
      method,
      path,
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

/** Whether the body is a JSON patch that only holds for an object in a certain state. */
function hasTests(body: unknown): boolean {
  return Array.isArray(body) && body.some((step: unknown) => isRecord(step) && step['op'] === 'test');
}

/** `hostsubnets.network.openshift.io "node1"`, with the namespace before the name if it has one. */
function wordsOf({ plural, group }: Kind, { namespace, name }: NameRef): string {
  const resource = group === '' ? plural : `${plural}.${group}`;
  return `${resource} ${JSON.stringify(namespace === undefined ? name : `${namespace}/${name}`)}`;
}

function scope(of: { readonly namespace?: string }): { readonly namespace?: string } {
  return of.namespace === undefined ? {} : { namespace: of.namespace };
}

/** Creates a client on the transport. */
export function createClient(transport: Transport): KubeClient {
  return new Client(transport);
}
