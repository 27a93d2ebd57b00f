/** JSON values: type guards, equality, and access to fields. */

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** Whether the value is an object with keys, that is, neither null nor an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a JSON value is an object. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a JSON value is an array. */
export function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isParsed(value: unknown): value is Json {
  return value !== undefined;
}

/** Parses JSON; throws SyntaxError if the text is not JSON. */
export function parseJson(text: string): Json {
  const value: unknown = JSON.parse(text);
  if (!isParsed(value)) throw new SyntaxError('not JSON');
  return value;
}

/** The value as JSON holds it: without fields that are undefined. */
export function jsonOf(value: unknown): Json {
  return parseJson(JSON.stringify(value));
}

/** The JSON in the text; undefined if the text is not JSON. */
export function jsonIn(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function sameArray(a: readonly Json[], b: readonly Json[]): boolean {
  return a.length === b.length && a.every((item, index) => jsonEqual(item, b[index]));
}

function sameObject(a: JsonObject, b: JsonObject): boolean {
  const keys = Object.keys(a).filter((key) => a[key] !== undefined);
  if (keys.length !== Object.keys(b).filter((key) => b[key] !== undefined).length) return false;
  return keys.every((key) => jsonEqual(a[key], b[key]));
}

/** Whether two JSON values are equal. The order of keys does not matter, and a key with undefined counts as absent. */
export function jsonEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isJsonArray(a)) return isJsonArray(b) && sameArray(a, b);
  return isJsonObject(a) && isJsonObject(b) && sameObject(a, b);
}

/**
 * The value without the fields that are null, at any depth: Kubernetes reads those as absent. A null in a list stays,
 * because an item of a list may mean something by being there. Returns the same value if it has no such field.
 */
export function withoutNullFields(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const kept = items.map(withoutNullFields);
    return kept.some((item, index) => item !== items[index]) ? kept : items;
  }
  if (!isRecord(value)) return value;
  const fields = Object.entries(value);
  const kept = fields
    .filter(([, field]) => field !== null)
    .map(([key, field]) => [key, withoutNullFields(field)] as const);
  const isSame = kept.length === fields.length && kept.every(([key, field]) => field === value[key]);
  return isSame ? value : Object.fromEntries(kept);
}

/** What the JSON text says, without the fields that are null, at any depth; throws SyntaxError if it is no JSON. */
export function parseWithoutNullFields(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return text.includes('null') ? withoutNullFields(value) : value; // most texts have none, and copying costs memory
}

/** The value if it is a list, else an empty list. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value if it is a string, else an empty string. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The value with the keys of all its objects sorted. */
export function sortedKeys(value: Json): Json {
  if (isJsonArray(value)) return value.map(sortedKeys);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, value[key] === undefined ? undefined : sortedKeys(value[key])]));
}

/**
 * The text of `JSON.stringify(sortedKeys(jsonOf(value)))`, in a fraction of the time: nothing is copied. The value has
 * no fields but those of JSON and undefined ones.
 */
export function sortedText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => sortedText(item)).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value ?? null);
  let text = '';
  for (const key of inJsonOrder(Object.keys(value))) {
    const field = value[key];
    if (field !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${sortedText(field)}`;
  }
  return `{${text}}`;
}

/** The keys sorted, with those that JavaScript takes for indexes first, as an object made of the sorted keys has them. */
function inJsonOrder(keys: readonly string[]): readonly string[] {
  if (keys.length < 2) return keys;
  const sorted = keys.toSorted();
  return keys.some((key) => isIndex(key)) ? Object.keys(Object.fromEntries(sorted.map((key) => [key, 0]))) : sorted;
}

function isIndex(key: string): boolean {
  return key >= '0' && key < ':';
}

/** The field at the path, or undefined. */
export function fieldOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((found, key) => (isRecord(found) ? found[key] : undefined), value);
}
