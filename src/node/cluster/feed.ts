/** What a node reads of the cluster, kept up to date change by change. */
import { clusterNetworks, egressNetworkPolicies, hostSubnets, netNamespaces, nodes } from '../../../api/kinds.ts';
import { whenAborted } from '../../io/async/when-aborted.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { type ObjectCache, type ObjectChange, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { lostText } from '../../model/allocation/hostsubnets.ts';
import { EgressObjects } from '../../model/egress/objects.ts';
import type { EgressState } from '../../model/egress/state.ts';
import { type CloudLimits, egressIpConfigAnnotation, limitsOf } from '../../model/objects/cloud.ts';
import type { ClusterNetwork } from '../../model/objects/clusternetwork.ts';
import type {
  ClusterNetworkObject,
  EgressNetworkPolicyObject,
  HostSubnetObject,
  NetNamespaceObject,
  NodeObject,
} from '../../model/objects/raw.ts';
import type { Labels } from '../../model/objects/selector.ts';
import { multicastAnnotation } from '../../model/objects/well-known.ts';
import { type EgressPolicies, egressPolicies } from '../../model/policy/egresspolicy.ts';
import type { Ip } from '../../model/values/address.ts';
import { sameMembers } from '../../model/values/changed.ts';
import { isNodeName, type NodeName } from '../../model/values/names.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import type { PolicyWorld } from '../plan/networkpolicy.ts';
import { Derived } from '../values/derived.ts';
import type { RemoteNode } from '../values/facts.ts';
import { Drains, type DrainsByVnid } from './drains.ts';
import { LastNetwork } from './last-network.ts';
import { netNamespacePart } from './netnamespace-part.ts';
import { nodePart } from './node-part.ts';
import { PodLabels } from './pod-labels.ts';
import { PolicyFeed } from './policy-feed.ts';
import { RecentlyListed } from './recently-listed.ts';

export interface ClusterView {
  readonly network: ClusterNetwork;
  readonly own: {
    readonly hostIP: Ip;
    readonly subnet: RemoteNode['subnet'];
    readonly object: HostSubnetObject | undefined;
    /** The limits of a cloud on its Node: then the cloud says who has which address. */
    readonly cloud: CloudLimits | undefined;
  };
  readonly remotes: readonly RemoteNode[];
  /** The VNID of each namespace. */
  readonly vnids: ReadonlyMap<string, Vnid>;
  /** The other nodes that list an egress IP. */
  readonly hosts: readonly RemoteNode[];
  /** Names of Nodes whose condition Ready is False. */
  readonly notReady: ReadonlySet<string>;
  readonly egressPolicies: EgressPolicies;
  /** VNIDs with multicast. */
  readonly multicast: ReadonlySet<Vnid>;
  /** Undefined in the modes without NetworkPolicy. */
  readonly world: PolicyWorld | undefined;
}

interface FeedOptions {
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** The file that keeps the last valid ClusterNetwork. */
  readonly networkFile: string;
  /** The file that keeps which egress IPs drain. */
  readonly drainsFile: string;
  readonly changed: () => void;
}

/** Milliseconds for which an agent that begins waits for the labels of pods. */
const labelsWithin = 10_000;

const notDraining: DrainsByVnid = new Map();

