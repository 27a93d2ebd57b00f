/** Decides what a HostSubnet should be, from its Node or from what an admin requests. Pure. */
import { type ClusterNetwork, networkAround } from '../../model/objects/clusternetwork.ts';
import { hostIPOf } from '../../model/objects/node.ts';
import type { HostSubnetObject, NodeObject } from '../../model/objects/raw.ts';
import { assignSubnetAnnotation, nodeUidAnnotation } from '../../model/objects/well-known.ts';
import { type Cidr, type Ip, parseIfaddr, parseIp } from '../../model/values/address.ts';

/** What is known about the Node and the HostSubnet of one name. */
export interface Known {
  readonly node: NodeObject | undefined;
  readonly present: HostSubnetObject | undefined;
  /** A HostSubnet was created that the cache does not show yet. */
  readonly isWritten: boolean;
  /** Whether a HostSubnet lists the address as an egress IP. */
  readonly isEgressIP: (ip: Ip) => boolean;
  /** The name of another host whose HostSubnet has the address as its hostIP; undefined if there is none. */
  readonly otherAt: (ip: Ip) => string | undefined;
}

/** What to do about the HostSubnet of one name. */
export type Step =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'remove'; readonly present: HostSubnetObject }
  | { readonly kind: 'create'; readonly node: NodeObject; readonly hostIP: Ip }
  /** Looks for the HostSubnet that was created. */
  | { readonly kind: 'find' }
  | { readonly kind: 'move'; readonly present: HostSubnetObject; readonly hostIP: Ip }
  /** Gives a subnet to the HostSubnet that an admin made. */
  | { readonly kind: 'assign'; readonly present: HostSubnetObject }
  /** Records the uid of its Node, so that it goes with that Node: one that was restored or replaced may lack it. */
  | {
      readonly kind: 'record';
      readonly present: HostSubnetObject;
      readonly annotations: Readonly<Record<string, string>>;
    }
  /** The Node has no address that may be that of a host. */
  | { readonly kind: 'lacking'; readonly node: NodeObject }
  /** The address cannot be that of a host. */
  | { readonly kind: 'refuse'; readonly on: 'Node' | 'HostSubnet'; readonly hostIP: string; readonly why: string };

/** The step that brings one HostSubnet closer to its Node, or to what its annotations request. */
export function stepFor(known: Known, network: ClusterNetwork): Step {
  const { node, present } = known;
  if (present !== undefined && isOrphan(present, node)) return { kind: 'remove', present };
  if (node === undefined) return present === undefined ? { kind: 'nothing' } : stepOutside(present, network);
  const hostIP = hostIPOf(node, present?.hostIP, known.isEgressIP);
  if (hostIP !== undefined) return stepInside({ ...known, node, hostIP }, network);
  return present === undefined ? { kind: 'lacking', node } : stepInPlace(present, node);
}

/** The step for the HostSubnet of a Node. */
function stepInside(
  { node, hostIP, present, isWritten, otherAt }: Known & { readonly node: NodeObject; readonly hostIP: Ip },
  network: ClusterNetwork,
): Step {
  if (present?.hostIP === hostIP) return stepInPlace(present, node);
  const around = networkAround(hostIP, network);
  if (around !== undefined)
    return { kind: 'refuse', on: 'Node', hostIP, why: `is in ${around.text}, a network of the cluster` };
  const other = otherAt(hostIP);
  if (other !== undefined) return { kind: 'refuse', on: 'Node', hostIP, why: `is that of HostSubnet ${other}` };
  if (present !== undefined) return { kind: 'move', present, hostIP };
  return isWritten ? { kind: 'find' } : { kind: 'create', node, hostIP };
}

/** The step for a HostSubnet that has its Node's address. */
function stepInPlace(present: HostSubnetObject, { metadata: { uid } }: NodeObject): Step {
  if (isWithoutSubnet(present)) return { kind: 'assign', present };
  const { annotations = {} } = present.metadata;
  const isByHand = annotations[assignSubnetAnnotation] === 'true';
  return uid === undefined || isByHand || annotations[nodeUidAnnotation] !== undefined
    ? { kind: 'nothing' }
    : { kind: 'record', present, annotations: { [nodeUidAnnotation]: uid } };
}

/** Whether its Node is gone or was replaced, judging by these objects. One made by hand is never an orphan. */
export function isOrphan(present: HostSubnetObject, node: NodeObject | undefined): boolean {
  const uid = present.metadata.annotations?.[nodeUidAnnotation];
  return uid !== undefined && uid !== node?.metadata.uid;
}

/** The step for a HostSubnet without a Node, which somebody made by hand. */
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

/**
 * The subnet that the HostSubnet occupies; undefined if it has none. One with host bits set counts too, because it will
 * be fixed.
 */
export function subnetOf(object: HostSubnetObject | undefined): Cidr | undefined {
  const parsed = parseIfaddr(object?.subnet ?? '');
  return parsed.ok ? parsed.value.network : undefined;
}

/** The HostSubnet of a Node, with that subnet. */
export function hostSubnetOf({ metadata }: NodeObject, hostIP: Ip, subnet: Cidr): HostSubnetObject {
  const { name = '', uid } = metadata;
  const annotations = uid === undefined ? {} : { [nodeUidAnnotation]: uid };
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'HostSubnet',
    metadata: { name, annotations },
    host: name,
    hostIP,
    subnet: subnet.text,
  };
}
