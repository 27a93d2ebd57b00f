/**
 * The egress state kept up to date: takes one change and says what became different. At every moment it equals
 * `egressState` of the same objects, since each VNID that a change can touch is evaluated anew by the same rules.
 */
import { type Cidr, type Ip, type SortKey, sortKey } from '../address.ts';
import type { AbsentHostSubnet, HostSubnet } from '../hostsubnet.ts';
import type { Meaning } from '../hostsubnets.ts';
import { compareText, type NamespaceName, type NodeName } from '../names.ts';
import type { NetNamespace } from '../netnamespace.ts';
import type { Vnid } from '../vnid.ts';
import { sameState } from './compare.ts';
import { addAssigned, difference, membership, remove, withoutName } from './difference.ts';
import { assignedByIp, type EgressInput, type EgressState } from './state.ts';
import { type Inhabitant, sameUnusable, type Unusable, UnusableAddresses } from './unusable.ts';
import {
  type Assignment,
  evaluateVnid,
  type Hop,
  requestsOf,
  type Surroundings,
  type VnidEgress,
  type VnidState,
} from './verdict.ts';

/** What one change made different. Empty maps: nothing. */
export interface EgressChange {
  /** The new state of each VNID whose state, hops, reasons or requests are different. */
  readonly vnids: ReadonlyMap<Vnid, VnidState>;
  /** The new assignment of each egress IP whose assignment is different; undefined: unassigned now. */
  readonly assigned: ReadonlyMap<Ip, Assignment | undefined>;
}

/** Who requests and who lists one IP, in no certain order. Kept as long as anybody does. */
export interface TrackedIp {
  readonly ip: Ip;
  /** Less than `EgressTracker.idLimit`, and no other tracked IP's. */
  readonly id: number;
  readonly key: SortKey;
  readonly requesters: readonly Vnid[];
  readonly hosts: readonly Assignment[];
  /** Why nobody may have it as an egress IP. */
  readonly unusable: Unusable | undefined;
  /** How many HostSubnets that count as absent list it. */
  readonly absentHosts: number;
}

/** A HostSubnet and what is known of the IPs it lists. */
export interface TrackedHost {
  readonly hostSubnet: HostSubnet;
  readonly ips: readonly TrackedIp[];
}

interface IpRecord extends TrackedIp {
  readonly requesters: Vnid[];
  readonly hosts: Assignment[];
  unusable: Unusable | undefined;
  absentHosts: number;
}

interface VnidRecord {
  namespaces: readonly NetNamespace[];
  ips: readonly TrackedIp[];
  egress: VnidEgress | undefined;
}

const normal: VnidState = { kind: 'normal' };

