/** CloudPrivateIPConfigs: how a cloud is told which node has an egress IP. Pure. */
import type { KubeObject } from '../../model/objects.ts';

/** Marks the ones we made; others are left alone unless they hold an IP that we assign elsewhere. */
export const ours = { 'app.kubernetes.io/managed-by': 'sdn-compat' } as const;

/** cloud.network.openshift.io/v1 CloudPrivateIPConfig, named by its IP. */
export interface CloudPrivateIPConfig extends KubeObject {
  readonly spec?: { readonly node?: string };
}

/** `wait`: it is being deleted, and its finalizer takes the IP from the old node first. */
export type CloudStep =
  { readonly kind: 'nothing' | 'wait' | 'delete' } | { readonly kind: 'create'; readonly node: string };

/** The next step for one IP that is to be on `node`, or on none. */
export function cloudStep(node: string | undefined, present: CloudPrivateIPConfig | undefined): CloudStep {
  if (present === undefined) return node === undefined ? { kind: 'nothing' } : { kind: 'create', node };
  if (present.metadata.deletionTimestamp !== undefined) return { kind: 'wait' };
  if (present.spec?.node === node) return { kind: 'nothing' };
  const key = 'app.kubernetes.io/managed-by';
  const isOurs = present.metadata.labels?.[key] === ours[key];
  return { kind: isOurs || node !== undefined ? 'delete' : 'nothing' };
}
