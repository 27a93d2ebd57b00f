/** The state of every egress IP and VNID as a function of the current objects and health verdicts. */

import type { AbsentHostSubnet, HostSubnet } from '../objects/hostsubnet.ts';
import type { NetNamespace } from '../objects/netnamespace.ts';
import { type Cidr, type Ip, type SortKey, sortKey } from '../values/address.ts';
import { compareText } from '../values/names.ts';
import type { Vnid } from '../values/vnid.ts';
import type { Drain } from './drains.ts';
import { unusableAddresses } from './unusable.ts';
import { type Assignment, evaluateVnid, type Hop, requestsOf, type Surroundings, type VnidState } from './verdict.ts';

/** The input of the state. Names are unique in each list, and no name is in both lists of HostSubnets. */
export interface EgressInput {
  readonly hostSubnets: readonly HostSubnet[];
  readonly netNamespaces: readonly NetNamespace[];
  /** Node addresses that the health check considers offline, whether or not a HostSubnet has them. */
  readonly offline: ReadonlySet<Ip>;
  /** HostSubnets that count as absent. The addresses of their nodes still count as node addresses. */
  readonly absent?: readonly AbsentHostSubnet[];
  /** The networks of pods and services, if known. */
  readonly networks?: readonly Cidr[];
  /** Networks outside that are never reached with an egress IP. */
  readonly excluded?: readonly Cidr[];
}

/** The state at one moment. All maps and lists are in order of their keys. */
export interface EgressState {
  /** The egress IPs that must be on an interface, and where. */
  readonly assigned: ReadonlyMap<Ip, Assignment>;
  /** Only VNIDs that request something; all others are normal. */
  readonly vnids: ReadonlyMap<Vnid, VnidState>;
  /** The valid addresses that each of these VNIDs requests: the only sources its pods may leave with. */
  readonly requests: ReadonlyMap<Vnid, readonly Ip[]>;
  /** All IPs that can be egress IPs and that any namespace requests or any node lists, in no particular order. */
  readonly egressIPs: ReadonlySet<Ip>;
  /** The egress IPs that drain, by VNID, as a node knows them; none otherwise. */
  readonly drains?: ReadonlyMap<Vnid, readonly Drain[]>;
}

const normal: VnidState = { kind: 'normal' };

/** The state of one VNID; normal if it is not listed. */
export function vnidState(state: EgressState, vnid: Vnid): VnidState {
  return state.vnids.get(vnid) ?? normal;
}

/** Computes the state of these objects from scratch; the order of the lists does not matter. */
export function egressState(input: EgressInput): EgressState {
  const byVnid = namespacesByVnid(input.netNamespaces);
  const around = surroundings(input, byVnid);
  const vnids = new Map<Vnid, VnidState>();
  const requests = new Map<Vnid, readonly Ip[]>();
  const assigned: Hop[] = [];
  for (const [vnid, namespaces] of [...byVnid].sort(([a], [b]) => a - b)) {
    const egress = evaluateVnid(vnid, namespaces, around);
    if (egress === undefined) continue;
    vnids.set(vnid, egress.state);
    requests.set(vnid, egress.requests);
    for (const hop of egress.assigned) assigned.push(hop);
  }
  return { assigned: assignedByIp(assigned), vnids, requests, egressIPs: egressIPsOf(input, around) };
}

function egressIPsOf(input: EgressInput, around: Surroundings): ReadonlySet<Ip> {
  const listed = [...input.hostSubnets, ...(input.absent ?? [])].flatMap(({ egressIPs }) => egressIPs);
  const all = [...listed, ...requestsOf(input.netNamespaces)];
  return new Set(all.filter((ip) => around.factsOf(ip)?.unusable === undefined));
}

/** The assigned IPs in order of IP, by the keys to sort them. */
export function assignedByIp(assigned: readonly Hop[], keyOf: (ip: Ip) => SortKey = sortKey): EgressState['assigned'] {
  const keyed = assigned.map((hop) => ({ hop, key: keyOf(hop.egressIP) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return new Map(keyed.map(({ hop }) => [hop.egressIP, hop]));
}

function namespacesByVnid(netNamespaces: readonly NetNamespace[]): ReadonlyMap<Vnid, readonly NetNamespace[]> {
  const groups = new Map<Vnid, NetNamespace[]>();
  for (const one of netNamespaces) add(groups, one.vnid, one);
  for (const group of groups.values()) group.sort((a, b) => compareText(a.name, b.name));
  return groups;
}

function surroundings(input: EgressInput, byVnid: ReadonlyMap<Vnid, readonly NetNamespace[]>): Surroundings {
  const hosts = new Map<Ip, Assignment[]>();
  for (const { name, hostIP, egressIPs } of input.hostSubnets) {
    const assignment: Assignment = { node: name, nodeIP: hostIP };
    for (const ip of egressIPs) add(hosts, ip, assignment);
  }
  const requesters = new Map<Ip, Vnid[]>();
  for (const [vnid, namespaces] of byVnid) {
    for (const ip of requestsOf(namespaces)) add(requesters, ip, vnid);
  }
  const unusable = unusableAddresses(input);
  return {
    factsOf: (ip) => ({
      requesters: requesters.get(ip) ?? [],
      hosts: hosts.get(ip) ?? [],
      unusable: unusable.of(ip),
    }),
    isOffline: (nodeIP) => input.offline.has(nodeIP),
    excluded: input.excluded ?? [],
  };
}

function add<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}
