/** What the readings of all kinds have in common: the object itself, and its metadata with every field present. */
import type { KubeObject, LabelSelectorObject } from '../../model/objects/raw.ts';
import { asList, asText, fieldOf, isRecord, type Json, jsonOf } from '../../model/values/json.ts';

type Texts = Readonly<Record<string, string>>;

export interface Item {
  /** The object as it was read. */
  readonly object: KubeObject;
  readonly name: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly labels: Texts;
  readonly annotations: Texts;
  /** Whether it is being deleted. */
  readonly isTerminating: boolean;
}

/** Reads the metadata. */
export function itemOf(object: KubeObject): Item {
  const { name = '', namespace = '', labels = {}, annotations = {} } = object.metadata;
  const isTerminating = object.metadata.deletionTimestamp !== undefined;
  return { object, name, namespace, labels, annotations, isTerminating };
}

/** Its spec; null if there is none. */
export function specOf(object: KubeObject): Json {
  return jsonOf(fieldOf(object, 'spec') ?? null);
}

/** The text at the path; empty if there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  return asText(fieldOf(value, ...path));
}

/** The list at the path; empty if there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  return asList(fieldOf(value, ...path));
}

/** The texts in the list at the path. */
export function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  return listAt(value, ...path).map(asText);
}

/** The number at the path; undefined if there is none. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = fieldOf(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The boolean at the path; undefined if there is none. */
export function booleanAt(value: unknown, ...path: readonly string[]): boolean | undefined {
  const found = fieldOf(value, ...path);
  return typeof found === 'boolean' ? found : undefined;
}

/**
 * When the field at the path was last written, in milliseconds since 1970, as far as the field managers of the object
 * tell: a manager that writes several fields has one time for all. Undefined if none has the field.
 */
export function writtenAt({ metadata }: KubeObject, ...path: readonly string[]): number | undefined {
  const keys = path.map((field) => `f:${field}`);
  const times = listAt(metadata, 'managedFields')
    .filter((entry) => fieldOf(entry, 'fieldsV1', ...keys) !== undefined)
    .flatMap((entry) => timeAt(entry, 'time') ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** The time at the path in milliseconds since 1970; undefined if there is none that can be read. */
export function timeAt(value: unknown, ...path: readonly string[]): number | undefined {
  const time = Date.parse(textAt(value, ...path));
  return Number.isNaN(time) ? undefined : time;
}

/** The texts by key of the object at the path. */
export function textsByKey(value: unknown, ...path: readonly string[]): Texts {
  const found = fieldOf(value, ...path);
  return isRecord(found) ? Object.fromEntries(Object.entries(found).map(([key, text]) => [key, asText(text)])) : {};
}

/** The label selector at the path; undefined if there is none. */
export function selectorAt(value: unknown, ...path: readonly string[]): LabelSelectorObject | undefined {
  const found = fieldOf(value, ...path);
  if (!isRecord(found)) return undefined;
  const matchExpressions = asList(found['matchExpressions']).map((one) => ({
    key: textAt(one, 'key'),
    operator: textAt(one, 'operator'),
    values: textsAt(one, 'values'),
  }));
  return { matchLabels: textsByKey(found, 'matchLabels'), matchExpressions };
}
