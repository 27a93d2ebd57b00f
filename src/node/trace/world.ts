/** The nodes of a cluster as their agents would plan them, from its objects alone. */
import type { Cluster } from '../../model/cluster/cluster.ts';
import { type EgressState, egressState } from '../../model/egress/state.ts';
import { type ClusterNetwork, networksOf } from '../../model/objects/clusternetwork.ts';
import { parseIpv4 } from '../../model/objects/fields.ts';
import type {
  EgressNetworkPolicyObject,
  NamespaceObject,
  NetworkPolicyObject,
  PodObject,
} from '../../model/objects/raw.ts';
import { type Labels, matches } from '../../model/objects/selector.ts';
import { nodePorts } from '../../model/objects/well-known.ts';
import { type EgressPolicies, egressPolicies } from '../../model/policy/egresspolicy.ts';
import type { ServiceObjects } from '../../model/services/objects.ts';
import { Doors, type ProxyNode } from '../../model/services/proxy.ts';
import { servedPorts } from '../../model/services/served.ts';
import { type Cidr, contains, type Ip, parseCidr } from '../../model/values/address.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { policyWorld } from '../cluster/policy-world.ts';
import { port } from '../ovs/pipeline.ts';
import type { PolicyWorld } from '../plan/networkpolicy.ts';
import { type NodePlan, planNode } from '../plan/node.ts';
import { gatewayOf, podMac } from '../values/addressing.ts';
import type { LocalPod, Networks, RemoteNode } from '../values/facts.ts';

export interface TraceObjects {
  readonly cluster: Cluster;
  readonly network: ClusterNetwork;
  /** By node the egress IPs that its agent refuses to carry, with the reason. */
  readonly refused: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly pods: readonly PodObject[];
  readonly namespaces: readonly NamespaceObject[];
  readonly networkPolicies: readonly NetworkPolicyObject[];
  readonly egressPolicies: readonly EgressNetworkPolicyObject[];
  readonly services: ServiceObjects;
  /** The addresses of the names in EgressNetworkPolicies, as far as they are known. */
  readonly addressesOf: (name: string) => readonly Ip[];
  /** Whether agents run with --first-available. */
  readonly firstAvailable: boolean;
}

/** A pod with an address of the pod network, on a node. */
export interface TracedPod {
  readonly namespace: string;
  readonly name: string;
  readonly ip: Ip;
  readonly node: string;
  readonly vnid: Vnid;
  /** Of its object; what else tells it apart, if that has none. */
  readonly uid: string;
}

/** A node with all that its agent would put there. */
export interface TracedNode {
  readonly name: string;
  readonly nodeIP: Ip;
  readonly gateway: Ip;
  readonly plan: NodePlan;
  /** Its pods by their ports. */
  readonly pods: ReadonlyMap<number, TracedPod>;
}

const anywhere = parseCidr('0.0.0.0/0');

/** An uplink that refuses nothing: what a node's own network lets it carry, its agent says. */
function uplinkIn(network: Cidr): { device: string; prefixLength: number; network: Cidr; mtu: number } {
  return { device: 'uplink', prefixLength: 32, network, mtu: 1500 };
}

/** Why a pod cannot be traced. */
export function whyNot({ spec = {}, status = {} }: PodObject): string | undefined {
  if (spec.hostNetwork === true) return 'it is on the network of its host, and leaves with the address of its node';
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return `it has ended (${status.phase})`;
  if ((spec.nodeName ?? '') === '') return 'it is on no node yet';
  return (status.podIP ?? '') === '' ? 'it has no address yet' : undefined;
}

/** What tells a pod apart: objects in files may have no uid. */
function uidOf({ metadata: { uid, namespace = '', name = '' } }: PodObject): string {
  return uid ?? `${namespace}/${name}`;
}

export class TraceWorld {
  readonly state: EgressState;
  readonly policies: EgressPolicies;
  readonly networks: Networks;
  readonly pods: readonly TracedPod[];
  /** Undefined in the modes without NetworkPolicy. */
  readonly policyWorld: PolicyWorld | undefined;
  /** By what Services are reached; undefined if they could not be read. */
  readonly doors: Doors | undefined;
  /** Whether what is not in the objects does not exist. */
  readonly hasAllServices: boolean;
  readonly #objects: TraceObjects;
  readonly #vnids: ReadonlyMap<string, Vnid>;
  readonly #labels: ReadonlyMap<string, Labels>;
  readonly #nodes = new Map<string, TracedNode | undefined>();

