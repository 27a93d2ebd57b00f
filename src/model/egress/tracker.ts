/**
 * Keeps the egress state up to date: applies one change and returns what became different. The state always equals
 * `egressState` of the same objects, because each VNID that a change can affect is evaluated again by the same rules.
 */
import type { Meaning } from '../allocation/hostsubnets.ts';
import type { AbsentHostSubnet, HostSubnet } from '../objects/hostsubnet.ts';
import type { NetNamespace } from '../objects/netnamespace.ts';
import { type JoinedPlacement, joinedPlacement } from '../objects/placement.ts';
import { type Cidr, type Ip, sortKey } from '../values/address.ts';
import { compareText, type NamespaceName, type NodeName } from '../values/names.ts';
import type { Vnid } from '../values/vnid.ts';
import { sameState } from './compare.ts';
import { addAssigned, difference, membership, withoutName } from './difference.ts';
import type { Drainable } from './drains.ts';
import { Fingerprint, textOfAbsent, textOfHost, textOfNamespace } from './fingerprint.ts';
import { assignedByIp, type EgressInput, type EgressState } from './state.ts';
import { type TrackedIp, TrackedIps } from './tracked-ips.ts';
import {
  type Assignment,
  evaluateVnid,
  type Hop,
  requestsOf,
  type Surroundings,
  type VnidEgress,
  type VnidState,
} from './verdict.ts';

/** What one change made different. Empty maps mean nothing. */
export interface EgressChange {
  /** The new state of each VNID with a different state, hops, reasons or requests. */
  readonly vnids: ReadonlyMap<Vnid, VnidState>;
  /** The new assignment of each egress IP whose assignment changed; undefined means unassigned. */
  readonly assigned: ReadonlyMap<Ip, Assignment | undefined>;
}

/** A HostSubnet and the tracked IPs that it lists. */
export interface TrackedHost {
  readonly hostSubnet: HostSubnet;
  readonly ips: readonly TrackedIp[];
}

interface VnidRecord {
  namespaces: readonly NetNamespace[];
  ips: readonly TrackedIp[];
  egress: VnidEgress | undefined;
}

const normal: VnidState = { kind: 'normal' };
const nothingChanged: EgressChange = { vnids: new Map(), assigned: new Map() };

