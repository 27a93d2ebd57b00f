/** Computes what to write to HostSubnets: lists of automatic assignment, and addresses without prefixes. Pure. */
import type { Round } from '../../model/assignment/round.ts';
import type { HostSubnetObject } from '../../model/objects/raw.ts';
import { compareText, isNodeName } from '../../model/values/names.ts';

/** A HostSubnet and the `egressIPs` to write to it. */
export interface Write {
  readonly object: HostSubnetObject;
  readonly egressIPs: readonly string[];
}

/** The writes of a round, sorted by node name. HostSubnets whose list is already right are left out. */
export function hostSubnetWrites(
  round: Pick<Round, 'lists' | 'changed' | 'released'>,
  objects: ReadonlyMap<string, HostSubnetObject>,
): readonly Write[] {
  const writes = new Map<string, Write>();
  for (const [name, object] of objects) {
    const bare = withoutPrefixes(object.egressIPs);
    if (bare !== undefined)
      writes.set(name, { object, egressIPs: isNodeName(name) ? (round.lists.get(name) ?? bare) : bare });
  }
  for (const name of round.changed) {
    const object = objects.get(name);
    if (object !== undefined) writes.set(name, { object, egressIPs: round.lists.get(name) ?? [] });
  }
  for (const name of round.released) {
    const object = objects.get(name);
    if (object !== undefined) writes.set(name, { object, egressIPs: [] });
  }
  return [...writes].sort(([a], [b]) => compareText(a, b)).map(([, write]) => write);
}

/** The list without prefix lengths, each address once; undefined if no item has one. */
export function withoutPrefixes(egressIPs: HostSubnetObject['egressIPs']): readonly string[] | undefined {
  if (egressIPs?.some((item) => item.includes('/')) !== true) return undefined;
  return [...new Set(egressIPs.map((item) => item.replace(/\/.*$/, '')))];
}
