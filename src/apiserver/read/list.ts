/** Lists, in pages if requested: later pages show the same state as the first. */
import { isJsonObject, type JsonObject, parseJson } from '../../model/values/json.ts';
import { badRequest, expired, Refusal } from '../refusal.ts';
import type { Collection, Entry } from '../store/store.ts';
import type { Matcher } from './selectors.ts';
import { checkListOptions, exactVersion, requestedVersion, wholeOption } from './versions.ts';

export interface Page {
  readonly entries: readonly Entry[];
  readonly metadata: JsonObject;
}

export interface ListRequest {
  readonly id: string;
  readonly namespace: string | undefined;
  readonly matcher: Matcher | undefined;
  readonly query: URLSearchParams;
}

interface Snapshot {
  readonly entries: readonly Entry[];
  readonly at: number;
}

const tooOld =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.';

/** How long first pages are remembered in milliseconds, and how many. */
const snapshotAge = 5 * 60_000;
const snapshotCount = 50;

/** Throws a 504 if a list wants a version that we have not reached. */
function checkReached(version: number | undefined, current: number): void {
  if (version === undefined || version <= current) return;
  const message = `Timeout: Too large resource version: ${version}, current: ${current}`;
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  throw new Refusal(504, 'Timeout', message, { details: { causes, retryAfterSeconds: 1 }, retryAfter: 1 });
}

function parseToken(token: string): { readonly version: number; readonly start: number } {
  try {
    const value = parseJson(Buffer.from(token, 'base64url').toString());
    if (isJsonObject(value) && typeof value['rv'] === 'number' && typeof value['start'] === 'number') {
      return { version: value['rv'], start: value['start'] };
    }
  } catch {
    // reported below
  }
  throw badRequest('continue key is not valid: it was not made by this server');
}

export class Lists {
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #elapsed: () => number;

  /** `elapsed`: a monotonic clock in milliseconds. */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  /** The entries that the request selects, or one page of them. */
  page(collection: Collection, request: ListRequest, version: number): Page {
    const limit = Math.max(0, wholeOption(request.query, 'limit'));
    wholeOption(request.query, 'timeoutSeconds');
    checkListOptions(request.query);
    const token = request.query.get('continue') ?? '';
    if (token !== '') {
      const { version: first, start } = parseToken(token);
      return this.#part(request, { version: first, start, limit }, this.#remembered(request, first));
    }
    checkReached(requestedVersion(request.query), version);
    const exact = exactVersion(request.query, limit);
    const all = exact === undefined ? collection.sorted() : collection.at(exact);
    if (all === undefined) throw expired('The resourceVersion for the provided list is too old.');
    const entries = select(all, request);
    const shown = exact ?? version;
    if (limit === 0 || entries.length <= limit) return { entries, metadata: { resourceVersion: String(shown) } };
    this.#remember(request, shown, entries);
    return this.#part(request, { version: shown, start: 0, limit }, entries);
  }

  #part(
    request: ListRequest,
    at: { readonly version: number; readonly start: number; readonly limit: number },
    all: readonly Entry[],
  ): Page {
    const { version, start, limit } = at;
    const end = limit === 0 ? all.length : Math.min(all.length, start + pageSize(limit, all.length));
    const rest = all.length - end;
    const token = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: version, start: end })).toString('base64url');
    const more =
      rest === 0 ? {} : { continue: token, ...(request.matcher === undefined ? { remainingItemCount: rest } : {}) };
    return { entries: all.slice(start, end), metadata: { resourceVersion: String(version), ...more } };
  }

  #remembered(request: ListRequest, version: number): readonly Entry[] {
    const snapshot = this.#snapshots.get(pageKey(request, version));
    if (snapshot === undefined || this.#elapsed() - snapshot.at > snapshotAge) throw expired(tooOld);
    return snapshot.entries;
  }

  #remember(request: ListRequest, version: number, entries: readonly Entry[]): void {
    const key = pageKey(request, version);
    this.#snapshots.delete(key);
    this.#snapshots.set(key, { entries, at: this.#elapsed() });
    const [oldest] = this.#snapshots.keys();
    if (this.#snapshots.size > snapshotCount && oldest !== undefined) this.#snapshots.delete(oldest);
  }
}

/**
 * The number of objects on a page. kubectl asks for 500 and throttles itself to five requests a second after 10
 * requests, so long lists come in 8 larger pages, which the API allows. Clients that ask for small pages get them.
 */
function pageSize(limit: number, total: number): number {
  return limit < 500 ? limit : Math.max(limit, Math.ceil(total / 8));
}

function pageKey({ id, namespace, query }: ListRequest, version: number): string {
  return JSON.stringify([id, namespace ?? '', query.get('labelSelector'), query.get('fieldSelector'), version]);
}

function select(entries: readonly Entry[], { namespace, matcher }: ListRequest): readonly Entry[] {
  if (namespace === undefined && matcher === undefined) return entries;
  return entries.filter(
    ({ object }) =>
      (namespace === undefined || object.metadata.namespace === namespace) &&
      (matcher === undefined || matcher(object)),
  );
}
