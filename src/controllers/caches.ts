/** The kinds that the controllers read, each followed by a watch. */
import {
  clusterNetworks,
  egressNetworkPolicies,
  hostSubnets,
  namespaces,
  netNamespaces,
  nodes,
} from '../../api/kinds.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { type ObjectCache, watchKind } from '../io/kube/watch.ts';
import type { Logger } from '../io/log.ts';
import type {
  ClusterNetworkObject,
  EgressNetworkPolicyObject,
  HostSubnetObject,
  NamespaceObject,
  NetNamespaceObject,
  NodeObject,
} from '../model/objects.ts';

export interface Caches {
  readonly networks: ObjectCache<ClusterNetworkObject>;
  readonly namespaces: ObjectCache<NamespaceObject>;
  readonly netNamespaces: ObjectCache<NetNamespaceObject>;
  readonly nodes: ObjectCache<NodeObject>;
  readonly hostSubnets: ObjectCache<HostSubnetObject>;
  readonly policies: ObjectCache<EgressNetworkPolicyObject>;
}

/** Follows all of them until the signal aborts; resolves when each has been read. Rejects when the signal aborts before. */
export async function openCaches(client: KubeClient, logger: Logger, signal: AbortSignal): Promise<Caches> {
  const options = { logger };
  const caches = {
    networks: watchKind<ClusterNetworkObject>(client, clusterNetworks, options, signal),
    namespaces: watchKind<NamespaceObject>(client, namespaces, options, signal),
    netNamespaces: watchKind<NetNamespaceObject>(client, netNamespaces, options, signal),
    nodes: watchKind<NodeObject>(client, nodes, options, signal),
    hostSubnets: watchKind<HostSubnetObject>(client, hostSubnets, options, signal),
    policies: watchKind<EgressNetworkPolicyObject>(client, egressNetworkPolicies, options, signal),
  };
  await Promise.all(Object.values(caches).map(({ synced }) => synced));
  return caches;
}
