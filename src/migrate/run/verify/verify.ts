/** Checks whether a cluster is what its plan wanted, with every change in place and nothing left over. Pure. */
import type { KubeObject } from '../../../model/objects/raw.ts';
import { fieldOf } from '../../../model/values/json.ts';
import { listText } from '../../../model/values/list-text.ts';
import { compareText } from '../../../model/values/names.ts';
import { isServed, type Live, liveObject } from '../../live.ts';
import { addedByOthers, bearsOurMark, holds, isForeignKind, isOurs, writtenBy } from '../../ownership.ts';
import { isAsBackedUp, type Plan } from '../../plan/plan.ts';
import { compareRefs, type ObjectRef, objectRef, refKey, refText } from '../../ref.ts';
import { bad, type Check } from '../../target.ts';
import { targetNamed, targets } from '../../targets.ts';
import { type Change, refOf } from '../../translation.ts';
import { contentOf, isEmpty, isPartOf } from '../drift.ts';
import { changeKey, type Progress } from '../journal.ts';
import type { Now } from '../now.ts';
import { type PlanDrift, planDrift, planDriftText } from './plan-drift.ts';

export interface Verification {
  readonly well: boolean;
  /** Sorted by object and part. */
  readonly checks: readonly Check[];
}

interface Scene {
  readonly plan: Plan;
  readonly live: Live;
  readonly progress: Progress;
  /** What the target's plugin reports about an object. */
  readonly said: (object: KubeObject) => readonly Check[] | undefined;
}

/** Runs all checks of a plan. */
export function verification(
  plan: Plan,
  { live, snapshot }: Pick<Now, 'live' | 'snapshot'>,
  progress: Progress,
): Verification {
  const { checker, steps } = targetNamed(plan.target);
  const deleting = steps.filter(({ deletesOthers }) => deletesOthers === true);
  const isReplaced = (object: ObjectRef): boolean =>
    deleting.some(({ name }) => progress.done.has(changeKey(name, refKey(object))));
  const said = checker({ live, placement: plan.placement, isReplaced });
  const scene = { plan, live, progress, said };
  const wanted = plan.steps.filter(({ name }) => name !== 'finalize').flatMap(({ changes }) => changes);
  const checks = [
    ...wanted.flatMap((change) => changeChecks(change, scene)),
    ...leftovers(scene),
    ...finalized(scene),
    ...planDrift(plan, snapshot, progress).map(driftCheck),
  ];
  const sorted = checks.sort((a, b) => compareRefs(a.object, b.object) || compareText(a.part, b.part));
  return { well: sorted.every(({ well }) => well), checks: sorted };
}

function driftCheck(drift: PlanDrift): Check {
  return bad(drift.object, 'plan', planDriftText(drift).slice(refText(drift.object).length + 2));
}

function changeChecks(change: Change, scene: Scene): readonly Check[] {
  const object = refOf(change);
  if (scene.progress.skipped.has(refKey(object))) return [{ object, part: 'skipped', well: true }];
  const is = liveObject(scene.live, object);
  if (change.action !== 'apply') {
    // an object in place of a deleted one is the new plugin's own
    const isGone = is === undefined || scene.progress.done.has(changeKey(change.step, refKey(object)));
    return [
      isGone
        ? { object, part: '', well: true }
        : bad(object, '', is.metadata.deletionTimestamp === undefined ? 'it is still there' : 'it is being deleted'),
    ];
  }
  if (is === undefined)
    return [
      bad(object, '', isServed(scene.live, object) ? 'it is not there' : `the API server has no kind ${object.kind}`),
    ];
  if (isForeignKind(object)) return keyChecks(change.object, is);
  const other = whyOther(change.object, is, { change, scene });
  if (other !== undefined) return [bad(object, '', other)];
  if (isAsBackedUp(scene.plan, change)) return [{ object, part: '', well: true }];
  return scene.said(is) ?? [{ object, part: '', well: true }];
}

/** Why the object is not what the plan wants; undefined if it is. */
function whyOther(
  config: KubeObject,
  is: KubeObject,
  { change, scene: { plan, progress } }: { readonly change: Change; readonly scene: Scene },
): string | undefined {
  if (holds(contentOf(config), is)) {
    const added = addedByOthers(config, is, writtenBy(plan)).map((key) => `spec.${key}`);
    return added.length === 0 ? undefined : `somebody added ${listText(added)}`;
  }
  const isUnfinished = !progress.done.has(changeKey(change.step, refKey(refOf(change)))) && isPartOf(plan, change, is);
  return isUnfinished
    ? 'only a part of it is there: apply was not finished'
    : 'it was changed: it is not what the plan says';
}

function keyChecks(config: KubeObject, is: KubeObject): readonly Check[] {
  const object = objectRef(config);
  return (['labels', 'annotations'] as const).flatMap((field) =>
    Object.entries(config.metadata[field] ?? {}).map(([key, value]): Check => {
      const now = is.metadata[field]?.[key];
      const part = `${field} ${key}`;
      if (now === value) return { object, part, well: true };
      return bad(
        object,
        part,
        now === undefined ? 'it is missing' : `it is ${JSON.stringify(now)}, not ${JSON.stringify(value)}`,
      );
    }),
  );
}

const wholeKinds: readonly string[] = targets.flatMap(({ makes }) => makes.map(({ kind }) => kind));

/** Finds objects and keys with our mark that are not in the plan. */
function leftovers({ plan, live }: Scene): readonly Check[] {
  const ours = writtenBy(plan);
  const known = new Set(plan.steps.flatMap(({ changes }) => changes.map((change) => refKey(refOf(change)))));
  return [...live.objects.values()].flatMap((object) => {
    const ref = objectRef(object);
    if (known.has(refKey(ref))) return [];
    if (wholeKinds.includes(ref.kind))
      return isOurs(object, ours) ? [bad(ref, 'leftover', 'we made it, and the plan does not know it')] : [];
    return isForeignKind(ref) && bearsOurMark(object, ours)
      ? [bad(ref, 'leftover', 'it has labels or annotations of ours, and the plan does not know it')]
      : [];
  });
}

/** After finalize, checks that what was cleared stays clear. */
function finalized({ plan, live, progress }: Scene): readonly Check[] {
  const changes = plan.steps.find(({ name }) => name === 'finalize')?.changes ?? [];
  return changes.flatMap((change): readonly Check[] => {
    const object = refOf(change);
    const is = liveObject(live, object);
    if (is === undefined || !progress.done.has(changeKey('finalize', refKey(object)))) return [];
    if (change.action === 'delete') return [bad(object, 'finalize', `${refText(object)} is there again`)];
    if (change.action !== 'clear') return [];
    const back = Object.entries(change.patch).filter(
      ([field, value]) => value === null && !isEmpty(fieldOf(is, field)),
    );
    return back.map(([field]) => bad(object, field, 'it is set again'));
  });
}
