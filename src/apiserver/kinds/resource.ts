/** A kind as the server serves it, built in or from a CRD. */
import type { Json, JsonObject } from '../../model/values/json.ts';
import type { StoredObject } from '../store/object.ts';
import type { Schema } from './schema.ts';

/** A column of a table; `cell` returns a number, a text, or null for nothing. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
  readonly cell: (object: StoredObject, now: Date) => Json;
}

export interface Resource {
  /** `PLURAL.GROUP`: the collection of its objects, in all versions. */
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
  /** Whether it has a status subresource: status is written only there. */
  readonly hasStatus: boolean;
  /** Whether it comes from a CRD: no strategic merge patch, generation is kept, updates need a version. */
  readonly custom: boolean;
  readonly schema: Schema;
  /** The same schema as written, for OpenAPI. */
  readonly source: JsonObject;
  readonly columns: readonly Column[];
  /** The verbs, if not all of them. */
  readonly verbs?: readonly string[];
  /** The fields that field selectors may use. */
  readonly selectable: readonly string[];
}

/** `v1` or `GROUP/VERSION`. */
export function groupVersion(resource: { readonly group: string; readonly version: string }): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}
