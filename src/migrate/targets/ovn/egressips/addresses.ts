/** The source addresses of each namespace before and after a migration to OVN-Kubernetes. Pure. */
import { type AddressEnds, anyNode, type LeavesWith, type NamespaceEnds, nothing } from '../../../addresses.ts';
import { hasObject } from '../../../requests/groups.ts';
import type { Snapshot } from '../../../snapshot.ts';
import { type Context, contextOf } from '../context.ts';
import type { EgressGroup } from '../groups.ts';
import type { TranslateOptions } from '../options.ts';

/** Today's and tomorrow's addresses of a cluster. */
export function addressEnds(snapshot: Snapshot, options: TranslateOptions): AddressEnds {
  return endsOf(contextOf(snapshot, options));
}

/** Today's and tomorrow's addresses of a cluster whose context is made already. */
export function endsOf(context: Context): AddressEnds {
  return {
    nodes: context.nodeAddresses.map(({ ip }) => String(ip)).sort(),
    ends: context.egress.groups.flatMap((group) => groupEnds(context, group)),
  };
}

function groupEnds(context: Context, group: EgressGroup): readonly NamespaceEnds[] {
  const { options, closed, exists } = context;
  const today = todayOf(context, group);
  return group.members
    .filter(({ name }) => exists(name))
    .map(({ name }) => {
      // an EgressFirewall keeps it closed from the switch on
      const isClosed = options.keepClosed && closed.has(name);
      return isClosed
        ? { namespace: name, today, between: nothing, after: nothing }
        : { namespace: name, today, between: anyNode, after: afterOf(context, group) };
    });
}

/** The subnet plugin has no egress IPs. */
function todayOf({ network }: Context, { today }: EgressGroup): LeavesWith {
  if (network?.mode === 'subnet' || today.kind === 'normal') return anyNode;
  return today.kind === 'dropped' ? nothing : { egressIPs: today.hops.map(({ egressIP }) => egressIP), nodes: false };
}

/** OVN-Kubernetes drops nothing: while no egress IP is assigned, pods leave with node addresses. */
function afterOf({ egress }: Context, group: EgressGroup): LeavesWith {
  if (!hasObject(group)) return anyNode;
  const possible = group.egressIPs.filter((ip) => egress.fitting(ip).length > 0);
  return { egressIPs: possible, nodes: !egress.served(group) };
}