  /** The world of these objects; pods may be taken to be on another node by `moved`, NAMESPACE/POD to node. */
  constructor(objects: TraceObjects, moved: ReadonlyMap<string, string> = new Map()) {
    const { cluster, network } = objects;
    this.#objects = objects;
    this.state = egressState(cluster);
    this.#vnids = new Map(cluster.netNamespaces.map(({ name, vnid }) => [name, vnid]));
    this.policies = egressPolicies(objects.egressPolicies, this.#vnids);
    const { serviceNetwork: service, mode, vxlanPort } = network;
    this.networks = { cluster: network.networks.map(({ cidr }) => cidr), service, mode, vxlanPort };
    const { networkPolicies: policies, namespaces, pods } = objects;
    this.policyWorld =
      mode === 'networkpolicy' ? policyWorld({ policies, namespaces, pods, vnids: this.#vnids }) : undefined;
    this.#labels = new Map(pods.map((pod) => [uidOf(pod), pod.metadata.labels ?? {}]));
    this.pods = pods.flatMap((pod) => this.#traced(pod, moved));
    const { services } = objects;
    this.doors = 'unread' in services ? undefined : new Doors(servedPorts(services.services, services.slices));
    this.hasAllServices = !('unread' in services) && services.isWhole;
  }

  /** The pod with the address. */
  podAt(ip: string | undefined): TracedPod | undefined {
    return this.pods.find((pod) => pod.ip === ip);
  }

  /** The name of the node with the address. */
  nodeAt(address: string): string | undefined {
    return this.#objects.cluster.hostSubnets.find(({ hostIP }) => hostIP === address)?.name;
  }

  /** The NetworkPolicies that say what the pod may send, or get: NAMESPACE/NAME; without any it may everything. */
  policiesOn({ namespace, name }: TracedPod, direction: 'ingress' | 'egress'): readonly string[] {
    const { pods = [], policies = [] } = this.policyWorld ?? {};
    const labels = pods.find((pod) => pod.namespace === namespace && pod.name === name)?.labels ?? {};
    return policies
      .filter((one) => one.namespace === namespace && one[direction] !== undefined && matches(one.pods, labels))
      .map((one) => `${one.namespace}/${one.name}`);
  }

  /** Whether the address is in a network of pods or Services. */
  isInside(ip: Ip): boolean {
    return networksOf(this.#objects.network).some((cidr) => contains(cidr, ip));
  }

  isService(ip: Ip): boolean {
    return contains(this.networks.service, ip);
  }

  isPodAddress(ip: Ip): boolean {
    return this.networks.cluster.some((cidr) => contains(cidr, ip));
  }

  /** The node as a service proxy knows it. */
  proxyNode({ name, nodeIP }: TracedNode): ProxyNode {
    return { name, ip: nodeIP, podNetworks: this.networks.cluster };
  }

  isOffline(nodeIP: Ip): boolean {
    return this.#objects.cluster.offline.has(nodeIP);
  }

  /** A node as its agent would plan it; undefined if it has no valid HostSubnet. */
  node(name: string): TracedNode | undefined {
    if (!this.#nodes.has(name)) this.#nodes.set(name, this.#planned(name));
    return this.#nodes.get(name);
  }

  #traced(pod: PodObject, moved: ReadonlyMap<string, string>): readonly TracedPod[] {
    const { namespace = '', name = '' } = pod.metadata;
    const vnid = this.#vnids.get(namespace);
    const ip = parseIpv4(pod.status?.podIP ?? '');
    if (vnid === undefined || !ip.ok || whyNot(pod) !== undefined) return [];
    const node = moved.get(`${namespace}/${name}`) ?? pod.spec?.nodeName ?? '';
    return [{ namespace, name, ip: ip.value, node, vnid, uid: uidOf(pod) }];
  }

  #planned(name: string): TracedNode | undefined {
    const { cluster, addressesOf, refused, firstAvailable } = this.#objects;
    const own = cluster.hostSubnets.find((host) => host.name === name);
    if (own === undefined || !anywhere.ok) return undefined;
    const remotes = cluster.hostSubnets
      .filter((host) => host !== own)
      .map((host): RemoteNode => ({ name: host.name, nodeIP: host.hostIP, subnet: host.subnet }));
    const here = this.pods.filter(({ node }) => node === name);
    const ports = new Map(here.map((pod, index) => [port.firstPod + index, pod]));
    const gateway = gatewayOf(own.subnet);
    const withheld = new Map<Ip, string>();
    for (const [ip, reason] of refused.get(name) ?? []) {
      const parsed = parseIpv4(ip);
      if (parsed.ok) withheld.set(parsed.value, reason);
    }
    const plan = planNode({
      facts: {
        ...{ name, nodeIP: own.hostIP, subnet: own.subnet, gateway, tunMac: podMac(gateway) },
        ...{ datapath: 'system', masqueradeBit: 14, nodePorts, firstAvailable },
      },
      uplink: uplinkIn(anywhere.value),
      gateways: new Set(),
      networks: this.networks,
      remotes,
      pods: [...ports].map(([ofport, pod]): LocalPod => ({ ...pod, ofport })),
      state: this.state,
      labelsOf: (uid) => this.#labels.get(uid),
      withheld,
      egressPolicies: this.policies,
      addressesOf,
      multicast: new Set(),
      world: this.policyWorld,
    });
    return { name, nodeIP: own.hostIP, gateway, plan, pods: ports };
  }
}
