/** The owner of a connection: the conntrack mark of a pod's connection to the outside, from its first packet on. */
import { markOf } from '../../model/mark.ts';
import type { Vnid } from '../../model/vnid.ts';
import { seenBit } from './pipeline.ts';

/** A packet mark as the node sees it, after our nft table has seen the packet. */
export function seenMark(mark: number): number {
  return ((mark & ~seenBit.clear) | seenBit.set) >>> 0;
}

/** The owner of connections of pods whose VNID requests no egress IP. */
export const noneAsked = seenMark(0);

/** The owner of connections of a VNID that requests egress IPs: its mark as the node sees it. */
export function ownerOf(vnid: Vnid, masqueradeBit: number | undefined): number {
  return seenMark(markOf(vnid, masqueradeBit));
}

/** Whether a conntrack mark is an owner; one that others set, or 0, is not. */
export function isOwner(mark: number): boolean {
  return (mark & (seenBit.set | seenBit.clear)) === seenBit.set;
}
