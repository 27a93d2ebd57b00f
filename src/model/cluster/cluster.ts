/** The cluster as the egress model sees it: parsed objects without duplicates, and the limits and health of nodes. */
import { HostSubnets } from '../allocation/hostsubnets.ts';
import type { LostClaim } from '../allocation/subnetclaims.ts';
import type { EgressInput } from '../egress/state.ts';
import { type CloudLimits, limitsOf } from '../objects/cloud.ts';
import { type IsolationMode, networksOf, parseClusterNetwork } from '../objects/clusternetwork.ts';
import type { AnnotationProblem } from '../objects/egressrules.ts';
import type { InvalidHostSubnet } from '../objects/hostsubnet.ts';
import { type InvalidNetNamespace, type NetNamespace, parseNetNamespace } from '../objects/netnamespace.ts';
import type { NodeLabels } from '../objects/placement.ts';
import type { ClusterNetworkObject, HostSubnetObject, KubeObject, NetNamespaceObject } from '../objects/raw.ts';
import type { Ip } from '../values/address.ts';
import { compareText, isNodeName, type NodeName } from '../values/names.ts';

/** The objects as an API server or files give them. */
export interface RawCluster {
  readonly hostSubnets: readonly HostSubnetObject[];
  readonly netNamespaces: readonly NetNamespaceObject[];
  /** Only annotations and InternalIPs are read. */
  readonly nodes: readonly KubeObject[];
  /** Only the one named `default` is read; without it the cluster's own networks are unknown. */
  readonly clusterNetworks?: readonly ClusterNetworkObject[];
}

/** An unreadable Node annotation. */
export interface InvalidLimits {
  readonly name: string;
  readonly reason: string;
}

export interface Cluster extends Required<EgressInput> {
  /** How pods are isolated, if known. */
  readonly mode: IsolationMode | undefined;
  readonly limits: ReadonlyMap<NodeName, CloudLimits>;
  /** The labels of the Nodes that are known. */
  readonly nodeLabels: NodeLabels;
  readonly invalidHostSubnets: readonly InvalidHostSubnet[];
  /** HostSubnets that lost their subnet to another one, in order of name. */
  readonly lostSubnets: readonly LostClaim[];
  readonly invalidNetNamespaces: readonly InvalidNetNamespace[];
  readonly invalidLimits: readonly InvalidLimits[];
  /** Why the annotation of the ClusterNetwork with the excluded networks cannot be read. */
  readonly excludedProblem?: AnnotationProblem;
  /** Different objects with the same kind and name; one of them is used. */
  readonly duplicates: readonly { readonly kind: 'HostSubnet' | 'NetNamespace' | 'Node'; readonly name: string }[];
}

/** Builds the cluster from the objects and the addresses of offline nodes. Nothing is rejected: problems are listed. */
export function clusterOf({ netNamespaces, ...raw }: RawCluster, offline: ReadonlySet<Ip>): Cluster {
  const hostSubnets = distinct(raw.hostSubnets);
  const hosts = new HostSubnets();
  for (const one of hostSubnets.kept) hosts.set(one);
  const nodes = distinct(raw.nodes);
  for (const node of nodes.kept) hosts.setNode(node.metadata.name ?? '', node);
  const withoutNamespaces: Cluster = {
    ...egressOf(hosts),
    ...{ netNamespaces: [], invalidNetNamespaces: [], offline },
    ...ownNetwork(raw.clusterNetworks ?? []),
    ...allLimits(nodes.kept),
    nodeLabels: new Map(nodes.kept.map(({ metadata: { name = '', labels = {} } }) => [name, labels])),
    duplicates: [
      ...hostSubnets.duplicates.map((name) => ({ kind: 'HostSubnet' as const, name })),
      ...nodes.duplicates.map((name) => ({ kind: 'Node' as const, name })),
    ],
  };
  return withNetNamespaces(withoutNamespaces, netNamespaces);
}

