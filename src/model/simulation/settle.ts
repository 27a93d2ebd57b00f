/** Runs the controller's rounds on a cluster until nothing changes. */
import { Assigner, type Round } from '../assignment/round.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { EgressTracker } from '../egress/tracker.ts';
import { emptied } from '../objects/hostsubnet.ts';

/**
 * More rounds than any cluster needs: one withdraws, one places, one sees that nothing is left. There are a few more
 * while nodes with unreadable limits, which keep what they have, lose IPs.
 */
const mostRounds = 100;

/** The cluster after the controller's rounds, and the last round, which changed nothing. */
export function settled(cluster: Cluster): { readonly cluster: Cluster; readonly rest: Round } {
  const assigner = new Assigner();
  let now = cluster;
  for (let count = 0; count < mostRounds; count++) {
    const round = assigner.round(EgressTracker.of(now), now.limits, now.nodeLabels);
    if (round.changed.length + round.released.length === 0) return { cluster: now, rest: round };
    now = {
      ...now,
      hostSubnets: now.hostSubnets.map((one) => ({ ...one, egressIPs: round.lists.get(one.name) ?? one.egressIPs })),
      absent: now.absent.map((one) => (one.isToEmpty ? emptied(one) : one)),
    };
  }
  throw new Error(`automatic assignment does not settle within ${mostRounds} rounds`);
}
