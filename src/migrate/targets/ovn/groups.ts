/**
 * Plans the EgressIPs of a cluster: one group for each VNID that requests egress IPs, with what becomes of every entry,
 * and what OVN-Kubernetes will do with all groups together.
 */
import type { EgressInput, EgressState } from '../../../model/egress/state.ts';
import type { Ip } from '../../../model/values/address.ts';
import type { Known } from '../../known.ts';
import { hasObject, type RequestGroup, requestGroups } from '../../requests/groups.ts';
import { chosenNodes } from './chosen-nodes.ts';
import type { OvnNode } from './ovn-nodes.ts';
import { type Claim, type PlacementNode, type Prediction, predictPlacement } from './placement/predict.ts';
import { difference, intersection, type Reach } from './reach.ts';

/** The namespaces of a VNID that requests something. */
export interface EgressGroup extends RequestGroup {
  /** Names of the nodes that the EgressIP names, sorted; absent if it names none, so that any that fits may be used. */
  readonly onNodes?: readonly string[];
}

export interface EgressPlan extends Pick<Reach, 'hostsOf' | 'doubtful' | 'within'> {
  /** Sorted by the first member's name; only groups with a chosen namespace. */
  readonly groups: readonly EgressGroup[];
  readonly prediction: Prediction;
  /** Names of the nodes that may ever host the IP: of those in reach, only what its EgressIP names, if it names any. */
  readonly fitting: (ip: Ip) => readonly string[];
  /** Names in `fitting` that are not in `within`. */
  readonly beyond: (ip: Ip) => readonly string[];
  /** Names of the EgressIPs that would name nodes, while nothing tells whether they can. */
  readonly undecided: readonly string[];
  /** Whether OVN-Kubernetes is certain to assign at least one IP of the group. */
  readonly served: (group: EgressGroup) => boolean;
}

interface Input {
  readonly cluster: EgressInput;
  readonly state: EgressState;
  readonly ovnNodes: ReadonlyMap<string, OvnNode>;
  /** That of its HostSubnets and nodes. */
  readonly reach: Reach;
  readonly prefix: string;
  readonly exists: (namespace: string) => boolean;
  readonly chosen: (namespace: string) => boolean;
  /** Whether EgressIPs can name nodes. */
  readonly canNameNodes: Known<boolean>;
  /** What EgressIPs of others request: they compete for nodes too. */
  readonly others: readonly Claim[];
}

/** Makes the groups and their prediction. */
export function egressPlan(input: Input): EgressPlan {
  const { ovnNodes, reach, chosen, others } = input;
  const naming = requested(input).map((group) => withNodes(group, reach, input));
  const all = naming.map(({ group }) => group);
  const isChosen = ({ members }: EgressGroup): boolean => members.some(({ name }) => chosen(name));
  const groups = all.filter(isChosen);
  const prediction = predicted([...ovnNodes.values()].map(placementNode), claimsOf(groups), [
    ...claimsOf(all.filter((group) => !isChosen(group))),
    ...others,
  ]);
  const fitting = fittingIn(all, reach);
  const subtract = difference();
  const serves = (ip: Ip): boolean =>
    reach.roomy(ip).some((name) => fitting(ip).includes(name)) || prediction.allowed.get(ip)?.includes(null) === false;
  return {
    ...reach,
    groups,
    prediction,
    undecided: naming.filter(({ group, isUndecided }) => isUndecided && isChosen(group)).map(({ group }) => group.name),
    fitting,
    beyond: (ip) => subtract(fitting(ip), reach.within(ip)),
    // when in doubt, a group that is dropped today stays closed
    served: (group) =>
      hasObject(group) &&
      group.egressIPs.some((ip) => serves(ip) && !(group.today.kind === 'dropped' && reach.doubtful(ip))),
  };
}

function requested({ cluster, state, ovnNodes, prefix, exists }: Input): readonly EgressGroup[] {
  const nodeOf = new Map(
    [...ovnNodes.values()].flatMap(({ name, addresses }) => addresses.map((ip): [Ip, string] => [ip, name])),
  );
  const { netNamespaces } = cluster;
  return requestGroups({ netNamespaces, state, prefix, exists, nodeWith: (ip) => nodeOf.get(ip) });
}

interface Naming {
  readonly group: EgressGroup;
  /** Whether its EgressIP would name nodes if it could, and nothing tells whether it can. */
  readonly isUndecided: boolean;
}

/** The group with the nodes that its EgressIP names, if it names any. */
function withNodes(group: EgressGroup, { confinedTo, fitting }: Reach, { canNameNodes, ovnNodes }: Input): Naming {
  const isKnown = canNameNodes.kind === 'known';
  if (!hasObject(group) || (isKnown && !canNameNodes.value)) return { group, isUndecided: false };
  const onNodes = chosenNodes(group.egressIPs, { confinedTo, fitting, ovnNodes });
  if (onNodes === undefined) return { group, isUndecided: false };
  return isKnown ? { group: { ...group, onNodes }, isUndecided: false } : { group, isUndecided: true };
}

/** The nodes that fit, and of these only the named ones. Equal answers share one list. */
function fittingIn(groups: readonly EgressGroup[], reach: Reach): Reach['fitting'] {
  const named = new Map(
    groups.flatMap(({ egressIPs, onNodes }) =>
      onNodes === undefined ? [] : egressIPs.map((ip): [Ip, readonly string[]] => [ip, onNodes]),
    ),
  );
  const intersect = intersection();
  return (ip) => {
    const only = named.get(ip);
    return only === undefined ? reach.fitting(ip) : intersect(reach.fitting(ip), only);
  };
}

function claimsOf(groups: readonly EgressGroup[]): readonly Claim[] {
  return groups
    .filter(hasObject)
    .map(({ name, egressIPs, onNodes }) => ({ name, egressIPs, ...(onNodes === undefined ? {} : { onNodes }) }));
}

/** The prediction for our claims. How many are assigned in all is known only if nobody else has any. */
function predicted(nodes: readonly PlacementNode[], own: readonly Claim[], others: readonly Claim[]): Prediction {
  const prediction = predictPlacement(nodes, [...own, ...others], 'any');
  return others.length === 0 ? prediction : { ...prediction, assignedCount: [] };
}

/** Whether the node may host egress IPs now. */
function isEligible({ assignable, ready, exists }: OvnNode): boolean {
  return assignable && ready && exists;
}

function placementNode(ovnNode: OvnNode): PlacementNode {
  const { name, networks, addresses, capacity } = ovnNode;
  return { name, eligible: isEligible(ovnNode), networks, addresses, capacity };
}
