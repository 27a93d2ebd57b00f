/** The source addresses of namespaces before and after a migration to a target. Pure. */
import { type AddressEnds, anyNode, type LeavesWith, nothing } from '../addresses.ts';
import type { RequestGroup } from './groups.ts';
import type { Requests } from './requests.ts';
import type { ServedGroup } from './served.ts';

/** Both ends of every namespace that requests something. */
export function endsOf(requests: Requests, served: ReadonlyMap<RequestGroup, ServedGroup>): AddressEnds {
  return {
    nodes: requests.nodeAddresses,
    ends: requests.groups.flatMap((group) => {
      const today = todayOf(requests, group);
      const { egressIPs, isPartly = false } = served.get(group) ?? { egressIPs: [] };
      const after = egressIPs.length === 0 ? anyNode : { egressIPs, nodes: isPartly };
      return group.selected.map((namespace) => ({ namespace, today, between: anyNode, after }));
    }),
  };
}

/** The subnet plugin has no egress IPs. */
function todayOf({ network }: Requests, { today }: RequestGroup): LeavesWith {
  if (network?.mode === 'subnet' || today.kind === 'normal') return anyNode;
  return today.kind === 'dropped' ? nothing : { egressIPs: today.hops.map(({ egressIP }) => egressIP), nodes: false };
}
