/** A kind of a CRD, its objects, and the state of a server in memory, for tests. */
import { Registry } from '../../src/apiserver/kinds/registry.ts';
import type { Resource } from '../../src/apiserver/kinds/resource.ts';
import { parseSchema } from '../../src/apiserver/kinds/schema.ts';
import { Refusal } from '../../src/apiserver/refusal.ts';
import type { StoredObject } from '../../src/apiserver/store/object.ts';
import { Store, type StoreOptions } from '../../src/apiserver/store/store.ts';
import { Objects } from '../../src/apiserver/write/objects.ts';
import type { WriteSettings } from '../../src/apiserver/write/settings.ts';
import { nodePorts } from '../../src/model/objects/well-known.ts';
import type { JsonObject } from '../../src/model/values/json.ts';

const source: JsonObject = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer', minimum: 0 },
        names: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        mode: { type: 'string', default: 'Slow' },
      },
    },
    status: { type: 'object', properties: { ready: { type: 'boolean' } } },
  },
};

/** The kind Thing of example.org, changed by `more`. */
export function thingKind(more: Partial<Resource> = {}): Resource {
  return {
    id: 'things.example.org',
    group: 'example.org',
    version: 'v1',
    kind: 'Thing',
    listKind: 'ThingList',
    plural: 'things',
    singular: 'thing',
    shortNames: [],
    categories: [],
    namespaced: false,
    hasStatus: false,
    custom: true,
    schema: parseSchema(source),
    source,
    columns: [],
    selectable: ['metadata.name'],
    ...more,
  };
}

/** The CRD of the kind Thing. */
export function thingCrd(more: { readonly scope?: string; readonly status?: boolean } = {}): JsonObject {
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: source },
    ...(more.status === true ? { subresources: { status: {} } } : {}),
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.org' },
    spec: {
      group: 'example.org',
      scope: more.scope ?? 'Cluster',
      names: { plural: 'things', kind: 'Thing' },
      versions: [version],
    },
  };
}

/** A Thing as a client sends it. */
export function thing(name: string, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: 'example.org/v1', kind: 'Thing', metadata: { name, ...metadata }, spec };
}

/** A Thing as the server stores it. */
export function storedThing(name: string, more: JsonObject = {}, metadata: JsonObject = {}): StoredObject {
  return {
    apiVersion: 'example.org/v1',
    kind: 'Thing',
    metadata: {
      name,
      uid: `uid of ${name}`,
      resourceVersion: '5',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
    ...more,
  };
}

export const writeAs: WriteSettings = {
  dryRun: false,
  fieldValidation: 'Warn',
  status: false,
  patch: false,
  writer: { manager: 'tester', operation: 'Update', subresource: '' },
};

export const deleteNow = {
  dryRun: false,
  gracePeriodSeconds: undefined,
  uid: undefined,
  resourceVersion: undefined,
} as const;

/** A built-in kind of a registry. */
export function kindIn(registry: Registry, plural: string, group = ''): Resource {
  const found = registry.find(group, 'v1', plural);
  if (found === undefined) throw new Error(`there is no ${plural}`);
  return found;
}

export interface Shelf {
  readonly objects: Objects;
  readonly store: Store;
  readonly registry: Registry;
  /** The time that the server reads. */
  readonly clock: { now: Date };
  readonly things: Resource;
}

/** A server's state with the namespaces `default` and `kube-system` and the kind Thing. */
export function shelf(
  kind: { readonly scope?: string; readonly status?: boolean } = {},
  {
    namespaceDelay = 0,
    signal = new AbortController().signal,
    ...options
  }: StoreOptions & { readonly namespaceDelay?: number; readonly signal?: AbortSignal } = {},
): Shelf {
  const clock = { now: new Date('2026-01-01T00:00:00Z') };
  const [store, registry] = [new Store(options), new Registry()];
  const world = { store, registry, now: () => clock.now, random: () => 0.5, nodePorts, namespaceDelay, signal };
  const objects = new Objects(world);
  const make = (plural: string, body: JsonObject, group = ''): void => {
    objects.create({ resource: kindIn(registry, plural, group), namespace: undefined }, body, writeAs);
  };
  for (const name of ['default', 'kube-system'])
    make('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  make('customresourcedefinitions', thingCrd(kind), 'apiextensions.k8s.io');
  return { objects, store, registry, clock, things: kindIn(registry, 'things', 'example.org') };
}

/** What the server says when it refuses: its code, reason and message. */
export function refusalOf(act: () => unknown): {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
} {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, reason: error.reason, message: error.message };
    throw error;
  }
  throw new Error('it was not refused');
}
