/** Decides what finalize must leave because the admin left out what was to take its place. Pure. */
import { hostSubnets } from '../../../api/kinds.ts';
import { textsAt } from '../kinds/item.ts';
import { mayHost } from '../kinds/sdn.ts';
import type { Plan } from '../plan/plan.ts';
import { type ObjectRef, objectRef, refKey, refText } from '../ref.ts';
import { refOf } from '../translation.ts';
import type { Progress } from './journal.ts';

export interface LeftAtFinalize {
  readonly object: ObjectRef;
  /** What was to take its place. */
  readonly out: ObjectRef;
}

/**
 * The objects that finalize leaves, by `refKey`, because what was to be made of them was left out: nothing else
 * serves what they ask for. Among them are HostSubnets that may host an address of an EgressIP that was left out.
 */
export function leftAtFinalize(
  { steps, backup }: Pick<Plan, 'steps' | 'backup'>,
  { skipped }: Pick<Progress, 'skipped'>,
): ReadonlyMap<string, LeftAtFinalize> {
  if (skipped.size === 0) return new Map();
  const out = steps
    .flatMap(({ changes }) => changes)
    .filter((change) => change.action === 'apply')
    .filter((change) => skipped.has(refKey(refOf(change))));
  const sources = new Map(out.flatMap((change) => change.from.map((from) => [refKey(from), change] as const)));
  const hosted = out.map(({ object }) => ({
    ref: objectRef(object),
    ips: new Set(textsAt(object, 'spec', 'egressIPs')),
  }));
  const finals = steps.filter(({ name }) => name === 'finalize').flatMap(({ changes }) => changes.map(refOf));
  return new Map(
    finals.flatMap((object): readonly (readonly [string, LeftAtFinalize])[] => {
      const key = refKey(object);
      const was = object.kind === hostSubnets.kind ? backup.get(key) : undefined;
      const source = sources.get(key);
      const left =
        source === undefined ? hosted.find(({ ips }) => was !== undefined && mayHost(was, ips))?.ref : refOf(source);
      return left === undefined ? [] : [[key, { object, out: left }]];
    }),
  );
}

/** Why the object is left: `NetNamespace shop is left as it is: EgressIP egressip-shop was left out`. */
export function leftText({ object, out }: LeftAtFinalize): string {
  return `${refText(object)} is left as it is: ${refText(out)} was left out`;
}
