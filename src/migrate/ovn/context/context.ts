/** What every part of the translation to OVN-Kubernetes is given: the snapshot, and what follows from it once for all. */
import { clusterNetworks, hostSubnets, namespaces, netNamespaces, nodes } from '../../../../api/kinds.ts';
import { type Cidr, familyOf, type Ip, parseCidr, type SortKey, sortKey } from '../../../model/address.ts';
import { type Cluster, clusterOf } from '../../../model/cluster.ts';
import { type ClusterNetwork, parseClusterNetwork } from '../../../model/clusternetwork.ts';
import { type EgressState, egressState } from '../../../model/egress/state.ts';
import { compareText } from '../../../model/names.ts';
import type { KubeObject } from '../../../model/objects.ts';
import type { Result } from '../../../model/result.ts';
import { clusterNetworkShape, hostSubnetShape, netNamespaceShape } from '../../../model/shapes.ts';
import type { Vnid } from '../../../model/vnid.ts';
import { objectsOf, type Snapshot } from '../../snapshot.ts';
import type { Part, TranslateOptions } from '../../translation.ts';
import { type EgressPlan, egressPlan } from './groups.ts';
import { type Machine, machinesOf } from './machines.ts';

export interface Context {
  readonly snapshot: Snapshot;
  readonly options: TranslateOptions;
  /** HostSubnets and NetNamespaces as values, what is wrong with them, and limits of nodes. */
  readonly cluster: Cluster;
  /** What OpenShift SDN makes of it today; a node whose Ready is not True counts as offline. */
  readonly state: EgressState;
  /** The ClusterNetwork `default`; undefined when it is absent or cannot be read. */
  readonly network: ClusterNetwork | undefined;
  /** The EgressIPs to be, and where OVN-Kubernetes will put their addresses. */
  readonly egress: EgressPlan;
  /** Nodes as OVN-Kubernetes will see them, by name. */
  readonly machines: ReadonlyMap<string, Machine>;
  /** Namespaces by name; undefined when the snapshot has none at all, so nothing can be said about who is missing. */
  readonly namespaces: ReadonlyMap<string, KubeObject> | undefined;
  /** The IPv4 addresses of all nodes, by node, with keys to compare them by. */
  readonly nodeAddresses: readonly { readonly ip: Ip; readonly key: SortKey }[];
  /** Every egress IP that a NetNamespace requests. */
  readonly requested: ReadonlySet<Ip>;
  readonly vnidOf: (namespace: string) => Vnid | undefined;
  /** The namespaces that share the VNID, in order of name, whether their Namespace exists or not. */
  readonly namespacesOf: (vnid: Vnid) => readonly string[];
  /** Whether the Namespace exists, as far as the input tells. */
  readonly exists: (namespace: string) => boolean;
  /**
   * Namespaces that OpenShift SDN drops and OVN-Kubernetes would let out by a node's address. With options.keepClosed
   * keepclosed.ts makes the EgressFirewall `default` of each; firewall.ts then makes none for them.
   */
  readonly closed: ReadonlySet<string>;
  /** Whether `--namespace` chose it. */
  readonly chosen: (namespace: string) => boolean;
}

/** One concern of the translation. */
export type PartOf = (context: Context) => Part;

/** The context of a snapshot. The order of its lists does not matter. */
export function contextOf(snapshot: Snapshot, options: TranslateOptions): Context {
  const raw = {
    hostSubnets: shaped(objectsOf(snapshot, hostSubnets), hostSubnetShape),
    netNamespaces: shaped(objectsOf(snapshot, netNamespaces), netNamespaceShape),
    nodes: objectsOf(snapshot, nodes),
    clusterNetworks: shaped(objectsOf(snapshot, clusterNetworks), clusterNetworkShape),
  };
  const parsed = clusterOf(raw, new Set());
  const machines = machinesOf(snapshot, parsed, cidrs(options.machineNetworks));
  const cluster = { ...parsed, offline: offlineOf(machines) };
  const vnids = new Map<string, Vnid>(cluster.netNamespaces.map(({ name, vnid }) => [name, vnid]));
  const byVnid = Map.groupBy(cluster.netNamespaces, ({ vnid }) => vnid);
  const listed = objectsOf(snapshot, namespaces);
  const known = listed.length === 0 ? undefined : new Map(listed.map((one) => [one.metadata.name ?? '', one]));
  const chosen = new Set(options.namespaces);
  const isChosen = (namespace: string): boolean => chosen.size === 0 || chosen.has(namespace);
  const exists = (namespace: string): boolean => known?.has(namespace) ?? true;
  const state = egressState(cluster);
  const egress = egressPlan({ cluster, state, machines, prefix: options.prefix, exists, chosen: isChosen });
  const open = egress.groups.filter((group) => group.today.kind === 'dropped' && !egress.served(group));
  return {
    snapshot,
    options,
    cluster,
    state,
    egress,
    network: networkOf(snapshot),
    machines,
    namespaces: known,
    nodeAddresses: [...machines.values()].flatMap(({ addresses }) =>
      addresses.filter((ip) => familyOf(ip) === 4).map((ip) => ({ ip, key: sortKey(ip) })),
    ),
    requested: new Set(cluster.netNamespaces.flatMap(({ egressIPs }) => egressIPs)),
    vnidOf: (namespace) => vnids.get(namespace),
    namespacesOf: (vnid) => (byVnid.get(vnid) ?? []).map(({ name }) => name).sort(compareText),
    exists,
    closed: new Set(open.flatMap(({ selected }) => selected)),
    chosen: isChosen,
  };
}

function networkOf(snapshot: Snapshot): ClusterNetwork | undefined {
  const found = shaped(objectsOf(snapshot, clusterNetworks), clusterNetworkShape).find(
    ({ metadata }) => metadata.name === 'default',
  );
  const parsed = found === undefined ? undefined : parseClusterNetwork(found);
  return parsed?.ok === true ? parsed.value : undefined;
}

function offlineOf(machines: ReadonlyMap<string, Machine>): ReadonlySet<Ip> {
  return new Set(
    [...machines.values()].flatMap(({ ready, hostSubnet }) =>
      ready || hostSubnet === undefined ? [] : [hostSubnet.hostIP],
    ),
  );
}

/** Objects of a wrong shape are refused when they are read; here they are only left out. */
function shaped<T>(objects: readonly KubeObject[], shape: (value: unknown) => Result<T, unknown>): readonly T[] {
  return objects.flatMap((object) => {
    const value = shape(object);
    return value.ok ? [value.value] : [];
  });
}

function cidrs(texts: readonly string[]): readonly Cidr[] {
  return texts.flatMap((text) => {
    const parsed = parseCidr(text);
    return parsed.ok ? [parsed.value] : [];
  });
}
