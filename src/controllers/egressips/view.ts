/**
 * The objects as the egress model sees them, with all that follows from them kept up to date: the tracker, the limits
 * of clouds, who is offline. A HostSubnet is the newest of what the watch told and what the server answered to a write,
 * so that no decision rests on a list that we have changed ourselves meanwhile; only who reads it afresh may go back.
 */
import isEqual from 'lodash/isEqual.js';
import partition from 'lodash/partition.js';
import { type Target, withWitnesses } from '../../io/health.ts';
import { lean, type ObjectCache } from '../../io/kube/watch.ts';
import { addressAt, type Ip } from '../../model/address.ts';
import { type CloudLimits, egressIpConfigAnnotation, parseEgressIpConfig, unknownLimits } from '../../model/cloud.ts';
import type { Cluster } from '../../model/cluster.ts';
import { type ClusterNetwork, networksOf } from '../../model/clusternetwork.ts';
import { type EgressChange, EgressTracker } from '../../model/egress/tracker.ts';
import type { Assignment } from '../../model/egress/verdict.ts';
import type { HostSubnet } from '../../model/hostsubnet.ts';
import { HostSubnets } from '../../model/hostsubnets.ts';
import { isNamespaceName, isNodeName, type NodeName } from '../../model/names.ts';
import { type InvalidNetNamespace, parseNetNamespace } from '../../model/netnamespace.ts';
import type { HostSubnetObject, NetNamespaceObject, NodeObject } from '../../model/objects.ts';

function versionOf(object: HostSubnetObject): number {
  const version = Number(object.metadata.resourceVersion);
  return Number.isSafeInteger(version) ? version : 0;
}

function isNotReady(node: NodeObject): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'False') === true;
}

export class EgressView {
  readonly tracker = new EgressTracker();
  readonly #objects = new Map<string, HostSubnetObject>();
  readonly #limits = new Map<NodeName, CloudLimits>();
  readonly #assigned = new Map<Ip, Assignment>();
  readonly #notReady = new Set<string>();
  readonly #hosts = new HostSubnets();
  readonly #invalidNamespaces = new Map<string, InvalidNetNamespace>();
  readonly #invalidLimits = new Map<string, string>();
  readonly #onAssigned: (ip: Ip) => void;

  /** `onAssigned` is told of each IP whose placement changes. */
  constructor(onAssigned: (ip: Ip) => void) {
    this.#onAssigned = onAssigned;
  }

  get objects(): ReadonlyMap<string, HostSubnetObject> {
    return this.#objects;
  }

  get limits(): ReadonlyMap<NodeName, CloudLimits> {
    return this.#limits;
  }

  /** The IPs that are to be on an interface, and where. */
  get assigned(): ReadonlyMap<Ip, Assignment> {
    return this.#assigned;
  }

  /** The names of Nodes whose condition Ready is False. */
  get notReady(): ReadonlySet<string> {
    return this.#notReady;
  }

  /** Takes a HostSubnet that a watch told or that answers a write of ours; false when a newer one is known. */
  putHostSubnet(object: HostSubnetObject): boolean {
    const known = this.#objects.get(object.metadata.name ?? '');
    if (known !== undefined && versionOf(object) <= versionOf(known)) return false;
    this.readHostSubnet(object);
    return true;
  }

  /** Takes a HostSubnet that was read from the server just now: that is the truth, also when its version went back. */
  readHostSubnet(object: HostSubnetObject): void {
    this.#objects.set(object.metadata.name ?? '', object);
    this.#retrack(this.#hosts.set(object));
  }

