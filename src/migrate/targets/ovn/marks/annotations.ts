/** What OVN-Kubernetes writes to Nodes and Namespaces and reads from them. */
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { type Cidr, type Ip, parseIfaddr } from '../../../../model/values/address.ts';
import { asList, asText, isRecord, jsonIn } from '../../../../model/values/json.ts';

/** Key of the Node label that lets a node host egress IPs. */
export const assignableLabel = 'k8s.ovn.org/egress-assignable';

/** Annotation of a Node with its primary address. */
export const primaryAnnotation = 'k8s.ovn.org/node-primary-ifaddr';

/** Annotation of a Node with its pods' subnets, by network. */
export const subnetsAnnotation = 'k8s.ovn.org/node-subnets';

/** Annotation of a Node with all its addresses. */
export const hostCIDRsAnnotation = 'k8s.ovn.org/host-cidrs';

/** Annotation of a Node with the zone that it is in: its own name where every node is a zone. */
export const zoneAnnotation = 'k8s.ovn.org/zone-name';

/**
 * Annotations that OVN-Kubernetes writes on every Node, labeled or not, before it assigns any egress IP. Of each list
 * one is enough: releases before 4.14 have host-addresses.
 */
export const ovnAnnotations = [
  [primaryAnnotation],
  [subnetsAnnotation],
  [hostCIDRsAnnotation, 'k8s.ovn.org/host-addresses'],
] as const;

/** Annotation of a Namespace that turns multicast on if it is exactly `true`. */
export const ovnMulticast = 'k8s.ovn.org/multicast-enabled';

/** Annotation of an EgressIP, which OVN-Kubernetes gives itself; from 4.22 on it refuses a new object that brings one. */
export const ownMark = 'k8s.ovn.org/egressip-mark';

const hybridPrefix = 'k8s.ovn.org/hybrid-overlay';

/** Whether OVN-Kubernetes gives the Node no subnet, so that it gets none of its annotations and is passed over. */
export function hasNoSubnet({ metadata: { labels, annotations = {} } }: KubeObject): boolean {
  return (
    labels?.['kubernetes.io/os'] === 'windows' || Object.keys(annotations).some((key) => key.startsWith(hybridPrefix))
  );
}

/** The annotations of OVN-Kubernetes that the Node lacks or that cannot be read. */
export function missingAnnotations(node: KubeObject): readonly string[] {
  if (hasNoSubnet(node)) return [];
  const { annotations = {} } = node.metadata;
  return ovnAnnotations.filter((keys) => !keys.some((key) => isJson(annotations[key]))).map(([key]) => key);
}

function isJson(text: string | undefined): boolean {
  return text !== undefined && typeof jsonIn(text) === 'object';
}

/** Why OVN-Kubernetes does not run on the node yet; undefined if it does. */
export function lackingAnnotations(node: KubeObject): string | undefined {
  const missing = missingAnnotations(node);
  return missing.length === 0
    ? undefined
    : `Node ${node.metadata.name ?? ''}: annotation ${missing.join(', ')} is missing`;
}

/** An address and the network that it is in. */
export interface Ifaddr {
  readonly ip: Ip;
  readonly network: Cidr;
}

/** The addresses with prefix in an annotation: a JSON list, or the values of a JSON object. */
export function ifaddrsIn(text: string | undefined): readonly Ifaddr[] {
  // OVN-Kubernetes rewrites what it cannot read
  const value = text === undefined ? undefined : jsonIn(text);
  const texts = isRecord(value) ? Object.values(value) : asList(value);
  return texts.map((one) => parseIfaddr(asText(one))).flatMap((parsed) => (parsed.ok ? [parsed.value] : []));
}
