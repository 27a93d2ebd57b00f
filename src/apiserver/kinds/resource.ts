/** A kind as the server serves it, built in or out of a CRD. */
import type { Json, JsonObject } from '../../model/json.ts';
import type { StoredObject } from '../store/object.ts';
import type { Schema } from './schema.ts';

/** A column of a table; `cell` gives a number, a text, or null for nothing. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
  readonly cell: (object: StoredObject, now: Date) => Json;
}

export interface Resource {
  /** `PLURAL.GROUP`: the collection its objects are in, whatever their version. */
  readonly id: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Has a status subresource: status is written there and nowhere else. */
  readonly hasStatus: boolean;
  /** Comes from a CRD: no strategic merge patch, generation is kept, updates need a version. */
  readonly custom: boolean;
  readonly schema: Schema;
  /** The same schema as it was written, for OpenAPI. */
  readonly source: JsonObject;
  readonly columns: readonly Column[];
  /** What can be done with it, where that is not everything. */
  readonly verbs?: readonly string[];
  /** Fields that field selectors may name. */
  readonly selectable: readonly string[];
}

/** `v1` or `GROUP/VERSION`. */
export function groupVersion(resource: { readonly group: string; readonly version: string }): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}
