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

/** The next step for an IP that is assigned to `node`, or to no node. */
export function cloudStep(node: string | undefined, present: CloudPrivateIPConfig | undefined): CloudStep {
  if (present === undefined) return node === undefined ? { kind: 'nothing' } : { kind: 'create', node };
  if (present.metadata.deletionTimestamp !== undefined) return { kind: 'wait' };
  const manager = present.metadata.labels?.[managedByLabel];
  const isOurs = manager === ours[managedByLabel];
  if (present.spec?.node === node) return { kind: manager === undefined ? 'adopt' : 'nothing' };
  return { kind: isOurs || node !== undefined ? 'delete' : 'nothing' };
}
