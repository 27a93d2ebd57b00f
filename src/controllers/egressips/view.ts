/**
 * The objects as the egress model sees them, and everything derived from them: the tracker, the cloud limits, which
 * nodes are offline. Of each HostSubnet the newest copy counts, from the watch or from the answer to a write, so that
 * no decision uses a list that we have changed since. Only a fresh read may go back to an older version.
 */
import isEqual from 'lodash/isEqual.js';
import partition from 'lodash/partition.js';
import sortBy from 'lodash/sortBy.js';
import { type Probed, withWitnesses } from '../../io/health/monitor.ts';
import { lean, type ObjectCache } from '../../io/kube/watch.ts';
import type { Cluster } from '../../model/cluster/cluster.ts';
import { EgressObjects } from '../../model/egress/objects.ts';
import type { EgressChange, EgressTracker } from '../../model/egress/tracker.ts';
import type { Assignment } from '../../model/egress/verdict.ts';
import { type CloudLimits, limitsOf, withoutMore } from '../../model/objects/cloud.ts';
import type { ClusterNetwork, IsolationMode } from '../../model/objects/clusternetwork.ts';
import type { AnnotationProblem } from '../../model/objects/egressrules.ts';
import type { HostSubnet } from '../../model/objects/hostsubnet.ts';
import { isPluginAway } from '../../model/objects/node.ts';
import type { NodeLabels } from '../../model/objects/placement.ts';
import type { HostSubnetObject, NetNamespaceObject, NodeObject } from '../../model/objects/raw.ts';
import type { Labels } from '../../model/objects/selector.ts';
import { addressAt, type Ip } from '../../model/values/address.ts';
import { isNodeName, type NodeName } from '../../model/values/names.ts';
import { Listeners } from '../listeners.ts';

function versionOf(object: HostSubnetObject): number {
  const version = Number(object.metadata.resourceVersion);
  return Number.isSafeInteger(version) ? version : 0;
}

export class EgressView {
  readonly #objects = new Map<string, HostSubnetObject>();
  #mode: IsolationMode | undefined;
  #excludedProblem: AnnotationProblem | undefined;
  readonly #limits = new Map<NodeName, CloudLimits>();
  /** Nodes whose network plugin does not answer. */
  readonly #away = new Set<NodeName>();
  readonly #assigned = new Map<Ip, Assignment>();
  readonly #egress = new EgressObjects((change) => this.#take(change));
  readonly #labels = new Map<string, Labels>();
  /** Nodes that take no new pods, by `kubectl cordon`. */
  readonly #cordoned = new Set<NodeName>();
  /** The same, while none changes. */
  #labelsNow: NodeLabels | undefined;
  readonly #invalidLimits = new Map<string, string>();
  readonly #placements = new Listeners<[ip: Ip]>();
  readonly #nodes = new Listeners();

  /** Reports each IP whose assignment changes. */
  readonly onPlacement = this.#placements.subscribe;
  /** Reports each change to a Node that matters: its limits, its readiness, its address. */
  readonly onNode = this.#nodes.subscribe;

  get tracker(): EgressTracker {
    return this.#egress.tracker;
  }

  get objects(): ReadonlyMap<string, HostSubnetObject> {
    return this.#objects;
  }

  get limits(): ReadonlyMap<NodeName, CloudLimits> {
    return this.#limits;
  }

  /** The labels of Nodes; the same map until one changes. */
  get labels(): NodeLabels {
    this.#labelsNow ??= new Map(this.#labels);
    return this.#labelsNow;
  }

  /** Nodes that are cordoned: egress IPs that drain leave them. */
  get cordoned(): ReadonlySet<NodeName> {
    return this.#cordoned;
  }

  /** The assigned IPs and their nodes. */
  get assigned(): ReadonlyMap<Ip, Assignment> {
    return this.#assigned;
  }

  /** Names of the Nodes whose Ready condition is False. */
  get notReady(): ReadonlySet<string> {
    return this.#egress.notReady;
  }

  /** Takes a HostSubnet from a watch or from the answer to our write. Returns false if a newer one is known. */
  putHostSubnet(object: HostSubnetObject): boolean {
    const known = this.#objects.get(object.metadata.name ?? '');
    if (known !== undefined && versionOf(object) <= versionOf(known)) return false;
    this.readHostSubnet(object);
    return true;
  }

  /** Takes a HostSubnet that was just read from the server. It is the truth, even if its version went back. */
  readHostSubnet(object: HostSubnetObject): void {
    this.#objects.set(object.metadata.name ?? '', object);
    this.#egress.putHostSubnet(object);
  }

