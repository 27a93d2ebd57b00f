/** What OVN-Kubernetes writes to Nodes and reads from them. */
import { parseJson } from '../../../model/json.ts';
import type { KubeObject } from '../../../model/objects.ts';

/** Key of the Node label that lets a node host egress IPs. */
export const assignableLabel = 'k8s.ovn.org/egress-assignable';

/** Annotations that OVN-Kubernetes writes on every Node, labeled or not, before it assigns any egress IP. */
export const ovnAnnotations = [
  'k8s.ovn.org/node-primary-ifaddr',
  'k8s.ovn.org/node-subnets',
  'k8s.ovn.org/host-cidrs',
] as const;

/** The annotations of OVN-Kubernetes that the Node lacks or that cannot be read. */
export function missingAnnotations({ metadata }: KubeObject): readonly string[] {
  return ovnAnnotations.filter((key) => !isJson(metadata.annotations?.[key]));
}

function isJson(text: string | undefined): boolean {
  if (text === undefined) return false;
  try {
    return typeof parseJson(text) === 'object';
  } catch {
    return false;
  }
}
