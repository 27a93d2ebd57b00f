/** Reads the cluster for the egress model from an API server or from files. */
import pick from 'lodash/pick.js';
import {
  clusterNetworks,
  egressFirewalls,
  egressIPs,
  egressPools,
  hostSubnets,
  type Kind,
  leases,
  namespaces as namespaceKind,
  netNamespaces,
  nodes,
} from '../../../api/kinds.ts';
import { assignmentsIn, type EgressIPObject } from '../../model/cluster/assignments.ts';
import { type Cluster, clusterOf, type RawCluster } from '../../model/cluster/cluster.ts';
import type { NodeReports } from '../../model/cluster/node-status.ts';
import { poolsStatus } from '../../model/cluster/pools.ts';
import { type Status, statusOf } from '../../model/cluster/summary.ts';
import { inUseElsewhere } from '../../model/egress/in-use.ts';
import { parseIpv4 } from '../../model/objects/fields.ts';
import type {
  ClusterNetworkObject,
  HostSubnetObject,
  KubeObject,
  NetNamespaceObject,
} from '../../model/objects/raw.ts';
import { clusterNetworkShape, hostSubnetShape, netNamespaceShape, objectShape } from '../../model/objects/shapes.ts';
import { firewallIn } from '../../model/policy/egressfirewall.ts';
import { type KnownPools, poolsInput } from '../../model/pools/input.ts';
import type { Ip } from '../../model/values/address.ts';
import { asList, isRecord } from '../../model/values/json.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import type { KubeClient } from '../kube/client.ts';
import { controllerOf, ownLabels, verdictOf } from '../kube/verdict.ts';
import { isIndexRow } from './index-row.ts';
import { type InputProblem, type Manifest, readManifests, shaped } from './manifests.ts';
import { poolObjects, poolsIn, type PoolsRead } from './pools.ts';
import { type Listed, listed, whyUnread } from './unread.ts';

/** A cluster, and what is known of its nodes. */
export interface ReadCluster extends NodeReports {
  readonly cluster: Cluster;
  /** For each kind that could not be read a line with what is not known therefore. */
  readonly unread: ReadonlyMap<Kind, string>;
  /** Undefined without EgressPools. */
  readonly pools?: KnownPools;
}

/** The status of what was read: what depends on a kind that could not be read is unknown. */
export function statusOfRead({ cluster, unread, pools, ...reports }: ReadCluster): Status {
  const status = statusOf(cluster, reports, new Set([...unread.keys()].map(({ kind }) => kind)));
  return pools === undefined ? status : { ...status, ...poolsStatus(pools, reports.assignments === undefined) };
}

/** Selects the Leases in which agents and controllers say how they are. */
export const ownSelector = Object.entries(ownLabels)
  .map(([key, value]) => `${key}=${value}`)
  .join();

/**
 * Reads the cluster from an API server. A kind that cannot be listed, because the server does not serve it, does not
 * allow it or does not answer, is empty, and named; throws if the server answers no list.
 */
export async function clusterFromServer(client: KubeClient): Promise<ReadCluster> {
  const [pooled, hosts, namespaces, machines, networks, agents] = await Promise.all([
    poolObjects(client),
    listed(hostSubnets, client.list<HostSubnetObject>(hostSubnets)),
    listed(netNamespaces, client.list<NetNamespaceObject>(netNamespaces)),
    listed(nodes, client.list<KubeObject>(nodes)),
    listed(clusterNetworks, client.list<ClusterNetworkObject>(clusterNetworks)),
    listed(leases, client.list<KubeObject>(leases, { labelSelector: ownSelector })),
  ]);
  const all = [hosts, namespaces, machines, networks, agents];
  if (all.every(({ error }) => error !== undefined && whyUnread(error) === undefined)) throw hosts.error;
  // only where OVN-Kubernetes forwards do they say anything
  const ovn = isOnOvn(agents.items) ? await ovnObjects(client) : undefined;
  const raw = {
    hostSubnets: hosts.items,
    netNamespaces: namespaces.items,
    nodes: machines.items,
    clusterNetworks: networks.items,
  };
  const unread = [...all, ...pooled.lists, ...(ovn === undefined ? [] : [ovn.assigned, ovn.firewalls])].flatMap(
    ({ unread: one }) => (one === undefined ? [] : [one]),
  );
  const said = {
    leases: agents.items,
    hasLeases: agents.unread === undefined,
    egressIPs: ovn?.assigned.unread === undefined ? ovn?.assigned.items : undefined,
    firewalls: ovn?.firewalls.unread === undefined ? ovn?.firewalls.items : undefined,
  };
  const read = assemble(raw, said, machines.unread === undefined ? 'all' : 'unread');
  return { ...withPools(read, raw, pooled), unread: new Map(unread) };
}