export class EgressTracker {
  readonly #hosts = new Map<string, TrackedHost>();
  readonly #absent = new Map<string, AbsentHostSubnet>();
  readonly #netNamespaces = new Map<NamespaceName, NetNamespace>();
  readonly #offline = new Set<Ip>();
  readonly #ips = new Map<Ip, IpRecord>();
  readonly #vnids = new Map<Vnid, VnidRecord>();
  readonly #unusable = new UnusableAddresses();
  readonly #freeIds: number[] = [];
  #idLimit = 0;
  #demandVersion = 0;
  readonly #around: Surroundings = {
    hostsOf: (ip) => this.#ips.get(ip)?.hosts ?? [],
    requestersOf: (ip) => this.#ips.get(ip)?.requesters ?? [],
    isOffline: (nodeIP) => this.#offline.has(nodeIP),
    unusable: (ip) => this.#ips.get(ip)?.unusable,
  };

  /** A tracker of these objects, as after setting each of them. */
  static of(input: EgressInput): EgressTracker {
    const tracker = new EgressTracker();
    for (const nodeIP of input.offline) tracker.#offline.add(nodeIP);
    tracker.#unusable.setNetworks(input.networks ?? []);
    for (const one of input.absent ?? []) tracker.setAbsent(one);
    for (const one of input.netNamespaces) tracker.setNetNamespace(one);
    for (const one of input.hostSubnets) tracker.setHostSubnet(one);
    return tracker;
  }

  /** The HostSubnet of that name is now exactly this. */
  setHostSubnet(next: HostSubnet): EgressChange {
    const before = this.#hosts.get(next.name)?.hostSubnet;
    const samePlace = before?.hostIP === next.hostIP;
    const had = new Set(before?.egressIPs);
    const has = new Set(next.egressIPs);
    const touched = new Set<Ip>();
    this.#forgetAbsent(next.name, touched);
    for (const ip of had) if (!samePlace || !has.has(ip)) this.#unlist(ip, next.name, touched);
    const assignment: Assignment = { node: next.name, nodeIP: next.hostIP };
    for (const ip of has) if (!samePlace || !had.has(ip)) this.#list(ip, assignment, touched);
    if (!samePlace) {
      this.#forgetAddress(before, touched);
      this.#learnAddress(next, touched);
    }
    this.#hosts.set(next.name, { hostSubnet: next, ips: next.egressIPs.map((ip) => this.#own(ip)) });
    return this.#evaluate(this.#requesters(touched));
  }

  /** The HostSubnet of that name counts as absent now, and is otherwise this. */
  setAbsent(next: AbsentHostSubnet): EgressChange {
    const touched = new Set<Ip>();
    this.#forgetHost(next.name, touched);
    this.#forgetAbsent(next.name, touched);
    this.#learnAddress(next, touched);
    this.#absent.set(next.name, next);
    for (const ip of next.egressIPs) this.#occupy(ip, 1);
    return this.#evaluate(this.#requesters(touched));
  }

  /** The HostSubnet of that name means this now; undefined: there is none. */
  setMeaning(name: string, meaning: Meaning | undefined): EgressChange {
    if (meaning === undefined) return this.deleteHostSubnet(name);
    return meaning.kind === 'valid' ? this.setHostSubnet(meaning.hostSubnet) : this.setAbsent(meaning.hostSubnet);
  }

  /** There is no HostSubnet of that name now. */
  deleteHostSubnet(name: string): EgressChange {
    const touched = new Set<Ip>();
    this.#forgetHost(name, touched);
    this.#forgetAbsent(name, touched);
    return this.#evaluate(this.#requesters(touched));
  }

  /** Pods and services have these networks now. */
  setNetworks(networks: readonly Cidr[]): EgressChange {
    this.#unusable.setNetworks(networks);
    const touched = new Set<Ip>();
    for (const ip of this.#ips.keys()) this.#judge(ip, touched);
    return this.#evaluate(this.#requesters(touched));
  }

  /** The NetNamespace of that name is now exactly this. */
  setNetNamespace(next: NetNamespace): EgressChange {
    const before = this.#netNamespaces.get(next.name);
    this.#netNamespaces.set(next.name, next);
    const dirty = new Set<Vnid>([next.vnid]);
    if (before !== undefined && before.vnid !== next.vnid)
      this.#setMembers(before.vnid, withoutName(this.#members(before.vnid), next.name), dirty);
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
    for (const node of this.#unusable.nodesAt(nodeIP))
      for (const { ip } of this.#hosts.get(node)?.ips ?? []) ips.add(ip);
    return this.#evaluate(this.#requesters(ips));
  }

  /** The state of one VNID; normal when it requests nothing. */
  vnid(vnid: Vnid): VnidState {
    return this.#vnids.get(vnid)?.egress?.state ?? normal;
  }

  /** The valid IPs that a VNID requests, in request order. */
  requests(vnid: Vnid): readonly TrackedIp[] {
    return this.#vnids.get(vnid)?.ips ?? [];
  }

  /** The VNIDs that request a valid IP, ascending. */
  requestingVnids(): readonly Vnid[] {
    const found: Vnid[] = [];
    for (const [vnid, { ips }] of this.#vnids) if (ips.length > 0) found.push(vnid);
    return found.sort((a, b) => a - b);
  }

  /** The HostSubnets, in no certain order. */
  hosts(): Iterable<TrackedHost> {
    return this.#hosts.values();
  }

  /** The VNIDs that request an IP which this node's HostSubnet lists, each once. */
  vnidsHostedBy(node: NodeName): readonly Vnid[] {
    return [...new Set(this.#hosts.get(node)?.ips.flatMap(({ requesters }) => requesters))];
  }

  /** The HostSubnets that count as absent, in no certain order. */
  absent(): Iterable<AbsentHostSubnet> {
    return this.#absent.values();
  }

  /** Another number whenever anybody requests other IPs, a VNID's namespaces change, or other IPs may be placed nowhere. */
  get demandVersion(): number {
    return this.#demandVersion;
  }

  /** Every id of a tracked IP is less than this. */
  get idLimit(): number {
    return this.#idLimit;
  }

  /** Whether the health check calls the address offline. */
  isOffline(nodeIP: Ip): boolean {
    return this.#offline.has(nodeIP);
  }

  /** The objects of this moment. */
  input(): Required<EgressInput> {
    const hostSubnets = [...this.#hosts.values()].map((host) => host.hostSubnet);
    return {
      hostSubnets,
      netNamespaces: [...this.#netNamespaces.values()],
      offline: this.#offline,
      absent: [...this.#absent.values()],
      networks: this.#unusable.networks,
    };
  }

  /** The whole state, as `egressState` gives it. */
  state(): EgressState {
    return this.stateOf(this.#vnids.keys());
  }

  /** The part of the state that is about these VNIDs. */
  stateOf(vnids: Iterable<Vnid>): EgressState {
    const records = [...vnids].flatMap((vnid) => this.#vnids.get(vnid)?.egress ?? []).sort((a, b) => a.vnid - b.vnid);
    return {
      assigned: assignedByIp(records.flatMap((egress) => egress.assigned)),
      vnids: new Map(records.map((egress) => [egress.vnid, egress.state])),
      requests: new Map(records.map((egress) => [egress.vnid, egress.requests])),
    };
  }

  #members(vnid: Vnid): readonly NetNamespace[] {
    return this.#vnids.get(vnid)?.namespaces ?? [];
  }

  /** Changes who shares a VNID; adds to `dirty` every VNID that the difference in its requests can touch. */
  #setMembers(vnid: Vnid, namespaces: readonly NetNamespace[], dirty: Set<Vnid>): void {
    const record = this.#vnids.get(vnid) ?? { namespaces, ips: [], egress: undefined };
    const had = record.ips;
    const has = requestsOf(namespaces);
    const hadAny = membership(had.map(({ ip }) => ip));
    const hasAny = membership(has);
    for (const { ip } of had) if (!hasAny(ip)) this.#unrequest(ip, vnid, dirty);
    for (const ip of has) if (!hadAny(ip)) this.#request(ip, vnid, dirty);
    dirty.add(vnid);
    this.#demandVersion++;
    record.namespaces = namespaces;
    record.ips = has.map((ip) => this.#own(ip));
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

  #list(ip: Ip, assignment: Assignment, touched: Set<Ip>): void {
    const record = this.#own(ip);
    record.hosts.push(assignment);
    this.#moved(record, touched);
  }

  #unlist(ip: Ip, node: NodeName, touched: Set<Ip>): void {
    const record = this.#own(ip);
    remove(record.hosts, (host) => host.node === node);
    this.#moved(record, touched);
    this.#drop(ip, record);
  }

  /** Other nodes list the IP. Where one that counts as absent lists it too, that decides where it may be placed. */
  #moved({ ip, absentHosts }: IpRecord, touched: Set<Ip>): void {
    touched.add(ip);
    if (absentHosts > 0) this.#demandVersion++;
  }

  #own(ip: Ip): IpRecord {
    const found = this.#ips.get(ip);
    if (found !== undefined) return found;
    const made: IpRecord = {
      ip,
      id: this.#freeIds.pop() ?? this.#idLimit++,
      key: sortKey(ip),
      requesters: [],
      hosts: [],
      unusable: this.#unusable.of(ip),
      absentHosts: 0,
    };
    this.#ips.set(ip, made);
    return made;
  }

  #drop(ip: Ip, record: IpRecord): void {
    if (record.requesters.length > 0 || record.hosts.length > 0 || record.absentHosts > 0) return;
    this.#ips.delete(ip);
    this.#freeIds.push(record.id);
  }

  #forgetHost(name: string, touched: Set<Ip>): void {
    const before = this.#hosts.get(name)?.hostSubnet;
    if (before === undefined) return;
    for (const ip of before.egressIPs) this.#unlist(ip, before.name, touched);
    this.#hosts.delete(name);
    this.#forgetAddress(before, touched);
  }

  #forgetAbsent(name: string, touched: Set<Ip>): void {
    const before = this.#absent.get(name);
    if (before === undefined) return;
    this.#absent.delete(name);
    for (const ip of before.egressIPs) this.#occupy(ip, -1);
    this.#forgetAddress(before, touched);
  }

  /** One absent HostSubnet more, or less, lists the IP. */
  #occupy(ip: Ip, more: 1 | -1): void {
    const record = this.#own(ip);
    record.absentHosts += more;
    this.#demandVersion++;
    this.#drop(ip, record);
  }

  #learnAddress({ hostIP, name }: Inhabitant, touched: Set<Ip>): void {
    if (hostIP === undefined) return;
    this.#unusable.addNode(name, hostIP);
    this.#judge(hostIP, touched);
  }

  #forgetAddress(before: Inhabitant | undefined, touched: Set<Ip>): void {
    if (before?.hostIP === undefined) return;
    this.#unusable.removeNode(before.name, before.hostIP);
    this.#judge(before.hostIP, touched);
  }

  /** Finds out anew whether the IP is usable. */
  #judge(ip: Ip, touched: Set<Ip>): void {
    const record = this.#ips.get(ip);
    const unusable = this.#unusable.of(ip);
    if (record === undefined || sameUnusable(record.unusable, unusable)) return;
    record.unusable = unusable;
    this.#demandVersion++;
    touched.add(ip);
  }

  #requesters(ips: Iterable<Ip>): ReadonlySet<Vnid> {
    const found = new Set<Vnid>();
    for (const ip of ips) for (const vnid of this.#ips.get(ip)?.requesters ?? []) found.add(vnid);
    return found;
  }

  #evaluate(dirty: ReadonlySet<Vnid>): EgressChange {
    const vnids = new Map<Vnid, VnidState>();
    const withdrawn: Hop[] = [];
    const placed: Hop[] = [];
    for (const vnid of dirty) {
      const record = this.#vnids.get(vnid);
      if (record === undefined) continue;
      const before = record.egress;
      const after = evaluateVnid(vnid, record.namespaces, this.#around);
      record.egress = after;
      if (record.namespaces.length === 0) this.#vnids.delete(vnid);
      if (!sameState(before, after)) vnids.set(vnid, after?.state ?? normal);
      addAssigned(withdrawn, before);
      addAssigned(placed, after);
    }
    return { vnids, assigned: difference(withdrawn, placed) };
  }
}
