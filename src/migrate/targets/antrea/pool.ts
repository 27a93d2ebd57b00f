/** Reads Antrea's pools of addresses. Pure. */
import type { KubeObject } from '../../../model/objects/raw.ts';
import { contains, familyOf, type Ip, parseCidr, parseIp, sortKey } from '../../../model/values/address.ts';
import { listAt, textAt } from '../../kinds/item.ts';

/** Whether a range of the ExternalIPPool holds the address. */
export function poolHolds(pool: KubeObject, ip: Ip): boolean {
  return listAt(pool, 'spec', 'ipRanges').some((range) => {
    const cidr = parseCidr(textAt(range, 'cidr'));
    if (cidr.ok) return contains(cidr.value, ip);
    const [start, end] = [parseIp(textAt(range, 'start')), parseIp(textAt(range, 'end'))];
    if (!start.ok || !end.ok || familyOf(start.value) !== familyOf(ip)) return false;
    return sortKey(start.value) <= sortKey(ip) && sortKey(ip) <= sortKey(end.value);
  });
}
