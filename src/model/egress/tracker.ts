/**
 * The egress state kept up to date: takes one change and says what became different. At every moment it equals
 * `egressState` of the same objects, since each VNID that a change can touch is evaluated anew by the same rules.
 */
import { compareIps, type Ip } from '../address.ts';
import type { HostSubnet } from '../hostsubnet.ts';
import { compareText, type NamespaceName, type NodeName } from '../names.ts';
import type { NetNamespace } from '../netnamespace.ts';
import type { Vnid } from '../vnid.ts';
import { samePlacement, sameState } from './compare.ts';
import type { EgressInput, EgressState } from './state.ts';
import { evaluateVnid, requestsOf, type Placement, type Surroundings, type VnidEgress, type VnidState } from './verdict.ts';

/** What one change made different. Empty maps: nothing. */
export interface EgressChange {
  /** The new state of each VNID whose state, hops, reasons or requests are different. */
  readonly vnids: ReadonlyMap<Vnid, VnidState>;
  /** The new placement of each egress IP whose placement is different; undefined: unassigned now. */
  readonly assigned: ReadonlyMap<Ip, Placement | undefined>;
}

/** Who requests and who lists one IP. */
interface IpRecord {
  readonly requesters: Vnid[];
  readonly hosts: Placement[];
}

interface VnidRecord {
  namespaces: readonly NetNamespace[];
  requests: readonly Ip[];
  egress: VnidEgress | undefined;
}

const normal: VnidState = { kind: 'normal' };
const nobody: IpRecord = { requesters: [], hosts: [] };

