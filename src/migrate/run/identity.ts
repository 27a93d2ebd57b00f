/** Decides whether a cluster is the one that a plan is of. Pure. */
import type { Plan } from '../plan/plan.ts';
import type { Progress } from './journal.ts';

/**
 * Why this is not the plan's cluster; undefined if it is, as far as the plan and its journal know. `is`: the uid of
 * Namespace kube-system; undefined if there is none.
 */
export function otherCluster(
  plan: Pick<Plan, 'cluster'>,
  progress: Pick<Progress, 'cluster'>,
  is: string | undefined,
): string | undefined {
  const wanted = plan.cluster ?? progress.cluster;
  if (wanted === undefined || wanted === is) return undefined;
  return `it is the plan of another cluster: its Namespace kube-system has uid ${wanted}, this one has ${is ?? 'none'}`;
}
