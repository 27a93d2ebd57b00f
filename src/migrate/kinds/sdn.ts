/** HostSubnets and NetNamespaces as they are written, where the model's values say too little. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { contains, parseCidr, parseIp } from '../../model/values/address.ts';
import { numberAt, textAt, textsAt } from './item.ts';

/** Whether the HostSubnet lists one of the addresses, or has CIDRs that hold one. */
export function mayHost(hostSubnet: KubeObject, addresses: ReadonlySet<string>): boolean {
  const listed = new Set(textsAt(hostSubnet, 'egressIPs'));
  const cidrs = textsAt(hostSubnet, 'egressCIDRs')
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
