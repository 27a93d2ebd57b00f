/** Decides what finalize must leave because the admin left out what was to take its place. Pure. */
import type { Plan } from '../plan/plan.ts';
import { type ObjectRef, objectRef, refKey, refText } from '../ref.ts';
import { targetNamed } from '../targets.ts';
import { refOf } from '../translation.ts';
import type { Progress } from './journal.ts';

export interface LeftAtFinalize {
  readonly object: ObjectRef;
  /** What was to take its place. */
  readonly out: ObjectRef;
}

/**
 * The objects that finalize leaves, by `refKey`, because what was to be made of them was left out: nothing else
 * serves what they ask for. Among them are those that the target says what was left out still needs.
 */
export function leftAtFinalize(
  { target, steps, backup }: Pick<Plan, 'target' | 'steps' | 'backup'>,
  { skipped }: Pick<Progress, 'skipped'>,
): ReadonlyMap<string, LeftAtFinalize> {
  if (skipped.size === 0) return new Map();
  const out = steps
    .flatMap(({ changes }) => changes)
    .filter((change) => change.action === 'apply')
    .filter((change) => skipped.has(refKey(refOf(change))));
  const sources = new Map(out.flatMap((change) => change.from.map((from) => [refKey(from), change] as const)));
  const { needers = () => () => undefined } = targetNamed(target);
  const needing = needers(out.map(({ object }) => object));
  const finals = steps.filter(({ name }) => name === 'finalize').flatMap(({ changes }) => changes.map(refOf));
  return new Map(
    finals.flatMap((object): readonly (readonly [string, LeftAtFinalize])[] => {
      const key = refKey(object);
      const was = backup.get(key);
      const source = sources.get(key);
      const needer = source === undefined && was !== undefined ? needing(was) : undefined;
      const left = source === undefined ? needer && objectRef(needer) : refOf(source);
      return left === undefined ? [] : [[key, { object, out: left }]];
    }),
  );
}

/** Why the object is left: `NetNamespace shop is left as it is: EgressIP egressip-shop was left out`. */
export function leftText({ object, out }: LeftAtFinalize): string {
  return `${refText(object)} is left as it is: ${refText(out)} was left out`;
}
