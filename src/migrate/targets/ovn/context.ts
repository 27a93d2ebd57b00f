/** What every part of the translation to OVN-Kubernetes gets: the snapshot, and what is derived from it once. */
import { type Cluster, clusterOf, withNetNamespaces } from '../../../model/cluster/cluster.ts';
import { type EgressState, egressState } from '../../../model/egress/state.ts';
import { type ClusterNetwork, parseClusterNetwork } from '../../../model/objects/clusternetwork.ts';
import { type Cidr, familyOf, type Ip, parseCidr, type SortKey, sortKey } from '../../../model/values/address.ts';
import { type Release, releaseOf } from '../../release.ts';
import { type Scope, scopeOf } from '../../requests/scope.ts';
import type { Snapshot } from '../../snapshot.ts';
import type { Part } from '../../translation.ts';
import { type EgressPlan, egressPlan } from './groups.ts';
import { type KeptPlacement, keptPlacement } from './kept-placement.ts';
import type { TranslateOptions } from './options.ts';
import { type OvnNode, ovnNodesOf } from './ovn-nodes.ts';
import { type Reach, reachOf } from './reach.ts';
import { type Served, servedOf } from './served.ts';

export interface Context extends Scope {
  readonly snapshot: Snapshot;
  readonly options: TranslateOptions;
  /** HostSubnets and NetNamespaces as values, their problems, and the limits of nodes. */
  readonly cluster: Cluster;
  /** What OpenShift SDN does with it today. A node whose Ready is not True counts as offline. */
  readonly state: EgressState;
  /** The ClusterNetwork `default`; undefined if it is absent or cannot be read. */
  readonly network: ClusterNetwork | undefined;
  /** The planned EgressIPs, and where OVN-Kubernetes will assign their addresses. */
  readonly egress: EgressPlan;
  /** Which egress IPs the plan keeps on their nodes. */
  readonly kept: KeptPlacement;
  /** The release of OpenShift; undefined on other clusters, and if the input does not show it. */
  readonly release: Release | undefined;
  /** What the served kinds of OVN-Kubernetes can say of nodes. */
  readonly served: Served;
  /** Whether the cluster is one of OpenShift, as far as the input shows. */
  readonly isOpenShift: boolean;
  /** Nodes as OVN-Kubernetes will see them, by name. */
  readonly ovnNodes: ReadonlyMap<string, OvnNode>;
  /** The IPv4 addresses of all nodes, by node, with keys for comparison. */
  readonly nodeAddresses: readonly { readonly ip: Ip; readonly key: SortKey }[];
  /** Every egress IP that a NetNamespace requests. */
  readonly requested: ReadonlySet<Ip>;
  /**
   * Namespaces that OpenShift SDN drops and OVN-Kubernetes would let out with a node's address. With
   * options.keepClosed, firewall/keep-closed.ts makes their EgressFirewall `default`, and firewall/part.ts makes none.
   */
  readonly closed: ReadonlySet<string>;
}

/** Translates one concern. */
export type PartOf = (context: Context) => Part;

/** What HostSubnets and Nodes alone say, whoever asks for egress IPs. */
export interface Hosts extends Pick<Context, 'ovnNodes'> {
  /** Without NetNamespaces. */
  readonly cluster: Cluster;
  readonly reach: Reach;
}

/** Makes that of a snapshot. */
export function hostsOf(snapshot: Snapshot, { machineNetworks }: Pick<TranslateOptions, 'machineNetworks'>): Hosts {
  const { hostSubnets, nodes, clusterNetworks } = snapshot;
  const raw = { hostSubnets, netNamespaces: [], nodes: nodes.map(({ object }) => object), clusterNetworks };
  const parsed = clusterOf(raw, new Set());
  const ovnNodes = ovnNodesOf(snapshot, parsed, cidrs(machineNetworks));
  const cluster = { ...parsed, offline: offlineOf(ovnNodes) };
  return { cluster, ovnNodes, reach: reachOf(cluster.hostSubnets, ovnNodes) };
}

/** Makes the context of a snapshot. The order of its lists does not matter. `hosts` are those of the same snapshot. */
export function contextOf(
  snapshot: Snapshot,
  options: TranslateOptions,
  { ovnNodes, reach, ...hosts } = hostsOf(snapshot, options),
): Context {
  const cluster = withNetNamespaces(hosts.cluster, snapshot.netNamespaces);
  const scope = scopeOf(snapshot, cluster, options.namespaces);
  const { exists, chosen } = scope;
  const state = egressState(cluster);
  const release = releaseOf(snapshot);
  const served = servedOf(snapshot, release);
  const { prefix } = options;
  const others = snapshot.egressIPs.map(({ name, egressIPs }) => ({ name, egressIPs }));
  const egress = egressPlan({
    ...{ cluster, state, ovnNodes, reach, prefix, exists, chosen, others },
    canNameNodes: served.nodesInEgressIPs,
  });
  const open = egress.groups.filter((group) => group.today.kind === 'dropped' && !egress.served(group));
  return {
    ...scope,
    snapshot,
    options,
    cluster,
    state,
    egress,
    kept: keptPlacement({ snapshot, options, ovnNodes, egress }),
    release,
    served,
    isOpenShift: snapshot.clusterVersions.length + snapshot.networkConfigs.length > 0,
    network: networkOf(snapshot),
    ovnNodes,
    nodeAddresses: [...ovnNodes.values()].flatMap(({ addresses }) =>
      addresses.filter((ip) => familyOf(ip) === 4).map((ip) => ({ ip, key: sortKey(ip) })),
    ),
    requested: new Set(cluster.netNamespaces.flatMap(({ egressIPs }) => egressIPs)),
    closed: new Set(open.flatMap(({ selected }) => selected)),
  };
}

function networkOf(snapshot: Snapshot): ClusterNetwork | undefined {
  const found = snapshot.clusterNetworks.find(({ metadata }) => metadata.name === 'default');
  const parsed = found === undefined ? undefined : parseClusterNetwork(found);
  return parsed?.ok === true ? parsed.value : undefined;
}

function offlineOf(ovnNodes: ReadonlyMap<string, OvnNode>): ReadonlySet<Ip> {
  return new Set(
    [...ovnNodes.values()].flatMap(({ ready, hostSubnet }) =>
      ready || hostSubnet === undefined ? [] : [hostSubnet.hostIP],
    ),
  );
}

function cidrs(texts: readonly string[]): readonly Cidr[] {
  return texts.flatMap((text) => {
    const parsed = parseCidr(text);
    return parsed.ok ? [parsed.value] : [];
  });
}