/** With its pools, if there are some. */
function withPools(read: ReadCluster, raw: RawCluster, { pools, namespaces }: PoolsRead): ReadCluster {
  if (pools.length === 0) return read;
  const objects = { ...raw, pools, namespaces, inside: read.cluster.networks };
  return { ...read, pools: poolsInput(objects, { inUse: inUseElsewhere(read.refused.values()), now: Date.now() }) };
}

/** What OVN-Kubernetes forwards by. */
async function ovnObjects(
  client: KubeClient,
): Promise<{ readonly assigned: Listed<EgressIPObject>; readonly firewalls: Listed<KubeObject> }> {
  const [assigned, firewalls] = await Promise.all([
    listed(egressIPs, client.list<EgressIPObject>(egressIPs)),
    listed(egressFirewalls, client.list<KubeObject>(egressFirewalls)),
  ]);
  return { assigned, firewalls };
}

/**
 * Reads the cluster from files and directories. A field of a wrong type is an error; an invalid value becomes a note on
 * its object.
 */
export async function clusterFromFiles(paths: readonly string[]): Promise<Result<ReadCluster, InputProblem>> {
  const manifests = await readManifests(paths, [
    ...[hostSubnets, netNamespaces, nodes, clusterNetworks, leases, egressIPs, egressFirewalls],
    ...[egressPools, namespaceKind],
  ]);
  if (!manifests.ok) return manifests;
  const of = (kind: Kind): readonly Manifest[] =>
    manifests.value.filter(({ object }) => object['kind'] === kind.kind && !isIndexRow(object));
  const hosts = shaped(of(hostSubnets), hostSubnetShape);
  if (!hosts.ok) return hosts;
  const namespaces = shaped(of(netNamespaces), netNamespaceShape);
  if (!namespaces.ok) return namespaces;
  const machines = shaped(of(nodes), objectShape);
  if (!machines.ok) return machines;
  const networks = shaped(of(clusterNetworks), clusterNetworkShape);
  if (!networks.ok) return networks;
  if (hosts.value.length + namespaces.value.length === 0) {
    return err({
      file: paths.join(', '),
      line: undefined,
      field: '',
      reason: 'there is no HostSubnet or NetNamespace in it',
    });
  }
  const raw = {
    hostSubnets: hosts.value,
    netNamespaces: namespaces.value,
    nodes: machines.value,
    clusterNetworks: networks.value,
  };
  const said = saidIn(of);
  if (!said.ok) return said;
  const pools = poolsIn(of);
  if (!pools.ok) return pools;
  return ok(withPools(assemble(raw, said.value, machines.value.length > 0 ? 'all' : 'none'), raw, pools.value));
}

/** What the Leases in files say, and the objects of OVN-Kubernetes beside them. */
function saidIn(of: (kind: Kind) => readonly Manifest[]): Result<SaidLeases, InputProblem> {
  const found = shaped(of(leases), objectShape);
  if (!found.ok) return found;
  const assigned = shaped(of(egressIPs), objectShape);
  if (!assigned.ok) return assigned;
  const firewalls = shaped(of(egressFirewalls), objectShape);
  if (!firewalls.ok) return firewalls;
  return ok({
    leases: found.value,
    hasLeases: found.value.length > 0,
    egressIPs: assigned.value.length > 0 ? assigned.value : undefined,
    firewalls: firewalls.value.length > 0 ? firewalls.value : undefined,
  });
}

