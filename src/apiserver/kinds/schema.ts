/**
 * Structural schemas, parsed once from the OpenAPI schema of a CRD, and what they do to an incoming object: they drop
 * and report unknown fields, and fill in defaults. Validation is in validate.ts.
 */
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../model/values/json.ts';
import { objectAt, objectsAt, textAt, textsAt } from '../store/object.ts';

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';

export interface Schema {
  readonly type: SchemaType | undefined;
  readonly intOrString: boolean;
  readonly nullable: boolean;
  readonly preserve: boolean;
  /** Whether the object has its own apiVersion, kind and metadata. */
  readonly embedded: boolean;
  readonly default: Json | undefined;
  readonly properties: ReadonlyMap<string, Schema>;
  readonly additional: Schema | undefined;
  readonly items: Schema | undefined;
  readonly listType: 'atomic' | 'set' | 'map';
  readonly listKeys: readonly string[];
  /** Whether each item of a set or map is there once. Kubernetes merges some lists of its own by key and allows more. */
  readonly isUnique: boolean;
  /** Whether one manager owns the map or object as a whole. */
  readonly atomic: boolean;
  readonly rules: Rules;
}

/** What values must satisfy besides their type. */
export interface Rules {
  readonly required: readonly string[];
  readonly enum: readonly Json[] | undefined;
  readonly pattern: { readonly text: string; readonly regexp: RegExp } | undefined;
  readonly format: string | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly exclusiveMinimum: boolean;
  readonly exclusiveMaximum: boolean;
  readonly multipleOf: number | undefined;
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly minItems: number | undefined;
  readonly maxItems: number | undefined;
  readonly minProperties: number | undefined;
  readonly maxProperties: number | undefined;
  readonly allOf: readonly Schema[];
  readonly anyOf: readonly Schema[];
  readonly oneOf: readonly Schema[];
  readonly not: Schema | undefined;
}

/** A CRD uses something that this server does not support; the message names the place. */
export class UnsupportedSchema extends Error {}

const types: readonly SchemaType[] = ['object', 'array', 'string', 'integer', 'number', 'boolean'];

function numberAt(source: JsonObject, key: string): number | undefined {
  const value = source[key];
  return typeof value === 'number' ? value : undefined;
}

function patternOf(source: JsonObject, path: string): Rules['pattern'] {
  const text = textAt(source, 'pattern');
  if (text === undefined) return undefined;
  for (const flags of ['u', '']) {
    try {
      return { text, regexp: new RegExp(text, flags) };
    } catch {
      continue; // Go's syntax allows escapes that are errors with the flag u
    }
  }
  throw new UnsupportedSchema(
    `${path}.pattern: the regular expression ${JSON.stringify(text)} is not supported by this server`,
  );
}

function rulesOf(source: JsonObject, path: string): Rules {
  const schemas = (key: string): readonly Schema[] =>
    objectsAt(source, key).map((part) => parsePart(part, `${path}.${key}`));
  return {
    required: textsAt(source, 'required'),
    enum: isJsonArray(source['enum']) ? source['enum'] : undefined,
    pattern: patternOf(source, path),
    format: textAt(source, 'format'),
    minimum: numberAt(source, 'minimum'),
    maximum: numberAt(source, 'maximum'),
    exclusiveMinimum: source['exclusiveMinimum'] === true,
    exclusiveMaximum: source['exclusiveMaximum'] === true,
    multipleOf: numberAt(source, 'multipleOf'),
    minLength: numberAt(source, 'minLength'),
    maxLength: numberAt(source, 'maxLength'),
    minItems: numberAt(source, 'minItems'),
    maxItems: numberAt(source, 'maxItems'),
    minProperties: numberAt(source, 'minProperties'),
    maxProperties: numberAt(source, 'maxProperties'),
    allOf: schemas('allOf'),
    anyOf: schemas('anyOf'),
    oneOf: schemas('oneOf'),
    not: isJsonObject(source['not']) ? parsePart(source['not'], `${path}.not`) : undefined,
  };
}

function listTypeOf(source: JsonObject): Schema['listType'] {
  const text = textAt(source, 'x-kubernetes-list-type');
  return text === 'set' || text === 'map' ? text : 'atomic';
}

function refuseUnsupported(source: JsonObject, path: string): void {
  if (source['x-kubernetes-validations'] !== undefined) {
    throw new UnsupportedSchema(`${path}.x-kubernetes-validations: CEL rules are not supported by this server`);
  }
  if (source['$ref'] !== undefined)
    throw new UnsupportedSchema(`${path}.$ref: references are not allowed in a structural schema`);
}

