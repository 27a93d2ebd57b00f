/**
 * What no two objects of OpenShift SDN share, as the way back reads it: a HostSubnet's addresses, a NetNamespace's
 * VNID.
 */
import type { KubeObject } from '../../model/objects/raw.ts';
import { numberAt, textAt } from './item.ts';

/** The host IP and subnet of a HostSubnet; empty if it has none. */
export function hostIdentity(object: KubeObject): { readonly hostIP: string; readonly subnet: string } {
  return { hostIP: textAt(object, 'hostIP'), subnet: textAt(object, 'subnet') };
}

/** The netid of a NetNamespace; undefined if it has none. */
export function netidOf(object: KubeObject): number | undefined {
  return numberAt(object, 'netid');
}
