/**
 * Plans the EgressIPs of a cluster: one group for each VNID that requests egress IPs, with what becomes of every entry,
 * and what OVN-Kubernetes will do with all groups together.
 */
import { type Cidr, type Ip, keyRange, sortKey } from '../../../model/address.ts';
import { type EgressInput, type EgressState, vnidState } from '../../../model/egress/state.ts';
import type { VnidState } from '../../../model/egress/verdict.ts';
import type { HostSubnet } from '../../../model/hostsubnet.ts';
import { compareText } from '../../../model/names.ts';
import type { NetNamespace } from '../../../model/netnamespace.ts';
import type { Vnid } from '../../../model/vnid.ts';
import { type Claim, holds, type PlacementNode, type Prediction, predictPlacement } from '../placement/predict.ts';
import type { Machine } from './machines.ts';

/** Why an entry of a list is in no EgressIP. */
export type LeftOut =
  | { readonly code: 'EgressIPInvalid'; readonly text: string; readonly reason: string }
  | { readonly code: 'EgressIPClaimedTwice'; readonly text: Ip; readonly namespaces: readonly string[] }
  | { readonly code: 'EgressIPIsNodeAddress'; readonly text: Ip; readonly node: string };

/** The namespaces of a VNID that requests something. */
export interface Group {
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
}

export interface EgressPlan {
  /** Sorted by the first member's name; only groups with a chosen namespace. */
  readonly groups: readonly Group[];
  readonly prediction: Prediction;
  /** The HostSubnets that list the IP, sorted by name. */
  readonly hostsOf: (ip: Ip) => readonly HostSubnet[];
  /** Names of the nodes that may ever host the IP: assignable, Ready or not, on a network that holds or may hold it. */
  readonly fitting: (ip: Ip) => readonly string[];
  /** Whether the IP fits only nodes of unknown networks, with no egressCIDRs and no node address near it. */
  readonly doubtful: (ip: Ip) => boolean;
  /** Names of the nodes whose egressCIDRs hold the IP. */
  readonly within: (ip: Ip) => readonly string[];
  /** Names in `fitting` that are not in `within`. */
  readonly beyond: (ip: Ip) => readonly string[];
  /** Whether OVN-Kubernetes is certain to assign at least one IP of the group. */
  readonly served: (group: Group) => boolean;
}

interface Input {
  readonly cluster: EgressInput;
  readonly state: EgressState;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly prefix: string;
  readonly exists: (namespace: string) => boolean;
  readonly chosen: (namespace: string) => boolean;
  /** What EgressIPs of others request: they compete for nodes too. */
  readonly others: readonly Claim[];
}

interface GroupContext extends Pick<Input, 'state' | 'prefix' | 'exists'> {
  /** Why the EgressIP of a VNID lacks an IP that the VNID requests. */
  readonly leftOutOf: (ip: Ip, vnid: Vnid) => LeftOut | undefined;
}

