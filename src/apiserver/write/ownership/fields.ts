/**
 * Sets of fields, with which managedFields records who wrote what: the fields of a value, and those that differ between
 * two values. A path is a list of elements in the form of FieldsV1: `f:NAME`, `k:{KEYS}` for an item of a keyed list,
 * `v:VALUE` for an item of a set.
 */
import { isJsonArray, isJsonObject, type Json, jsonEqual, type JsonObject } from '../../../model/values/json.ts';
import type { Resource } from '../../kinds/resource.ts';
import { parseSchema, type Schema } from '../../kinds/schema.ts';

export type Path = readonly string[];
/** Paths by their text. */
export type FieldSet = ReadonlyMap<string, Path>;

const separator = '\u0000';

/** The text of a path in a set. */
export function pathText(path: Path): string {
  return path.join(separator);
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  return new Map([...a, ...b]);
}

export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return new Map([...a].filter(([key]) => !b.has(key)));
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return new Map([...a].filter(([key]) => b.has(key)));
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  return a.size === b.size && [...a.keys()].every((key) => b.has(key));
}

/** The fields that no manager owns, because the server does. */
const serverFields = ['apiVersion', 'kind'];
const managedMetadata = parseSchema({
  type: 'object',
  properties: {
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
    finalizers: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    ownerReferences: {
      type: 'array',
      items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
    },
  },
});
const anything = parseSchema({ 'x-kubernetes-preserve-unknown-fields': true });
const schemas = new WeakMap<Resource, Schema>();

/** The schema of a kind with the part of metadata that managers own. */
export function managedSchema(resource: Resource): Schema {
  let schema = schemas.get(resource);
  if (schema === undefined) {
    schema = {
      ...resource.schema,
      properties: new Map([...resource.schema.properties, ['metadata', managedMetadata]]),
    };
    schemas.set(resource, schema);
  }
  return schema;
}

/** The part of the object that managers own. */
export function managedPart(object: JsonObject): JsonObject {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  const kept = Object.entries(metadata).filter(([key]) => managedMetadata.properties.has(key));
  const rest = Object.entries(object).filter(([key]) => key !== 'metadata' && !serverFields.includes(key));
  return Object.fromEntries([...rest, ...(kept.length === 0 ? [] : [['metadata', Object.fromEntries(kept)] as const])]);
}

export interface Child {
  readonly element: string;
  readonly value: Json;
  readonly schema: Schema;
  /**
   * Whether it is an item of a map or list rather than a field in the schema: the item itself is owned, too, besides
   * its content.
   */
  readonly isItem: boolean;
}

function listChildren(value: readonly Json[], schema: Schema): readonly Child[] | undefined {
  const items = schema.items ?? anything;
  if (schema.listType === 'set')
    return value.map((item) => ({ element: `v:${JSON.stringify(item)}`, value: item, schema: items, isItem: true }));
  if (schema.listType !== 'map') return undefined;
  return value.map((item) => {
    // a key that an item lacks has its default, as the stored item will have it
    const keys = [...schema.listKeys]
      .sort()
      .map((key) => [key, (isJsonObject(item) ? item[key] : undefined) ?? items.properties.get(key)?.default ?? null]);
    return { element: `k:${JSON.stringify(Object.fromEntries(keys))}`, value: item, schema: items, isItem: true };
  });
}

/** The parts that managers own individually; undefined for a value that is owned as a whole. */
export function childrenOf(value: Json | undefined, schema: Schema): readonly Child[] | undefined {
  if (isJsonArray(value)) return listChildren(value, schema);
  if (!isJsonObject(value) || schema.atomic) return undefined;
  return Object.entries(value).flatMap(([key, field]) => {
    const declared = schema.properties.get(key);
    const child = declared ?? schema.additional ?? anything;
    return field === undefined
      ? []
      : [{ element: `f:${key}`, value: field, schema: child, isItem: declared === undefined }];
  });
}

