/** What OVN-Kubernetes writes to Nodes and Namespaces and reads from them. */
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { jsonIn } from '../../../../model/values/json.ts';

/** Key of the Node label that lets a node host egress IPs. */
export const assignableLabel = 'k8s.ovn.org/egress-assignable';

/**
 * Annotations that OVN-Kubernetes writes on every Node, labeled or not, before it assigns any egress IP. Of each list
 * one is enough: releases before 4.14 have host-addresses.
 */
export const ovnAnnotations = [
  ['k8s.ovn.org/node-primary-ifaddr'],
  ['k8s.ovn.org/node-subnets'],
  ['k8s.ovn.org/host-cidrs', 'k8s.ovn.org/host-addresses'],
] as const;

/** Annotation of a Namespace that turns multicast on if it is exactly `true`. */
export const ovnMulticast = 'k8s.ovn.org/multicast-enabled';

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
