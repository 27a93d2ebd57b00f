/** Decides on CloudPrivateIPConfigs, which tell a cloud which node has an egress IP. Pure. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { managedBy, managedByLabel } from '../../model/objects/well-known.ts';

/**
 * Marks the configs that are ours: those that we made, and those that we found as we would have made them, as OpenShift
 * SDN's controller leaves them. Others are left alone unless they hold an IP that we assign elsewhere.
 */
export const ours = managedBy;

/** cloud.network.openshift.io/v1 CloudPrivateIPConfig, named by its IP. */
export interface CloudPrivateIPConfig extends KubeObject {
  readonly spec?: { readonly node?: string };
}

/**
 * `adopt`: it is as we want it but has no label of ours yet. `wait`: the config is being deleted; its finalizer first
 * takes the IP from the old node.
 */
export type CloudStep =
  { readonly kind: 'nothing' | 'wait' | 'delete' | 'adopt' } | { readonly kind: 'create'; readonly node: string };

/** The node that an IP is assigned to, and whether its Node has the annotation of a cloud. */
export interface Assigned {
  readonly node: string;
  readonly isInCloud: boolean;
}

/**
 * The next step for an IP. A node whose annotation is gone, as when it registers again, gets no new config and keeps the
 * one that it has: without it the cloud would take the IP away.
 */
export function cloudStep(assigned: Assigned | undefined, present: CloudPrivateIPConfig | undefined): CloudStep {
  if (present !== undefined) return stepFor(present, assigned);
  return assigned?.isInCloud === true ? { kind: 'create', node: assigned.node } : { kind: 'nothing' };
}

function stepFor({ metadata, spec }: CloudPrivateIPConfig, assigned: Assigned | undefined): CloudStep {
  if (metadata.deletionTimestamp !== undefined) return { kind: 'wait' };
  const manager = metadata.labels?.[managedByLabel];
  const isWanted = assigned?.isInCloud === true;
  if (assigned !== undefined && spec?.node === assigned.node)
    return { kind: manager === undefined && isWanted ? 'adopt' : 'nothing' };
  return { kind: isWanted || manager === ours[managedByLabel] ? 'delete' : 'nothing' };
}
