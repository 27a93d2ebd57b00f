/** managedFields: which program wrote which fields, updated on every write. */
import type { JsonObject } from '../../../model/values/json.ts';
import { groupVersion, type Resource } from '../../kinds/resource.ts';
import { objectAt, objectsAt, textAt, timestamp } from '../../store/object.ts';
import {
  compareFields,
  difference,
  type FieldSet,
  fromFieldsV1,
  managedSchema,
  sameSet,
  toFieldsV1,
  union,
} from './fields.ts';

/** Who writes, and how. */
export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string;
}

/** An entry of managedFields. */
export interface Manager extends Writer {
  readonly apiVersion: string;
  readonly time: string;
  readonly fields: FieldSet;
}

/** The managers of an object. */
export function managersOf(object: JsonObject): readonly Manager[] {
  return objectsAt(objectAt(object, 'metadata'), 'managedFields').map((entry) => ({
    manager: textAt(entry, 'manager') ?? '',
    operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
    subresource: textAt(entry, 'subresource') ?? '',
    apiVersion: textAt(entry, 'apiVersion') ?? '',
    time: textAt(entry, 'time') ?? '',
    fields: fromFieldsV1(objectAt(entry, 'fieldsV1')),
  }));
}

function entryOf({ manager, operation, subresource, apiVersion, time, fields }: Manager): JsonObject {
  const written = { manager, operation, apiVersion, time, fieldsType: 'FieldsV1', fieldsV1: toFieldsV1(fields) };
  return subresource === '' ? written : { ...written, subresource };
}

/** The object with these managers. */
export function withManagers(object: JsonObject, managers: readonly Manager[]): JsonObject {
  const entries = managers.filter(({ fields }) => fields.size > 0).map(entryOf);
  return {
    ...object,
    metadata: { ...objectAt(object, 'metadata'), managedFields: entries.length === 0 ? undefined : entries },
  };
}

/** Whether the entry is the writer's own. */
export function isSame(a: Writer, b: Writer): boolean {
  return a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource;
}

/** The managers with the writer's fields replaced; the time changes only if the fields do. */
export function setFields(
  managers: readonly Manager[],
  writer: Writer,
  fields: FieldSet,
  of: { readonly resource: Resource; readonly now: Date },
): readonly Manager[] {
  const own = managers.find((one) => isSame(one, writer));
  const apiVersion = groupVersion(of.resource);
  if (own !== undefined && own.apiVersion === apiVersion && sameSet(own.fields, fields)) return managers;
  const entry = { ...writer, apiVersion, time: timestamp(of.now), fields };
  return own === undefined ? [...managers, entry] : managers.map((one) => (one === own ? entry : one));
}

/** The object with the writer as manager of everything it changed since `old`. */
export function noteUpdate(
  old: JsonObject,
  object: JsonObject,
  writer: Writer,
  of: { readonly resource: Resource; readonly now: Date },
): JsonObject {
  const { changed, removed } = compareFields(old, object, managedSchema(of.resource));
  const before = managersOf(old);
  if (changed.size === 0 && removed.size === 0) return withManagers(object, before);
  const lost = union(changed, removed);
  const others = before.map((one) => (isSame(one, writer) ? one : { ...one, fields: difference(one.fields, lost) }));
  const own = before.find((one) => isSame(one, writer));
  const fields = difference(union(own?.fields ?? new Map(), changed), removed);
  // whoever changes a value is dated now, also if it owned the field before; whoever only removes keeps its time
  const { now } = of;
  const time = changed.size === 0 && own !== undefined ? own.time : timestamp(now);
  const entry: Manager = { ...writer, apiVersion: groupVersion(of.resource), time, fields };
  return withManagers(
    object,
    own === undefined ? [...others, entry] : others.map((one) => (isSame(one, writer) ? entry : one)),
  );
}
