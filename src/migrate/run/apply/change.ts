/** Makes one change of a plan. The journal records before the write what begins, and after it what ended. */
import isEqual from 'lodash/isEqual.js';
import { type Kind, namespaces } from '../../../../api/kinds.ts';
import { pause } from '../../../io/async/pause.ts';
import type { KubeClient, NameRef } from '../../../io/kube/client.ts';
import { isConflict } from '../../../io/kube/error.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { isServed, type Live, liveObject } from '../../live.ts';
import {
  bearsOurMark,
  holds,
  isForeignKind,
  isOurs,
  isShared,
  managerOf,
  type Ours,
  ownsBeyond,
  writtenBy,
} from '../../ownership.ts';
import { backedUp, isAsBackedUp, newest, type Plan } from '../../plan/plan.ts';
import { bareObject, type ObjectRef, objectRef, refKey, refNamed, refText } from '../../ref.ts';
import { deletesOwn, isOfOldPlugin, kindOf, targetNamed } from '../../targets.ts';
import { type Change, type ClearingPatch, refOf } from '../../translation.ts';
import { contentOf, merged } from '../drift.ts';
import { changeKey, type Entry, type Journal, type Progress } from '../journal.ts';
import { ending, ownMatter } from '../refusal.ts';

/** What changes are made with. */
export interface Execution {
  readonly client: KubeClient;
  /** The plan that writes. */
  readonly plan: Pick<Plan, 'id' | 'target' | 'backup'> & Partial<Pick<Plan, 'seen' | 'gone'>>;
  readonly live: Live;
  readonly progress: Progress;
  /** Undefined in a dry run: the server is only asked, and nothing is written here either. */
  readonly journal: Pick<Journal, 'add'> | undefined;
  /** Take over fields of other managers. */
  readonly force: boolean;
  /** Milliseconds that a delete may wait for finalizers. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** `failed`: a problem of this object alone; other objects continue. Anything worse throws. */
export type Outcome =
  | { readonly kind: 'created' | 'changed' | 'deleted' | 'nothing'; readonly object: ObjectRef }
  | { readonly kind: 'failed'; readonly object: ObjectRef; readonly reason: string };

/**
 * Makes the change, or asks the server what it would do. A change that is already done is not made again. With `part`,
 * an object that has a part of what the change applies, only that is applied: the journal then records that the change
 * was begun, not that it is done.
 */
export async function execute(change: Change, execution: Execution, part?: KubeObject): Promise<Outcome> {
  const object = refOf(change);
  const { progress, live } = execution;
  const done = progress.done.get(changeKey(change.step, refKey(object)));
  if (done !== undefined && !isLost(change, done, execution)) return { kind: 'nothing', object };
  if (!isServed(live, object))
    return change.action === 'apply'
      ? failed(object, `the API server has no kind ${object.kind}`)
      : finished({ change, execution }, 'nothing', undefined);
  try {
    switch (change.action) {
      case 'apply':
        return await applyObject({ change, execution }, change.object, part);
      case 'delete':
        return await deleteObject({ change, execution });
      case 'clear':
        return await clearFields({ change, execution }, change.patch);
    }
  } catch (error) {
    const reason = ownMatter(error);
    if (reason === undefined) throw ending(error, object, kindFor(object));
    return failed(object, reason);
  }
}

/**
 * Whether what was done is undone: a Node or Namespace was registered again, so that our labels and annotations are
 * gone, or an object that the plan had made was deleted. After finalize, such an object is the admin's alone.
 */
function isLost(change: Change, { uid }: Entry, { live, progress, plan }: Execution): boolean {
  const object = refOf(change);
  const is = liveObject(live, object);
  if (isForeignKind(object)) return uid !== undefined && is !== undefined && is.metadata.uid !== uid;
  // what was given back to its owners is theirs
  if (change.action !== 'apply' || isOfOldPlugin(object) || progress.isFinalizing || isAsBackedUp(plan, change))
    return false;
  // others made it again: taking it over is a conflict
  if (is !== undefined) return uid !== undefined && is.metadata.uid !== uid && !bearsOurMark(is, writtenBy(plan));
  return object.namespace === undefined || lasts(live, object.namespace);
}

/** Whether the Namespace is there and is not being deleted: nothing can be made in one that is. */
function lasts(live: Live, namespace: string): boolean {
  const found = liveObject(live, refNamed(namespaces, namespace));
  return found !== undefined && found.metadata.deletionTimestamp === undefined;
}

interface Case {
  readonly change: Change;
  readonly execution: Execution;
}

export function failed(object: ObjectRef, reason: string): Failed {
  return { kind: 'failed', object, reason: `${refText(object)}: ${reason}` };
}

export function kindFor(ref: ObjectRef): Kind {
  const kind = kindOf(ref);
  if (kind === undefined) throw new Error(`${refText(ref)} (${ref.apiVersion}) is of no kind that a plan may touch`);
  return kind;
}

export function named({ name, namespace }: ObjectRef): NameRef {
  return namespace === undefined ? { name } : { name, namespace };
}

async function begin(one: Case, more: Partial<Entry> = {}): Promise<void> {
  if (begunEntry(one) === undefined) await note(one, more);
}

/** Begins to take away what is there; if that is not what the backup has, it is noted: the way back restores it. */
async function beginWith(one: Case, is: KubeObject): Promise<void> {
  const { plan, progress } = one.execution;
  const key = refKey(objectRef(is));
  const known = progress.found.get(key) ?? newest(plan, key);
  const [found, before] = [is, known].map((object) => object && [contentOf(object), object.metadata.annotations ?? {}]);
  if (one.change.step !== 'finalize' || isEqual(found, before)) await begin(one);
  else await note(one, { found: backedUp(is) });
}

function begunEntry({ change, execution }: Case): Entry | undefined {
  return execution.progress.begun.get(changeKey(change.step, refKey(refOf(change))));
}

function isBegunAsOurs(one: Case): boolean {
  return begunEntry(one)?.existed === false;
}

async function note({ change, execution }: Case, more: Partial<Entry>): Promise<void> {
  const object = refKey(refOf(change));
  await execution.journal?.add({ event: 'begin', step: change.step, action: change.action, object, ...more });
}

async function finished(
  { change, execution }: Case,
  kind: 'created' | 'changed' | 'deleted' | 'nothing',
  now: KubeObject | undefined,
): Promise<Outcome> {
  const object = refOf(change);
  const { uid, resourceVersion } = now?.metadata ?? {};
  await execution.journal?.add({
    event: 'done',
    step: change.step,
    action: change.action,
    object: refKey(object),
    wrote: kind !== 'nothing',
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  });
  return { kind, object };
}

async function applyObject(one: Case, config: KubeObject, part: KubeObject | undefined): Promise<Outcome> {
  const written = await write(one, part ?? config);
  if (written.kind === 'failed') return written;
  return part === undefined
    ? finished(one, written.kind, written.now)
    : { kind: written.kind, object: refOf(one.change) };
}

type Failed = Extract<Outcome, { readonly kind: 'failed' }>;
/** What a write did, and the object then. */
type Written = { readonly kind: 'created' | 'changed' | 'nothing'; readonly now: KubeObject };

async function write(one: Case, config: KubeObject): Promise<Written | Failed> {
  const { change, execution } = one;
  const object = refOf(change);
  const is = liveObject(execution.live, object);
  if (is === undefined && isForeignKind(object)) return failed(object, 'there is no such object');
  const { client, plan, force, journal } = execution;
  const ours = writtenBy(plan);
  const isTheirs = is !== undefined && !isOurs(is, ours);
  await begin(one, { existed: isTheirs });
  // we had made it; it was deleted since, and others made it again
  if (is !== undefined && !bearsOurMark(is, ours) && isBegunAsOurs(one)) await note(one, { existed: true });
  if (is !== undefined && isApplied(config, is, ours)) return { kind: 'nothing', now: is };
  const isDry = journal === undefined;
  const now = await client.patch(kindFor(object), named(object), withUid(config, is), {
    type: 'apply',
    fieldManager: managerOf(plan),
    force,
    dryRun: isDry,
  });
  if (is === undefined) return { kind: 'created', now };
  const isSame = !isDry && is.metadata.resourceVersion === now.metadata.resourceVersion;
  return { kind: isSame ? 'nothing' : 'changed', now };
}

/** Whether the object already is what applying the configuration would make it. */
function isApplied(config: KubeObject, is: KubeObject, ours: Ours): boolean {
  const { labels = {}, annotations = {} } = config.metadata;
  const isMarked = bearsOurMark(is, ours);
  // our fields are given up, after an update of the plan
  if (isForeignKind(objectRef(config)) && Object.keys({ ...labels, ...annotations }).length === 0) return !isMarked;
  return isMarked && holds(config, is) && !ownsBeyond(config, is, ours);
}

/** Adds the uid to an object of others: if it has vanished, our few fields must not create it again. */
function withUid(config: KubeObject, is: KubeObject | undefined): KubeObject {
  if (is?.metadata.uid === undefined || !isForeignKind(objectRef(config))) return config;
  return { ...config, metadata: { ...config.metadata, uid: is.metadata.uid } };
}

const shortestPause = 100;
const longestPause = 1_000;

async function deleteObject(one: Case): Promise<Outcome> {
  const { live, journal } = one.execution;
  const object = refOf(one.change);
  const is = liveObject(live, object);
  if (is === undefined) return finished(one, 'nothing', undefined);
  const instead = deletesOwn(one.execution.plan, one.change) ? await insteadOfDeleting(one, is) : undefined;
  if (instead !== undefined) return instead;
  await beginWith(one, is);
  const { uid = '', deletionTimestamp } = is.metadata;
  if (deletionTimestamp === undefined) await deleteAsSeen(one.execution, is);
  // without finalizers the object is gone when the server answers
  const left =
    journal === undefined || finalizersOf(is).length === 0 ? undefined : await untilGone(object, uid, one.execution);
  if (left === undefined) return finished(one, 'deleted', undefined);
  return failed(object, whyThere(one.execution.plan, object, left));
}

/** How often an object may have another status when it is deleted. */
const mostVersions = 10;

/** Deletes the object as it was seen: another version only if nothing but its status or metadata is another. */
async function deleteAsSeen({ client, journal }: Execution, seen: KubeObject): Promise<void> {
  const ref = objectRef(seen);
  const dryRun = journal === undefined ? { dryRun: ['All'] as const } : {};
  for (let is = seen, left = mostVersions; ; left--) {
    const { uid = '', resourceVersion = '' } = is.metadata;
    try {
      await client.delete(kindFor(ref), named(ref), { preconditions: { uid, resourceVersion }, ...dryRun });
      return;
    } catch (error) {
      const now = isConflict(error) && left > 0 ? await client.get(kindFor(ref), named(ref)) : undefined;
      if (now?.metadata.uid !== uid || !isEqual(contentOf(now), contentOf(is))) throw error;
      is = now;
    }
  }
}

/** What becomes of an object that we made and that is not ours alone any more; undefined if it is. */
async function insteadOfDeleting(one: Case, is: KubeObject): Promise<Outcome | undefined> {
  const ours = writtenBy(one.execution.plan);
  // somebody may have made it again since we made it
  if (!bearsOurMark(is, ours)) return finished(one, 'nothing', undefined);
  if (isShared(is, ours)) {
    const { client, plan, journal } = one.execution;
    return finished(one, 'changed', await giveUp(refOf(one.change), { client, plan, dryRun: journal === undefined }));
  }
  if (isOurs(is, ours) || one.execution.force) return undefined;
  return failed(refOf(one.change), 'others changed it since it was applied: delete it, or leave it out with --skip');
}

/** Gives up our fields of the object and keeps others'; returns the object then. */
export function giveUp(
  object: ObjectRef,
  { client, plan, dryRun }: Pick<Execution, 'client'> & { readonly plan: Pick<Plan, 'id'>; readonly dryRun: boolean },
): Promise<KubeObject> {
  const options = { type: 'apply', fieldManager: managerOf(plan), dryRun } as const;
  return client.patch(kindFor(object), named(object), bareObject(object), options);
}

function finalizersOf({ metadata }: KubeObject): readonly string[] {
  return metadata.finalizers ?? [];
}

function whyThere({ target }: Pick<Plan, 'target'>, object: ObjectRef, left: KubeObject): string {
  const finalizers = finalizersOf(left);
  const holder = finalizers.length === 0 ? '' : `; it waits for finalizer ${finalizers.join(', ')}`;
  const reason = targetNamed(target).whyStays?.(object);
  const whose = reason === undefined ? '' : `: ${reason}`;
  return `it is being deleted and still there${holder}${whose}. Run again to go on waiting`;
}

/** Waits until the object of that uid is gone. Returns it if the time runs out first. */
async function untilGone(
  ref: ObjectRef,
  uid: string,
  { client, timeout, signal }: Execution,
): Promise<KubeObject | undefined> {
  const end = performance.now() + timeout;
  for (let wait = shortestPause; ; wait = Math.min(2 * wait, longestPause)) {
    const is = await client.get(kindFor(ref), named(ref));
    if (is === undefined || is.metadata.uid !== uid) return undefined;
    if (signal.aborted || performance.now() > end) return is;
    await pause(wait, signal);
  }
}

async function clearFields(one: Case, patch: ClearingPatch): Promise<Outcome> {
  const { client, plan, live, journal } = one.execution;
  const object = refOf(one.change);
  const is = liveObject(live, object);
  if (is === undefined) return finished(one, 'nothing', undefined);
  const cleared = merged(is, patch);
  if (isEqual(cleared, is)) {
    await begin(one);
    return finished(one, 'nothing', is);
  }
  await beginWith(one, is);
  // objects of others change all the time, and our fields in them are ours alone
  const body = isForeignKind(object) ? patch : withVersion(patch, is);
  const written = await client.patch(kindFor(object), named(object), body, {
    type: 'merge',
    fieldManager: managerOf(plan),
    dryRun: journal === undefined,
  });
  return finished(one, 'changed', written);
}

/** The merge patch, valid for this version of the object only. */
function withVersion(patch: ClearingPatch, { metadata: { resourceVersion } }: KubeObject): object {
  return { ...patch, metadata: { ...patch.metadata, resourceVersion } };
}