  /** The names of HostSubnets that are others here than in a complete list: somebody must read them to know which is true. */
  differing(listed: Pick<ObjectCache<HostSubnetObject>, 'get' | 'list'>): readonly string[] {
    const names = new Set([...this.#objects.keys(), ...listed.list().map(({ metadata }) => metadata.name ?? '')]);
    return [...names].filter((name) => {
      const [here, there] = [this.#objects.get(name), listed.get(name)];
      return here !== there && (here === undefined || there === undefined || !isEqual(lean(here), there));
    });
  }

  /** The HostSubnet is gone; one that was made anew under its name stays. */
  removeHostSubnet(object: HostSubnetObject): void {
    const name = object.metadata.name ?? '';
    if (this.#objects.get(name)?.metadata.uid !== object.metadata.uid) return;
    this.#objects.delete(name);
    this.#retrack(this.#hosts.delete(name));
  }

  putNetNamespace(object: NetNamespaceObject): void {
    const parsed = parseNetNamespace(object);
    if (parsed.ok) this.#take(this.tracker.setNetNamespace(parsed.value));
    else this.removeNetNamespace(object.metadata.name ?? '');
    if (parsed.ok) this.#invalidNamespaces.delete(object.metadata.name ?? '');
    else this.#invalidNamespaces.set(object.metadata.name ?? '', parsed.error);
  }

  removeNetNamespace(name: string): void {
    this.#invalidNamespaces.delete(name);
    if (isNamespaceName(name)) this.#take(this.tracker.deleteNetNamespace(name));
  }

  /** Pods and services have these networks now. */
  setNetwork(network: ClusterNetwork): void {
    this.#take(this.tracker.setNetworks(networksOf(network)));
  }

  /** Takes a Node's limits, readiness and address; true when something that matters is another than before. */
  putNode(name: string, node: NodeObject | undefined): boolean {
    if (!isNodeName(name)) return false;
    const wasNotReady = this.#notReady.has(name);
    const isNow = node !== undefined && isNotReady(node);
    if (isNow) this.#notReady.add(name);
    else this.#notReady.delete(name);
    const before = this.#limits.get(name);
    this.#putLimits(name, node);
    const moved = this.#hosts.setNode(name, node);
    this.#retrack(moved);
    return moved.length > 0 || wasNotReady !== isNow || !sameLimits(before, this.#limits.get(name));
  }

  #putLimits(name: NodeName, node: NodeObject | undefined): void {
    const text = node?.metadata.annotations?.[egressIpConfigAnnotation];
    const parsed = text === undefined ? undefined : parseEgressIpConfig(text);
    this.#invalidLimits.delete(name);
    if (parsed?.ok === false) this.#invalidLimits.set(name, parsed.error);
    if (parsed === undefined) this.#limits.delete(name);
    else this.#limits.set(name, parsed.ok ? parsed.value : unknownLimits);
  }

  /** All of it as one value, for those who look at everything. */
  cluster(): Cluster {
    return {
      ...this.tracker.input(),
      limits: this.#limits,
      invalidHostSubnets: this.#hosts.invalid(),
      lostSubnets: this.#hosts.lost(),
      invalidNetNamespaces: [...this.#invalidNamespaces.values()],
      invalidLimits: [...this.#invalidLimits].map(([name, reason]) => ({ name, reason })),
      duplicates: [],
    };
  }

  /**
   * The nodes that automatic assignment may use, each with the gateway address that answers probes; where these are few,
   * others beside them, so that a node that is gone can be told from a controller that is cut off.
   */
  watched(): readonly Target[] {
    const hosts = [...this.tracker.hosts()].map(({ hostSubnet }) => hostSubnet);
    const targetOf = ({ name, subnet }: HostSubnet): Target => ({ key: name, ip: addressAt(subnet, 1) });
    const [used, others] = partition(hosts, ({ egressCIDRs }) => egressCIDRs.length > 0);
    return withWitnesses(used.map(targetOf), others.map(targetOf));
  }

  /** Takes who is offline: an address is when any node that has it is. Returns the addresses that are offline now. */
  setOffline(isOffline: (name: NodeName) => boolean): ReadonlySet<Ip> {
    const offline = new Set<Ip>();
    const all = new Set<Ip>(this.tracker.input().offline);
    for (const { hostSubnet } of this.tracker.hosts()) {
      all.add(hostSubnet.hostIP);
      if (isOffline(hostSubnet.name)) offline.add(hostSubnet.hostIP);
    }
    for (const nodeIP of all) this.#take(this.tracker.setOffline(nodeIP, offline.has(nodeIP)));
    return offline;
  }

  #retrack(names: readonly string[]): void {
    for (const name of names) this.#take(this.tracker.setMeaning(name, this.#hosts.meaningOf(name)));
  }

  #take({ assigned }: EgressChange): void {
    for (const [ip, placement] of assigned) {
      if (placement === undefined) this.#assigned.delete(ip);
      else this.#assigned.set(ip, placement);
      this.#onAssigned(ip);
    }
  }
}

function sameLimits(a: CloudLimits | undefined, b: CloudLimits | undefined): boolean {
  return (
    a?.capacity === b?.capacity && a?.network?.text === b?.network?.text && (a === undefined) === (b === undefined)
  );
}
