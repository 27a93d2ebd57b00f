/** Determines whether the vendor has cleared the objects of OpenShift SDN. Pure. */
import type { Live } from '../live.ts';
import type { Plan } from '../plan/plan.ts';
import { objectRef } from '../ref.ts';
import { isOfOldPlugin, oldPlugin } from '../targets.ts';

/**
 * Kinds of OpenShift SDN that the vendor cleared since the plan: all, if no object of OpenShift SDN is as old as the
 * plan. The operator removes all these kinds at once, with their definitions, so an object that is older than the plan
 * shows that it did not, and that what is gone was deleted by somebody who meant it. A newer one shows nothing:
 * OpenShift SDN, another plan, or somebody else made it since. A backup without times cannot tell old from new: then
 * only those kinds count of which nothing is left.
 */
export function purgedKinds({ backup, seen }: Pick<Plan, 'backup' | 'seen'>, live: Live): readonly string[] {
  const present = [...live.objects.values()].filter((one) => isOfOldPlugin(objectRef(one)));
  const before = [...backup.values(), ...seen.values()].filter((one) => isOfOldPlugin(objectRef(one)));
  const uids = new Set(before.map(({ metadata }) => metadata.uid ?? ''));
  const newest = before.map(({ metadata }) => metadata.creationTimestamp ?? '').reduce((a, b) => (a > b ? a : b), '');
  const hasSurvivor = present.some(
    ({ metadata: { uid, creationTimestamp = newest } }) =>
      (uid !== undefined && uids.has(uid)) || creationTimestamp < newest,
  );
  if (hasSurvivor) return [];
  const all = oldPlugin.kinds.map(({ kind }) => kind);
  if (newest !== '') return all;
  const kinds = new Set(present.map(({ kind }) => kind));
  return all.filter((kind) => !kinds.has(kind));
}