export class ClusterFeed {
  readonly #node: NodeName;
  readonly #changed: () => void;
  readonly #networks: ObjectCache<ClusterNetworkObject>;
  readonly #lastNetwork: LastNetwork;
  readonly #drains: Drains;
  readonly #hostSubnets: ObjectCache<HostSubnetObject>;
  readonly #netNamespaces: ObjectCache<NetNamespaceObject>;
  readonly #egressPolicies: ObjectCache<EgressNetworkPolicyObject>;
  readonly #nodeObjects: ObjectCache<NodeObject>;
  readonly #networkPolicies: PolicyFeed;
  readonly #podLabels: PodLabels;
  #follows = false;
  readonly #egress = new EgressObjects();
  readonly #reachable = new Derived<{
    readonly own: RemoteNode | undefined;
    readonly remotes: readonly RemoteNode[];
    readonly hosts: readonly RemoteNode[];
  }>();
  /** The last state that was asked for, and of what. */
  #stated:
    | {
        readonly version: number;
        readonly drains: DrainsByVnid;
        readonly of: ReadonlySet<Vnid>;
        readonly state: EgressState;
      }
    | undefined;
  readonly #vnids = new Map<string, Vnid>();
  readonly #listed = new RecentlyListed(() => performance.now());
  readonly #multicastNamespaces = new Set<string>();
  readonly #policies = new Derived<EgressPolicies>();

  /** `changed` is called after every change from the end of `follow` on. */
  constructor(client: KubeClient, node: string, options: FeedOptions) {
    const { logger, signal, networkFile, drainsFile, changed } = options;
    if (!isNodeName(node)) throw new Error('a node has a name');
    this.#node = node;
    this.#changed = () => {
      if (this.#follows) changed();
    };
    this.#lastNetwork = new LastNetwork(logger, networkFile);
    this.#drains = new Drains({ logger, file: drainsFile, now: Date.now, changed: this.#changed });
    whenAborted(signal, () => this.#drains.close());
    this.#networks = watchKind<ClusterNetworkObject>(client, clusterNetworks, { logger }, signal);
    this.#hostSubnets = watchKind<HostSubnetObject>(client, hostSubnets, { logger }, signal);
    this.#netNamespaces = watchKind<NetNamespaceObject>(
      client,
      netNamespaces,
      { logger, keep: netNamespacePart },
      signal,
    );
    this.#nodeObjects = watchKind<NodeObject>(client, nodes, { logger, keep: nodePart, fromCache: true }, signal);
    this.#egressPolicies = watchKind<EgressNetworkPolicyObject>(client, egressNetworkPolicies, { logger }, signal);
    const following = { node, logger, signal, now: () => performance.now(), changed: this.#changed };
    this.#networkPolicies = new PolicyFeed(client, following);
    this.#podLabels = new PodLabels(client, following);
  }

  /** Resolves when every kind that is needed in each mode has been read; from then on changes are told. */
  async follow(): Promise<void> {
    const early = Promise.all([this.#networks.synced, this.#lastNetwork.load()]).then(() => this.#mayStartPolicies());
    const needed = [this.#networks, this.#hostSubnets, this.#netNamespaces, this.#egressPolicies, this.#nodeObjects];
    await Promise.all([early, this.#drains.load(), ...needed.map(({ synced }) => synced)]);
    this.#follows = true;
    this.#hostSubnets.subscribe((change) => this.#hostSubnetChanged(change));
    this.#netNamespaces.subscribe((change) => this.#netNamespaceChanged(change));
    this.#egressPolicies.subscribe(() => this.#spoil(this.#policies));
    this.#nodeObjects.subscribe((change) => this.#nodeChanged(change));
    this.#networks.subscribe(() => this.#networkChanged());
    // the last valid one counts also if none is there
    if (this.#networks.list().length === 0) this.#networkChanged();
    // a pod whose labels are not known yet is covered, which would cut its connections that leave as the node
    await this.#podLabels.settled(labelsWithin);
  }

  /** The labels of the pod of this node with this uid; undefined if they are not known. */
  readonly labelsOf = (uid: string): Labels | undefined => this.#podLabels.of(uid);

  /** The health check's verdict on a node address. */
  setOffline(nodeIP: Ip, offline: boolean): void {
    this.#egress.tracker.setOffline(nodeIP, offline);
    this.#changed();
  }

  /** The VNID of each namespace. */
  get vnids(): ReadonlyMap<string, Vnid> {
    return this.#vnids;
  }

  /**
   * The egress state of these VNIDs and of those whose IPs this node hosts, or hosted until they began to drain; the
   * same value until something changes. It is known also when the view is not.
   */
  stateOf(local: Iterable<Vnid>): EgressState {
    const { tracker } = this.#egress;
    const { version } = tracker;
    const { drains } = this;
    const left = [...drains].filter(([, all]) => all.some(({ from }) => from.node === this.#node));
    const of = new Set([...local, ...tracker.vnidsHostedBy(this.#node), ...left.map(([vnid]) => vnid)]);
    const last = this.#stated;
    if (last?.version === version && last.drains === drains && sameMembers(last.of, of)) return last.state;
    const found = tracker.stateOf(of);
    const state = drains.size === 0 ? found : { ...found, drains };
    this.#stated = { version, drains, of, state };
    return state;
  }

  /** The names of the nodes that list an egress IP which one of these VNIDs requests, or from which one of them, or one of this node, drains. */
  hostsFor(vnids: Iterable<Vnid>): ReadonlySet<string> {
    const { tracker } = this.#egress;
    const all = [...new Set(vnids)];
    const { drains } = this;
    const drained = [...all, ...tracker.vnidsHostedBy(this.#node)].flatMap((vnid) => drains.get(vnid) ?? []);
    const left = drained.map(({ from }) => from.node);
    const requested = all.flatMap((vnid) => tracker.requests(vnid));
    return new Set([...requested.flatMap(({ hosts }) => hosts.map(({ node }) => node)), ...left]);
  }

  /** The egress IPs that drain, by VNID. In a cloud, whose network knows one machine for an address, none can. */
  get drains(): DrainsByVnid {
    const isKnown = this.#follows && this.#cloud() === undefined;
    return isKnown ? this.#drains.of(this.#egress.tracker) : notDraining;
  }

  /** The fingerprint of the HostSubnets and NetNamespaces as they are now. */
  get fingerprint(): string {
    return this.#egress.tracker.fingerprint;
  }

  /** The cluster as it is now; the reason when something is missing that a node cannot work without. */
  view(): Result<ClusterView> {
    const network = this.#network();
    if (!network.ok) return network;
    const { own, remotes, hosts } = this.#reachable.get(() => {
      const nodes = [...this.#egress.hostSubnets.reachable()].map(
        ({ name, subnet, fixedVnid, hostIP }): RemoteNode => ({ name, subnet, fixedVnid, nodeIP: hostIP }),
      );
      return {
        own: nodes.find(({ name }) => name === this.#node),
        remotes: nodes.filter(({ name }) => name !== this.#node),
        hosts: this.#hosts(),
      };
    });
    if (own === undefined) return err(this.#whyNotReachable());
    const world = network.value.mode === 'networkpolicy' ? this.#networkPolicies.world(this.#vnids) : undefined;
    if (world?.ok === false) return world;
    return ok({
      network: network.value,
      own: {
        hostIP: own.nodeIP,
        subnet: own.subnet,
        object: this.#hostSubnets.get(this.#node),
        cloud: this.#cloud(),
      },
      remotes,
      hosts,
      notReady: this.#egress.notReady,
      vnids: this.#vnids,
      egressPolicies: this.#policies.get(() => egressPolicies(this.#egressPolicies.list(), this.#vnids)),
      multicast: this.#multicast(),
      world: world?.value,
    });
  }

  /** Resolves once all NetworkPolicies are in force as they are written. */
  async policiesInForce(): Promise<void> {
    const network = this.#network();
    if (network.ok && network.value.mode === 'networkpolicy') await this.#networkPolicies.inForce(this.#vnids);
  }

  /** The other node that has the egress IP, or had it a moment ago; undefined if there is none. */
  otherWith(ip: Ip): string | undefined {
    return this.#listed.nodeWith(ip);
  }

  #cloud(): CloudLimits | undefined {
    const node = this.#nodeObjects.get(this.#node);
    return node === undefined ? undefined : limitsOf(node)?.limits;
  }

  #spoil(derived: { spoil(): void }): void {
    derived.spoil();
    this.#changed();
  }

  #network(): Result<ClusterNetwork> {
    return this.#lastNetwork.read(this.#networks.get('default'));
  }

  /** As in OpenShift SDN, a VNID that namespaces share has multicast when each of them has the annotation. */
  #multicast(): ReadonlySet<Vnid> {
    const annotated = new Map<Vnid, number>();
    for (const name of this.#multicastNamespaces) {
      const vnid = this.#vnids.get(name);
      if (vnid !== undefined) annotated.set(vnid, (annotated.get(vnid) ?? 0) + 1);
    }
    return new Set(
      [...annotated].flatMap(([vnid, count]) => (count === this.#egress.tracker.holders(vnid) ? [vnid] : [])),
    );
  }

  #hosts(): RemoteNode[] {
    return [...this.#egress.tracker.hosts()].flatMap(({ hostSubnet, ips }) => {
      const { name, hostIP, subnet } = hostSubnet;
      return ips.length === 0 || name === this.#node ? [] : [{ name, nodeIP: hostIP, subnet }];
    });
  }

  #networkChanged(): void {
    const network = this.#network();
    if (network.ok) this.#egress.setNetwork(network.value);
    this.#changed();
  }

  #nodeChanged({ key, before, after }: ObjectChange<NodeObject>): void {
    const changed = this.#egress.putNode(key, after);
    if (changed.hostSubnets) this.#reachable.spoil();
    const isMoved = key === this.#node && !sameCloud(before, after);
    if (changed.hostSubnets || changed.readiness || isMoved) this.#changed();
  }

  #hostSubnetChanged({ key, before, after }: ObjectChange<HostSubnetObject>): void {
    if (key !== this.#node) this.#listed.change(before, after);
    if (after === undefined) this.#egress.deleteHostSubnet(key);
    else this.#egress.putHostSubnet(after);
    this.#spoil(this.#reachable);
  }

  #whyNotReachable(): string {
    const lost = this.#egress.hostSubnets.lostBy(this.#node);
    if (lost === undefined) return `HostSubnet ${this.#node} does not exist or has no usable hostIP and subnet`;
    return `HostSubnet ${this.#node} counts as absent: its subnet ${lostText(lost)}`;
  }

  #netNamespaceChanged({ key, after }: ObjectChange<NetNamespaceObject>): void {
    const known = this.#vnids.get(key);
    if (after === undefined) this.#egress.deleteNetNamespace(key);
    const parsed = after === undefined ? undefined : this.#egress.putNetNamespace(after);
    const vnid = parsed?.vnid;
    this.#podLabels.need(key, parsed?.rules?.podSelector !== undefined);
    if (vnid === undefined) this.#vnids.delete(key);
    else this.#vnids.set(key, vnid);
    if (after?.metadata.annotations?.[multicastAnnotation] === 'true') this.#multicastNamespaces.add(key);
    else this.#multicastNamespaces.delete(key);
    if (vnid !== known) {
      this.#policies.spoil();
      this.#networkPolicies.spoil();
    }
    this.#changed();
  }

  /** What is said of VNIDs, of the NetNamespaces that have them. */
  namespacesOf<T>(ofVnids: ReadonlyMap<Vnid, T>): readonly (readonly [NetNamespaceObject, T])[] {
    if (ofVnids.size === 0) return [];
    return this.#netNamespaces.list().flatMap((object) => {
      const vnid = this.#vnids.get(object.metadata.name ?? '');
      const said = vnid === undefined ? undefined : ofVnids.get(vnid);
      return said === undefined ? [] : [[object, said] as const];
    });
  }

  /** Begins to read what NetworkPolicies need while the other kinds are still coming. */
  #mayStartPolicies(): void {
    const network = this.#network();
    if (network.ok && network.value.mode === 'networkpolicy') this.#networkPolicies.start();
  }
}

/** Whether both have the same limits of a cloud, or none. */
function sameCloud(before: NodeObject | undefined, after: NodeObject | undefined): boolean {
  const [one, other] = [before, after].map((node) => node?.metadata.annotations?.[egressIpConfigAnnotation]);
  return one === other;
}
