/** Reads the pools of EgressGateways. Pure. */
import type { KubeObject } from '../../../model/objects/raw.ts';
import { contains, familyOf, type Ip, parseCidr, parseIp, sortKey } from '../../../model/values/address.ts';
import { textsAt } from '../../kinds/item.ts';

/** The entries of a gateway's pool: addresses, `FIRST-LAST`, or CIDRs. */
export function poolOf(gateway: KubeObject): readonly string[] {
  return textsAt(gateway, 'spec', 'ippools', 'ipv4');
}

/** Whether a gateway's pool holds the address. */
export function gatewayHolds(gateway: KubeObject, ip: Ip): boolean {
  return poolOf(gateway).some((entry) => {
    const cidr = parseCidr(entry);
    if (cidr.ok) return contains(cidr.value, ip);
    const [first = '', last = first] = entry.split('-');
    const [start, end] = [parseIp(first.trim()), parseIp(last.trim())];
    if (!start.ok || !end.ok || familyOf(start.value) !== familyOf(ip)) return false;
    return sortKey(start.value) <= sortKey(ip) && sortKey(ip) <= sortKey(end.value);
  });
}
