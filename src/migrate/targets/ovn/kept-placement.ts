/** Decides on which node a plan keeps each egress IP, and whether OVN-Kubernetes can be brought to that. Pure. */
import type { Ip } from '../../../model/values/address.ts';
import { hasObject } from '../../requests/groups.ts';
import type { Snapshot } from '../../snapshot.ts';
import type { EgressGroup, EgressPlan } from './groups.ts';
import type { TranslateOptions } from './options.ts';
import { hasLabel, type OvnNode } from './ovn-nodes.ts';
import { firstSpoiler, sharesOf, type Spoiler } from './placement/shares.ts';

export interface KeptPlacement {
  /** The node of each egress IP that stays where it is. Empty if none does, and then the plan has no such step. */
  readonly expected: ReadonlyMap<Ip, string>;
  /** The node because of which none stays. */
  readonly spoiler: Spoiler | undefined;
}

interface Given {
  readonly snapshot: Snapshot;
  readonly options: TranslateOptions;
  readonly ovnNodes: ReadonlyMap<string, OvnNode>;
  readonly egress: EgressPlan;
}

export const nothingKept: KeptPlacement = { expected: new Map(), spoiler: undefined };

/** The nodes that the plan keeps. */
export function keptPlacement(context: Given): KeptPlacement {
  if (!context.options.keepPlacement) return nothingKept;
  const groups = context.egress.groups.filter(hasObject);
  const expected = withinCapacity(new Map(groups.flatMap((group) => [...homesOf(group, context)])), context);
  if (expected.size === 0) return nothingKept;
  const spoiler = firstSpoiler(sharesOf(expected), {
    loads: loadsOf(context),
    mayHave: (node, ip) => context.egress.fitting(ip).includes(node),
  });
  return spoiler === undefined ? { expected, spoiler } : { ...nothingKept, spoiler };
}

/** The nodes of a group's egress IPs today, as far as each is one that can have it tomorrow, and another for each. */
function homesOf({ egressIPs }: EgressGroup, { egress, ovnNodes }: Given): ReadonlyMap<Ip, string> {
  const homes = egressIPs.flatMap((ip): readonly (readonly [Ip, string])[] => {
    const [host, ...others] = egress.hostsOf(ip);
    const ovnNode = host === undefined ? undefined : ovnNodes.get(host.name);
    if (ovnNode === undefined || others.length > 0 || !canHost(ovnNode) || !egress.fitting(ip).includes(ovnNode.name))
      return [];
    return [[ip, ovnNode.name]];
  });
  const byNode = Map.groupBy(homes, ([, node]) => node);
  return new Map(homes.filter(([, node]) => byNode.get(node)?.length === 1));
}

/** Leaves out what a node cannot have because of the cloud's limit. */
function withinCapacity(homes: ReadonlyMap<Ip, string>, { ovnNodes }: Given): ReadonlyMap<Ip, string> {
  const byNode = Map.groupBy(homes, ([, node]) => node);
  return new Map([...byNode].flatMap(([node, pairs]) => pairs.slice(0, ovnNodes.get(node)?.capacity ?? pairs.length)));
}

const canHost = ({ exists, ready, assignable }: OvnNode): boolean => exists && ready && assignable;

/** The egress IPs on the nodes that bear the label already. */
function loadsOf({ snapshot, ovnNodes }: Given): ReadonlyMap<string, number> {
  const assigned = snapshot.egressIPs.flatMap((one) => [...one.assigned.values()]);
  const labeled = [...ovnNodes.values()].filter(({ node, ready }) => ready && hasLabel(node));
  return new Map(labeled.map(({ name }) => [name, assigned.filter((node) => node === name).length]));
}
