/**
 * JSON patches (RFC 6902) as Kubernetes' library evanphx/json-patch runs them: negative indices count from the end of a
 * list, and a test for null is passed by a field that is not there.
 */
import { isJsonArray, isJsonObject, type Json, jsonEqual, type JsonObject } from '../../model/values/json.ts';
import { err, ok, type Result } from '../../model/values/result.ts';

type Container = JsonObject | readonly Json[];
/** Makes another container out of this one and a key; the error says why it cannot. */
type Change = (container: Container, key: string) => Result<Json>;

/** The keys of a JSON pointer; undefined if it is none, or that of the whole document. */
function keysOf(pointer: Json | undefined): readonly string[] | undefined {
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) return undefined;
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replace(/~1/g, '/').replace(/~0/g, '~'));
}

/** The index that the key means in a list of that many items, which it may be beyond; undefined if it means none. */
function indexOf(key: string, length: number): number | undefined {
  if (!/^[+-]?\d+$/.test(key)) return undefined;
  const index = Number(key);
  const counted = index < 0 ? index + length : index;
  return counted < 0 ? undefined : counted;
}

function isContainer(value: Json | undefined): value is Container {
  return isJsonArray(value) || isJsonObject(value);
}

/** What the container has at the key; undefined if a field is not there. */
function found(container: Container, key: string): Result<Json | undefined> {
  if (!isJsonArray(container)) return ok(Object.hasOwn(container, key) ? container[key] : undefined);
  const item = container[indexOf(key, container.length) ?? container.length];
  return item === undefined ? err(`there is no item ${key}`) : ok(item);
}

const replaced =
  (value: Json): Change =>
  (container, key) => {
    const present = found(container, key);
    if (!present.ok) return present;
    if (present.value === undefined) return err(`there is no field ${key}`);
    if (!isJsonArray(container)) return ok({ ...container, [key]: value });
    return ok(container.with(indexOf(key, container.length) ?? 0, value));
  };

const added =
  (value: Json): Change =>
  (container, key) => {
    if (!isJsonArray(container)) return ok({ ...container, [key]: value });
    // an item that is added may come after all others, which is the last place
    const index = key === '-' ? container.length : indexOf(key, container.length + 1);
    if (index === undefined || index > container.length) return err(`there is no place ${key}`);
    return ok(container.toSpliced(index, 0, value));
  };

const removed: Change = (container, key) => {
  const present = found(container, key);
  if (!present.ok) return present;
  if (present.value === undefined) return err(`there is no field ${key}`);
  if (isJsonArray(container)) return ok(container.toSpliced(indexOf(key, container.length) ?? 0, 1));
  return ok(Object.fromEntries(Object.entries(container).filter(([name]) => name !== key)));
};

/** The document with the container of the last key changed. */
function changedAt(document: Json | undefined, [key, ...more]: readonly string[], change: Change): Result<Json> {
  if (!isContainer(document) || key === undefined) return err('the path leads nowhere');
  if (more.length === 0) return change(document, key);
  const inner = found(document, key);
  if (!inner.ok) return inner;
  const changed = changedAt(inner.value, more, change);
  return changed.ok ? replaced(changed.value)(document, key) : changed;
}

/** What is at the path; undefined if only the last field is not there. */
function valueAt(document: Json | undefined, [key, ...more]: readonly string[]): Result<Json | undefined> {
  if (!isContainer(document) || key === undefined) return err('the path leads nowhere');
  const inner = found(document, key);
  return inner.ok && more.length > 0 ? valueAt(inner.value, more) : inner;
}

function tested(document: Json, found: Json | undefined, wanted: Json | undefined): Result<Json> {
  const isEqual = found === undefined || found === null ? (wanted ?? null) === null : jsonEqual(found, wanted);
  return isEqual ? ok(document) : err('the test failed');
}

/** Runs `replace` and `test` of the whole document; nothing else can be done with it. */
function onDocument(document: Json, { op, value }: JsonObject): Result<Json> {
  if (op === 'test') return tested(document, document, value);
  return op === 'replace' && isContainer(value) ? ok(value) : err('the whole object can only be replaced');
}

function fromElsewhere(document: Json, { op, from }: JsonObject, path: readonly string[]): Result<Json> {
  const source = keysOf(from);
  const value = source === undefined ? err('from is no path') : valueAt(document, source);
  if (!value.ok) return value;
  if (value.value === undefined || source === undefined) return err('there is nothing at from');
  const rest = op === 'move' ? changedAt(document, source, removed) : ok(document);
  return rest.ok ? changedAt(rest.value, path, added(value.value)) : rest;
}

/** The document after an operation; the error says why it fails. */
export function afterOperation(document: Json, operation: JsonObject): Result<Json> {
  const { op, path, value } = operation;
  if (path === '') return onDocument(document, operation);
  const keys = keysOf(path);
  if (keys === undefined) return err('path is no path');
  switch (op) {
    case 'add':
      return changedAt(document, keys, added(value ?? null));
    case 'replace':
      return changedAt(document, keys, replaced(value ?? null));
    case 'remove':
      return changedAt(document, keys, removed);
    case 'move':
    case 'copy':
      return fromElsewhere(document, operation, keys);
    case 'test': {
      const present = valueAt(document, keys);
      return present.ok ? tested(document, present.value, value) : present;
    }
    default:
      return err('op is none');
  }
}
