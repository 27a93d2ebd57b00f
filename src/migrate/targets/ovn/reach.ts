/**
 * Which nodes an egress IP can be on, today and tomorrow, by the networks of nodes and the egressCIDRs of HostSubnets.
 */
import type { HostSubnet } from '../../../model/objects/hostsubnet.ts';
import { type Cidr, type Ip, keyRange, sortKey } from '../../../model/values/address.ts';
import { compareText } from '../../../model/values/names.ts';
import { hostsByIP, isAutomatic, pinnedTo } from '../../requests/hosting.ts';
import type { OvnNode } from './ovn-nodes.ts';
import { covers } from './placement/predict.ts';

/** Names of nodes are sorted. Equal answers share one list, so lists compare by identity. */
export interface Reach {
  /** The HostSubnets that list the IP, sorted by name. */
  readonly hostsOf: (ip: Ip) => readonly HostSubnet[];
  /** Names of the nodes that may ever host the IP: assignable, Ready or not, on a network that holds or may hold it. */
  readonly fitting: (ip: Ip) => readonly string[];
  /** Names of those of them that are Ready and have no limit. */
  readonly roomy: (ip: Ip) => readonly string[];
  /** Whether the IP fits only nodes of unknown networks, with no egressCIDRs and no node address near it. */
  readonly doubtful: (ip: Ip) => boolean;
  /** Names of the nodes whose egressCIDRs hold the IP. */
  readonly within: (ip: Ip) => readonly string[];
  /** Names of the nodes to which OpenShift SDN confines the IP: an admin's choice, or `within`. Undefined if on any. */
  readonly confinedTo: (ip: Ip) => readonly string[] | undefined;
}

/** The reach of all egress IPs. */
export function reachOf(hostSubnets: readonly HostSubnet[], ovnNodes: ReadonlyMap<string, OvnNode>): Reach {
  const hosts = hostsByIP(hostSubnets);
  const hostsOf = (ip: Ip): readonly HostSubnet[] => hosts.get(ip) ?? [];
  const able = [...ovnNodes.values()].filter(({ assignable, exists }) => assignable && exists);
  const namesIn = (some: readonly OvnNode[]): ((ip: Ip) => readonly string[]) =>
    namesFor(ranged(some.map(({ name, networks }) => ({ name, cidrs: networks }))));
  const fitting = namesIn(able);
  const within = namesFor(
    ranged(
      hostSubnets
        .filter(({ egressCIDRs }) => egressCIDRs.length > 0)
        .map(({ name, egressCIDRs }) => ({ name, cidrs: egressCIDRs })),
    ),
  );
  const sure = namesIn(able.filter(({ networks }) => networks !== undefined));
  const near = new Set(able.flatMap(({ addresses }) => addresses.map(surroundingsOf)));
  return {
    hostsOf,
    fitting,
    roomy: namesIn(able.filter(({ ready, capacity }) => ready && capacity === undefined)),
    doubtful: (ip) =>
      fitting(ip).length > 0 && sure(ip).length + within(ip).length === 0 && !near.has(surroundingsOf(ip)),
    within,
    confinedTo: (ip) => {
      const pinned = pinnedTo(hostsOf(ip));
      if (pinned !== undefined) return [pinned.name];
      return isAutomatic(hostsOf(ip)) && within(ip).length > 0 ? within(ip) : undefined;
    },
  };
}

/** The first 16 bits of an IPv4 address: machine networks are rarely larger. */
function surroundingsOf(ip: Ip): string {
  return ip.split('.', 2).join('.');
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
  const groups = Map.groupBy(nodes, ({ cidrs }) =>
    cidrs === undefined ? 'any' : cidrs.map(({ text }) => text).join(),
  );
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
    const found = all.filter(({ ranges }) => ranges === undefined || ranges.some((range) => covers(range, key)));
    const indexes = found.map((one) => all.indexOf(one)).join();
    const names = known.get(indexes) ?? found.flatMap((one) => one.names).sort(compareText);
    known.set(indexes, names);
    return names;
  };
}

/** Returns what is in the first list and not in the second. Each pair of lists is compared once. */
export function difference(): Pairwise {
  return pairwise((all, but) => {
    const others = new Set(but);
    return all.filter((one) => !others.has(one));
  });
}

/** Returns what is in both lists, in the order of the first. Each pair of lists is compared once. */
export function intersection(): Pairwise {
  return pairwise((all, only) => {
    const others = new Set(only);
    return all.filter((one) => others.has(one));
  });
}

type Names = readonly string[];
type Pairwise = (one: Names, other: Names) => Names;

function pairwise(make: Pairwise): Pairwise {
  const known = new Map<Names, Map<Names, Names>>();
  return (one, other) => {
    const row = known.get(one) ?? new Map<Names, Names>();
    known.set(one, row);
    const made = row.get(other) ?? make(one, other);
    row.set(other, made);
    return made;
  };
}
