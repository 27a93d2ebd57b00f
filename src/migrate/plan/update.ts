/**
 * Carries a plan that was begun over to the cluster as it is now: what is new is added, what changed is made again,
 * what nothing asks for any more is taken back. The first backup stays. Pure.
 */
import isEqual from 'lodash/isEqual.js';
import type { KubeObject } from '../../model/objects/raw.ts';
import { isForeignKind } from '../ownership.ts';
import { bareObject, type ObjectRef, refKey } from '../ref.ts';
import { deletesOwn, stepOf, targetNamed } from '../targets.ts';
import { type Change, refOf, type StepName } from '../translation.ts';
import { stepsOf } from './make.ts';
import { backedUp, type Plan } from './plan.ts';

/** A change of a step, as the journal names it. */
export interface StepObject {
  readonly step: StepName;
  /** `refKey` of the object. */
  readonly object: string;
}

export interface Update {
  readonly plan: Plan;
  /** Changes that were made and must be made again, because the plan wants something else now. */
  readonly redo: readonly StepObject[];
  /** What the update adds, changes and takes back. */
  readonly added: readonly ObjectRef[];
  readonly changed: readonly ObjectRef[];
  readonly dropped: readonly ObjectRef[];
}

export interface UpdateFacts {
  /** What the journal says of a change of the old plan. `adopted`: begun on an object that others had made. */
  readonly stateOf: (change: Change) => ChangeState;
  /** The object as it is in the cluster now; undefined if it is not there. */
  readonly liveObject: (object: ObjectRef) => KubeObject | undefined;
}

export type ChangeState = 'open' | 'begun' | 'adopted' | 'done';

/** Merges a plan that was begun with one of the same options made now. */
export function updatedPlan(old: Plan, fresh: Plan, facts: UpdateFacts): Update {
  const before = changesOf(old);
  const now = inTheirSteps(changesOf(fresh), old, before, facts);
  const gone = [...before.values()].filter((change) => !now.has(keyOf(change)));
  const withdrawn = gone.flatMap((change) => withdrawal(change, old, facts));
  const replaced = [...now.values()].flatMap((change) => replacement(before.get(keyOf(change)), change, old, facts));
  const wanted = [...now.values(), ...withdrawn, ...replaced];
  const changed = wanted.filter((change) => {
    const was = before.get(keyOf(change));
    return was !== undefined && !isEqual(plain(was), plain(change));
  });
  const seen = new Map([...fresh.backup].filter(([key, object]) => !isEqual(old.backup.get(key) ?? object, object)));
  for (const change of withdrawn) {
    if (change.action !== 'apply' || isForeignKind(refOf(change))) continue;
    const object = facts.liveObject(refOf(change));
    if (object !== undefined) seen.set(refKey(refOf(change)), backedUp(object));
  }
  return {
    plan: {
      ...fresh,
      id: old.id,
      cluster: old.cluster ?? fresh.cluster,
      steps: stepsOf(fresh, wanted),
      seen: sorted(seen),
      backup: sorted(new Map([...fresh.backup, ...old.backup])),
    },
    redo: [...changed, ...replaced]
      .filter((change) => facts.stateOf(change) !== 'open')
      .map((change) => ({ step: change.step, object: refKey(refOf(change)) })),
    added: [...now.values()].filter((change) => !before.has(keyOf(change))).map(refOf),
    changed: changed.filter((change) => now.has(keyOf(change))).map(refOf),
    dropped: gone.filter((change) => !withdrawn.some((one) => isEqual(plain(one), plain(change)))).map(refOf),
  };
}

function sorted(objects: ReadonlyMap<string, KubeObject>): ReadonlyMap<string, KubeObject> {
  return new Map([...objects].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function changesOf({ steps }: Plan): ReadonlyMap<string, Change> {
  return new Map(steps.flatMap(({ changes }) => changes.map((change) => [keyOf(change), change] as const)));
}

function keyOf(change: Change): string {
  return `${change.step} ${refKey(refOf(change))}`;
}

/** The changes, those that were begun in another step in that step: they are not begun a second time. */
function inTheirSteps(
  fresh: ReadonlyMap<string, Change>,
  old: Plan,
  before: ReadonlyMap<string, Change>,
  { stateOf }: UpdateFacts,
): ReadonlyMap<string, Change> {
  const deletes = new Set(targetNamed(old.target).steps.flatMap(({ withdrawnIn = [] }) => withdrawnIn));
  const begun = [...before.values()].filter(
    (change) =>
      (change.action === 'apply' || (deletesOwn(old, change) && !deletes.has(change.step))) &&
      stateOf(change) !== 'open',
  );
  const stepsBefore = new Map(begun.map((change) => [refKey(refOf(change)), change.step]));
  return new Map(
    [...fresh.values()].map((change): readonly [string, Change] => {
      const step = change.action === 'apply' ? stepsBefore.get(refKey(refOf(change))) : undefined;
      const same = change.action === 'apply' && step !== undefined ? { ...change, step } : change;
      return [keyOf(same), same];
    }),
  );
}

function plain(change: Change): unknown {
  return JSON.parse(JSON.stringify(change));
}

/**
 * Takes back what was applied, if it was: an object of ours is deleted, in objects of others our fields are given up,
 * and an object that others had made gets the content that it had. What an earlier update takes back stays until it is
 * done.
 */
function withdrawal(change: Change, plan: Plan, { stateOf, liveObject }: UpdateFacts): readonly Change[] {
  const ref = refOf(change);
  const state = stateOf(change);
  if (change.step === 'finalize' || state === 'open' || liveObject(ref) === undefined) return [];
  if (change.action !== 'apply') return deletesOwn(plan, change) && state !== 'done' ? [change] : [];
  const { step } = change;
  const bare = bareObject(ref);
  if (isForeignKind(ref)) return [{ action: 'apply', step, object: bare, from: [] }];
  const was = state === 'adopted' ? plan.backup.get(refKey(ref)) : undefined;
  if (was !== undefined) return [{ action: 'apply', step, object: { ...was, metadata: bare.metadata }, from: [] }];
  return state === 'adopted' ? [] : [{ action: 'delete', step: withdrawnIn(plan, step), object: ref, from: [] }];
}

/** Deletes what the plan made and the plugin does not let become what is wanted now: it is then made anew. */
function replacement(
  was: Change | undefined,
  change: Change,
  plan: Plan,
  { stateOf, liveObject }: UpdateFacts,
): readonly Change[] {
  const { mustReplace = () => false } = targetNamed(plan.target);
  if (was?.action !== 'apply' || change.action !== 'apply' || !mustReplace(was.object, change.object)) return [];
  const ref = refOf(change);
  const isMade = ['begun', 'done'].includes(stateOf(was)) && liveObject(ref) !== undefined;
  return isMade ? [{ action: 'delete', step: withdrawnIn(plan, change.step), object: ref, from: [] }] : [];
}

function withdrawnIn(plan: Plan, step: StepName): StepName {
  return stepOf(plan, step).withdrawnIn ?? step;
}
