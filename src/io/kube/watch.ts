/**
 * A copy of all objects of a kind that follows the API server for as long as the process runs. It lists, watches from
 * there, and after any failure of the connection watches again from the last version it saw. If that version is too
 * old, or the server has not reached it, it lists again and reports what has changed. Each change of an object is
 * reported once, in order.
 */
import isEqual from 'lodash/isEqual.js';
import type { Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { isRecord, parseWithoutNullFields } from '../../model/values/json.ts';
import { linkedSignal } from '../async/linked-signal.ts';
import { pause } from '../async/pause.ts';
import { whenAborted } from '../async/when-aborted.ts';
import { Complaint } from '../complaint.ts';
import type { Logger } from '../log.ts';
import { type KubeClient, objectGuard, type Selection } from './client.ts';
import { expectReached, hasGoneBack, noteBehind, versionNumber, WentBack } from './era.ts';
import { ApiError, isCutOff, isExpired, isTooLarge, statusError } from './error.ts';

export interface ObjectChange<T> {
  /** NAME, or NAMESPACE/NAME. */
  readonly key: string;
  readonly before?: T;
  readonly after?: T;
}

export interface ObjectCache<T> {
  /** Resolves when the first list is complete; rejects if the signal aborts first. */
  readonly synced: Promise<void>;
  /** Resolves when the watch has ended after its signal aborted. */
  readonly ended: Promise<void>;
  isSynced(): boolean;
  get(key: string): T | undefined;
  /** All objects, in no particular order. */
  list(): readonly T[];
  /** Calls the listener for every present object, then for every change; calls `onSynced` once after the first list. */
  subscribe(listener: (change: ObjectChange<T>) => void, onSynced?: () => void): () => void;
  /** Calls the listener whenever a list is complete: then the cache equals the server's state, whatever came before. */
  onListed(listener: () => void): () => void;
}

export interface WatchOptions<T = KubeObject> extends Selection {
  readonly logger: Logger;
  /** Milliseconds without a byte after which a watch counts as dead; 55,000 by default. */
  readonly idleTimeout?: number;
  /** Milliseconds of silence after which a watch asks whether the server is still of its time; 30,000 by default. */
  readonly quiet?: number;
  readonly pageSize?: number;
  /**
   * The longest delay between attempts in milliseconds; 5,000 by default, because an address may move in the meantime.
   */
  readonly maxDelay?: number;
  /** Called with each failure of a list or watch. */
  readonly onFailure?: (error: unknown) => void;
  /**
   * Lets the first list come from the API server's watch cache (`resourceVersion=0`), which spares etcd when many
   * clients start; the watch from there brings what it missed. Not for a kind of which a late state is dangerous.
   */
  readonly fromCache?: boolean;
  /** Returns the part of an object to cache, including metadata; by default the whole object. */
  readonly keep?: (object: T) => T;
}

/** NAME, or NAMESPACE/NAME. */
export function objectKey(object: KubeObject): string {
  const { namespace, name = '' } = object.metadata;
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/** The object without managedFields, which are a third of most objects and useless to us. */
export function lean<T extends KubeObject>(object: T): T {
  if (!('managedFields' in object.metadata)) return object;
  return { ...object, metadata: { ...object.metadata, managedFields: undefined } };
}

interface Subscriber<T> {
  readonly listener: (change: ObjectChange<T>) => void;
  readonly onSynced: (() => void) | undefined;
}

class Mirror<T extends KubeObject> implements ObjectCache<T> {
  readonly synced: Promise<void>;
  readonly ended: Promise<void>;
  readonly #objects = new Map<string, T>();
  readonly #subscribers = new Set<Subscriber<T>>();
  readonly #listed = new Set<() => void>();
  readonly #guard = objectGuard<T>();
  readonly #client: KubeClient;
  readonly #kind: Kind;
  readonly #options: WatchOptions<T>;
  readonly #logger: Logger;
  #isSynced = false;
  #resolveSynced: () => void = () => undefined;
  /** The version to watch from; empty if a list is due. */
  #version = '';
  /** Whether the server may have been restored since the last list or event. */
  #mustList = false;
  readonly #complaint: Complaint;
  #failures = 0;

  constructor(client: KubeClient, kind: Kind, options: WatchOptions<T>, signal: AbortSignal) {
    this.#client = client;
    this.#kind = kind;
    this.#options = options;
    this.#logger = options.logger.child({ kind: kind.kind });
    this.#complaint = new Complaint({ logger: this.#logger, failing: 'watch interrupted', over: 'watch goes on' });
    this.synced = new Promise<void>((resolve, reject) => {
      this.#resolveSynced = resolve;
      whenAborted(signal, () => reject(new Error(`the watch of ${kind.plural} was ended`)));
    });
    this.synced.catch(() => undefined); // waiting for it is optional
    this.ended = this.#run(signal);
  }

  isSynced(): boolean {
    return this.#isSynced;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  subscribe(listener: (change: ObjectChange<T>) => void, onSynced?: () => void): () => void {
    const subscriber = { listener, onSynced };
    this.#subscribers.add(subscriber);
    for (const [key, after] of this.#objects) this.#notify(subscriber, { key, after });
    if (this.#isSynced) onSynced?.();
    return () => this.#subscribers.delete(subscriber);
  }

  onListed(listener: () => void): () => void {
    this.#listed.add(listener);
    return () => this.#listed.delete(listener);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === '' || this.#mustList) await this.#list(signal);
        else await this.#expectReached(signal);
        await this.#watch(signal);
      } catch (error) {
        await this.#recover(error, signal);
      }
    }
  }

  /** Decides what to do after a failed list or watch, and waits. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (error instanceof WentBack) {
      this.#version = '';
      noteBehind(this.#client, this.#kind, true);
      this.#logger.warn(error.message);
      return;
    }
    if (isExpired(error) || isTooLarge(error)) this.#version = '';
    if (isCutOff(error)) this.#mustList = true;
    this.#failures += 1;
    this.#options.onFailure?.(error);
    const { maxDelay = 5_000 } = this.#options;
    const asked = error instanceof ApiError ? (error.status.details?.retryAfterSeconds ?? 0) * 1000 : 0;
    const backoff = Math.min(maxDelay, 50 * 2 ** Math.min(this.#failures - 1, 20));
    const delay = Math.round(Math.max(asked, backoff) * (0.75 + Math.random() / 2));
    const about = { failures: this.#failures, retryInMs: delay, relist: this.#version === '' };
    if (this.#failures > 2) this.#complaint.failed(error, about);
    else this.#logger.debug({ ...about, err: error }, 'watch interrupted');
    await pause(delay, signal);
  }

  async #list(signal: AbortSignal): Promise<void> {
    const any = this.#options.fromCache === true && !this.#isSynced ? ({ resourceVersion: '0' } as const) : {};
    const { items, resourceVersion } = await this.#client.list<T>(this.#kind, { ...this.#options, ...any, signal });
    const seen = new Set<string>();
    for (const item of items) {
      const key = objectKey(item);
      seen.add(key);
      // a server restored from a backup reuses version numbers: compare the whole object
      if (!isEqual(this.#objects.get(key), this.#kept(item))) this.#put(key, item);
    }
    for (const key of [...this.#objects.keys()]) if (!seen.has(key)) this.#remove(key);
    if (hasGoneBack(this.#version, resourceVersion))
      this.#logger.warn(new WentBack(this.#kind, this.#version, resourceVersion).message);
    this.#version = resourceVersion;
    this.#mustList = false;
    noteBehind(this.#client, this.#kind, false);
    this.#becomeSynced();
    for (const listener of this.#listed) listener();
  }

  #expectReached(signal: AbortSignal): Promise<void> {
    return expectReached(this.#client, this.#kind, this.#version, { ...this.#options, signal });
  }

  #becomeSynced(): void {
    if (this.#isSynced) return;
    this.#isSynced = true;
    this.#resolveSynced();
    for (const { onSynced } of this.#subscribers) onSynced?.();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { idleTimeout = 55_000, quiet = 30_000, namespace, labelSelector, fieldSelector } = this.#options;
    // let the server end quiet watches before we count them as dead; with jitter, so that not all reconnect at once
    const timeoutSeconds = Math.max(1, Math.floor((idleTimeout / 1000) * (0.7 + 0.2 * Math.random())));
    const stop = linkedSignal(signal);
    const started = performance.now();
    let failure: Error | undefined;
    let rest = '';
    const fail = (error: unknown): void => {
      failure = asError(error);
      stop.abort();
    };
    // that the question fails says nothing about the server's time
    const ask = (): void =>
      void this.#expectReached(stop.signal).catch((error: unknown) => {
        if (error instanceof WentBack) fail(error);
      });
    const whenQuiet = setInterval(ask, quiet);
    const whenGood = setTimeout(() => this.#recovered(), slack);
    const onText = (text: string): void => {
      if (stop.signal.aborted) return;
      whenQuiet.refresh();
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      try {
        for (const line of lines) if (line !== '') this.#onEvent(line);
      } catch (error) {
        fail(error);
      }
    };
    try {
      await this.#client.watch(this.#kind, {
        ...(namespace === undefined ? {} : { namespace }),
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
        resourceVersion: this.#version,
        timeoutSeconds,
        idleTimeout,
        onText,
        signal: stop.signal,
      });
    } catch (error) {
      failure ??= asError(error);
    } finally {
      clearInterval(whenQuiet);
      clearTimeout(whenGood);
      stop.release();
    }
    if (failure !== undefined) throw failure;
    const lasted = performance.now() - started;
    if (lasted < timeoutSeconds * 1000 - slack) this.#mustList = true;
    if (lasted < 500) throw new Error('the server ended the watch at once');
  }

  /** Handles one line of a watch; throws if it is an error or not an event. */
  #onEvent(line: string): void {
    const event = parseWithoutNullFields(line);
    if (!isRecord(event)) throw new Error('a watch line is no event');
    const { type, object } = event;
    if (type === 'ERROR') throw statusError(object);
    if (!this.#guard(object)) throw new Error('a watch event has no object');
    this.#recovered();
    if (!this.#advance(object.metadata.resourceVersion)) return;
    if (type === 'ADDED' || type === 'MODIFIED') this.#put(objectKey(object), object);
    else if (type === 'DELETED') this.#remove(objectKey(object));
  }

  #recovered(): void {
    this.#failures = 0;
    this.#complaint.succeeded();
  }

  /** Advances to the version; returns false if it is not newer, so that its event was reported before. */
  #advance(version = ''): boolean {
    const number = versionNumber(version);
    const last = versionNumber(this.#version);
    if (number !== undefined && last !== undefined && number <= last) return false;
    this.#version = version;
    return true;
  }

  #put(key: string, object: T): void {
    const before = this.#objects.get(key);
    const after = this.#kept(object);
    this.#objects.set(key, after);
    const change = before === undefined ? { key, after } : { key, before, after };
    for (const subscriber of this.#subscribers) this.#notify(subscriber, change);
  }

  #kept(object: T): T {
    const { keep } = this.#options;
    return keep === undefined ? lean(object) : keep(object);
  }

  #remove(key: string): void {
    const before = this.#objects.get(key);
    if (!this.#objects.delete(key) || before === undefined) return;
    for (const subscriber of this.#subscribers) this.#notify(subscriber, { key, before });
  }

  /** An exception in one listener must not stop the others. */
  #notify(subscriber: Subscriber<T>, change: ObjectChange<T>): void {
    try {
      subscriber.listener(change);
    } catch (error) {
      this.#logger.error({ err: error, key: change.key }, 'a listener failed');
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/**
 * Milliseconds by which a server may end a watch early, and after which a watch counts as good. One that ends earlier is
 * stopping: it may come back restored.
 */
const slack = 1000;

/** Follows the objects of a kind until the signal aborts; the first list starts at once. */
export function watchKind<T extends KubeObject>(
  client: KubeClient,
  kind: Kind,
  options: WatchOptions<T>,
  signal: AbortSignal,
): ObjectCache<T> {
  return new Mirror<T>(client, kind, options, signal);
}
