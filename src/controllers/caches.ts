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
import { lean, type ObjectCache, watchKind } from '../io/kube/watch.ts';
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
    namespaces: watchKind<NamespaceObject>(client, namespaces, { logger, keep: namespacePart }, signal),
    netNamespaces: watchKind<NetNamespaceObject>(client, netNamespaces, options, signal),
    nodes: watchKind<NodeObject>(client, nodes, { logger, keep: nodePart }, signal),
    hostSubnets: watchKind<HostSubnetObject>(client, hostSubnets, options, signal),
    policies: watchKind<EgressNetworkPolicyObject>(client, egressNetworkPolicies, options, signal),
  };
  await Promise.all(Object.values(caches).map(({ synced }) => synced));
  return caches;
}

/** The part of a Namespace that is read. There are tens of thousands, and the rest is more than half of each. */
export function namespacePart({ metadata }: NamespaceObject): NamespaceObject {
  return lean({ metadata });
}

/** The part of a Node that is read: not its images, of which a real one lists fifty. */
export function nodePart({ metadata, spec, status: { addresses = [], conditions = [] } = {} }: NodeObject): NodeObject {
  const kept = spec?.unschedulable === true ? { spec: { unschedulable: true } } : {};
  return lean({ metadata, ...kept, status: { addresses, conditions } });
}