export class EgressTracker {
  readonly #hosts = new Map<string, TrackedHost>();
  readonly #absent = new Map<string, AbsentHostSubnet>();
  readonly #netNamespaces = new Map<NamespaceName, NetNamespace>();
  readonly #offline = new Set<Ip>();
  readonly #ips = new TrackedIps();
  readonly #vnids = new Map<Vnid, VnidRecord>();
  /** The VNIDs whose egress IPs drain, with the time. */
  readonly #draining = new Map<Vnid, number>();
  readonly #fingerprint = new Fingerprint();
  #version = 0;
  #around: Surroundings = {
    factsOf: (ip) => this.#ips.get(ip),
    isOffline: (nodeIP) => this.#offline.has(nodeIP),
    excluded: [],
  };

  /** A tracker that has been given each of these objects. */
  static of(input: EgressInput): EgressTracker {
    const tracker = new EgressTracker();
    for (const nodeIP of input.offline) tracker.#offline.add(nodeIP);
    tracker.#ips.setNetworks(input.networks ?? []);
    tracker.setExcluded(input.excluded ?? []);
    for (const one of input.absent ?? []) tracker.setAbsent(one);
    for (const one of input.netNamespaces) tracker.setNetNamespace(one);
    for (const one of input.hostSubnets) tracker.setHostSubnet(one);
    return tracker;
  }

  /** Replaces or adds the HostSubnet of this name. */
  setHostSubnet(next: HostSubnet): EgressChange {
    const before = this.#hosts.get(next.name)?.hostSubnet;
    const samePlace = before?.hostIP === next.hostIP;
    const had = new Set(before?.egressIPs);
    const has = new Set(next.egressIPs);
    const touched = new Set<Ip>();
    this.#forgetAbsent(next.name, touched);
    for (const ip of had) if (!samePlace || !has.has(ip)) this.#ips.unlist(ip, next.name, touched);
    const assignment: Assignment = { node: next.name, nodeIP: next.hostIP };
    for (const ip of has) if (!samePlace || !had.has(ip)) this.#ips.list(ip, assignment, touched);
    if (!samePlace) {
      if (before !== undefined) this.#ips.removeNode(before, touched);
      this.#ips.addNode(next, touched);
    }
    this.#fingerprint.replace(textOfHost(before), textOfHost(next));
    this.#hosts.set(next.name, { hostSubnet: next, ips: next.egressIPs.map((ip) => this.#ips.track(ip)) });
    return this.#evaluate(this.#ips.requesters(touched));
  }

  /** Replaces the HostSubnet of this name by one that counts as absent. */
  setAbsent(next: AbsentHostSubnet): EgressChange {
    const touched = new Set<Ip>();
    this.#forgetHost(next.name, touched);
    this.#forgetAbsent(next.name, touched);
    this.#ips.addNode(next, touched);
    this.#fingerprint.replace(undefined, textOfAbsent(next));
    this.#absent.set(next.name, next);
    for (const ip of next.egressIPs) this.#ips.listAbsent(ip);
    return this.#evaluate(this.#ips.requesters(touched));
  }

  /** Sets what the HostSubnet of this name means; undefined removes it. */
  setMeaning(name: string, meaning: Meaning | undefined): EgressChange {
    if (meaning === undefined) return this.deleteHostSubnet(name);
    return meaning.kind === 'valid' ? this.setHostSubnet(meaning.hostSubnet) : this.setAbsent(meaning.hostSubnet);
  }

  /** Removes the HostSubnet of this name. */
  deleteHostSubnet(name: string): EgressChange {
    const touched = new Set<Ip>();
    this.#forgetHost(name, touched);
    this.#forgetAbsent(name, touched);
    return this.#evaluate(this.#ips.requesters(touched));
  }

  /** Sets the networks of pods and services. */
  setNetworks(networks: readonly Cidr[]): EgressChange {
    const touched = this.#ips.setNetworks(networks);
    return this.#evaluate(this.#ips.requesters(touched));
  }

  /** Sets the networks that are never reached with an egress IP. */
  setExcluded(excluded: readonly Cidr[]): EgressChange {
    const before = this.#around.excluded;
    if (before.map(({ text }) => text).join() === excluded.map(({ text }) => text).join()) return nothingChanged;
    this.#around = { ...this.#around, excluded };
    return this.#evaluate(new Set(this.#vnids.keys()));
  }

  /** Replaces or adds the NetNamespace of this name. */
  setNetNamespace(next: NetNamespace): EgressChange {
    const before = this.#netNamespaces.get(next.name);
    this.#fingerprint.replace(textOfNamespace(before), textOfNamespace(next));
    this.#netNamespaces.set(next.name, next);
    const dirty = new Set<Vnid>([next.vnid]);
    if (before !== undefined && before.vnid !== next.vnid)
      this.#setMembers(before.vnid, withoutName(this.#members(before.vnid), next.name), dirty);
    const others = withoutName(this.#members(next.vnid), next.name);
    const members = others.length === 0 ? [next] : [...others, next].sort((a, b) => compareText(a.name, b.name));
    this.#setMembers(next.vnid, members, dirty);
    return this.#evaluate(dirty);
  }

  /** Removes the NetNamespace of this name; also for one that became invalid. */
  deleteNetNamespace(name: NamespaceName): EgressChange {
    const before = this.#netNamespaces.get(name);
    const dirty = new Set<Vnid>();
    if (before !== undefined) {
      this.#fingerprint.replace(textOfNamespace(before), undefined);
      this.#netNamespaces.delete(name);
      this.#setMembers(before.vnid, withoutName(this.#members(before.vnid), name), dirty);
    }
    return this.#evaluate(dirty);
  }

  /** Sets the health check's verdict on a node address. */
  setOffline(nodeIP: Ip, offline: boolean): EgressChange {
    if (this.#offline.has(nodeIP) === offline) return nothingChanged;
    if (offline) this.#offline.add(nodeIP);
    else this.#offline.delete(nodeIP);
    const ips = new Set<Ip>();
    for (const node of this.#ips.nodesAt(nodeIP)) for (const { ip } of this.#hosts.get(node)?.ips ?? []) ips.add(ip);
    return this.#evaluate(this.#ips.requesters(ips));
  }

  /** The state of one VNID; normal if it requests nothing. */
  vnid(vnid: Vnid): VnidState {
    return this.#vnids.get(vnid)?.egress?.state ?? normal;
  }

  /** How many namespaces have the VNID. */
  holders(vnid: Vnid): number {
    return this.#members(vnid).length;
  }

  /** Where the egress IPs of a VNID may be; undefined if none of its namespaces says that. */
  placement(vnid: Vnid): JoinedPlacement | undefined {
    return joinedPlacement(this.#members(vnid));
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

  /** Whether the egress IPs of the VNID drain when they move. */
  isDraining(vnid: Vnid): boolean {
    return this.#draining.has(vnid);
  }

  /** Whether those of any VNID do. */
  get drainsAny(): boolean {
    return this.#draining.size > 0;
  }

  /** The egress IPs that drain when they move, unless several VNIDs request them or they are none. */
  drainables(): readonly Drainable[] {
    return [...this.#draining].flatMap(([vnid, drain]) => {
      const assigned = new Map(this.#vnids.get(vnid)?.egress?.assigned.map((hop) => [hop.egressIP, hop]));
      return this.requests(vnid)
        .filter(({ requesters, unusable }) => requesters.length === 1 && unusable === undefined)
        .map(({ ip }): Drainable => ({ vnid, egressIP: ip, drain, at: assigned.get(ip) }));
    });
  }

  /** Whether the node is online, and has its HostSubnet with this address. */
  isThere({ node, nodeIP }: Assignment): boolean {
    return this.#hosts.get(node)?.hostSubnet.hostIP === nodeIP && !this.#offline.has(nodeIP);
  }

  /** The HostSubnets, in no particular order. */
  hosts(): Iterable<TrackedHost> {
    return this.#hosts.values();
  }

  /** The VNIDs that request an IP that this node's HostSubnet lists, each once. */
  vnidsHostedBy(node: NodeName): readonly Vnid[] {
    return [...new Set(this.#hosts.get(node)?.ips.flatMap(({ requesters }) => requesters))];
  }

  /** The absent HostSubnets, in no particular order. */
  absent(): Iterable<AbsentHostSubnet> {
    return this.#absent.values();
  }

  /** Changes whenever the state does. */
  get version(): number {
    return this.#version;
  }

  /** Changes whenever requests, a VNID's namespaces, or the set of IPs that cannot be placed change. */
  get demandVersion(): number {
    return this.#ips.demandVersion;
  }

  /** Greater than every id of a tracked IP. */
  get idLimit(): number {
    return this.#ips.idLimit;
  }

  /** Whether the health check considers the address offline. */
  isOffline(nodeIP: Ip): boolean {
    return this.#offline.has(nodeIP);
  }

  /** The fingerprint of the current objects. */
  get fingerprint(): string {
    return this.#fingerprint.text;
  }

  /** The current objects. */
  input(): Required<EgressInput> {
    const hostSubnets = [...this.#hosts.values()].map((host) => host.hostSubnet);
    return {
      hostSubnets,
      netNamespaces: [...this.#netNamespaces.values()],
      offline: this.#offline,
      absent: [...this.#absent.values()],
      networks: this.#ips.networks,
      excluded: this.#around.excluded,
    };
  }

  /** The whole state, equal to `egressState` of the current objects. */
  state(): EgressState {
    return this.stateOf(this.#vnids.keys());
  }

  /** The part of the state for these VNIDs, and all egress IPs. */
  stateOf(vnids: Iterable<Vnid>): EgressState {
    const records = [...vnids].flatMap((vnid) => this.#vnids.get(vnid)?.egress ?? []).sort((a, b) => a.vnid - b.vnid);
    return {
      assigned: assignedByIp(
        records.flatMap((egress) => egress.assigned),
        (ip) => this.#ips.get(ip)?.key ?? sortKey(ip),
      ),
      vnids: new Map(records.map((egress) => [egress.vnid, egress.state])),
      requests: new Map(records.map((egress) => [egress.vnid, egress.requests])),
      egressIPs: this.#ips.usable,
    };
  }

  #members(vnid: Vnid): readonly NetNamespace[] {
    return this.#vnids.get(vnid)?.namespaces ?? [];
  }

  /** Sets which namespaces share a VNID; adds to `dirty` every VNID that the change in its requests can affect. */
  #setMembers(vnid: Vnid, namespaces: readonly NetNamespace[], dirty: Set<Vnid>): void {
    const record = this.#vnids.get(vnid) ?? { namespaces, ips: [], egress: undefined };
    const had = record.ips;
    const has = requestsOf(namespaces);
    const hadAny = membership(had.map(({ ip }) => ip));
    const hasAny = membership(has);
    for (const { ip } of had) if (!hasAny(ip)) this.#ips.unrequest(ip, vnid, dirty);
    for (const ip of has) if (!hadAny(ip)) this.#ips.request(ip, vnid, dirty);
    dirty.add(vnid);
    this.#ips.demandChanged();
    record.namespaces = namespaces;
    record.ips = has.map((ip) => this.#ips.track(ip));
    this.#vnids.set(vnid, record);
  }

  #forgetHost(name: string, touched: Set<Ip>): void {
    const before = this.#hosts.get(name)?.hostSubnet;
    if (before === undefined) return;
    for (const ip of before.egressIPs) this.#ips.unlist(ip, before.name, touched);
    this.#fingerprint.replace(textOfHost(before), undefined);
    this.#hosts.delete(name);
    this.#ips.removeNode(before, touched);
  }

  #forgetAbsent(name: string, touched: Set<Ip>): void {
    const before = this.#absent.get(name);
    if (before === undefined) return;
    this.#fingerprint.replace(textOfAbsent(before), undefined);
    this.#absent.delete(name);
    for (const ip of before.egressIPs) this.#ips.unlistAbsent(ip);
    this.#ips.removeNode(before, touched);
  }

  #noteDrain(vnid: Vnid, state: VnidState = normal): void {
    const drain = state.kind === 'normal' ? undefined : state.drain;
    if (drain === undefined) this.#draining.delete(vnid);
    else this.#draining.set(vnid, drain);
  }

  #evaluate(dirty: ReadonlySet<Vnid>): EgressChange {
    this.#version += 1;
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
      this.#noteDrain(vnid, after?.state);
      if (!sameState(before, after)) vnids.set(vnid, after?.state ?? normal);
      addAssigned(withdrawn, before);
      addAssigned(placed, after);
    }
    return { vnids, assigned: difference(withdrawn, placed) };
  }
}
