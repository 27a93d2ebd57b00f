/** What namespaces request today, and where: what every target but OVN-Kubernetes is translated from. Pure. */
import { type Cluster, clusterOf } from '../../model/cluster/cluster.ts';
import { egressState } from '../../model/egress/state.ts';
import { type ClusterNetwork, parseClusterNetwork } from '../../model/objects/clusternetwork.ts';
import { type Ip, parseIp } from '../../model/values/address.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Concern } from '../translation.ts';
import { type RequestGroup, requestGroups } from './groups.ts';
import { type Hosting, hostingOf } from './hosting.ts';
import { type Scope, scopeOf } from './scope.ts';

export interface RequestOptions {
  readonly only: readonly Concern[];
  /** Translate only objects of these namespaces; empty means all. */
  readonly namespaces: readonly string[];
  /** Beginning of the names of objects. */
  readonly prefix: string;
  /** Whether EgressNetworkPolicies that close something are left behind, with a warning. */
  readonly dropPolicies: boolean;
}

export interface Requests extends Scope, Hosting {
  readonly snapshot: Snapshot;
  readonly options: RequestOptions;
  readonly cluster: Cluster;
  /** The ClusterNetwork `default`; undefined if it is absent or cannot be read. */
  readonly network: ClusterNetwork | undefined;
  /** Those with a chosen namespace, sorted by the first member's name; none if egress IPs are not chosen. */
  readonly groups: readonly RequestGroup[];
  /** Addresses of all nodes. */
  readonly nodeAddresses: readonly string[];
  readonly wants: (concern: Concern) => boolean;
}

/** Reads the requests of a snapshot. The order of its lists does not matter. */
export function requestsOf(snapshot: Snapshot, options: RequestOptions): Requests {
  const { hostSubnets, netNamespaces, nodes, clusterNetworks } = snapshot;
  const raw = { hostSubnets, netNamespaces, nodes: nodes.map(({ object }) => object), clusterNetworks };
  const down = new Set(nodes.filter(({ ready = 'True' }) => ready !== 'True').map(({ name }) => name));
  const read = clusterOf(raw, new Set());
  const cluster = {
    ...read,
    offline: new Set(read.hostSubnets.filter(({ name }) => down.has(name)).map(({ hostIP }) => hostIP)),
  };
  const scope = scopeOf(snapshot, cluster, options.namespaces);
  const isThere = new Set(nodes.map(({ name }) => name));
  const wants = (concern: Concern): boolean => options.only.length === 0 || options.only.includes(concern);
  const owners = nodesByAddress(snapshot, cluster);
  const groups = requestGroups({
    netNamespaces: cluster.netNamespaces,
    state: egressState(cluster),
    prefix: options.prefix,
    exists: scope.exists,
    nodeWith: (ip) => owners.get(ip),
  });
  return {
    ...scope,
    ...hostingOf(cluster.hostSubnets, (name) => isThere.size === 0 || isThere.has(name)),
    snapshot,
    options,
    cluster,
    network: networkOf(snapshot),
    groups: wants('egressip') ? groups.filter(({ members }) => members.some(({ name }) => scope.chosen(name))) : [],
    nodeAddresses: [...owners.keys()].map(String).sort(),
    wants,
  };
}

/** The node of each address, without the egress IPs that OpenShift SDN put on its interfaces. */
function nodesByAddress({ nodes }: Snapshot, { hostSubnets }: Cluster): ReadonlyMap<Ip, string> {
  const listed = new Map(hostSubnets.map(({ name, egressIPs }) => [String(name), new Set(egressIPs)]));
  const own = hostSubnets.map(({ name, hostIP }): readonly [Ip, string] => [hostIP, name]);
  const shown = nodes.flatMap(({ name, addresses }) =>
    addresses.flatMap((text): readonly (readonly [Ip, string])[] => {
      const ip = parseIp(text);
      return ip.ok && listed.get(name)?.has(ip.value) !== true ? [[ip.value, name]] : [];
    }),
  );
  return new Map([...shown, ...own]);
}

function networkOf(snapshot: Snapshot): ClusterNetwork | undefined {
  const found = snapshot.clusterNetworks.find(({ metadata }) => metadata.name === 'default');
  const parsed = found === undefined ? undefined : parseClusterNetwork(found);
  return parsed?.ok === true ? parsed.value : undefined;
}
