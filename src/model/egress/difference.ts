/** What became different between two lists, with short lists searched and long ones looked up. */
import type { Ip } from '../address.ts';
import { samePlacement } from './compare.ts';
import type { Hop, Placement, VnidEgress } from './verdict.ts';

/** Adds the assigned IPs of a VNID. */
export function addAssigned(hops: Hop[], egress: VnidEgress | undefined): void {
  if (egress !== undefined) for (const hop of egress.assigned) hops.push(hop);
}

/** Lists longer than this are looked up in a set. */
const shortList = 8;

/** Whether an IP is in the list. */
export function membership(list: readonly Ip[]): (ip: Ip) => boolean {
  if (list.length <= shortList) return (ip) => list.includes(ip);
  const set = new Set(list);
  return (ip) => set.has(ip);
}

/** The IPs whose placement is another after than before; undefined: none any more. */
export function difference(before: readonly Hop[], after: readonly Hop[]): ReadonlyMap<Ip, Placement | undefined> {
  const changed = new Map<Ip, Placement | undefined>();
  for (const { egressIP } of before) changed.set(egressIP, undefined);
  const was = before.length > shortList ? new Map(before.map((hop) => [hop.egressIP, hop])) : undefined;
  for (const hop of after) {
    const old = was === undefined ? before.find(({ egressIP }) => egressIP === hop.egressIP) : was.get(hop.egressIP);
    if (samePlacement(old, hop)) changed.delete(hop.egressIP);
    else changed.set(hop.egressIP, hop);
  }
  return changed;
}
