/** Whose a connection is: the conntrack mark of a connection of a pod to the outside, from its first packet on. */
import { markOf } from '../../model/mark.ts';
import type { Vnid } from '../../model/vnid.ts';
import { seenBit } from './pipeline.ts';

/** A packet mark as the node has it once our nft table has seen the packet. */
export function seenMark(mark: number): number {
  return ((mark & ~seenBit.clear) | seenBit.set) >>> 0;
}

/** The owner of connections of pods whose VNID asks for no egress IP. */
export const noneAsked = seenMark(0);

/** The owner of connections of a VNID that asks for egress IPs: what its packets are marked with, as the node sees it. */
export function ownerOf(vnid: Vnid, masqueradeBit: number | undefined): number {
  return seenMark(markOf(vnid, masqueradeBit));
}

/** Whether a conntrack mark tells an owner; one that others set, or that is 0, does not. */
export function isOwner(mark: number): boolean {
  return (mark & (seenBit.set | seenBit.clear)) === seenBit.set;
}
