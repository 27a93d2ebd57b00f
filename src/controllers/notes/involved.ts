/** Names the object that an Event is about. */
import { clusterNetworks, hostSubnets, apiVersionOf, namespaces, netNamespaces, nodes } from '../../../api/kinds.ts';
import type { Involved } from '../../io/events.ts';
import type { KubeObject } from '../../model/objects.ts';

const kinds = { ClusterNetwork: clusterNetworks, HostSubnet: hostSubnets, Namespace: namespaces, NetNamespace: netNamespaces, Node: nodes } as const;

/** The reference to an object of that kind and name; its uid when the object is known. */
export function involved(kind: keyof typeof kinds, name: string, object?: KubeObject): Involved {
  const uid = object?.metadata.uid;
  return { apiVersion: apiVersionOf(kinds[kind]), kind, name, ...(uid === undefined ? {} : { uid }) };
}
