/** The owner of a connection: the conntrack mark of a pod's connection to the outside, from its first packet on. */
import { markOf } from '../../model/values/mark.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { hex, type Match, registerValue } from './flow.ts';
import { ctMark, seenBit, unasked } from './pipeline.ts';

/** A packet mark as the node sees it, after our nft table has seen the packet. */
export function seenMark(mark: number): number {
  return ((mark & ~seenBit.clear) | seenBit.set) >>> 0;
}

/** The mark of packets of pods whose VNID requests no egress IP, as the node sees it. */
export const noneAsked = seenMark(0);

/** The owner of connections of a VNID that requests egress IPs: its mark as the node sees it. */
export function ownerOf(vnid: Vnid, masqueradeBit: number | undefined): number {
  return seenMark(markOf(vnid, masqueradeBit));
}

/** The owner of connections of a VNID that requests no egress IP. */
export function unaskedOwnerOf(vnid: Vnid, masqueradeBit: number | undefined): number {
  return vnid === 0 ? unasked.value : (unasked.value | markOf(vnid, masqueradeBit)) >>> 0;
}

/** The owner of a connection that came in to a pod of the VNID. */
export function inboundOwnerOf(vnid: Vnid): number {
  return (ctMark.accepted | vnid) >>> 0;
}

/** Matches the ct_mark of connections that were let in to a pod of the VNID, by a Service or not. */
export function letInTo(vnid: Vnid): string {
  return `${hex(inboundOwnerOf(vnid))}/${hex(~(ctMark.accepted ^ ctMark.served) >>> 0)}`;
}

/** Matches what pods of the VNID reply to connections that were let in to it. */
export function repliesOf(vnid: Vnid): Match {
  return { ct_state: '+rpl', ct_mark: letInTo(vnid), proto: 'ip', reg0: registerValue(vnid) };
}

/** The VNID of the pod that a connection came in to; undefined if it did not come in to a pod, as far as is known. */
export function inboundVnid(mark: number): number | undefined {
  return (mark & ctMark.letIn) >>> 0 === ctMark.accepted ? mark & ctMark.vnid : undefined;
}

/** Whether a conntrack mark is an owner whose VNID requested no egress IP. */
export function isUnasked(mark: number): boolean {
  return mark === unasked.unknown || (mark & unasked.mask) === unasked.value;
}

/** Whether a conntrack mark is an owner; one that others set, or 0, is not. */
export function isOwner(mark: number): boolean {
  return (mark & (seenBit.set | seenBit.clear)) === seenBit.set;
}
