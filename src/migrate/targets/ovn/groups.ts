/**
 * Plans the EgressIPs of a cluster: one group for each VNID that requests egress IPs, with what becomes of every entry,
 * and what OVN-Kubernetes will do with all groups together.
 */
import { type EgressInput, type EgressState, vnidState } from '../../../model/egress/state.ts';
import type { VnidState } from '../../../model/egress/verdict.ts';
import type { NetNamespace } from '../../../model/objects/netnamespace.ts';
import type { Ip } from '../../../model/values/address.ts';
import { compareText } from '../../../model/values/names.ts';
import type { Vnid } from '../../../model/values/vnid.ts';
import type { Known } from '../../known.ts';
import { chosenNodes } from './chosen-nodes.ts';
import type { OvnNode } from './ovn-nodes.ts';
import { type Claim, type PlacementNode, type Prediction, predictPlacement } from './placement/predict.ts';
import { difference, intersection, type Reach } from './reach.ts';

/** Why an entry of a list is in no EgressIP. */
export type LeftOut =
  | { readonly code: 'EgressIPInvalid'; readonly text: string; readonly reason: string }
  | { readonly code: 'EgressIPClaimedTwice'; readonly text: Ip; readonly namespaces: readonly string[] }
  | { readonly code: 'EgressIPIsNodeAddress'; readonly text: Ip; readonly node: string };

/** The namespaces of a VNID that requests something. */
export interface EgressGroup {
  /** Name of the EgressIP. */
  readonly name: string;
  readonly vnid: Vnid;
  /** All namespaces that share the VNID, sorted by name. */
  readonly members: readonly NetNamespace[];
  /** Names of the members whose Namespace exists, which the EgressIP selects. If empty, there is no EgressIP. */
  readonly selected: readonly string[];
  /** What the EgressIP requests, in request order. If empty, there is no EgressIP. */
  readonly egressIPs: readonly Ip[];
  readonly leftOut: readonly LeftOut[];
  readonly today: VnidState;
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

interface GroupContext extends Pick<Input, 'state' | 'prefix' | 'exists'> {
  /** Why the EgressIP of a VNID lacks an IP that the VNID requests. */
  readonly leftOutOf: (ip: Ip, vnid: Vnid) => LeftOut | undefined;
}

/** Makes the group of the namespaces that share a VNID. */
function groupOf({ vnid, members }: Pick<EgressGroup, 'vnid' | 'members'>, context: GroupContext): EgressGroup {
  const { state, prefix, exists, leftOutOf } = context;
  const requests = state.requests.get(vnid) ?? [];
  const invalid = new Map(members.flatMap((one) => one.invalidEgressIPs).map((one) => [one.text, one.reason]));
  return {
    name: `${prefix}-${members[0]?.name ?? ''}`,
    vnid,
    members,
    selected: members.map(({ name }) => name).filter(exists),
    egressIPs: requests.filter((ip) => leftOutOf(ip, vnid) === undefined),
    leftOut: [
      ...[...invalid].map(([text, reason]): LeftOut => ({ code: 'EgressIPInvalid', text, reason })),
      ...requests.flatMap((ip) => leftOutOf(ip, vnid) ?? []),
    ],
    today: vnidState(state, vnid),
  };
}

/** Makes the groups and their prediction. */
export function egressPlan(input: Input): EgressPlan {
  const { cluster, ovnNodes, reach, chosen, others } = input;
  const context = groupContext(input);
  const naming = groupsOf(cluster.netNamespaces).map((claim) => withNodes(groupOf(claim, context), reach, input));
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

function groupContext({ cluster, state, ovnNodes, prefix, exists }: Input): GroupContext {
  const nodeOf = new Map(
    [...ovnNodes.values()].flatMap(({ name, addresses }) => addresses.map((ip): [Ip, string] => [ip, name])),
  );
  const requesters = requestersByIP(cluster.netNamespaces);
  const leftOutOf = (ip: Ip, vnid: Vnid): LeftOut | undefined => {
    const all = requesters.get(ip) ?? [];
    const node = nodeOf.get(ip);
    if (all.some((one) => one.vnid !== vnid))
      return { code: 'EgressIPClaimedTwice', text: ip, namespaces: all.map(({ name }) => name).sort(compareText) };
    return node === undefined ? undefined : { code: 'EgressIPIsNodeAddress', text: ip, node };
  };
  return { state, prefix, exists, leftOutOf };
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

/** Whether the group gets an EgressIP. */
export function hasObject({ selected, egressIPs }: EgressGroup): boolean {
  return selected.length > 0 && egressIPs.length > 0;
}

/** The VNIDs that request something, with their members, sorted by the first member's name. */
function groupsOf(
  netNamespaces: readonly NetNamespace[],
): readonly { readonly vnid: Vnid; readonly members: readonly NetNamespace[] }[] {
  const asking = new Set(
    netNamespaces
      .filter(({ egressIPs, invalidEgressIPs }) => egressIPs.length + invalidEgressIPs.length > 0)
      .map(({ vnid }) => vnid),
  );
  const byVnid = Map.groupBy(
    netNamespaces.filter(({ vnid }) => asking.has(vnid)).sort((a, b) => compareText(a.name, b.name)),
    ({ vnid }) => vnid,
  );
  return [...byVnid].map(([vnid, members]) => ({ vnid, members }));
}

function requestersByIP(netNamespaces: readonly NetNamespace[]): ReadonlyMap<Ip, readonly NetNamespace[]> {
  const pairs = netNamespaces.flatMap((one) => one.egressIPs.map((ip) => ({ ip, one })));
  return new Map([...Map.groupBy(pairs, ({ ip }) => ip)].map(([ip, found]) => [ip, found.map(({ one }) => one)]));
}

/** Whether the node may host egress IPs now. */
function isEligible({ assignable, ready, exists }: OvnNode): boolean {
  return assignable && ready && exists;
}

function placementNode(ovnNode: OvnNode): PlacementNode {
  const { name, networks, addresses, capacity } = ovnNode;
  return { name, eligible: isEligible(ovnNode), networks, addresses, capacity };
}