/** The Leases of agents and controllers, and whether the input has any or could have. */
export interface SaidLeases {
  readonly leases: readonly KubeObject[];
  readonly hasLeases: boolean;
  /** Undefined if they could not be read, or are no part of the input. */
  readonly egressIPs: readonly EgressIPObject[] | undefined;
  /** The same of EgressFirewalls. */
  readonly firewalls: readonly KubeObject[] | undefined;
}

/** Whether OVN-Kubernetes forwards, as the Lease of the controllers says. */
export function isOnOvn(found: readonly KubeObject[]): boolean {
  return found.some((lease) => controllerOf(lease)?.backend === 'ovn');
}

/** Where OVN-Kubernetes has egress IPs; undefined if our agents forward. */
function assignmentsOf({ leases: found, egressIPs: objects }: SaidLeases): NodeReports['assignments'] {
  if (!isOnOvn(found)) return undefined;
  return objects === undefined ? 'unread' : assignmentsIn(objects);
}

/** The EgressFirewalls by namespace; undefined if our agents forward. */
function firewallsOf({ leases: found, firewalls: objects }: SaidLeases): NodeReports['firewalls'] {
  if (!isOnOvn(found)) return undefined;
  if (objects === undefined) return 'unread';
  return new Map(objects.map((object) => [object.metadata.namespace ?? '', firewallIn(object)]));
}

/**
 * The cluster of these objects. `known` says whether the Nodes are all that there are, could not be read, or are simply
 * not part of the input, which says nothing about them.
 */
export function assemble(raw: RawCluster, said: SaidLeases, known: 'all' | 'unread' | 'none'): ReadCluster {
  const ready = new Map(raw.nodes.map((node) => [node.metadata.name ?? '', readyStatus(node)]));
  const offline = new Set<Ip>();
  const unknown = new Map<string, string>();
  for (const { metadata, hostIP } of raw.hostSubnets) {
    const name = metadata.name ?? '';
    const ip = parseIpv4(hostIP);
    if (ip.ok && ready.get(name) === 'False') offline.add(ip.value);
    const why = whyUnknown(ready.get(name), known);
    if (why !== undefined) unknown.set(name, why);
  }
  const { leases: found, hasLeases } = said;
  const verdicts = found.flatMap((lease) => verdictOf(lease) ?? []);
  return {
    cluster: clusterOf(raw, offline),
    unknown,
    refused: new Map(verdicts.map((one) => [one.node, one.refused])),
    agents: hasLeases
      ? new Map(verdicts.map((one) => [one.node, pick(one, ['applied', 'carried', 'draining', 'version', 'at'])]))
      : undefined,
    controllers: hasLeases ? found.flatMap((lease) => controllerOf(lease) ?? []) : undefined,
    assignments: assignmentsOf(said),
    firewalls: firewallsOf(said),
    unread: new Map(),
  };
}

function whyUnknown(ready: string | undefined, known: 'all' | 'unread' | 'none'): string | undefined {
  if (known === 'unread') return 'has a Node that could not be read';
  if (ready === undefined) return known === 'all' ? 'has a HostSubnet and no Node' : undefined;
  return ready === 'Unknown' ? 'does not report (Ready is Unknown)' : undefined;
}

/** The status of the Node's Ready condition; empty if there is none. */
function readyStatus(node: unknown): string {
  const status = isRecord(node) ? node['status'] : undefined;
  const conditions = isRecord(status) ? asList(status['conditions']) : [];
  for (const condition of conditions) {
    if (isRecord(condition) && condition['type'] === 'Ready' && typeof condition['status'] === 'string')
      return condition['status'];
  }
  return '';
}
