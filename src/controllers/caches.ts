/** Watches the kinds that the controllers read. */
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
} from '../model/objects/raw.ts';

export interface Caches {
  readonly networks: ObjectCache<ClusterNetworkObject>;
  readonly namespaces: ObjectCache<NamespaceObject>;
  readonly netNamespaces: ObjectCache<NetNamespaceObject>;
  readonly nodes: ObjectCache<NodeObject>;
  readonly hostSubnets: ObjectCache<HostSubnetObject>;
  readonly policies: ObjectCache<EgressNetworkPolicyObject>;
}

/** Watches all kinds until the signal aborts. Resolves when each has been read; rejects if the signal aborts first. */
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
