/** Server-side apply: merges a configuration into the object; its writer owns the fields that it names. */
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../../model/values/json.ts';
import type { Resource } from '../../kinds/resource.ts';
import type { Schema } from '../../kinds/schema.ts';
import { Refusal } from '../../refusal.ts';
import {
  childrenOf,
  compareFields,
  difference,
  type FieldSet,
  fieldsOf,
  intersection,
  managedSchema,
  type Path,
  pathText,
  shownPath,
  union,
} from './fields.ts';
import { isSame, type Manager, managersOf, setFields, withManagers, type Writer } from './managers.ts';

function mergeObjects(live: JsonObject, config: JsonObject, schema: Schema): JsonObject {
  const result: Record<string, Json | undefined> = { ...live };
  for (const child of childrenOf(config, schema) ?? []) {
    const key = child.element.slice(2);
    result[key] = mergeValues(live[key], child.value, child.schema);
  }
  return result;
}

function mergeLists(live: readonly Json[], config: readonly Json[], schema: Schema): readonly Json[] {
  const wanted = new Map((childrenOf(config, schema) ?? []).map((child) => [child.element, child]));
  const merged = (childrenOf(live, schema) ?? []).map(({ element, value }) => {
    const child = wanted.get(element);
    wanted.delete(element);
    return child === undefined ? value : mergeValues(value, child.value, child.schema);
  });
  return [...merged, ...[...wanted.values()].map(({ value }) => value)];
}

function mergeValues(live: Json | undefined, config: Json, schema: Schema): Json {
  if (live === undefined || childrenOf(config, schema) === undefined) return config;
  if (isJsonObject(live) && isJsonObject(config)) return mergeObjects(live, config, schema);
  if (isJsonArray(live) && isJsonArray(config)) return mergeLists(live, config, schema);
  return config;
}

/** The value without the fields in the set; undefined if nothing is left. */
function removeFields(value: Json, schema: Schema, gone: FieldSet, path: Path): Json | undefined {
  if (gone.has(pathText(path))) return undefined;
  const children = childrenOf(value, schema);
  if (children === undefined) return value;
  const kept = children.flatMap((child) => {
    const left = removeFields(child.value, child.schema, gone, [...path, child.element]);
    return left === undefined ? [] : [{ element: child.element, value: left }];
  });
  if (kept.length === 0 && children.length > 0 && path.length > 0) return undefined;
  if (isJsonArray(value)) return kept.map((child) => child.value);
  return Object.fromEntries(kept.map((child) => [child.element.slice(2), child.value]));
}

/** The fields that the writer applied before, no longer names, and nobody else owns. */
function dropped(last: FieldSet, wanted: FieldSet, others: readonly Manager[]): FieldSet {
  const kept = others.reduce((all, { fields }) => union(all, fields), wanted);
  return difference(last, kept);
}

function conflictText(conflicts: readonly { readonly manager: Manager; readonly path: Path }[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${shownManager(first.manager)}: ${shownPath(first.path)}`;
  }
  const managers = [...new Set(conflicts.map(({ manager }) => manager))].sort((a, b) =>
    a.manager < b.manager ? -1 : 1,
  );
  const lines = managers.flatMap((manager) => [
    `conflicts with ${shownManager(manager)}:`,
    ...conflicts.filter((one) => one.manager === manager).map(({ path }) => `- ${shownPath(path)}`),
  ]);
  return `Apply failed with ${String(conflicts.length)} conflicts: ${lines.join('\n')}`;
}

function shownManager({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = JSON.stringify(manager);
  if (operation === 'Apply') return name;
  return subresource === ''
    ? `${name} using ${apiVersion}`
    : `${name} with subresource ${JSON.stringify(subresource)} using ${apiVersion}`;
}

function refuseConflicts(others: readonly Manager[], changed: FieldSet): void {
  const conflicts = others.flatMap((manager) =>
    [...intersection(manager.fields, changed).values()].map((path) => ({ manager, path })),
  );
  if (conflicts.length === 0) return;
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${shownManager(manager)}`,
    field: shownPath(path),
  }));
  throw new Refusal(409, 'Conflict', conflictText(conflicts), { details: { causes } });
}

export interface Application {
  readonly resource: Resource;
  readonly writer: Writer;
  readonly force: boolean;
  readonly now: Date;
}

function mergedObject(live: JsonObject, config: JsonObject, schema: Schema, gone: FieldSet): JsonObject {
  const merged = mergeObjects(live, config, schema);
  if (gone.size === 0) return merged;
  const left = removeFields(merged, schema, gone, []);
  return isJsonObject(left) ? left : {};
}

/** The object after applying the configuration; throws a 409 if that changes fields of others and is not forced. */
export function applied(old: JsonObject, config: JsonObject, application: Application): JsonObject {
  const { resource, writer, force, now } = application;
  const schema = managedSchema(resource);
  const managers = managersOf(old);
  const own = managers.find((one) => isSame(one, writer));
  const others = managers.filter((one) => !isSame(one, writer));
  const wanted = fieldsOf(config, schema);
  const gone = dropped(own?.fields ?? new Map(), wanted, others);
  const object = mergedObject(old, config, schema, gone);
  const { changed, removed } = compareFields(old, object, schema);
  if (!force) refuseConflicts(others, changed);
  const lost = union(changed, removed);
  const left = managers.map((one) => (isSame(one, writer) ? one : { ...one, fields: difference(one.fields, lost) }));
  return withManagers(object, setFields(left, writer, wanted, { resource, now }));
}
