/** Which addresses an object of OpenShift SDN's kind HostSubnet may host, as it is written. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { contains, parseCidr, parseIp } from '../../model/values/address.ts';
import { textsAt } from './item.ts';

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
