/** What the built-in kinds are written with: parts of their schemas, and a kind made of its definition. */
import type { Kind } from '../../../api/kinds.ts';
import type { JsonObject } from '../../model/values/json.ts';
import { qualified } from '../refusal.ts';
import type { Column, Resource } from './resource.ts';
import { parseSchema } from './schema.ts';

export const text = { type: 'string' } as const;
export const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
/** An object that one manager owns as a whole. */
export const atomic = { ...open, 'x-kubernetes-map-type': 'atomic' } as const;
export const identity = {
  apiVersion: { type: 'string', description: 'Version of the schema this object is written in, as group/version.' },
  kind: { type: 'string', description: 'The kind of this object.' },
  metadata: { type: 'object' },
};

export function mapBy(key: string, items: JsonObject): JsonObject {
  return { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key], items };
}

/** A list that is merged by a key that several items may share. */
export function mergedBy(key: string, items: JsonObject): JsonObject {
  return { ...mapBy(key, items), 'x-kubernetes-patch-merge-key': key };
}

export function openObject(properties: JsonObject, more: JsonObject = {}): JsonObject {
  return { ...open, properties, ...more };
}

export const conditions = mapBy('type', openObject({ type: text, status: text }, { required: ['type', 'status'] }));

export interface Definition {
  readonly kind: Kind;
  readonly schema: JsonObject;
  readonly columns: readonly Column[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly hasStatus?: boolean;
  readonly selectable?: readonly string[];
  readonly verbs?: readonly string[];
}

/** The kind as the server serves it. */
export function resource(definition: Definition): Resource {
  const {
    kind,
    schema,
    columns,
    shortNames = [],
    categories = [],
    hasStatus = false,
    selectable = [],
    verbs,
  } = definition;
  const scopeFields = kind.namespaced ? ['metadata.name', 'metadata.namespace'] : ['metadata.name'];
  return {
    id: qualified(kind.plural, kind.group),
    group: kind.group,
    version: kind.version,
    kind: kind.kind,
    listKind: `${kind.kind}List`,
    plural: kind.plural,
    singular: kind.kind.toLowerCase(),
    shortNames,
    categories,
    namespaced: kind.namespaced,
    hasStatus,
    custom: false,
    schema: parseSchema(schema),
    source: schema,
    columns,
    selectable: [...scopeFields, ...selectable],
    ...(verbs === undefined ? {} : { verbs }),
  };
}
