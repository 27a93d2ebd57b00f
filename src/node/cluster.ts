/** What a node reads of the cluster: its own HostSubnet, the others, the networks, and the egress state. */
import type { Ip } from '../model/address.ts';
import { type ClusterNetwork, parseClusterNetwork } from '../model/clusternetwork.ts';
import { egressState, type EgressState } from '../model/egress/state.ts';
import { type HostSubnet, parseHostSubnet } from '../model/hostsubnet.ts';
import { parseNetNamespace } from '../model/netnamespace.ts';
import type { ClusterNetworkObject, HostSubnetObject, NetNamespaceObject } from '../model/objects.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Vnid } from '../model/vnid.ts';
import type { RemoteNode } from './facts.ts';

/** The objects of one moment, as the caches hold them. */
export interface ClusterObjects {
  readonly clusterNetwork: ClusterNetworkObject | undefined;
  readonly hostSubnets: readonly HostSubnetObject[];
  readonly netNamespaces: readonly NetNamespaceObject[];
  /** Node addresses that the health check calls offline. */
  readonly offline: ReadonlySet<Ip>;
}

export interface ClusterView {
  readonly network: ClusterNetwork;
  readonly own: { readonly hostIP: Ip; readonly subnet: HostSubnet['subnet'] };
  readonly remotes: readonly RemoteNode[];
  readonly state: EgressState;
  /** The VNID of each namespace. */
  readonly vnids: ReadonlyMap<string, Vnid>;
}

/** Address and subnet of a HostSubnet, also of one whose egress fields are wrong: its pods are reached all the same. */
function reachable(raw: HostSubnetObject): RemoteNode | undefined {
  const parsed = parseHostSubnet(raw);
  const { name, hostIP, subnet } = parsed.ok ? parsed.value : parsed.error;
  return hostIP === undefined || subnet === undefined ? undefined : { name, nodeIP: hostIP, subnet };
}

function networkOf(raw: ClusterNetworkObject | undefined): Result<ClusterNetwork> {
  if (raw === undefined) return err('ClusterNetwork "default" does not exist');
  const parsed = parseClusterNetwork(raw);
  if (parsed.ok) return parsed;
  return err(parsed.error.map(({ field, reason }) => `ClusterNetwork "default": ${field} ${reason}`).join('; '));
}

/** The view that a node has; the reason why it cannot work yet when something it needs is missing. */
export function viewCluster(objects: ClusterObjects, nodeName: string): Result<ClusterView> {
  const network = networkOf(objects.clusterNetwork);
  if (!network.ok) return network;
  const nodes = objects.hostSubnets.flatMap((raw) => reachable(raw) ?? []);
  const own = nodes.find(({ name }) => name === nodeName);
  if (own === undefined) return err(`HostSubnet ${nodeName} does not exist or has no usable hostIP and subnet`);
  const hostSubnets = objects.hostSubnets.flatMap((raw) => {
    const parsed = parseHostSubnet(raw);
    return parsed.ok ? [parsed.value] : [];
  });
  const netNamespaces = objects.netNamespaces.flatMap((raw) => {
    const parsed = parseNetNamespace(raw);
    return parsed.ok ? [parsed.value] : [];
  });
  return ok({
    network: network.value,
    own: { hostIP: own.nodeIP, subnet: own.subnet },
    remotes: nodes.filter(({ name }) => name !== nodeName),
    state: egressState({ hostSubnets, netNamespaces, offline: objects.offline }),
    vnids: new Map(netNamespaces.map(({ name, vnid }) => [name, vnid])),
  });
}
