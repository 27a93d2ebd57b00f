/** HostSubnets and NetNamespaces as they are written, where the model's values say too little. */
import { apiVersionOf, egressNetworkPolicies, hostSubnets, type Kind, netNamespaces } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { contains, parseCidr, parseIp } from '../../model/values/address.ts';
import { numberAt, textAt, textsAt } from './item.ts';

/** The kinds of OpenShift SDN that a migration is about. */
export const kindsOfSDN: readonly Kind[] = [hostSubnets, netNamespaces, egressNetworkPolicies];

/** Those of which it makes an object for each Node or Namespace by itself: a cluster where it runs has some. */
export const madeBySDN: readonly Kind[] = [hostSubnets, netNamespaces];

/** The apiVersion of OpenShift SDN's kinds. */
export const versionOfSDN = apiVersionOf(netNamespaces);

/** The egress IPs that a HostSubnet hosts or a NetNamespace requests, as written. */
export function listedIPs(object: KubeObject): readonly string[] {
  return textsAt(object, 'egressIPs');
}

/** The CIDRs that a HostSubnet offers, as written. */
export function listedCIDRs(object: KubeObject): readonly string[] {
  return textsAt(object, 'egressCIDRs');
}

/** Whether the HostSubnet lists one of the addresses, or has CIDRs that hold one. */
export function mayHost(hostSubnet: KubeObject, addresses: ReadonlySet<string>): boolean {
  const listed = new Set(listedIPs(hostSubnet));
  const cidrs = listedCIDRs(hostSubnet)
    .map(parseCidr)
    .flatMap((cidr) => (cidr.ok ? [cidr.value] : []));
  return [...addresses].some((text) => {
    const ip = parseIp(text);
    return listed.has(text) || (ip.ok && cidrs.some((cidr) => contains(cidr, ip.value)));
  });
}

/** The host IP and subnet of a HostSubnet; empty if it has none. */
export function hostIdentity(object: KubeObject): { readonly hostIP: string; readonly subnet: string } {
  return { hostIP: textAt(object, 'hostIP'), subnet: textAt(object, 'subnet') };
}

/** The netid of a NetNamespace; undefined if it has none. */
export function netidOf(object: KubeObject): number | undefined {
  return numberAt(object, 'netid');
}