/** The same hosts and nodes with these NetNamespaces. */
export function withNetNamespaces(cluster: Cluster, objects: readonly NetNamespaceObject[]): Cluster {
  const { kept, duplicates } = distinct(objects);
  const parsed = partition(kept, parseNetNamespace);
  return {
    ...cluster,
    netNamespaces: parsed.valid satisfies readonly NetNamespace[],
    invalidNetNamespaces: parsed.invalid,
    duplicates: [
      ...cluster.duplicates.filter(({ kind }) => kind === 'HostSubnet'),
      ...duplicates.map((name) => ({ kind: 'NetNamespace' as const, name })),
      ...cluster.duplicates.filter(({ kind }) => kind === 'Node'),
    ],
  };
}

/** The meaning of the HostSubnets for egress, in the order in which they were set. */
function egressOf(hosts: HostSubnets): Pick<Cluster, 'hostSubnets' | 'absent' | 'invalidHostSubnets' | 'lostSubnets'> {
  const meanings = [...hosts.names()].flatMap((name) => hosts.meaningOf(name) ?? []);
  return {
    hostSubnets: meanings.flatMap((one) => (one.kind === 'valid' ? [one.hostSubnet] : [])),
    absent: meanings.flatMap((one) => (one.kind === 'absent' ? [one.hostSubnet] : [])),
    invalidHostSubnets: hosts.invalid(),
    lostSubnets: hosts.lost(),
  };
}

/** The networks of pods and services, empty when they cannot be read, the mode, and what no egress IP is for. */
function ownNetwork(
  objects: readonly ClusterNetworkObject[],
): Pick<Cluster, 'networks' | 'mode' | 'excluded' | 'excludedProblem'> {
  const [raw] = distinct(objects.filter(({ metadata }) => metadata.name === 'default')).kept;
  const parsed = raw === undefined ? undefined : parseClusterNetwork(raw);
  if (parsed?.ok !== true) return { networks: [], mode: undefined, excluded: [] };
  const { mode, excluded = [], excludedProblem } = parsed.value;
  const problem = excludedProblem === undefined ? {} : { excludedProblem };
  return { networks: networksOf(parsed.value), mode, excluded, ...problem };
}

function allLimits(nodes: readonly KubeObject[]): Pick<Cluster, 'limits' | 'invalidLimits'> {
  const limits = new Map<NodeName, CloudLimits>();
  const invalidLimits: InvalidLimits[] = [];
  for (const node of nodes) {
    const name = node.metadata.name ?? '';
    const found = limitsOf(node);
    if (!isNodeName(name) || found === undefined) continue;
    limits.set(name, found.limits);
    if (found.problem !== undefined) invalidLimits.push({ name, reason: found.problem });
  }
  return { limits, invalidLimits };
}

/**
 * Keeps one object for each name, ordered by name. Of several different ones it keeps the one with the last JSON in
 * text order, so the order of reading does not matter.
 */
function distinct<T extends KubeObject>(
  objects: readonly T[],
): { readonly kept: readonly T[]; readonly duplicates: readonly string[] } {
  const byName = new Map<string, T>();
  const duplicates = new Set<string>();
  for (const object of objects) {
    const name = object.metadata.name ?? '';
    const other = byName.get(name);
    const order = other === undefined ? 1 : compareText(JSON.stringify(object), JSON.stringify(other));
    if (other !== undefined && order !== 0) duplicates.add(name);
    if (order > 0) byName.set(name, object);
  }
  const kept = [...byName].sort(([a], [b]) => compareText(a, b)).map(([, object]) => object);
  return { kept, duplicates: [...duplicates].sort(compareText) };
}

function partition<T, V, E>(
  objects: readonly T[],
  parse: (object: T) => { readonly ok: true; readonly value: V } | { readonly ok: false; readonly error: E },
): { readonly valid: readonly V[]; readonly invalid: readonly E[] } {
  const valid: V[] = [];
  const invalid: E[] = [];
  for (const object of objects) {
    const parsed = parse(object);
    if (parsed.ok) valid.push(parsed.value);
    else invalid.push(parsed.error);
  }
  return { valid, invalid };
}
