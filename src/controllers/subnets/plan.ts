/** What a HostSubnet should be, from its Node or from what an admin asked for. Pure. */
import { type Ip, parseIp } from '../../model/address.ts';
import { type ClusterNetwork, networkAround } from '../../model/clusternetwork.ts';
import { internalIP } from '../../model/node.ts';
import type { HostSubnetObject, NodeObject } from '../../model/objects.ts';

/** Names the Node, by uid, that a HostSubnet was made for. */
export const nodeUidAnnotation = 'pod.network.openshift.io/node-uid';
/** `true` on a HostSubnet that an admin made for a host outside the cluster: it is given a subnet. */
export const assignSubnetAnnotation = 'pod.network.openshift.io/assign-subnet';

/** What is to be done about the HostSubnet of one name. */
export type Step =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'remove'; readonly present: HostSubnetObject }
  | { readonly kind: 'create'; readonly node: NodeObject; readonly hostIP: Ip }
  | { readonly kind: 'move'; readonly present: HostSubnetObject; readonly hostIP: Ip }
  /** The HostSubnet an admin made gets a subnet. */
  | { readonly kind: 'assign'; readonly present: HostSubnetObject }
  /** The address cannot be a host's. */
  | { readonly kind: 'refuse'; readonly on: 'Node' | 'HostSubnet'; readonly hostIP: string; readonly why: string };

/** The step that brings one HostSubnet closer to its Node, or to what its annotations ask for. */
export function stepFor(
  node: NodeObject | undefined,
  present: HostSubnetObject | undefined,
  network: ClusterNetwork,
): Step {
  if (present !== undefined && isOrphan(present, node)) return { kind: 'remove', present };
  const hostIP = node === undefined ? undefined : internalIP(node);
  if (node === undefined || hostIP === undefined)
    return present === undefined ? { kind: 'nothing' } : stepOutside(present, network);
  if (present?.hostIP === hostIP) return isWithoutSubnet(present) ? { kind: 'assign', present } : { kind: 'nothing' };
  const around = networkAround(hostIP, network);
  if (around !== undefined)
    return { kind: 'refuse', on: 'Node', hostIP, why: `is in ${around.text}, a network of the cluster` };
  return present === undefined ? { kind: 'create', node, hostIP } : { kind: 'move', present, hostIP };
}

/** Made for a Node that is gone or was replaced. One without the annotation was made by hand and stays. */
function isOrphan(present: HostSubnetObject, node: NodeObject | undefined): boolean {
  const uid = present.metadata.annotations?.[nodeUidAnnotation];
  return uid !== undefined && uid !== node?.metadata.uid;
}

/** A HostSubnet without a Node, which somebody made by hand. */
function stepOutside(present: HostSubnetObject, network: ClusterNetwork): Step {
  if (!isWithoutSubnet(present)) return { kind: 'nothing' };
  const hostIP = parseIp(present.hostIP);
  if (!hostIP.ok) return { kind: 'refuse', on: 'HostSubnet', hostIP: present.hostIP, why: 'is not an IP address' };
  const around = networkAround(hostIP.value, network);
  if (around !== undefined)
    return {
      kind: 'refuse',
      on: 'HostSubnet',
      hostIP: present.hostIP,
      why: `is in ${around.text}, a network of the cluster`,
    };
  return { kind: 'assign', present };
}

function isWithoutSubnet({ subnet, metadata }: HostSubnetObject): boolean {
  return (subnet ?? '') === '' && metadata.annotations?.[assignSubnetAnnotation] === 'true';
}
