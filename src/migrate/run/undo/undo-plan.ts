/** Plans how to undo a plan: SDN's objects as in the backup, and nothing of ours left. Pure. */
import isEqual from 'lodash/isEqual.js';
import omit from 'lodash/omit.js';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { isRecord } from '../../../model/values/json.ts';
import { type Live, liveObject } from '../../live.ts';
import { newest, type Plan } from '../../plan/plan.ts';
import { type ObjectRef, objectRef, refKey, refText } from '../../ref.ts';
import { deletesOwn, isOfOldPlugin, oldPlugin } from '../../targets.ts';
import { type Change, refOf } from '../../translation.ts';
import { contentOf, differingFields, driftText, essence, isEmpty, merged } from '../drift.ts';
import { changeKey, type Progress } from '../journal.ts';
import { purgedKinds } from '../purged.ts';
import { unlessOthers } from './others.ts';
import { kindsBeingMade, recreating } from './recreate.ts';
import { removing } from './remove.ts';
import { type Found, nothing, type Texts, type Undo } from './undo-value.ts';
import { unexpressed } from './unexpressed.ts';

export interface WayBack {
  /** Done first: it has no effect while OVN-Kubernetes runs. */
  readonly restore: readonly Undo[];
  /** Done second, when OpenShift SDN runs again, in reverse order of the plan. */
  readonly remove: readonly Undo[];
  /** What somebody else changed, which is not undone without --force. */
  readonly objections: readonly string[];
  /** What is left as it is, and why. */
  readonly notes: readonly string[];
  /** Objects that OpenShift SDN must make itself before their fields can be restored, and why. */
  readonly awaited: readonly string[];
  /** The objects of `awaited`. */
  readonly unmade: readonly ObjectRef[];
  /** How many objects are left as they are because the admin left them out. */
  readonly leftOut: number;
  /** Kinds of OpenShift SDN with something to restore that the API server does not serve now. */
  readonly unserved: readonly string[];
  /** What must have been restored before each object is undone, by `refKey`. */
  readonly needs: ReadonlyMap<string, readonly ObjectRef[]>;
}

/**
 * Plans the way back from the cluster's current state. With `force`, what others changed of what the plan wrote is undone
 * too.
 */
export function wayBack(
  plan: Plan,
  { live, progress, force }: { readonly live: Live; readonly progress: Progress; readonly force: boolean },
): WayBack {
  const changes = plan.steps.flatMap((step) => step.changes);
  const finals = new Map(
    changes.filter(({ step }) => step === 'finalize').map((change) => [refKey(refOf(change)), change]),
  );
  const purged = new Set([...progress.purged, ...purgedKinds(plan, live)]);
  const making = kindsBeingMade(live, purged);
  const ofOthers = unlessOthers(plan.backup, live, force);
  const unlessLeft = (object: ObjectRef, found: Found): Found =>
    progress.leftOnBack.has(refKey(object)) ? left(object, found) : found;
  const restored = [...plan.backup.keys()]
    .flatMap((key) => {
      // what was gone when the plan was updated is not restored, unless finalize found it there again
      const was = newest(plan, key) ?? (live.objects.has(key) ? plan.backup.get(key) : undefined);
      return was !== undefined && (isOfOldPlugin(objectRef(was)) || finals.has(key)) ? [[key, was] as const] : [];
    })
    .map(([key, was]) => {
      const given = {
        plan,
        was: progress.found.get(key) ?? was,
        change: finals.get(key),
        live,
        progress,
        force,
        purged,
        making,
      };
      // what is left out takes nothing from others
      return ofOthers(given.was, unlessLeft(objectRef(was), restoring(given)));
    });
  const applied = appliedBy(plan, changes);
  const removed = applied.map((change) => unlessLeft(refOf(change), removing(change, { plan, live, progress, force })));
  const deleted = changes.filter(
    (change) =>
      change.action === 'delete' &&
      change.step !== 'finalize' &&
      !deletesOwn(plan, change) &&
      progress.begun.has(changeKey(change.step, refKey(refOf(change)))),
  );
  const all = [...restored, ...removed];
  const mentioned = new Set(applied.filter((_, at) => isMentioned(removed[at])).map((one) => refKey(refOf(one))));
  return {
    restore: restored.flatMap(({ undo }) => undo),
    remove: removed.flatMap(({ undo }) => undo),
    objections: all.flatMap(({ objections = [] }) => objections),
    notes: [
      ...all.flatMap(({ notes = [] }) => notes),
      ...deleted.map((change) => `${refText(refOf(change))} is not restored: ${oldPlugin.plugin} makes its own`),
      ...unexpressed(plan, live, mentioned),
    ],
    awaited: all.flatMap(({ awaited = [] }) => awaited.map(({ text }) => text)),
    unmade: all.flatMap(({ awaited = [] }) => awaited.map(({ object }) => object)),
    leftOut: all.filter(({ isLeft }) => isLeft === true).length,
    unserved: [...new Set(all.flatMap(({ unserved = [] }) => unserved))].sort(),
    needs: needsOf(plan, applied),
  };
}

