/** Egress IPs that an offline node keeps. */
import type { TrackedIp } from '../egress/tracked-ips.ts';
import type { EgressTracker, TrackedHost } from '../egress/tracker.ts';
import { type NodeLabels, selects } from '../objects/placement.ts';
import { type Cidr, contains } from '../values/address.ts';
import type { NodeName } from '../values/names.ts';

/** The nodes with egressCIDRs, by name, and what is known of them. */
export interface Owned {
  readonly owned: readonly TrackedHost[];
  readonly cidrsOf: (host: TrackedHost) => readonly Cidr[];
  readonly labels: NodeLabels;
}

/**
 * Maps the ids of those IPs, which no node may have, to the offline node that lists each: nobody knows whether the node
 * is selected, and what is not known must not take an IP away for good.
 */
export function heldBy(
  tracker: EgressTracker,
  { owned, cidrsOf, labels }: Owned,
  without: readonly TrackedIp[],
): ReadonlyMap<number, NodeName> {
  const held = new Map<number, NodeName>();
  for (const { id, ip, hosts, requesters } of without) {
    const placement = hosts.length === 0 ? undefined : requesters.map((vnid) => tracker.placement(vnid))[0];
    if (placement === undefined) continue;
    const keeper = owned.find((host) => {
      const { name, hostIP, egressIPs } = host.hostSubnet;
      if (!egressIPs.includes(ip) || !tracker.isOffline(hostIP)) return false;
      return selects(placement, labels.get(name)) === undefined && cidrsOf(host).some((cidr) => contains(cidr, ip));
    });
    if (keeper !== undefined) held.set(id, keeper.hostSubnet.name);
  }
  return held;
}
