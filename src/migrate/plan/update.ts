/**
 * Carries a plan that was begun over to the cluster as it is now: what is new is added, what changed is made again, what
 * nothing asks for any more is taken back. The first backup stays. Pure.
 */
import isEqual from 'lodash/isEqual.js';
import { isForeignKind } from '../ownership.ts';
import { type ObjectRef, objectRef, refKey } from '../ref.ts';
import { type Change, refOf, type StepName, stepNames } from '../translation.ts';
import { backedUp, type Plan, stepsOf } from './plan.ts';

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
  /** Whether the change was begun, by step and `refKey`. */
  readonly isBegun: (step: StepName, object: string) => boolean;
  /** Whether the object is in the cluster now. */
  readonly exists: (object: ObjectRef) => boolean;
}

/** Merges a plan that was begun with one of the same options made now. */
export function updatedPlan(old: Plan, fresh: Plan, { isBegun, exists }: UpdateFacts): Update {
  const before = changesOf(old);
  const now = inTheirSteps(changesOf(fresh), before, isBegun);
  const gone = [...before.values()].filter((change) => !now.has(keyOf(change)));
  const withdrawn = gone
    .filter((change) => isBegun(change.step, refKey(refOf(change))) && exists(refOf(change)))
    .flatMap(withdrawal);
  const changed = [...now.values()].filter((change) => {
    const was = before.get(keyOf(change));
    return was !== undefined && !isEqual(plain(was), plain(change));
  });
  const again = [...changed, ...withdrawn].filter((change) => isBegun(change.step, refKey(refOf(change))));
  const made = new Map(gone.flatMap((change) => (change.action === 'apply' ? [change.object] : [])).map(keyed));
  const backup = new Map([...fresh.backup, ...old.backup]);
  for (const change of withdrawn) {
    const key = refKey(refOf(change));
    const object = made.get(key);
    // a delete without a backup would be refused when the plan is read
    if (change.action === 'delete' && object !== undefined && !backup.has(key)) backup.set(key, backedUp(object));
  }
  return {
    plan: {
      ...fresh,
      id: old.id,
      cluster: old.cluster ?? fresh.cluster,
      steps: stepsOf([...now.values(), ...withdrawn]),
      seen: new Map([...fresh.backup].filter(([key, object]) => !isEqual(old.backup.get(key) ?? object, object))),
      backup: new Map([...backup].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
    redo: again.map((change) => ({ step: change.step, object: refKey(refOf(change)) })),
    added: [...now.values()].filter((change) => !before.has(keyOf(change))).map(refOf),
    changed: changed.map(refOf),
    dropped: gone.map(refOf),
  };
}

function keyed<T extends Parameters<typeof objectRef>[0]>(object: T): readonly [string, T] {
  return [refKey(objectRef(object)), object];
}

function changesOf({ steps }: Plan): ReadonlyMap<string, Change> {
  return new Map(steps.flatMap(({ changes }) => changes.map((change) => [keyOf(change), change] as const)));
}

function keyOf(change: Change): string {
  return `${stepNames.indexOf(change.step)} ${refKey(refOf(change))}`;
}

/** The changes, those that were begun in another step in that step: they are not begun a second time. */
function inTheirSteps(
  fresh: ReadonlyMap<string, Change>,
  before: ReadonlyMap<string, Change>,
  isBegun: UpdateFacts['isBegun'],
): ReadonlyMap<string, Change> {
  const begun = [...before.values()].filter(
    (change) => change.action === 'apply' && isBegun(change.step, refKey(refOf(change))),
  );
  const stepOf = new Map(begun.map((change) => [refKey(refOf(change)), change.step]));
  return new Map(
    [...fresh.values()].map((change): readonly [string, Change] => {
      const step = change.action === 'apply' ? stepOf.get(refKey(refOf(change))) : undefined;
      const same = change.action === 'apply' && step !== undefined ? { ...change, step } : change;
      return [keyOf(same), same];
    }),
  );
}

function plain(change: Change): unknown {
  return JSON.parse(JSON.stringify(change));
}

/** Takes back what was applied: an object of ours is deleted, in objects of others our fields are given up. */
function withdrawal(change: Change): readonly Change[] {
  if (change.action !== 'apply' || change.step === 'finalize') return [];
  const { apiVersion, kind, name, namespace } = refOf(change);
  if (!isForeignKind(refOf(change))) return [{ action: 'delete', step: change.step, object: refOf(change), from: [] }];
  const metadata = namespace === undefined ? { name } : { name, namespace };
  return [{ action: 'apply', step: change.step, object: { apiVersion, kind, metadata }, from: [] }];
}