  /** Names of HostSubnets that differ from those in a complete list. Only a read shows which copy is right. */
  differing(listed: Pick<ObjectCache<HostSubnetObject>, 'get' | 'list'>): readonly string[] {
    const names = new Set([...this.#objects.keys(), ...listed.list().map(({ metadata }) => metadata.name ?? '')]);
    return [...names].filter((name) => {
      const [here, there] = [this.#objects.get(name), listed.get(name)];
      return here !== there && (here === undefined || there === undefined || !isEqual(lean(here), there));
    });
  }

  /** Removes the HostSubnet, unless a new one has been created under its name. */
  removeHostSubnet(object: HostSubnetObject): void {
    const name = object.metadata.name ?? '';
    if (this.#objects.get(name)?.metadata.uid !== object.metadata.uid) return;
    this.#objects.delete(name);
    this.#egress.deleteHostSubnet(name);
  }

  putNetNamespace(object: NetNamespaceObject): void {
    this.#egress.putNetNamespace(object);
  }

  removeNetNamespace(name: string): void {
    this.#egress.deleteNetNamespace(name);
  }

  /** Sets the networks of pods and services. */
  setNetwork(network: ClusterNetwork): void {
    this.#mode = network.mode;
    this.#excludedProblem = network.excludedProblem;
    this.#egress.setNetwork(network);
  }

  /** Takes a Node's limits, readiness, labels, cordon and address. Returns whether anything that matters changed. */
  putNode(name: string, node: NodeObject | undefined): boolean {
    if (!isNodeName(name)) return false;
    const before = this.#placementLimitsOf(name);
    this.#putLimits(name, node);
    if (node !== undefined && isPluginAway(node)) this.#away.add(name);
    else this.#away.delete(name);
    const isLabelled = this.#putLabels(name, node === undefined ? undefined : (node.metadata.labels ?? {}));
    const isCordoned = this.#putCordon(name, node?.spec?.unschedulable === true);
    const changed = this.#egress.putNode(name, node);
    const isLimited = !sameLimits(before, this.#placementLimitsOf(name));
    const matters = [changed.hostSubnets, changed.readiness, isLimited, isLabelled, isCordoned].includes(true);
    if (matters) this.#nodes.notify();
    return matters;
  }

  /** The limits for placing IPs: the cloud's; and a node whose network plugin is away gets no more than it has. */
  placementLimits(): ReadonlyMap<NodeName, CloudLimits> {
    if (this.#away.size === 0) return this.#limits;
    const own = [...this.#away].map((name) => [name, withoutMore(this.#limits.get(name))] as const);
    return new Map([...this.#limits, ...own]);
  }

  #placementLimitsOf(name: NodeName): CloudLimits | undefined {
    const limits = this.#limits.get(name);
    return this.#away.has(name) ? withoutMore(limits) : limits;
  }

  /** Returns whether the Node is labelled in another way now. */
  #putLabels(name: NodeName, labels: Labels | undefined): boolean {
    if (isEqual(this.#labels.get(name), labels)) return false;
    if (labels === undefined) this.#labels.delete(name);
    else this.#labels.set(name, labels);
    this.#labelsNow = undefined;
    return true;
  }

  /** Returns whether that was otherwise before. */
  #putCordon(name: NodeName, isCordoned: boolean): boolean {
    if (this.#cordoned.has(name) === isCordoned) return false;
    if (isCordoned) this.#cordoned.add(name);
    else this.#cordoned.delete(name);
    return true;
  }

  #putLimits(name: NodeName, node: NodeObject | undefined): void {
    const found = node === undefined ? undefined : limitsOf(node);
    if (found === undefined) this.#limits.delete(name);
    else this.#limits.set(name, found.limits);
    if (found?.problem === undefined) this.#invalidLimits.delete(name);
    else this.#invalidLimits.set(name, found.problem);
  }

  /** The whole state as one value, for callers that look at everything. */
  cluster(): Cluster {
    return {
      ...this.tracker.input(),
      mode: this.#mode,
      ...(this.#excludedProblem === undefined ? {} : { excludedProblem: this.#excludedProblem }),
      limits: this.#limits,
      nodeLabels: this.labels,
      invalidHostSubnets: this.#egress.hostSubnets.invalid(),
      lostSubnets: this.#egress.hostSubnets.lost(),
      invalidNetNamespaces: this.#egress.invalidNetNamespaces(),
      invalidLimits: [...this.#invalidLimits].map(([name, reason]) => ({ name, reason })),
      duplicates: [],
    };
  }

  /**
   * The nodes that automatic assignment may use, each with the gateway address that answers probes. If they are few,
   * other nodes are added, so that a lost node can be told from a controller that is cut off.
   */
  watched(): readonly Probed[] {
    const hosts = [...this.tracker.hosts()].map(({ hostSubnet }) => hostSubnet);
    const targetOf = ({ name, subnet }: HostSubnet): Probed => ({ key: name, ip: addressAt(subnet, 1) });
    const [used, others] = partition(hosts, ({ egressCIDRs }) => egressCIDRs.length > 0);
    return withWitnesses(used.map(targetOf), sortBy(others, ({ name }) => name).map(targetOf));
  }

  /** Sets which nodes are offline. An address is offline if any node that has it is. Returns the offline addresses. */
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

  #take({ assigned }: EgressChange): void {
    for (const [ip, placement] of assigned) {
      if (placement === undefined) this.#assigned.delete(ip);
      else this.#assigned.set(ip, placement);
      this.#placements.notify(ip);
    }
  }
}

function sameLimits(a: CloudLimits | undefined, b: CloudLimits | undefined): boolean {
  return (
    a?.capacity === b?.capacity && a?.network?.text === b?.network?.text && (a === undefined) === (b === undefined)
  );
}
