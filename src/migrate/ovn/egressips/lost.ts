/** What OVN-Kubernetes cannot express of how a group leaves today: pinning, CIDRs by node, preferring the pod's own node. */
import type { Ip } from '../../../model/address.ts';
import { type Finding, onNetNamespace, type Texts } from '../../finding.ts';
import { listText, nodesText } from '../../lists.ts';
import type { EgressPlan, Group } from '../context/groups.ts';

/** The findings, on the first namespace of the group that requests something. The group has an object. */
export function lostFindings(plan: EgressPlan, group: Group): readonly Finding[] {
  const first = group.members.find(({ egressIPs }) => egressIPs.length > 0)?.name ?? '';
  const lost = [
    ['PinningLost', pinning(plan, group)],
    ['CIDRRestrictionLost', restriction(plan, group)],
    ['LocalPreferenceLost', preference(group)],
  ] as const;
  return lost.flatMap(([code, texts]) => (texts === undefined ? [] : [onNetNamespace(first, 'info', code, texts)]));
}

function pinning(plan: EgressPlan, { egressIPs }: Group): Texts | undefined {
  const pinned = egressIPs.flatMap((ip) => pinnedTo(plan, ip));
  if (pinned.length === 0) return undefined;
  return [
    `An admin put ${listText(pinned.map(({ ip, node }) => `${ip} on ${node}`))}.`,
    `OVN-Kubernetes chooses the node: ${listText(pinned.map(({ ip }) => `${ip} on one of ${nodesText(plan.fitting(ip))}`))}.`,
    'Nothing, unless routes or firewalls outside count on the node; then leave the label only on nodes that may host.',
  ];
}

function restriction(plan: EgressPlan, { egressIPs }: Group): Texts | undefined {
  const freed = egressIPs.filter(
    (ip) => isAutomatic(plan, ip) && plan.within(ip).length > 0 && plan.beyond(ip).length > 0,
  );
  if (freed.length === 0) return undefined;
  return [
    `egressCIDRs keep ${listText(freed.map((ip) => `${ip} on ${nodesText(plan.within(ip))}`))}.`,
    `OVN-Kubernetes knows no CIDRs of nodes: ${listText(freed.map((ip) => `${ip} may go to ${nodesText(plan.beyond(ip))} too`))}.`,
    'Nothing, unless these nodes must not host it; then take their label away.',
  ];
}

function preference({ today }: Group): Texts | undefined {
  if (today.kind !== 'via' || today.hops.length < 2) return undefined;
  return [
    `A pod on ${listText(today.hops.map(({ node }) => node))} leaves with the egress IP of its own node; other pods are spread over all.`,
    `Every pod's connections are spread over ${listText(today.hops.map(({ egressIP }) => egressIP))}.`,
    'Nothing, unless the outside expects one address of a pod.',
  ];
}

function isAutomatic({ hostsOf }: EgressPlan, ip: Ip): boolean {
  return hostsOf(ip).every(({ egressCIDRs }) => egressCIDRs.length > 0);
}

function pinnedTo({ hostsOf, fitting }: EgressPlan, ip: Ip): readonly { readonly ip: Ip; readonly node: string }[] {
  const [host, ...others] = hostsOf(ip);
  const nodes = fitting(ip);
  if (host === undefined || others.length > 0 || host.egressCIDRs.length > 0 || nodes.length === 0) return [];
  return nodes.length === 1 && nodes[0] === host.name ? [] : [{ ip, node: host.name }];
}
