/** Objects that the admin leaves out of a plan by name: `--skip KIND/NAMESPACE/NAME`. Pure. */
import { type Live, liveNodes } from '../../live.ts';
import type { Plan } from '../../plan/plan.ts';
import { type ObjectRef, objectRef, refKey } from '../../ref.ts';
import { refOf } from '../../translation.ts';

export interface Skips {
  /** By `refKey`. */
  readonly skipped: ReadonlySet<string>;
  /** Names that fit nothing. */
  readonly unknown: readonly string[];
}

/**
 * The objects of the plan with these names, and the Nodes that need not run the new plugin. A name is `KIND/NAME` or,
 * for namespaced kinds, `KIND/NAMESPACE/NAME`.
 */
export function skipsOf(names: readonly string[], plan: Plan, live: Live): Skips {
  const refs = [...plan.steps.flatMap(({ changes }) => changes.map(refOf)), ...liveNodes(live).map(objectRef)];
  const byName = Map.groupBy(refs, nameOf);
  return {
    skipped: new Set(names.flatMap((name) => (byName.get(name) ?? []).map(refKey))),
    unknown: names.filter((name) => !byName.has(name)),
  };
}

function nameOf({ kind, namespace, name }: ObjectRef): string {
  return [kind, ...(namespace === undefined ? [] : [namespace]), name].join('/');
}
