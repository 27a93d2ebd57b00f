/** The difference between two lists: short lists are searched, long ones are looked up in a set. */
import type { NetNamespace } from '../objects/netnamespace.ts';
import type { Ip } from '../values/address.ts';
import type { NamespaceName } from '../values/names.ts';
import { sameAssignment } from './compare.ts';
import type { Assignment, Hop, VnidEgress } from './verdict.ts';

/** Adds the assigned IPs of a VNID. */
export function addAssigned(hops: Hop[], egress: VnidEgress | undefined): void {
  if (egress !== undefined) for (const hop of egress.assigned) hops.push(hop);
}

/** Longer lists are looked up in a set. */
const shortList = 8;

/** Returns a function that tells whether an IP is in the list. */
export function membership(list: readonly Ip[]): (ip: Ip) => boolean {
  if (list.length <= shortList) return (ip) => list.includes(ip);
  const set = new Set(list);
  return (ip) => set.has(ip);
}

/** The IPs with a new assignment; undefined means no longer assigned. */
export function difference(before: readonly Hop[], after: readonly Hop[]): ReadonlyMap<Ip, Assignment | undefined> {
  const changed = new Map<Ip, Assignment | undefined>();
  for (const { egressIP } of before) changed.set(egressIP, undefined);
  const was = before.length > shortList ? new Map(before.map((hop) => [hop.egressIP, hop])) : undefined;
  for (const hop of after) {
    const old = was === undefined ? before.find(({ egressIP }) => egressIP === hop.egressIP) : was.get(hop.egressIP);
    if (sameAssignment(old, hop)) changed.delete(hop.egressIP);
    else changed.set(hop.egressIP, hop);
  }
  return changed;
}

/** Removes the first item that matches from the list. */
export function remove<T>(list: T[], matches: (item: T) => boolean): void {
  const at = list.findIndex(matches);
  if (at >= 0) list.splice(at, 1);
}

/** A shared empty list. */
const nobody: readonly NetNamespace[] = [];

/** The namespaces without the one of this name. */
export function withoutName(namespaces: readonly NetNamespace[], name: NamespaceName): readonly NetNamespace[] {
  if (namespaces.length === 1 && namespaces[0]?.name === name) return nobody;
  return namespaces.filter((one) => one.name !== name);
}
