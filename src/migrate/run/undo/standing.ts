/**
 * Decides whether a plan was begun when its journal does not say so: a copy of the folder from before, or a lost journal,
 * must not pass for a plan that changed nothing. Pure.
 */
import { isServed, type Live, liveObject } from '../../live.ts';
import { bearsOurMark, writtenBy } from '../../ownership.ts';
import type { Plan } from '../../plan/plan.ts';
import { objectRef, refKey, refText } from '../../ref.ts';
import { isOfOldPlugin } from '../../targets.ts';
import { type Change, refOf } from '../../translation.ts';
import { contentOf, isEmpty } from '../drift.ts';
import { changeKey, type Progress } from '../journal.ts';
import { purgedKinds } from '../purged.ts';
import { withoutOwner } from './owner.ts';

export type Standing =
  /** Nothing shows that it was begun. */
  | { readonly kind: 'never' }
  /** It may have been; the reasons name what shows it. */
  | { readonly kind: 'doubtful'; readonly reasons: readonly string[] }
  /** `assumed`: what finalize did, by the admin's word, though the journal does not know of it. */
  | { readonly kind: 'begun'; readonly notes: readonly string[]; readonly assumed: readonly Change[] };

interface Scene {
  readonly live: Live;
  readonly progress: Progress;
  readonly force: boolean;
}

/** Determines how the plan stands. With `force`, what finalize may have done counts as done by it. */
export function standing(plan: Plan, scene: Scene): Standing {
  const { live, progress, force } = scene;
  const isKnown = progress.begun.size > 0 || progress.isGoingBack;
  const marked = isKnown ? [] : markedBy(plan, live);
  const isBegun = isKnown || marked.length > 0 || isCleared(plan, scene);
  const lost = isBegun ? finalizedUnknown(plan, scene) : missing(plan, scene);
  if (lost.length === 0 && !isBegun) return { kind: 'never' };
  if (lost.length === 0 || force) return { kind: 'begun', notes: notesOn(marked), assumed: lost };
  return {
    kind: 'doubtful',
    reasons: lost
      .filter(({ action }) => action === 'delete')
      .map(
        (change) =>
          `${refText(refOf(change))} is gone, and by this folder's journal finalize did not delete it: ${ways}`,
      ),
  };
}

const ways =
  'take the folder that was applied last, not a copy from before; --force restores what finalize deletes, --skip leaves the object';

function notesOn(marked: readonly string[]): readonly string[] {
  if (marked.length === 0) return [];
  const what = marked.length === 1 ? `${marked[0] ?? ''} bears` : `${marked.length} objects bear`;
  return [
    `this folder's journal knows nothing of it, but ${what} the mark of this plan: it was begun from another copy`,
  ];
}

function markedBy(plan: Plan, { objects }: Live): readonly string[] {
  const ours = writtenBy(plan);
  return [...objects.values()].filter((one) => bearsOurMark(one, ours)).map((one) => refText(objectRef(one)));
}

/** Whether the vendor has cleared OpenShift SDN's objects: a migration was made, with or without this plan's writes. */
function isCleared(plan: Plan, { live, progress }: Scene): boolean {
  const before = [...plan.backup.values()].filter((one) => isOfOldPlugin(objectRef(one)));
  if (before.length === 0) return false;
  const isEmptyNow = [...live.objects.values()].every((one) => !isOfOldPlugin(objectRef(one)));
  // after a way back that ended, what is there is newer than the backup
  if (progress.isBack || before.every(({ metadata }) => metadata.creationTimestamp === undefined)) return isEmptyNow;
  return purgedKinds(plan, live).length > 0;
}

function finalsOf({ steps }: Plan): readonly Change[] {
  return steps
    .filter(({ name }) => name === 'finalize')
    .flatMap(({ changes }) => changes)
    .filter((change) => isOfOldPlugin(refOf(change)));
}

/** What finalize deletes and that is gone, though its namespace is there. */
function missing(plan: Plan, { live, progress }: Scene): readonly Change[] {
  if (progress.isBack) return [];
  return finalsOf(plan).filter((change) => {
    const ref = refOf(change);
    const was = plan.backup.get(refKey(ref));
    return (
      change.action === 'delete' &&
      was !== undefined &&
      isServed(live, ref) &&
      liveObject(live, ref) === undefined &&
      withoutOwner(was, live) === undefined &&
      !progress.leftOnBack.has(refKey(ref))
    );
  });
}

/** All that finalize does, if that is done and something is gone, and the journal knows nothing of it. */
function finalizedUnknown(plan: Plan, scene: Scene): readonly Change[] {
  const { live, progress } = scene;
  const finals = finalsOf(plan);
  const isKnown = finals.some((change) => progress.begun.has(changeKey(change.step, refKey(refOf(change)))));
  if (isKnown || purgedKinds(plan, live).length > 0 || missing(plan, scene).length === 0) return [];
  return finals.every((change) => isDone(change, live)) ? finals : [];
}

function isDone(change: Change, live: Live): boolean {
  const is = liveObject(live, refOf(change));
  if (is === undefined) return true;
  if (change.action !== 'clear') return false;
  const now = contentOf(is);
  return Object.keys(change.patch).every((field) => field === 'metadata' || isEmpty(now[field]));
}
