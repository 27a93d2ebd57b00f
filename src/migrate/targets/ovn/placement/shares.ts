/**
 * The order of nodes in which OVN-Kubernetes puts every egress IP where it is wanted. It gives an IP to one of the
 * labeled nodes with the fewest, so a node that is labeled after those with as many or more stays emptier than each
 * of them until it has its share. Seen with four builds of its cluster manager. Pure.
 */
import { compareText } from '../../../../model/values/names.ts';

/** The egress IPs that a node shall have. */
export interface Share<K extends string> {
  readonly node: string;
  readonly egressIPs: readonly K[];
}

/** The shares, largest first, then by name. */
export function sharesOf<K extends string>(expected: ReadonlyMap<K, string>): readonly Share<K>[] {
  const byNode = Map.groupBy(expected, ([, node]) => node);
  return [...byNode]
    .map(([node, pairs]) => ({ node, egressIPs: pairs.map(([ip]) => ip) }))
    .sort((a, b) => b.egressIPs.length - a.egressIPs.length || compareText(a.node, b.node));
}

/** A labeled node that is not full enough for a share. */
export interface Spoiler {
  readonly node: string;
  /** How many egress IPs it has, and how many the share's node has before its last. */
  readonly has: number;
  readonly needed: number;
}

export interface Pool<K extends string> {
  /** How many egress IPs each labeled node has. */
  readonly loads: ReadonlyMap<string, number>;
  /** Whether the node may have the egress IP. */
  readonly mayHave: (node: string, egressIP: K) => boolean;
}

/** The labeled node that might be given one of the egress IPs instead; undefined if none. */
export function spoilerOf<K extends string>(
  { node, egressIPs }: Share<K>,
  { loads, mayHave }: Pool<K>,
): Spoiler | undefined {
  if (egressIPs.length === 0) return undefined;
  const needed = (loads.get(node) ?? 0) + egressIPs.length - 1;
  for (const [other, has] of loads) {
    if (other !== node && has <= needed && egressIPs.some((ip) => mayHave(other, ip)))
      return { node: other, has, needed };
  }
  return undefined;
}

/** The first spoiler if all shares are given in order, beginning with these loads. */
export function firstSpoiler<K extends string>(
  shares: readonly Share<K>[],
  { loads, mayHave }: Pool<K>,
): Spoiler | undefined {
  const open = new Map(loads);
  for (const share of shares) {
    const spoiler = spoilerOf(share, { loads: open, mayHave });
    if (spoiler !== undefined) return spoiler;
    open.set(share.node, (open.get(share.node) ?? 0) + share.egressIPs.length);
  }
  return undefined;
}
