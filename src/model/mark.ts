/** The packet mark that stands for a VNID between the bridge and NAT (spec: node data path). */
import type { Vnid } from './vnid.ts';

declare const markBrand: unique symbol;

/** A packet mark: 32 bits, never 0. */
export type Mark = number & { readonly [markBrand]: true };

/** The mark of VNID 0, since a mark of 0 would be none. */
const globalMark = 0xff000000;
/** The bit kubelet marks packets to drop with, and the bit that stands in for it. */
const dropBit = 0x8000;
const dropStandIn = 0x10000000;
/** Stands in for the bit kube-proxy marks packets to masquerade with. */
const masqueradeStandIn = 0x01000000;

function isMark(value: number): value is Mark {
  return Number.isInteger(value) && value > 0 && value <= 0xffffffff;
}

/**
 * The mark of a VNID, unique among VNIDs and without the bits that kubelet (15) and kube-proxy (`masqueradeBit`, 14 by
 * default, undefined when it uses none) act on: each such bit is cleared and a bit above the VNID's 24 set instead.
 */
export function markOf(vnid: Vnid, masqueradeBit: number | undefined): Mark {
  const masqueradeMark = masqueradeBit === undefined ? 0 : 2 ** masqueradeBit;
  let mark = vnid === 0 ? globalMark : vnid;
  if ((mark & dropBit) !== 0) mark = ((mark & ~dropBit) | dropStandIn) >>> 0;
  if ((mark & masqueradeMark) !== 0) mark = ((mark & ~masqueradeMark) | masqueradeStandIn) >>> 0;
  if (!isMark(mark)) throw new Error(`VNID ${vnid} has no mark`);
  return mark;
}
