/** Serves a watch: replays the present objects if requested, then follows the log at the pace of its reader. */
import type { ServerResponse } from 'node:http';
import { groupVersion, type Resource } from '../kinds/resource.ts';
import { expired } from '../refusal.ts';
import type { StoredObject } from '../store/object.ts';
import { type Collection, eventLine, type LogRecord, type Store } from '../store/store.ts';
import { tableLine, type View, type WatchEvent } from './view.ts';

export interface WatchOptions {
  readonly store: Store;
  readonly collection: Collection;
  readonly resource: Resource;
  readonly view: View;
  /** Selects the objects of the watch; undefined means all. */
  readonly selects: ((object: StoredObject) => boolean) | undefined;
  /** Follow from this version; undefined means replay the present objects first. */
  readonly from: number | undefined;
  readonly bookmarks: boolean;
  /** Whether to mark the end of the replay with a bookmark. */
  readonly markReplayed: boolean;
  /** Milliseconds between bookmarks. */
  readonly bookmarkInterval: number;
  /** Milliseconds after which the watch ends. */
  readonly timeout: number;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** The number of changes that are written at once. */
const batch = 1000;

class Watch {
  readonly #options: WatchOptions;
  readonly #response: ServerResponse;
  readonly #stops: (() => void)[] = [];
  /**
   * The version that was asked for if we had not reached it: nothing up to it is sent, as by Kubernetes' watch cache.
   */
  readonly #after: number;
  #position: number;
  #scheduled = false;
  #blocked = false;
  #first = true;

  constructor(response: ServerResponse, options: WatchOptions, position: number) {
    this.#response = response;
    this.#options = options;
    this.#position = position;
    this.#after = options.from !== undefined && options.from > options.store.version ? options.from : 0;
  }

  start(): void {
    const { collection, from, bookmarks, bookmarkInterval, timeout, signal } = this.#options;
    const ended = (): void => this.#stop();
    const drained = (): void => {
      this.#blocked = false;
      this.#schedule();
    };
    const end = (): void => this.#end();
    this.#response.on('close', ended);
    this.#response.on('drain', drained);
    signal.addEventListener('abort', end);
    const timer = setTimeout(end, timeout);
    const ticker = bookmarks ? setInterval(() => this.#bookmark(), bookmarkInterval) : undefined;
    this.#stops.push(
      collection.onChange(() => this.#schedule()),
      () => {
        clearTimeout(timer);
        clearInterval(ticker);
        signal.removeEventListener('abort', end);
      },
    );
    this.#response.flushHeaders();
    if (from === undefined) this.#replay();
    this.#pump();
  }

  #replay(): void {
    const { collection, markReplayed } = this.#options;
    const lines = collection
      .sorted()
      .filter(({ object }) => this.#selects(object))
      .map((entry) =>
        this.#options.view.kind === 'object'
          ? eventLine('ADDED', entry.text())
          : this.#line({ type: 'ADDED', object: entry.object }),
      );
    if (markReplayed) lines.push(this.#bookmarkLine({ 'k8s.io/initial-events-end': 'true' }));
    this.#write(lines.join(''));
  }

  #schedule(): void {
    if (this.#scheduled || this.#blocked) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    const { collection } = this.#options;
    while (!this.#blocked && !this.#response.writableEnded && this.#position < collection.end()) {
      const records = collection.read(this.#position, batch);
      if (records === undefined) {
        this.#write(eventLine('ERROR', JSON.stringify(expired('the watch fell behind the changes').status())));
        this.#end();
        return;
      }
      this.#position += records.length;
      this.#write(records.map((record) => (this.#isAfter(record) ? this.#recordLine(record) : '')).join(''));
    }
  }

  #isAfter({ entry }: LogRecord): boolean {
    return this.#after === 0 || Number(entry.object.metadata.resourceVersion) > this.#after;
  }

  #recordLine(record: LogRecord): string {
    const { selects, view } = this.#options;
    if (selects === undefined && view.kind === 'object') return record.line();
    const { entry, before, type } = record;
    const is = type !== 'DELETED' && this.#selects(entry.object);
    const was = before !== undefined && this.#selects(before);
    if (!is && !was) return '';
    if (is) return this.#line({ type: was ? 'MODIFIED' : 'ADDED', object: entry.object });
    if (type === 'DELETED' || before === undefined) return this.#line({ type: 'DELETED', object: entry.object });
    // it left the selection: send its last state inside, with the version of the change
    const { resourceVersion } = entry.object.metadata;
    return this.#line({ type: 'DELETED', object: { ...before, metadata: { ...before.metadata, resourceVersion } } });
  }

  #selects(object: StoredObject): boolean {
    return this.#options.selects?.(object) ?? true;
  }

  #line(event: WatchEvent): string {
    const { view, resource, now } = this.#options;
    if (view.kind === 'object') return eventLine(event.type, JSON.stringify(event.object));
    const columns = this.#first;
    this.#first = false;
    return tableLine(resource, event, view, { now: now(), columns });
  }

  #bookmarkLine(annotations?: Readonly<Record<string, string>>): string {
    const { resource, store } = this.#options;
    const metadata = {
      resourceVersion: String(store.version),
      creationTimestamp: null,
      ...(annotations === undefined ? {} : { annotations }),
    };
    return eventLine('BOOKMARK', JSON.stringify({ kind: resource.kind, apiVersion: groupVersion(resource), metadata }));
  }

  /** A bookmark is only valid after everything before it has been sent. */
  #bookmark(): void {
    this.#pump();
    if (this.#options.store.version < this.#after) return;
    if (this.#position === this.#options.collection.end() && !this.#blocked) this.#write(this.#bookmarkLine());
  }

  #write(text: string): void {
    if (text === '' || this.#response.writableEnded) return;
    if (!this.#response.write(text)) this.#blocked = true;
  }

  #end(): void {
    if (this.#options.bookmarks && !this.#response.writableEnded) this.#bookmark();
    this.#stop();
    this.#response.end();
  }

  #stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}

/** Answers with a watch, which runs until its timeout or until either side ends it. */
export function serveWatch(response: ServerResponse, options: WatchOptions): void {
  const { collection, from, store } = options;
  const position = from === undefined || from > store.version ? collection.end() : collection.position(from);
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  if (position === undefined) {
    const error = expired(`too old resource version: ${String(from)}`);
    response.end(eventLine('ERROR', JSON.stringify(error.status())));
    return;
  }
  new Watch(response, options, position).start();
}
