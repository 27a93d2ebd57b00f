/** Determines who owns an object, and which of its fields are ours. */
import isEqual from 'lodash/isEqual.js';
import { type Kind, namespaces, nodes } from '../../api/kinds.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import { asList, fieldOf, isRecord } from '../model/values/json.ts';
import { kindAmong, type ObjectRef } from './ref.ts';

/** Beginning of the field manager of every write. */
const managerPrefix = 'sdn-compat-migrate';

/** Field manager of all writes of a plan. It also identifies the plan's objects. */
export function managerOf({ id }: { readonly id: string }): string {
  return id === '' ? managerPrefix : `${managerPrefix}-${id}`;
}

/** Whether the field manager is that of a plan, whichever. */
export function isPlanManager(manager: unknown): boolean {
  return typeof manager === 'string' && (manager === managerPrefix || manager.startsWith(`${managerPrefix}-`));
}

/** Tells which field managers count as ours. */
export type Ours = (manager: unknown) => boolean;

/** The writes of this plan alone. */
export function writtenBy(plan: { readonly id: string }): Ours {
  const own = managerOf(plan);
  return (manager) => manager === own;
}

/** Kinds of which plans only write fields into existing objects. Applying must not create one. */
export const foreignKinds: readonly Kind[] = [nodes, namespaces];

/** Whether plans write only fields of such an object, never the whole. */
export function isForeignKind(object: ObjectRef): boolean {
  return kindAmong(foreignKinds, object) !== undefined;
}

/**
 * Whether the live object has everything in the configuration. Lists must be equal as a whole, but an item with a name,
 * such as the port of a Service, may have more fields: the API server fills them in.
 */
export function holds(config: unknown, live: unknown): boolean {
  if (Array.isArray(config) && Array.isArray(live))
    return (
      config.length === live.length &&
      config.every((item, at) => (isNamed(item) ? holds(item, live[at]) : isEqual(item, live[at])))
    );
  if (!isRecord(config)) return isEqual(config, live);
  return isRecord(live) && Object.entries(config).every(([field, value]) => holds(value, live[field]));
}

function isNamed(item: unknown): boolean {
  return typeof fieldOf(item, 'name') === 'string';
}

/** Whether the live object has everything in the configuration, but perhaps only some items of its lists. */
export function holdsPart(config: unknown, live: unknown): boolean {
  if (Array.isArray(config))
    return Array.isArray(live) && live.every((item) => config.some((wanted) => isEqual(wanted, item)));
  if (!isRecord(config)) return isEqual(config, live);
  return isRecord(live) && Object.entries(config).every(([field, value]) => holdsPart(value, live[field]));
}

interface ManagerEntry {
  readonly manager: unknown;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Reads metadata.managedFields; empty if the input left them out, as `kubectl get -o yaml` does. */
export function managersOf({ metadata }: { readonly metadata: unknown }): readonly ManagerEntry[] {
  const entries = isRecord(metadata) ? asList(metadata['managedFields']) : [];
  return entries.filter(isRecord).map(({ manager, fieldsV1 }) => ({
    manager,
    fields: isRecord(fieldsV1) ? fieldsV1 : {},
  }));
}

/** Whether we wrote any field of the object. */
export function bearsOurMark(object: KubeObject, ours: Ours): boolean {
  return managersOf(object).some(({ manager }) => ours(manager));
}

/** Whether we own a field that the configuration no longer has. Lists count as a whole. */
export function ownsBeyond(config: unknown, object: KubeObject, ours: Ours): boolean {
  return managersOf(object).some(({ manager, fields }) => ours(manager) && isBeyond(fields, config));
}

function isBeyond(fields: Readonly<Record<string, unknown>>, config: unknown): boolean {
  const keys = Object.keys(fields).filter((key) => key.startsWith('f:'));
  if (keys.length > 0 && !isRecord(config)) return true;
  return keys.some((key) => {
    const [inner, value] = [fields[key], fieldOf(config, key.slice(2))];
    return value === undefined || (isRecord(value) && isRecord(inner) && isBeyond(inner, value));
  });
}

/** The fields of the spec that others wrote and the configuration does not have, sorted. */
export function addedByOthers(config: unknown, object: KubeObject, ours: Ours): readonly string[] {
  const spec = fieldOf(config, 'spec');
  const added = managersOf(object)
    .filter(({ manager }) => !ours(manager))
    .flatMap(({ fields }) => Object.keys(asRecord(fieldOf(fields, 'f:spec'))))
    .filter((key) => key.startsWith('f:') && fieldOf(spec, key.slice(2)) === undefined)
    .map((key) => key.slice(2));
  return [...new Set(added)].filter((key) => fieldOf(object, 'spec', key) !== undefined).sort();
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

/** Whether the whole object is ours: we wrote its spec, and nobody else did. */
export function isOurs(object: KubeObject, ours: Ours): boolean {
  const writers = managersOf(object).filter(({ fields }) => 'f:spec' in fields);
  return writers.length > 0 && writers.every(({ manager }) => ours(manager));
}

/** Whether others also own every field of the spec, so that the object stays whole without our ownership. */
export function isShared(object: KubeObject, ours: Ours): boolean {
  const others = managersOf(object)
    .filter(({ manager }) => !ours(manager))
    .map(({ fields }) => fieldOf(fields, 'f:spec'));
  const spec = fieldOf(object, 'spec');
  return Object.keys(isRecord(spec) ? spec : {}).every((key) =>
    others.some((fields) => fieldOf(fields, `f:${key}`) !== undefined),
  );
}

/** The labels or annotations that nobody but plans of ours wrote. */
export function keysOfPlans(object: KubeObject, field: 'labels' | 'annotations'): readonly string[] {
  const owners = managersOf(object).map(({ manager, fields }) => ({
    isOurs: isPlanManager(manager),
    keys: fieldOf(fields, 'f:metadata', `f:${field}`),
  }));
  return Object.keys(object.metadata[field] ?? {}).filter((key) => {
    const writers = owners.filter(({ keys }) => isRecord(keys) && `f:${key}` in keys);
    return writers.length > 0 && writers.every((one) => one.isOurs);
  });
}