function collect(value: Json, schema: Schema, path: Path, into: Map<string, Path>): void {
  const children = childrenOf(value, schema);
  if (path.length > 0 && (children === undefined || children.length === 0)) into.set(pathText(path), path);
  for (const child of children ?? []) {
    const inner = [...path, child.element];
    if (child.isItem) into.set(pathText(inner), inner);
    collect(child.value, child.schema, inner, into);
  }
}

/** The fields that an applied configuration sets. */
export function fieldsOf(object: JsonObject, schema: Schema): FieldSet {
  const result = new Map<string, Path>();
  collect(managedPart(object), schema, [], result);
  return result;
}

/** All paths of a value, including those of containers. */
function collectAll(value: Json, schema: Schema, path: Path, into: Map<string, Path>): void {
  into.set(pathText(path), path);
  for (const child of childrenOf(value, schema) ?? [])
    collectAll(child.value, child.schema, [...path, child.element], into);
}

export interface Comparison {
  /** The fields that are new or have another value. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

interface Difference {
  readonly changed: Map<string, Path>;
  readonly removed: Map<string, Path>;
}

function compareValues(
  old: Json | undefined,
  value: Json | undefined,
  at: { readonly schema: Schema; readonly path: Path },
  into: Difference,
): void {
  const { schema, path } = at;
  if (old === undefined || value === undefined) {
    if (value !== undefined) collectAll(value, schema, path, into.changed);
    if (old !== undefined) collectAll(old, schema, path, into.removed);
    return;
  }
  const [before, after] = [childrenOf(old, schema), childrenOf(value, schema)];
  if (before === undefined || after === undefined) {
    if (!jsonEqual(old, value)) into.changed.set(pathText(path), path);
    return;
  }
  const earlier = new Map(before.map((child) => [child.element, child]));
  for (const child of after) {
    const one = earlier.get(child.element);
    earlier.delete(child.element);
    compareValues(one?.value, child.value, { schema: child.schema, path: [...path, child.element] }, into);
  }
  for (const child of earlier.values())
    compareValues(child.value, undefined, { schema: child.schema, path: [...path, child.element] }, into);
}

/** The fields that differ between two states of an object. */
export function compareFields(old: JsonObject, object: JsonObject, schema: Schema): Comparison {
  const into: Difference = { changed: new Map(), removed: new Map() };
  compareValues(managedPart(old), managedPart(object), { schema, path: [] }, into);
  into.changed.delete('');
  return into;
}

/** The set as FieldsV1: "." marks an owned path that has owned parts. */
export function toFieldsV1(set: FieldSet): JsonObject {
  interface Tree {
    readonly children: Map<string, Tree>;
    isMember: boolean;
  }
  const root: Tree = { children: new Map(), isMember: false };
  for (const path of set.values()) {
    let node = root;
    for (const element of path) {
      const next: Tree = node.children.get(element) ?? { children: new Map(), isMember: false };
      node.children.set(element, next);
      node = next;
    }
    node.isMember = true;
  }
  const write = ({ children, isMember }: Tree): JsonObject => ({
    ...(isMember && children.size > 0 ? { '.': {} } : {}),
    ...Object.fromEntries(
      [...children].sort(([a], [b]) => (a < b ? -1 : 1)).map(([element, child]) => [element, write(child)]),
    ),
  });
  return write(root);
}

function readFields(fields: JsonObject, path: Path, into: Map<string, Path>): void {
  const entries = Object.entries(fields);
  if (path.length > 0 && (entries.length === 0 || fields['.'] !== undefined)) into.set(pathText(path), path);
  for (const [element, inner] of entries)
    if (element !== '.' && isJsonObject(inner)) readFields(inner, [...path, element], into);
}

/** Parses FieldsV1. */
export function fromFieldsV1(fields: JsonObject): FieldSet {
  const result = new Map<string, Path>();
  readFields(fields, [], result);
  return result;
}

/** The path for messages: `.spec.containers[name="c"].image`. */
export function shownPath(path: Path): string {
  return path
    .map((element) => {
      const rest = element.slice(2);
      if (element.startsWith('f:')) return `.${rest}`;
      if (element.startsWith('v:')) return `[=${rest}]`;
      return `[${rest.slice(1, -1).replace(/"([^"]+)":/g, '$1=')}]`;
    })
    .join('');
}
