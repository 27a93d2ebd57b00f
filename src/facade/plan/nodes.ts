/** What a Node's objects say about hosting egress IPs, and the label that lets it. Pure. */
import { nodeItem } from '../../migrate/kinds/node.ts';
import { assignableLabel, missingAnnotations } from '../../migrate/targets/ovn/marks/annotations.ts';
import { cidrsAnnotation } from '../../migrate/targets/ovn/marks/origin.ts';
import { limitsOf } from '../../model/objects/cloud.ts';
import type { HostSubnetObject, NodeObject } from '../../model/objects/raw.ts';
import { asList } from '../../model/values/json.ts';
import { labeledAnnotation } from './marks.ts';

/** Whether OVN-Kubernetes would put an egress IP on it now, as far as objects show: whether it is reached is not known. */
export function isAble(node: NodeObject | undefined): boolean {
  if (node === undefined || node.metadata.labels?.[assignableLabel] === undefined) return false;
  return nodeItem(node).ready === 'True' && missingAnnotations(node).length === 0;
}

/** Whether a cloud must be told of egress IPs: then a placement that is written is one that the cloud does not know. */
export function isInCloud(node: NodeObject): boolean {
  return limitsOf(node) !== undefined;
}

/** Whether the HostSubnet offers egress IPs. */
export function isOffering({ egressIPs, egressCIDRs }: HostSubnetObject): boolean {
  return asList(egressIPs).length + asList(egressCIDRs).length > 0;
}

/** The metadata to merge into a Node: null removes. */
export interface NodePatch {
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly annotations: Readonly<Record<string, string | null>>;
}

/** What to merge into the Node, so that it hosts egress IPs or no longer does; undefined if nothing differs. */
export function labelPatch(node: NodeObject, hostSubnet: HostSubnetObject): NodePatch | undefined {
  return isOffering(hostSubnet) ? offered(node, hostSubnet) : withdrawn(node);
}

/** The label is taken away only if we gave it. */
function withdrawn({ metadata: { labels = {}, annotations = {} } }: NodeObject): NodePatch | undefined {
  if (annotations[labeledAnnotation] === undefined) return undefined;
  return {
    ...(labels[assignableLabel] === undefined ? {} : { labels: { [assignableLabel]: null } }),
    annotations: { [labeledAnnotation]: null, [cidrsAnnotation]: null },
  };
}

/** The annotation keeps the CIDRs for a way back. */
function offered(
  { metadata: { labels = {}, annotations = {} } }: NodeObject,
  { egressCIDRs }: HostSubnetObject,
): NodePatch | undefined {
  const cidrs = asList(egressCIDRs);
  const kept = cidrs.length === 0 ? undefined : JSON.stringify({ EgressCIDRs: cidrs });
  const isKept = annotations[cidrsAnnotation] === kept;
  const isLabeled = labels[assignableLabel] !== undefined;
  if (isLabeled && isKept) return undefined;
  return {
    ...(isLabeled ? {} : { labels: { [assignableLabel]: '' } }),
    annotations: {
      ...(isLabeled ? {} : { [labeledAnnotation]: 'true' }),
      ...(isKept ? {} : { [cidrsAnnotation]: kept ?? null }),
    },
  };
}
