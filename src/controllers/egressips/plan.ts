/** What is written to HostSubnets: the lists of automatic assignment, and bare addresses where prefixes stand. Pure. */
import type { Round } from '../../model/assignment/round.ts';
import { compareText, isNodeName } from '../../model/names.ts';
import type { HostSubnetObject } from '../../model/objects.ts';

/** One HostSubnet and the `egressIPs` that it is to have. */
export interface Write {
  readonly object: HostSubnetObject;
  readonly egressIPs: readonly string[];
}

/** The writes of a round, by name of node; HostSubnets whose list is right already are left out. */
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

/** The list without prefix lengths, each address once; undefined when no item has one. */
export function withoutPrefixes(egressIPs: HostSubnetObject['egressIPs']): readonly string[] | undefined {
  if (egressIPs?.some((item) => item.includes('/')) !== true) return undefined;
  return [...new Set(egressIPs.map((item) => item.replace(/\/.*$/, '')))];
}
