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
 * The objects of the plan with these names, among them those of its backup, and the Nodes that need not run the plugin
 * that is switched to. A name is `KIND/NAME` or, for namespaced kinds, `KIND/NAMESPACE/NAME`.
 */
export function skipsOf(
  names: readonly string[],
  { steps, backup }: Pick<Plan, 'steps' | 'backup'>,
  live: Live,
): Skips {
  const refs = [
    ...steps.flatMap(({ changes }) => changes.map(refOf)),
    ...[...backup.values(), ...liveNodes(live)].map(objectRef),
  ];
  const byName = Map.groupBy(refs, nameOf);
  return {
    skipped: new Set(names.flatMap((name) => (byName.get(name) ?? []).map(refKey))),
    unknown: names.filter((name) => !byName.has(name)),
  };
}

/** Why a name is refused. */
export function unknownText(name: string): string {
  return `--skip ${name}: neither an object of the plan nor a Node has that name`;
}

function nameOf({ kind, namespace, name }: ObjectRef): string {
  return [kind, ...(namespace === undefined ? [] : [namespace]), name].join('/');
}
