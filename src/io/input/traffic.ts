/** Reads the objects that decide about a pod's packets besides those of the egress model: pods and policies. */
import {
  clusterNetworks,
  egressNetworkPolicies,
  endpointSlices,
  type Kind,
  namespaces,
  networkPolicies,
  pods,
  services,
} from '../../../api/kinds.ts';
import type {
  ClusterNetworkObject,
  EgressNetworkPolicyObject,
  KubeObject,
  NamespaceObject,
  NetworkPolicyObject,
  PodObject,
} from '../../model/objects/raw.ts';
import type { EndpointSliceObject, ServiceObject, ServiceObjects } from '../../model/services/objects.ts';
import { messageOf } from '../../model/values/message-of.ts';
import { ok, type Result } from '../../model/values/result.ts';
import { type KubeClient, objectGuard } from '../kube/client.ts';
import { type InputProblem, readManifests } from './manifests.ts';
import { whyUnread } from './unread.ts';

export interface TrafficObjects {
  readonly clusterNetworks: readonly ClusterNetworkObject[];
  readonly pods: readonly PodObject[];
  readonly namespaces: readonly NamespaceObject[];
  readonly networkPolicies: readonly NetworkPolicyObject[];
  readonly egressPolicies: readonly EgressNetworkPolicyObject[];
  readonly services: ServiceObjects;
}

/** Services may be kept from those who may read all else: then what does not go to them can still be told. */
async function servicesFromServer(client: KubeClient): Promise<ServiceObjects> {
  const listed = async <T extends KubeObject>(kind: Kind): Promise<readonly T[] | string> => {
    try {
      return (await client.list<T>(kind)).items;
    } catch (error) {
      return `${kind.plural} ${whyUnread(error) ?? `cannot be listed: ${messageOf(error)}`}`;
    }
  };
  const [found, slices] = await Promise.all([
    listed<ServiceObject>(services),
    listed<EndpointSliceObject>(endpointSlices),
  ]);
  if (typeof found === 'string') return { unread: found };
  return typeof slices === 'string' ? { unread: slices } : { services: found, slices, isWhole: true };
}

/**
 * Reads them from an API server; rejects with the kind and the reason if one of them cannot be listed, unless only what
 * goes to Services depends on it.
 */
export async function trafficFromServer(client: KubeClient): Promise<TrafficObjects> {
  const all = async <T extends KubeObject>(kind: Kind): Promise<readonly T[]> => {
    try {
      return (await client.list<T>(kind)).items;
    } catch (error) {
      throw new Error(`${kind.plural} cannot be listed: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const [networks, found, spaces, policies, egress, served] = await Promise.all([
    all<ClusterNetworkObject>(clusterNetworks),
    all<PodObject>(pods),
    all<NamespaceObject>(namespaces),
    all<NetworkPolicyObject>(networkPolicies),
    all<EgressNetworkPolicyObject>(egressNetworkPolicies),
    servicesFromServer(client),
  ]);
  return {
    clusterNetworks: networks,
    pods: found,
    namespaces: spaces,
    networkPolicies: policies,
    egressPolicies: egress,
    services: served,
  };
}

/** Reads them from files and directories. */
export async function trafficFromFiles(paths: readonly string[]): Promise<Result<TrafficObjects, InputProblem>> {
  const kinds = [clusterNetworks, pods, namespaces, networkPolicies, egressNetworkPolicies, services, endpointSlices];
  const manifests = await readManifests(paths, kinds);
  if (!manifests.ok) return manifests;
  const all = <T extends KubeObject>(kind: Kind, isOne: (object: unknown) => object is T): readonly T[] =>
    manifests.value
      .filter(({ object }) => object['kind'] === kind.kind)
      .map(({ object }): unknown => object)
      .filter(isOne);
  return ok({
    clusterNetworks: all(clusterNetworks, objectGuard<ClusterNetworkObject>()),
    pods: all(pods, objectGuard<PodObject>()),
    namespaces: all(namespaces, objectGuard<NamespaceObject>()),
    networkPolicies: all(networkPolicies, objectGuard<NetworkPolicyObject>()),
    egressPolicies: all(egressNetworkPolicies, objectGuard<EgressNetworkPolicyObject>()),
    services: {
      services: all(services, objectGuard<ServiceObject>()),
      slices: all(endpointSlices, objectGuard<EndpointSliceObject>()),
      isWhole: false,
    },
  });
}