export class EgressTracker {
  readonly #hostSubnets = new Map<NodeName, HostSubnet>();
  readonly #netNamespaces = new Map<NamespaceName, NetNamespace>();
  readonly #offline = new Set<Ip>();
  readonly #ips = new Map<Ip, IpRecord>();
  readonly #vnids = new Map<Vnid, VnidRecord>();
  readonly #nodesByAddress = new Map<Ip, Set<NodeName>>();
  readonly #around: Surroundings = {
    hostsOf: (ip) => this.#record(ip).hosts,
    requestersOf: (ip) => this.#record(ip).requesters,
    isOffline: (nodeIP) => this.#offline.has(nodeIP),
  };

  /** A tracker of these objects, as after setting each of them. */
  static of(input: EgressInput): EgressTracker {
    const tracker = new EgressTracker();
    for (const nodeIP of input.offline) tracker.#offline.add(nodeIP);
    for (const one of input.netNamespaces) tracker.setNetNamespace(one);
    for (const one of input.hostSubnets) tracker.setHostSubnet(one);
    return tracker;
  }

  /** The HostSubnet of that name is now exactly this. */
  setHostSubnet(next: HostSubnet): EgressChange {
    const before = this.#hostSubnets.get(next.name);
    const samePlace = before?.hostIP === next.hostIP;
    const had = new Set(before?.egressIPs);
    const has = new Set(next.egressIPs);
    const touched = new Set<Ip>();
    for (const ip of had) if (!samePlace || !has.has(ip)) this.#unlist(ip, next.name, touched);
    const placement: Placement = { node: next.name, nodeIP: next.hostIP };
    for (const ip of has) if (!samePlace || !had.has(ip)) this.#list(ip, placement, touched);
    if (before !== undefined && !samePlace) this.#forgetAddress(before);
    const nodes = this.#nodesByAddress.get(next.hostIP);
    if (nodes === undefined) this.#nodesByAddress.set(next.hostIP, new Set([next.name]));
    else nodes.add(next.name);
    this.#hostSubnets.set(next.name, next);
    return this.#evaluate(this.#requesters(touched));
  }

  /** There is no (valid) HostSubnet of that name now. */
  deleteHostSubnet(name: NodeName): EgressChange {
    const before = this.#hostSubnets.get(name);
    const touched = new Set<Ip>();
    if (before !== undefined) {
      for (const ip of before.egressIPs) this.#unlist(ip, name, touched);
      this.#forgetAddress(before);
      this.#hostSubnets.delete(name);
    }
    return this.#evaluate(this.#requesters(touched));
  }

  /** The NetNamespace of that name is now exactly this. */
  setNetNamespace(next: NetNamespace): EgressChange {
    const before = this.#netNamespaces.get(next.name);
    this.#netNamespaces.set(next.name, next);
    const dirty = new Set<Vnid>([next.vnid]);
    if (before !== undefined && before.vnid !== next.vnid) this.#setMembers(before.vnid, withoutName(this.#members(before.vnid), next.name), dirty);
    const others = withoutName(this.#members(next.vnid), next.name);
    const members = others.length === 0 ? [next] : [...others, next].sort((a, b) => compareText(a.name, b.name));
    this.#setMembers(next.vnid, members, dirty);
    return this.#evaluate(dirty);
  }

  /** There is no (valid) NetNamespace of that name now. */
  deleteNetNamespace(name: NamespaceName): EgressChange {
    const before = this.#netNamespaces.get(name);
    const dirty = new Set<Vnid>();
    if (before !== undefined) {
      this.#netNamespaces.delete(name);
      this.#setMembers(before.vnid, withoutName(this.#members(before.vnid), name), dirty);
    }
    return this.#evaluate(dirty);
  }

  /** The health check's verdict on a node address, from now on. */
  setOffline(nodeIP: Ip, offline: boolean): EgressChange {
    if (this.#offline.has(nodeIP) === offline) return { vnids: new Map(), assigned: new Map() };
    if (offline) this.#offline.add(nodeIP);
    else this.#offline.delete(nodeIP);
    const ips = new Set<Ip>();
    for (const node of this.#nodesByAddress.get(nodeIP) ?? []) for (const ip of this.#hostSubnets.get(node)?.egressIPs ?? []) ips.add(ip);
    return this.#evaluate(this.#requesters(ips));
  }

  /** The state of one VNID; normal when it requests nothing. */
  vnid(vnid: Vnid): VnidState {
    return this.#vnids.get(vnid)?.egress?.state ?? normal;
  }

  /** The valid IPs that a VNID requests, in request order. */
  requests(vnid: Vnid): readonly Ip[] {
    return this.#vnids.get(vnid)?.requests ?? [];
  }

  /** Whether the health check calls the address offline. */
  isOffline(nodeIP: Ip): boolean {
    return this.#offline.has(nodeIP);
  }

  /** Who requests and who lists the IP, in no certain order. */
  demand(ip: Ip): { readonly requesters: readonly Vnid[]; readonly hosts: readonly Placement[] } {
    return this.#record(ip);
  }

  /** The VNIDs that request a valid IP, ascending. */
  requestingVnids(): readonly Vnid[] {
    const found: Vnid[] = [];
    for (const [vnid, { requests }] of this.#vnids) if (requests.length > 0) found.push(vnid);
    return found.sort((a, b) => a - b);
  }

  /** The objects of this moment. */
  input(): EgressInput {
    return { hostSubnets: [...this.#hostSubnets.values()], netNamespaces: [...this.#netNamespaces.values()], offline: this.#offline };
  }

  /** The whole state, as `egressState` gives it. */
  state(): EgressState {
    const records = [...this.#vnids.values()].flatMap(({ egress }) => (egress === undefined ? [] : [egress])).sort((a, b) => a.vnid - b.vnid);
    const assigned = records.flatMap((egress) => [...egress.assigned]).sort(([a], [b]) => compareIps(a, b));
    return {
      assigned: new Map(assigned),
      vnids: new Map(records.map((egress) => [egress.vnid, egress.state])),
      requests: new Map(records.map((egress) => [egress.vnid, egress.requests])),
    };
  }

  #record(ip: Ip): IpRecord {
    return this.#ips.get(ip) ?? nobody;
  }

  #members(vnid: Vnid): readonly NetNamespace[] {
    return this.#vnids.get(vnid)?.namespaces ?? [];
  }

  /** Changes who shares a VNID; adds to `dirty` every VNID that the difference in its requests can touch. */
  #setMembers(vnid: Vnid, namespaces: readonly NetNamespace[], dirty: Set<Vnid>): void {
    const record = this.#vnids.get(vnid) ?? { namespaces, requests: [], egress: undefined };
    const requests = requestsOf(namespaces);
    const had = new Set(record.requests);
    const has = new Set(requests);
    for (const ip of had) if (!has.has(ip)) this.#unrequest(ip, vnid, dirty);
    for (const ip of has) if (!had.has(ip)) this.#request(ip, vnid, dirty);
    dirty.add(vnid);
    record.namespaces = namespaces;
    record.requests = requests;
    this.#vnids.set(vnid, record);
  }

  #request(ip: Ip, vnid: Vnid, dirty: Set<Vnid>): void {
    const record = this.#own(ip);
    for (const other of record.requesters) dirty.add(other);
    record.requesters.push(vnid);
  }

  #unrequest(ip: Ip, vnid: Vnid, dirty: Set<Vnid>): void {
    const record = this.#own(ip);
    remove(record.requesters, (other) => other === vnid);
    for (const other of record.requesters) dirty.add(other);
    this.#drop(ip, record);
  }

  #list(ip: Ip, placement: Placement, touched: Set<Ip>): void {
    this.#own(ip).hosts.push(placement);
    touched.add(ip);
  }

  #unlist(ip: Ip, node: NodeName, touched: Set<Ip>): void {
    const record = this.#own(ip);
    remove(record.hosts, (host) => host.node === node);
    touched.add(ip);
    this.#drop(ip, record);
  }

  #own(ip: Ip): IpRecord {
    const found = this.#ips.get(ip);
    if (found !== undefined) return found;
    const made: IpRecord = { requesters: [], hosts: [] };
    this.#ips.set(ip, made);
    return made;
  }

  #drop(ip: Ip, record: IpRecord): void {
    if (record.requesters.length === 0 && record.hosts.length === 0) this.#ips.delete(ip);
  }

  #forgetAddress({ hostIP, name }: HostSubnet): void {
    const nodes = this.#nodesByAddress.get(hostIP);
    nodes?.delete(name);
    if (nodes?.size === 0) this.#nodesByAddress.delete(hostIP);
  }

  #requesters(ips: Iterable<Ip>): ReadonlySet<Vnid> {
    const found = new Set<Vnid>();
    for (const ip of ips) for (const vnid of this.#record(ip).requesters) found.add(vnid);
    return found;
  }

  #evaluate(dirty: ReadonlySet<Vnid>): EgressChange {
    const vnids = new Map<Vnid, VnidState>();
    const withdrawn = new Map<Ip, Placement>();
    const placed = new Map<Ip, Placement>();
    for (const vnid of dirty) {
      const record = this.#vnids.get(vnid);
      if (record === undefined) continue;
      const before = record.egress;
      const after = evaluateVnid(vnid, record.namespaces, this.#around);
      record.egress = after;
      if (record.namespaces.length === 0) this.#vnids.delete(vnid);
      if (!sameState(before, after)) vnids.set(vnid, after?.state ?? normal);
      addAll(withdrawn, before?.assigned);
      addAll(placed, after?.assigned);
    }
    return { vnids, assigned: difference(withdrawn, placed) };
  }
}

function addAll<K, V>(all: Map<K, V>, more: ReadonlyMap<K, V> | undefined): void {
  if (more !== undefined) for (const [key, value] of more) all.set(key, value);
}

function withoutName(namespaces: readonly NetNamespace[], name: NamespaceName): readonly NetNamespace[] {
  return namespaces.filter((one) => one.name !== name);
}

function remove<T>(list: T[], matches: (item: T) => boolean): void {
  const at = list.findIndex(matches);
  if (at >= 0) list.splice(at, 1);
}

function difference(before: ReadonlyMap<Ip, Placement>, after: ReadonlyMap<Ip, Placement>): ReadonlyMap<Ip, Placement | undefined> {
  const changed = new Map<Ip, Placement | undefined>();
  for (const ip of before.keys()) if (!after.has(ip)) changed.set(ip, undefined);
  for (const [ip, placement] of after) if (!samePlacement(before.get(ip), placement)) changed.set(ip, placement);
  return changed;
}
