/** A cluster in memory: what changes of a plan read and write, without a server. */
import isEqual from 'lodash/isEqual.js';
import { apiVersionOf, type Kind } from '../../../../api/kinds.ts';
import type { KubeClient, NameRef, PatchOptions } from '../../../../src/io/kube/client.ts';
import { ApiError } from '../../../../src/io/kube/error.ts';
import { managersOf } from '../../../../src/migrate/ownership.ts';
import { objectRef, refKey } from '../../../../src/migrate/ref.ts';
import type { Execution } from '../../../../src/migrate/run/apply/change.ts';
import { contentOf, merged } from '../../../../src/migrate/run/drift.ts';
import { type Entry, progressOf } from '../../../../src/migrate/run/journal.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { fieldOf, isRecord } from '../../../../src/model/values/json.ts';
import { liveFrom } from '../live-from.ts';

function isKubeObject(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value['metadata']);
}

function shaped(value: unknown): KubeObject {
  if (!isKubeObject(value)) throw new Error('this is no object');
  return value;
}

/** Refuses what is meant for another object or version. */
function staleness(wanted: unknown, is: KubeObject | undefined): ApiError | undefined {
  const isStale = (['uid', 'resourceVersion'] as const).some((field) => {
    const value = fieldOf(wanted, field);
    return value !== undefined && value !== is?.metadata[field];
  });
  return isStale ? new ApiError(409, { message: 'it is another version' }) : undefined;
}

/** Refuses to apply another spec than another manager has written. */
function ownership(body: unknown, is: KubeObject | undefined, options: PatchOptions): ApiError | undefined {
  if (is === undefined || options.type !== 'apply' || options.force === true) return undefined;
  if (isEqual(fieldOf(body, 'spec'), fieldOf(is, 'spec'))) return undefined;
  const others = managersOf(is).filter(({ manager, fields }) => manager !== options.fieldManager && 'f:spec' in fields);
  return others.length === 0 ? undefined : new ApiError(409, { message: 'others own its fields' });
}

/** Objects, who wrote them, and what was noted down of it. */
export class Memory {
  readonly objects = new Map<string, KubeObject>();
  readonly entries: Entry[] = [];
  /** Refuses the writes of objects of this name. */
  readonly refused = new Map<string, ApiError>();
  /** Does nothing about writes of objects of this name, and says that all is well. */
  readonly ignored = new Set<string>();
  #version = 0;

  constructor(objects: readonly KubeObject[] = []) {
    for (const object of objects) this.#store(object);
  }

  /** What changes are made with now: the plan `mine`, which knows what was noted down so far. */
  execution(changes: Partial<Execution> = {}, unserved: readonly string[] = []): Execution {
    return {
      client: this.client,
      plan: { id: 'mine', target: 'ovn', backup: new Map() },
      live: liveFrom([...this.objects.values()], unserved),
      progress: progressOf(this.entries),
      journal: { add: (entry) => Promise.resolve(void this.entries.push(entry)) },
      force: false,
      timeout: 0,
      signal: new AbortController().signal,
      ...changes,
    };
  }

  /** The names and contents of all objects. */
  dump(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      [...this.objects.values()].map((object) => {
        const { name = '', labels, annotations } = object.metadata;
        const texts = { ...(labels && { labels }), ...(annotations && { annotations }) };
        return [`${object.kind ?? ''} ${name}`, { ...texts, ...contentOf(object) }];
      }),
    );
  }

  /** What was noted down: `begin egress-ips apply egressip-shop`. */
  noted(): readonly string[] {
    return this.entries.map(({ event, step, action, object = '' }) =>
      [event, step, action, object.split('/').at(-1)].join(' '),
    );
  }

  get client(): KubeClient {
    return {
      get: <T extends KubeObject>(kind: Kind, ref: NameRef) =>
        Promise.resolve(this.objects.get(this.#key(kind, ref)) as T | undefined),
      list: () => Promise.reject(new Error('nothing is listed')),
      newestVersion: () => Promise.reject(new Error('nothing is listed')),
      count: () => Promise.reject(new Error('nothing is listed')),
      log: () => Promise.reject(new Error('no pod writes a log')),
      create: () => Promise.reject(new Error('nothing is created but by applying')),
      patch: <T extends KubeObject>(kind: Kind, ref: NameRef, body: unknown, options: PatchOptions) => {
        const key = this.#key(kind, ref);
        const refusal = this.refused.get(ref.name);
        if (refusal !== undefined) return Promise.reject(refusal);
        const is = this.objects.get(key);
        const problem = staleness(fieldOf(body, 'metadata'), is) ?? ownership(body, is, options);
        if (problem !== undefined) return Promise.reject(problem);
        if (is !== undefined && this.ignored.has(ref.name)) return Promise.resolve(is as T);
        const then = merged(is ?? {}, body);
        const managedFields = [
          ...(is === undefined ? [] : managersOf(is)).map(({ manager, fields }) => ({ manager, fieldsV1: fields })),
          {
            manager: options.fieldManager,
            fieldsV1: fieldOf(body, 'spec') === undefined ? { 'f:metadata': {} } : { 'f:spec': {} },
          },
        ];
        const made = shaped(merged(then, { metadata: { managedFields } }));
        return Promise.resolve((options.dryRun === true ? made : this.#store(made)) as T);
      },
      delete: (kind, ref, options = {}) => {
        const refusal = this.refused.get(ref.name);
        if (refusal !== undefined) return Promise.reject(refusal);
        const is = this.objects.get(this.#key(kind, ref));
        if (is === undefined) return Promise.resolve();
        const problem = staleness(options.preconditions, is);
        if (problem !== undefined) return Promise.reject(problem);
        if (options.dryRun !== undefined) return Promise.resolve();
        const isHeld = (is.metadata.finalizers ?? []).length > 0;
        if (isHeld) this.#store(shaped(merged(is, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })));
        else this.objects.delete(this.#key(kind, ref));
        return Promise.resolve();
      },
      watch: () => Promise.reject(new Error('nothing is watched')),
      close: () => undefined,
    };
  }

  #key(kind: Kind, ref: NameRef): string {
    return refKey({ apiVersion: apiVersionOf(kind), kind: kind.kind, ...ref });
  }

  #store(object: KubeObject): KubeObject {
    this.#version++;
    const { uid = `u${this.#version}` } = object.metadata;
    const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(this.#version) } };
    this.objects.set(refKey(objectRef(object)), stored);
    return stored;
  }
}
