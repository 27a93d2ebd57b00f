/**
 * The table `sdn_compat_drain`, which is there only while egress IPs drain: it hands packets to the node that has their
 * connections. It restricts nothing, so that a kernel that cannot do this (`dup`) has both locks all the same.
 */
import type { PortHalf } from '../../model/egress/drains.ts';
import type { Ip } from '../../model/values/address.ts';
import { hex } from '../ovs/flow.ts';
import { hookPriority, tunDevice } from '../ovs/pipeline.ts';
import { chain, type NftBase, nftTables, table } from './vocabulary.ts';

/** An egress IP of this node whose connections another node still has. */
export interface Moved {
  readonly egressIP: Ip;
  readonly owner: number;
  /** The address of the node that had it. */
  readonly from: Ip;
  /** The source ports for new connections. */
  readonly ports: PortHalf;
}

/** What the table is made of. */
export interface DrainTable {
  readonly moved: readonly Moved[];
  /** Egress IPs that drain from this node. */
  readonly left: readonly Ip[];
}

const rangeOf: Readonly<Record<PortHalf, string>> = { low: '1024-32767', high: '32768-65535' };

const list = (items: readonly string[]): string => `{ ${items.join(', ')} }`;

/**
 * How many more hops a packet has that is handed over: enough for the old node and its pod. Two nodes that take each other
 * for the old one, or an old one that knows of no drain, soon lose it; `dup` alone would let its TTL go from 0 to 255.
 */
const hopsLeft = 8;

/**
 * What belongs to no connection here goes to the node that may have it, with its destination as it is: a reply, or an
 * error about one. What asks for a connection does not.
 */
function arriving({ uplink: { device } }: NftBase, moved: readonly Moved[]): string[] {
  const handedOver = `ip daddr ${list(moved.map(({ egressIP }) => egressIP))} ct state new,invalid`;
  return [
    `iifname != "${device}" accept`,
    'tcp flags & (syn | ack | rst) == syn accept',
    `${handedOver} ip ttl < 2 drop`,
    `${handedOver} ip ttl > ${hopsLeft} ip ttl set ${hopsLeft}`,
    ...moved.map(
      ({ egressIP, from }) => `ip daddr ${egressIP} ct state new,invalid dup to ${from} device "${device}" drop`,
    ),
  ];
}

/** New connections take no source port that one on the other node is likely to have. */
function leaving({ masqueradeBit, cluster, service }: NftBase, moved: readonly Moved[]): string[] {
  const bit = masqueradeBit === undefined ? undefined : hex((1 << masqueradeBit) >>> 0);
  const inside = [...cluster, service].map(({ text }) => text);
  return [
    ...(bit === undefined ? [] : [`meta mark & ${bit} != 0 accept`]),
    `ip saddr != ${list(cluster.map(({ text }) => text))} accept`,
    `ip daddr ${list(inside)} accept`,
    ...moved.map(
      ({ owner, egressIP, ports }) =>
        `ct mark ${hex(owner)} meta l4proto { tcp, udp } snat to ${egressIP}:${rangeOf[ports]}`,
    ),
  ];
}

/** What another node handed over, and belongs to no connection here either, ends here: the address is not. */
const stray = (left: readonly Ip[]): string => `iifname != "${tunDevice}" ip daddr ${list(left)} drop`;

/** The commands that make the table; it replaces the existing one. Undefined if nothing drains. */
export function drainTable(base: NftBase, { moved, left }: DrainTable): string[] | undefined {
  if (moved.length + left.length === 0) return undefined;
  return table(nftTables.drain, [
    ...(moved.length === 0
      ? []
      : [
          ...chain('arriving', `filter hook prerouting priority ${hookPriority.arriving}`, arriving(base, moved)),
          ...chain('leaving', `nat hook postrouting priority ${hookPriority.drainNat}`, leaving(base, moved)),
        ]),
    ...(left.length === 0
      ? []
      : chain('stray', `filter hook forward priority ${hookPriority.drainFilter}`, [stray(left)])),
  ]);
}