/** Parses a schema, or a part of allOf and the like, in which a type is optional. */
function parsePart(source: JsonObject, path: string): Schema {
  refuseUnsupported(source, path);
  const type = types.find((one) => one === source['type']);
  const properties = Object.entries(objectAt(source, 'properties')).flatMap(([name, property]): [string, Schema][] =>
    isJsonObject(property) ? [[name, parsePart(property, `${path}.properties[${name}]`)]] : [],
  );
  const { additionalProperties, items } = source;
  const open = additionalProperties === true || source['x-kubernetes-preserve-unknown-fields'] === true;
  return {
    type,
    intOrString: source['x-kubernetes-int-or-string'] === true,
    nullable: source['nullable'] === true,
    preserve: open,
    embedded: source['x-kubernetes-embedded-resource'] === true,
    default: source['default'],
    properties: new Map(properties),
    additional: isJsonObject(additionalProperties)
      ? parsePart(additionalProperties, `${path}.additionalProperties`)
      : undefined,
    items: isJsonObject(items) ? parsePart(items, `${path}.items`) : undefined,
    listType: listTypeOf(source),
    listKeys: textsAt(source, 'x-kubernetes-list-map-keys'),
    isUnique: source['x-kubernetes-patch-merge-key'] === undefined,
    atomic: source['x-kubernetes-map-type'] === 'atomic',
    rules: rulesOf(source, path),
  };
}

/** Parses the OpenAPI schema of a CRD version; throws UnsupportedSchema. */
export function parseSchema(source: JsonObject, path = 'openAPIV3Schema'): Schema {
  return parsePart(source, path);
}

/** `a.b`, or `b` at the root. */
export function joinPath(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}

const own = ['apiVersion', 'kind', 'metadata'];

/** Whether to keep a field without a schema. */
function keepsUnknown(key: string, schema: Schema, path: string): boolean {
  return schema.preserve || ((path === '' || schema.embedded) && own.includes(key));
}

/** How objects are conformed, and the paths of the fields that were dropped. */
interface Conforming {
  /** Whether a null that the schema does not allow is the same as no value, as for kinds that are types of Go. */
  readonly nullIsNone: boolean;
  readonly unknown: string[];
}

function fillDefaults(result: Record<string, Json>, schema: Schema, path: string, by: Conforming): void {
  for (const [key, property] of schema.properties) {
    if (result[key] === undefined && property.default !== undefined) {
      result[key] = conform(property.default, property, joinPath(path, key), by);
    }
  }
}

/** Whether the field is no value: a null that becomes the default, or none where nulls count as none. */
function isNone(field: Json, property: Schema, by: Conforming): boolean {
  return field === null && !property.nullable && (by.nullIsNone || property.default !== undefined);
}

function conformObject(value: JsonObject, schema: Schema, path: string, by: Conforming): JsonObject {
  const result: Record<string, Json> = {};
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue;
    const property = schema.properties.get(key) ?? schema.additional;
    if (property === undefined) {
      if (keepsUnknown(key, schema, path)) result[key] = field;
      else by.unknown.push(joinPath(path, key));
    } else if (by.nullIsNone && field === null && schema.properties.get(key) === undefined) {
      result[key] = emptyOf(property);
    } else if (!isNone(field, property, by)) {
      result[key] = path === '' && key === 'metadata' ? field : conform(field, property, joinPath(path, key), by);
    }
  }
  fillDefaults(result, schema, path, by);
  return result;
}

/** What Go makes of a null in a list or map: the empty value of the items' type. */
function emptyOf({ type }: Schema): Json {
  return type === 'object' ? {} : type === 'string' ? '' : null;
}

function conform(value: Json, schema: Schema, path: string, by: Conforming): Json {
  if (isJsonObject(value)) return conformObject(value, schema, path, by);
  const { items } = schema;
  if (!isJsonArray(value) || items === undefined) return value;
  return value.map((item, index) =>
    conform(item === null && by.nullIsNone ? emptyOf(items) : item, items, `${path}[${String(index)}]`, by),
  );
}

/**
 * The object without fields that its schema does not know, with defaults filled in; and the paths of the dropped
 * fields. With `nullIsNone` a null counts as no value, as Kubernetes reads its built-in kinds.
 */
export function conformToSchema(
  object: JsonObject,
  schema: Schema,
  { nullIsNone = false }: { readonly nullIsNone?: boolean } = {},
): { readonly object: JsonObject; readonly unknown: readonly string[] } {
  const by: Conforming = { nullIsNone, unknown: [] };
  return { object: conformObject(object, schema, '', by), unknown: by.unknown };
}
