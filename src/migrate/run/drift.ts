/** Finds what has changed in a cluster since its plan was made, except what apply itself did. Pure. */
import isEqual from 'lodash/isEqual.js';
import omit from 'lodash/omit.js';
import omitBy from 'lodash/omitBy.js';
import type { KubeObject } from '../../model/objects/raw.ts';
import { isRecord } from '../../model/values/json.ts';
import { isServed, type Live, liveObject } from '../live.ts';
import { holds, holdsPart, isForeignKind } from '../ownership.ts';
import { isAsBackedUp, type Plan } from '../plan/plan.ts';
import { compareRefs, kindAmong, type ObjectRef, objectRef, refKey, refText } from '../ref.ts';
import { oldPlugin, stepOf, targetNamed } from '../targets.ts';
import { type Change, refOf } from '../translation.ts';
import { changeKey, type Progress } from './journal.ts';

/** One difference: the field, such as `egressIPs`, and its values; undefined if absent. */
export interface Drift {
  readonly object: ObjectRef;
  readonly field: string;
  readonly was: unknown;
  readonly is: unknown;
}

/** `NetNamespace shop: egressIPs: was ["192.168.7.1"], is []`. */
export function driftText({ object, field, was, is }: Drift): string {
  const show = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value));
  return `${refText(object)}: ${field === '' ? '' : `${field}: `}was ${show(was)}, is ${show(is)}`;
}

/** The fields of an object that a migration is about: all but identity, metadata and status. */
export function contentOf(object: KubeObject): Readonly<Record<string, unknown>> {
  return omit({ ...object }, ['apiVersion', 'kind', 'metadata', 'status']);
}

/** Drops empty fields. Absent, null and [] are the same to OpenShift SDN, and clients clear fields differently. */
export function essence(content: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return omitBy(content, isEmpty);
}

/** Whether the value is absent, null or []. */
export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/** The top-level fields in which the contents differ. */
export function differingFields(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((field) => !isEqual(a[field], b[field])).sort();
}

/** The value after a merge patch (RFC 7386). */
export function merged(value: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(value) ? { ...value } : {};
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) Reflect.deleteProperty(result, key);
    else result[key] = merged(result[key], change);
  }
  return result;
}

/** All differences, sorted by object. */
export function driftOf(plan: Plan, live: Live, progress: Progress): readonly Drift[] {
  const changes = plan.steps.flatMap(({ changes: all }) => all);
  const byObject = Map.groupBy(changes, (change) => refKey(refOf(change)));
  const used = new Set(
    changes.flatMap((change) => [refOf(change), ...(change.action === 'clear' ? [] : change.from)].map(refKey)),
  );
  // an update of the plan keeps the first backup, also of what the plan is no longer about
  const backedUp = [...plan.backup]
    .filter(([key]) => used.has(key))
    .flatMap(([key, first]) =>
      objectDrift({ plan, was: plan.seen.get(key) ?? first, changes: byObject.get(key) ?? [], live, progress }),
    );
  const appeared = changes.flatMap((change) =>
    plan.backup.has(refKey(refOf(change))) ? [] : appearedDrift(plan, change, live, progress),
  );
  return [...backedUp, ...appeared].sort((a, b) => compareRefs(a.object, b.object));
}

interface Case {
  readonly plan: Plan;
  readonly was: KubeObject;
  readonly changes: readonly Change[];
  readonly live: Live;
  readonly progress: Progress;
}

function objectDrift({ plan, was, changes, live, progress }: Case): readonly Drift[] {
  const object = objectRef(was);
  const begun = changes.filter((change) => progress.begun.has(changeKey(change.step, refKey(object))));
  const is = liveObject(live, object);
  if (kindAmong(targetNamed(plan.target).changing ?? [], object) !== undefined) return [];
  if (is === undefined) {
    // what a begun delete concerns may be gone; kinds of the old plugin go with it
    const isFine = begun.some(({ action }) => action === 'delete') || !isServed(live, object);
    return isFine ? [] : [{ object, field: '', was: 'there', is: 'gone' }];
  }
  if (isForeignKind(object)) return begun.length > 0 ? [] : changes.flatMap((change) => keyDrift(change, was, is));
  const expected = [was, ...begun.flatMap((change) => outcomes(plan, change, was))];
  const contents = [was, is].map((one) => watched(one, was));
  if (expected.some((one) => isEqual(watched(one, was), contents[1]))) return [];
  if (begun.some((change) => isPartOf(plan, change, is))) return [];
  return differingFields(watched(was, was), watched(is, was)).map((field) => ({
    object,
    field,
    was: contents[0]?.[field],
    is: contents[1]?.[field],
  }));
}

/** Whether the object is what applying a part of the change has made it. */
export function isPartOf(plan: Plan, change: Change, is: KubeObject): boolean {
  return (
    change.action === 'apply' && stepOf(plan, change.step).isPhased === true && holdsPart(contentOf(change.object), is)
  );
}

/** What the change may make of the object. One that gives back what the backup has also takes fields away. */
function outcomes(plan: Plan, change: Change, was: KubeObject): readonly KubeObject[] {
  const first = isAsBackedUp(plan, change) ? plan.backup.get(refKey(refOf(change))) : undefined;
  return [after(change, was), ...(first === undefined ? [] : [first])];
}

/** The object after the change. */
function after(change: Change, was: KubeObject): KubeObject {
  if (change.action === 'delete') return was;
  const result = merged(was, change.action === 'clear' ? change.patch : change.object);
  return isKubeObject(result) ? result : was;
}

function isKubeObject(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value['metadata']);
}

/** The fields that count. Those that the old plugin owns change at any time and mean nothing. */
function watched(object: KubeObject, was: KubeObject): Readonly<Record<string, unknown>> {
  const content = essence(contentOf(object));
  return omit(content, oldPlugin.movingFields(was));
}

/** Compares only those labels and annotations of others' objects that the change sets. Wanted values are no drift. */
function keyDrift(change: Change, was: KubeObject, is: KubeObject): readonly Drift[] {
  if (change.action !== 'apply') return [];
  return (['labels', 'annotations'] as const).flatMap((field) =>
    Object.entries(change.object.metadata[field] ?? {}).flatMap(([key, wanted]): readonly Drift[] => {
      const [before, now] = [was.metadata[field]?.[key], is.metadata[field]?.[key]];
      return before === now || now === wanted
        ? []
        : [{ object: objectRef(was), field: `metadata.${field}[${JSON.stringify(key)}]`, was: before, is: now }];
    }),
  );
}

function appearedDrift(plan: Plan, change: Change, live: Live, { begun }: Progress): readonly Drift[] {
  const object = refOf(change);
  const is = liveObject(live, object);
  // what the old plugin creates when it starts is expected to appear
  if (
    change.action !== 'apply' ||
    stepOf(plan, change.step).isMadeByPlugin === true ||
    isForeignKind(object) ||
    is === undefined ||
    begun.has(changeKey(change.step, refKey(object)))
  )
    return [];
  if (holds(contentOf(change.object), is)) return [];
  return [{ object, field: '', was: undefined, is: 'there' }];
}
