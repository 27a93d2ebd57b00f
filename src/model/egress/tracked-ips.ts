/** The IPs that somebody requests or lists, updated in place: who does, and whether each can be an egress IP at all. */
import { type Cidr, type Ip, type SortKey, sortKey } from '../values/address.ts';
import { changedSet } from '../values/changed.ts';
import type { NodeName } from '../values/names.ts';
import type { Vnid } from '../values/vnid.ts';
import { remove } from './difference.ts';
import { type Inhabitant, sameUnusable, type Unusable, UnusableAddresses } from './unusable.ts';
import type { Assignment } from './verdict.ts';

/** Who requests and who lists one IP, in no particular order. Exists while anybody does either. */
export interface TrackedIp {
  readonly ip: Ip;
  /** Unique among tracked IPs and less than `TrackedIps.idLimit`. */
  readonly id: number;
  readonly key: SortKey;
  readonly requesters: readonly Vnid[];
  readonly hosts: readonly Assignment[];
  /** Why it cannot be an egress IP; undefined if it can. */
  readonly unusable: Unusable | undefined;
  /** How many absent HostSubnets list it. */
  readonly absentHosts: number;
}

interface IpRecord extends TrackedIp {
  requesters: Vnid[];
  hosts: Assignment[];
  unusable: Unusable | undefined;
  absentHosts: number;
}

/** Methods with `touched` add to it each IP that they change for those who request it. */
export class TrackedIps {
  readonly #ips = new Map<Ip, IpRecord>();
  readonly #unusable = new UnusableAddresses();
  readonly #freeIds: number[] = [];
  #usable: ReadonlySet<Ip> = new Set();
  /** Those that came, went or were judged since `usable` was made. */
  readonly #rejudged = new Set<Ip>();
  #idLimit = 0;
  #demandVersion = 0;

  /** The IP, if somebody requests or lists it. */
  get(ip: Ip): TrackedIp | undefined {
    return this.#ips.get(ip);
  }

  /** Greater than every id of a tracked IP. */
  get idLimit(): number {
    return this.#idLimit;
  }

  /** Changes whenever the set of IPs that cannot be placed changes, and with `demandChanged`. */
  get demandVersion(): number {
    return this.#demandVersion;
  }

  /** The IPs that can be egress IPs; the same set until that changes. */
  get usable(): ReadonlySet<Ip> {
    if (this.#rejudged.size === 0) return this.#usable;
    const isUsable = (ip: Ip): boolean => this.#ips.has(ip) && this.#ips.get(ip)?.unusable === undefined;
    this.#usable = changedSet(this.#usable, this.#rejudged, isUsable);
    this.#rejudged.clear();
    return this.#usable;
  }

  /** Notes a change in what is requested, or by whom. */
  demandChanged(): void {
    this.#demandVersion++;
  }

  /** The networks of pods and services. */
  get networks(): readonly Cidr[] {
    return this.#unusable.networks;
  }

  /** The names of the nodes that have the address, in no particular order. */
  nodesAt(address: Ip): Iterable<string> {
    return this.#unusable.nodesAt(address);
  }

  /** The VNIDs that request one of the IPs, each once. */
  requesters(ips: Iterable<Ip>): ReadonlySet<Vnid> {
    const found = new Set<Vnid>();
    for (const ip of ips) for (const vnid of this.#ips.get(ip)?.requesters ?? []) found.add(vnid);
    return found;
  }

  /** The record of the IP, made if there is none yet. */
  track(ip: Ip): TrackedIp {
    return this.#record(ip);
  }

  /** The VNID requests the IP from now on; adds to `dirty` the others that do. */
  request(ip: Ip, vnid: Vnid, dirty: Set<Vnid>): void {
    const record = this.#record(ip);
    for (const other of record.requesters) dirty.add(other);
    record.requesters = withOneMore(record.requesters, vnid);
  }

  /** The VNID no longer requests the IP; adds to `dirty` the others that do. */
  unrequest(ip: Ip, vnid: Vnid, dirty: Set<Vnid>): void {
    const record = this.#record(ip);
    remove(record.requesters, (other) => other === vnid);
    for (const other of record.requesters) dirty.add(other);
    this.#drop(record);
  }

  /** The HostSubnet of this node lists the IP from now on. */
  list(ip: Ip, assignment: Assignment, touched: Set<Ip>): void {
    const record = this.#record(ip);
    record.hosts = withOneMore(record.hosts, assignment);
    this.#moved(record, touched);
  }

  /** The HostSubnet of this node no longer lists the IP. */
  unlist(ip: Ip, node: NodeName, touched: Set<Ip>): void {
    const record = this.#record(ip);
    remove(record.hosts, (host) => host.node === node);
    this.#moved(record, touched);
    this.#drop(record);
  }

  /** One more absent HostSubnet lists the IP. */
  listAbsent(ip: Ip): void {
    this.#record(ip).absentHosts++;
    this.#demandVersion++;
  }

  /** One fewer absent HostSubnet lists the IP. */
  unlistAbsent(ip: Ip): void {
    const record = this.#record(ip);
    record.absentHosts--;
    this.#demandVersion++;
    this.#drop(record);
  }

  /** The address of a node cannot be an egress IP. */
  addNode({ name, hostIP }: Inhabitant, touched: Set<Ip>): void {
    if (hostIP === undefined) return;
    this.#unusable.addNode(name, hostIP);
    this.#judge(hostIP, touched);
  }

  /** The node is gone, or has another address. */
  removeNode({ name, hostIP }: Inhabitant, touched: Set<Ip>): void {
    if (hostIP === undefined) return;
    this.#unusable.removeNode(name, hostIP);
    this.#judge(hostIP, touched);
  }

  /** Sets the networks of pods and services; returns the IPs that this makes usable or unusable. */
  setNetworks(networks: readonly Cidr[]): ReadonlySet<Ip> {
    this.#unusable.setNetworks(networks);
    const touched = new Set<Ip>();
    for (const ip of this.#ips.keys()) this.#judge(ip, touched);
    return touched;
  }

  #record(ip: Ip): IpRecord {
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
    this.#rejudged.add(ip);
    return made;
  }

  #drop({ ip, id, requesters, hosts, absentHosts }: IpRecord): void {
    if (requesters.length > 0 || hosts.length > 0 || absentHosts > 0) return;
    this.#ips.delete(ip);
    this.#rejudged.add(ip);
    this.#freeIds.push(id);
  }

  /** The nodes that list the IP changed. If an absent one lists it too, this changes where it may be placed. */
  #moved({ ip, absentHosts }: IpRecord, touched: Set<Ip>): void {
    touched.add(ip);
    if (absentHosts > 0) this.#demandVersion++;
  }

  /** Determines again whether the IP is usable. */
  #judge(ip: Ip, touched: Set<Ip>): void {
    const record = this.#ips.get(ip);
    const unusable = this.#unusable.of(ip);
    if (record === undefined || sameUnusable(record.unusable, unusable)) return;
    record.unusable = unusable;
    this.#rejudged.add(ip);
    this.#demandVersion++;
    touched.add(ip);
  }
}

/** A list that grows in place reserves room for 16 items; most of these have one. */
function withOneMore<T>(list: readonly T[], item: T): T[] {
  return list.concat([item]);
}