/** Makes the group of the namespaces that share a VNID. */
function groupOf({ vnid, members }: Pick<Group, 'vnid' | 'members'>, context: GroupContext): Group {
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
export function egressPlan({ cluster, state, machines, prefix, exists, chosen, others }: Input): EgressPlan {
  const hosts = hostsByIP(cluster.hostSubnets);
  const nodeOf = new Map(
    [...machines.values()].flatMap(({ name, addresses }) => addresses.map((ip): [Ip, string] => [ip, name])),
  );
  const requesters = requestersByIP(cluster.netNamespaces);
  const leftOutOf = (ip: Ip, vnid: Vnid): LeftOut | undefined => {
    const all = requesters.get(ip) ?? [];
    const node = nodeOf.get(ip);
    if (all.some((one) => one.vnid !== vnid))
      return { code: 'EgressIPClaimedTwice', text: ip, namespaces: all.map(({ name }) => name).sort(compareText) };
    return node === undefined ? undefined : { code: 'EgressIPIsNodeAddress', text: ip, node };
  };
  const all = groupsOf(cluster.netNamespaces).map((claim) => groupOf(claim, { state, prefix, exists, leftOutOf }));
  const groups = all.filter(({ members }) => members.some(({ name }) => chosen(name)));
  const nodes = [...machines.values()].map(placementNode);
  const prediction = predicted(nodes, claimsOf(groups), [
    ...claimsOf(all.filter((group) => !groups.includes(group))),
    ...others,
  ]);
  const able = [...machines.values()].filter(({ assignable, exists: isThere }) => assignable && isThere);
  const cidrsOf = ({ name, networks }: Machine): { name: string; cidrs: readonly Cidr[] | undefined } => ({
    name,
    cidrs: networks,
  });
  const fitting = namesFor(ranged(able.map(cidrsOf)));
  const roomy = namesFor(ranged(able.filter(({ ready, capacity }) => ready && capacity === undefined).map(cidrsOf)));
  const within = namesFor(
    ranged(
      cluster.hostSubnets
        .filter(({ egressCIDRs }) => egressCIDRs.length > 0)
        .map(({ name, egressCIDRs }) => ({ name, cidrs: egressCIDRs })),
    ),
  );
  const subtract = difference();
  const sure = namesFor(ranged(able.filter(({ networks }) => networks !== undefined).map(cidrsOf)));
  const near = new Set(able.flatMap(({ addresses }) => addresses.map(surroundingsOf)));
  const doubtful = (ip: Ip): boolean =>
    fitting(ip).length > 0 && sure(ip).length + within(ip).length === 0 && !near.has(surroundingsOf(ip));
  const serves = (ip: Ip): boolean => roomy(ip).length > 0 || prediction.allowed.get(ip)?.includes(null) === false;
  return {
    groups,
    prediction,
    hostsOf: (ip) => hosts.get(ip) ?? [],
    fitting,
    doubtful,
    within,
    beyond: (ip) => subtract(fitting(ip), within(ip)),
    // when in doubt, a group that is dropped today stays closed
    served: (group) =>
      hasObject(group) && group.egressIPs.some((ip) => serves(ip) && !(group.today.kind === 'dropped' && doubtful(ip))),
  };
}

function claimsOf(groups: readonly Group[]): readonly Claim[] {
  return groups.filter(hasObject).map(({ name, egressIPs }) => ({ name, egressIPs }));
}

/** The prediction for our claims. How many are assigned in all is known only if nobody else has any. */
function predicted(nodes: readonly PlacementNode[], own: readonly Claim[], others: readonly Claim[]): Prediction {
  const prediction = predictPlacement(nodes, [...own, ...others], 'any');
  return others.length === 0 ? prediction : { ...prediction, assignedCount: [] };
}

/** The first 16 bits of an IPv4 address: machine networks are rarely larger. */
function surroundingsOf(ip: Ip): string {
  return ip.split('.', 2).join('.');
}

/** Whether the group gets an EgressIP. */
export function hasObject({ selected, egressIPs }: Group): boolean {
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

function hostsByIP(hostSubnets: readonly HostSubnet[]): ReadonlyMap<Ip, readonly HostSubnet[]> {
  const pairs = hostSubnets.flatMap((host) => host.egressIPs.map((ip) => ({ ip, host })));
  return new Map(
    [...Map.groupBy(pairs, ({ ip }) => ip)].map(([ip, found]) => [
      ip,
      found.map(({ host }) => host).sort((a, b) => compareText(a.name, b.name)),
    ]),
  );
}

function requestersByIP(netNamespaces: readonly NetNamespace[]): ReadonlyMap<Ip, readonly NetNamespace[]> {
  const pairs = netNamespaces.flatMap((one) => one.egressIPs.map((ip) => ({ ip, one })));
  return new Map([...Map.groupBy(pairs, ({ ip }) => ip)].map(([ip, found]) => [ip, found.map(({ one }) => one)]));
}

/** Whether the node may host egress IPs now. */
function isEligible({ assignable, ready, exists }: Machine): boolean {
  return assignable && ready && exists;
}

function placementNode(machine: Machine): PlacementNode {
  const { name, networks, addresses, capacity } = machine;
  return { name, eligible: isEligible(machine), networks, addresses, capacity };
}

/** Names of nodes by network; undefined ranges hold every IP. */
interface Ranged {
  readonly ranges: readonly Range[] | undefined;
  readonly names: readonly string[];
}

type Range = ReturnType<typeof keyRange>;

/** Groups nodes by their networks, because there are many nodes and few networks. */
function ranged(
  nodes: readonly { readonly name: string; readonly cidrs: readonly Cidr[] | undefined }[],
): readonly Ranged[] {
  const groups = Map.groupBy(nodes, ({ cidrs }) => cidrs?.map(({ text }) => text).join() ?? '');
  return [...groups.values()].map((group) => ({
    ranges: group[0]?.cidrs?.map(keyRange),
    names: group.map(({ name }) => name),
  }));
}

/** Returns the names whose ranges hold an IP, sorted. Equal answers share one list, so lists compare by identity. */
function namesFor(all: readonly Ranged[]): (ip: Ip) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (ip) => {
    const key = sortKey(ip);
    const found = all.filter(({ ranges }) => ranges === undefined || ranges.some((range) => holds(range, key)));
    const indexes = found.map((one) => all.indexOf(one)).join();
    const names = known.get(indexes) ?? found.flatMap((one) => one.names).sort(compareText);
    known.set(indexes, names);
    return names;
  };
}

/** Returns what is in the first list and not in the second. Each pair of lists is compared once. */
function difference(): (all: readonly string[], but: readonly string[]) => readonly string[] {
  const known = new Map<readonly string[], Map<readonly string[], readonly string[]>>();
  return (all, but) => {
    const row = known.get(all) ?? new Map<readonly string[], readonly string[]>();
    known.set(all, row);
    const left = row.get(but) ?? without(all, new Set(but));
    row.set(but, left);
    return left;
  };
}

function without(all: readonly string[], but: ReadonlySet<string>): readonly string[] {
  return all.filter((one) => !but.has(one));
}
