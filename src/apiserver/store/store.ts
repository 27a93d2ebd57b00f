/**
 * The objects in memory and their history: one counter of versions for all kinds, and for each kind a log of its latest
 * changes, which watches read at their own pace. A watch that falls behind the log is ended.
 */
import type { StoredObject } from './object.ts';

/** An object and its text, which is rendered only once. */
export class Entry {
  readonly object: StoredObject;
  readonly version: number;
  #text: string | undefined;

  constructor(object: StoredObject) {
    this.object = object;
    this.version = Number(object.metadata.resourceVersion);
  }

  text(): string {
    return (this.#text ??= JSON.stringify(this.object));
  }
}

/** One change; `before` is the object that selectors matched until then. */
export class LogRecord {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly entry: Entry;
  readonly before: StoredObject | undefined;
  #line: string | undefined;

  constructor(type: 'ADDED' | 'MODIFIED' | 'DELETED', entry: Entry, before: StoredObject | undefined) {
    this.type = type;
    this.entry = entry;
    this.before = before;
  }

  /** The event as a line of a watch. */
  line(): string {
    return (this.#line ??= eventLine(this.type, this.entry.text()));
  }
}

/** A line of a watch. */
export function eventLine(type: string, objectText: string): string {
  return `{"type":"${type}","object":${objectText}}\n`;
}

/** The key of an object within its kind. */
export function keyIn(name: string, namespace: string | undefined): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function keyOfObject(object: StoredObject): string {
  return keyIn(object.metadata.name, object.metadata.namespace);
}

/** The entries in the order of their keys. */
function sorted(entries: ReadonlyMap<string, Entry>): readonly Entry[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

/** The objects of one kind. */
export class Collection {
  readonly #entries = new Map<string, Entry>();
  readonly #watchers = new Set<() => void>();
  readonly #limit: number;
  #log: LogRecord[] = [];
  /** The number of records dropped from the front of the log. */
  #dropped = 0;
  #sorted: readonly Entry[] | undefined;
  /** Watches from earlier versions cannot be served. */
  #oldest: number;
  readonly #note: (record: LogRecord) => void;

  constructor(version: number, limit: number, note: (record: LogRecord) => void) {
    this.#oldest = version;
    this.#limit = limit;
    this.#note = note;
  }

  /** Adds an object from before this server started. */
  restore(object: StoredObject): void {
    this.#entries.set(keyOfObject(object), new Entry(object));
    this.#sorted = undefined;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** All entries, sorted by key; the array never changes. */
  sorted(): readonly Entry[] {
    this.#sorted ??= sorted(this.#entries);
    return this.#sorted;
  }

  /** The entries as they were at a version that is not in the future, sorted; undefined if the log is too short. */
  at(version: number): readonly Entry[] | undefined {
    const position = this.position(version);
    if (position === undefined) return undefined;
    const later = this.#log.slice(position - this.#dropped);
    if (later.length === 0) return this.sorted();
    const entries = new Map(this.#entries);
    for (const { entry, before } of later.toReversed()) {
      if (before === undefined) entries.delete(keyOfObject(entry.object));
      else entries.set(keyOfObject(before), new Entry(before));
    }
    return sorted(entries);
  }

  /** Stores the object and notifies the watches. */
  put(object: StoredObject): Entry {
    const key = keyOfObject(object);
    const before = this.#entries.get(key);
    const entry = new Entry(object);
    this.#entries.set(key, entry);
    this.#append(new LogRecord(before === undefined ? 'ADDED' : 'MODIFIED', entry, before?.object));
    return entry;
  }

  /** Removes the object; `last` is its final state, with the version of the removal. */
  remove(last: StoredObject): void {
    const key = keyOfObject(last);
    const before = this.#entries.get(key);
    if (before === undefined) return;
    this.#entries.delete(key);
    this.#append(new LogRecord('DELETED', new Entry(last), before.object));
  }

  #append(record: LogRecord): void {
    this.#note(record);
    this.#sorted = undefined;
    this.#log.push(record);
    if (this.#log.length > 2 * this.#limit) {
      const cut = this.#log.length - this.#limit;
      this.#oldest = this.#log[cut - 1]?.entry.version ?? this.#oldest;
      this.#log = this.#log.slice(cut);
      this.#dropped += cut;
    }
    for (const watcher of this.#watchers) watcher();
  }

  /** The position in the log of a watch from this version; undefined if the log does not reach back that far. */
  position(version: number): number | undefined {
    if (version < this.#oldest) return undefined;
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#log[middle]?.entry.version ?? 0) > version) high = middle;
      else low = middle + 1;
    }
    return this.#dropped + low;
  }

  /** The position after the last change. */
  end(): number {
    return this.#dropped + this.#log.length;
  }

  /** The changes from the position on, at most `count`; undefined if some of them were dropped. */
  read(position: number, count: number): readonly LogRecord[] | undefined {
    if (position < this.#dropped) return undefined;
    return this.#log.slice(position - this.#dropped, position - this.#dropped + count);
  }

  /** Calls the watcher after each change until the returned function is called. */
  onChange(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

export interface StoreOptions {
  /** The version of the latest change before this server started. */
  readonly version?: number;
  /** The number of changes of a kind to keep. */
  readonly logLimit?: number;
  /** Called with each change before anybody sees it. */
  readonly note?: (id: string, record: LogRecord) => void;
}

/** All collections and the counter of versions. */
export class Store {
  readonly #collections = new Map<string, Collection>();
  readonly #logLimit: number;
  /** The history before this version is unknown. */
  readonly #first: number;
  #version: number;

  readonly #note: (id: string, record: LogRecord) => void;

  constructor(options: StoreOptions = {}) {
    this.#first = options.version ?? 0;
    this.#version = options.version ?? 1;
    this.#logLimit = options.logLimit ?? 10_000;
    this.#note = options.note ?? (() => undefined);
  }

  /** The version of the latest change. */
  get version(): number {
    return this.#version;
  }

  /** The version for the next change. */
  nextVersion(): string {
    this.#version += 1;
    return String(this.#version);
  }

  /** The collection of a kind, by `PLURAL.GROUP`; created if new. */
  collection(id: string): Collection {
    let collection = this.#collections.get(id);
    if (collection === undefined) {
      collection = new Collection(this.#first, this.#logLimit, (record) => this.#note(id, record));
      this.#collections.set(id, collection);
    }
    return collection;
  }
}
