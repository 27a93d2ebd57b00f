/** Finds what OVN-Kubernetes cannot express of today's egress: pinning, CIDRs by node, preferring the pod's node. */
import type { Ip } from '../../../../model/values/address.ts';
import type { Finding } from '../../../findings/finding.ts';
import { cidrRestrictionLost, type IPOnNodes, localPreferenceLost, pinningLost } from '../../../findings/placement.ts';
import { isAutomatic, pinnedTo } from '../../../requests/hosting.ts';
import type { Context } from '../context.ts';
import type { EgressGroup, EgressPlan } from '../groups.ts';
import type { KeptPlacement } from '../kept-placement.ts';

/** Makes the findings on the first namespace of the group that requests something. The group must have an EgressIP. */
export function lostFindings(
  { egress: plan, kept }: Pick<Context, 'egress' | 'kept'>,
  group: EgressGroup,
): readonly Finding[] {
  const name = group.members.find(({ egressIPs }) => egressIPs.length > 0)?.name ?? '';
  return [...pinning({ plan, kept }, group, name), ...restriction(plan, group, name), ...preference(group, name)];
}

function pinning(
  { plan, kept }: { readonly plan: EgressPlan; readonly kept: KeptPlacement },
  { egressIPs }: EgressGroup,
  name: string,
): readonly Finding[] {
  const pinned = egressIPs.flatMap((ip) => lostPin(plan, ip));
  const isKept = pinned.every(({ ip }) => kept.expected.has(ip));
  return pinned.length === 0 ? [] : [pinningLost({ name, pinned, isKept })];
}

function restriction(plan: EgressPlan, { egressIPs }: EgressGroup, name: string): readonly Finding[] {
  const freed = egressIPs.filter(
    (ip) => isAutomatic(plan.hostsOf(ip)) && plan.within(ip).length > 0 && plan.beyond(ip).length > 0,
  );
  if (freed.length === 0) return [];
  const within = freed.map((ip) => ({ ip, nodes: plan.within(ip) }));
  return [cidrRestrictionLost({ name, within, beyond: freed.map((ip) => ({ ip, nodes: plan.beyond(ip) })) })];
}

function preference({ today }: EgressGroup, name: string): readonly Finding[] {
  if (today.kind !== 'via' || today.hops.length < 2) return [];
  const [nodes, ips] = [today.hops.map(({ node }) => node), today.hops.map(({ egressIP }) => egressIP)];
  return [localPreferenceLost({ name, nodes, ips })];
}

/** The node that the admin chose for the IP, unless tomorrow it can be on that one alone. */
function lostPin(
  { hostsOf, fitting }: EgressPlan,
  ip: Ip,
): readonly (IPOnNodes & { readonly ip: Ip; readonly node: string })[] {
  const host = pinnedTo(hostsOf(ip));
  const nodes = fitting(ip);
  if (host === undefined || nodes.length === 0) return [];
  return nodes.length === 1 && nodes[0] === host.name ? [] : [{ ip, node: host.name, nodes }];
}