/** What is undone of the changes, the last first. What an update deletes to make it anew is undone once. */
function appliedBy(plan: Plan, changes: readonly Change[]): readonly Change[] {
  const isMade = ({ action, step }: Change): boolean => action === 'apply' && step !== 'finalize';
  const made = new Set(changes.filter(isMade).map((change) => refKey(refOf(change))));
  return changes
    .filter((change) => isMade(change) || (deletesOwn(plan, change) && !made.has(refKey(refOf(change)))))
    .reverse();
}

function isMentioned({ undo, notes = [], objections = [] }: Found = nothing): boolean {
  return undo.length + notes.length + objections.length > 0;
}

/** What is said of an object that the admin left out, if there is anything to do about it. */
function left(object: ObjectRef, { undo, objections = [], awaited = [], unserved = [] }: Found): Found {
  if (undo.length + objections.length + awaited.length + unserved.length === 0) return nothing;
  return { undo: [], notes: [`${refText(object)} is left as it is: it was left out`], isLeft: true };
}

/**
 * What each object needs: what was made of a request or policy stays until that is restored, and the old plugin says
 * what must not be restored before what.
 */
function needsOf({ backup }: Plan, applied: readonly Change[]): ReadonlyMap<string, readonly ObjectRef[]> {
  const made = applied.map((change) => [refKey(refOf(change)), change.action === 'clear' ? [] : change.from] as const);
  return new Map([...oldPlugin.restoredAfter([...backup.values()].map(objectRef)), ...made]);
}

interface Restoring {
  readonly plan: Plan;
  /** As in the backup, as an update of the plan took it over, or as finalize found it. */
  readonly was: KubeObject;
  /** What finalize does with the object. */
  readonly change: Change | undefined;
  readonly live: Live;
  readonly progress: Progress;
  readonly force: boolean;
  /** Kinds that the vendor cleared. */
  readonly purged: ReadonlySet<string>;
  /** Kinds of which OpenShift SDN makes its objects now. */
  readonly making: ReadonlySet<string>;
}

function restoring({ plan, was, change, live, progress, force, purged, making }: Restoring): Found {
  const object = objectRef(was);
  const is = liveObject(live, object);
  if (is === undefined) return recreating(was, { plan, live, progress, purged, making });
  const annotations = lostAnnotations(change, was, is);
  const [before, now] = [oldPlugin.restored(was, contentOf(was)), oldPlugin.restored(was, contentOf(is))];
  const fields = differingFields(before, now);
  if (fields.length === 0 && Object.keys(annotations).length === 0) return nothing;
  const isBegun = progress.begun.has(changeKey('finalize', refKey(object)));
  // the old plugin moves these at any time: the current values are as good
  const isMoved = isEqual(fields, oldPlugin.movingFields(was)) && fields.every((field) => !isEmpty(now[field]));
  if (!isBegun && isMoved) return nothing;
  const restore: Found = {
    undo: [
      { kind: 'restore', object, is, fields: new Map(fields.map((field) => [field, before[field]])), annotations },
    ],
  };
  if (isCleared(before, now, { change, isPurged: purged.has(object.kind) })) return restore;
  // we never wrote to it, so what it says is theirs
  if (!isBegun) return { undo: [], notes: [`${refText(object)} is left: others changed it, and this plan did not`] };
  if (force) return restore;
  return {
    undo: [],
    objections: fields.map((field) => driftText({ object, field, was: before[field], is: now[field] })),
  };
}

type Content = Readonly<Record<string, unknown>>;

/** Whether the content is that after finalize, or that of an object that OpenShift SDN made after the vendor's clearing. */
function isCleared(
  before: Content,
  now: Content,
  { change, isPurged }: { readonly change: Change | undefined; readonly isPurged: boolean },
): boolean {
  const is = essence(now);
  return isEqual(is, essence(cleared(before, change))) || (isPurged && isEqual(is, {}));
}

/** The content after finalize. */
function cleared(content: Content, change: Change | undefined): Content {
  const result = change?.action === 'clear' ? merged(content, omit(change.patch, 'metadata')) : content;
  return isRecord(result) ? result : content;
}

/** Annotations that finalize removes and that are missing now. */
function lostAnnotations(change: Change | undefined, was: KubeObject, is: KubeObject): Texts {
  const keys = Object.keys((change?.action === 'clear' ? change.patch.metadata?.annotations : undefined) ?? {});
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = was.metadata.annotations?.[key];
      return value === undefined || is.metadata.annotations?.[key] !== undefined ? [] : [[key, value]];
    }),
  );
}
