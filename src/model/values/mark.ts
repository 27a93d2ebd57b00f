/** The packet mark that carries a VNID from the bridge to NAT, as OpenShift SDN computes it. */
import type { Vnid } from './vnid.ts';

declare const markBrand: unique symbol;

/** A packet mark: 32 bits, never 0. */
export type Mark = number & { readonly [markBrand]: true };

/** The mark of VNID 0, because mark 0 means unmarked. */
const globalMark = 0xff000000;
/** The bit with which kubelet marks packets to drop, and its replacement. */
const dropBit = 0x8000;
const dropStandIn = 0x10000000;
/** Replaces the bit with which kube-proxy marks packets to masquerade. */
const masqueradeStandIn = 0x01000000;

function isMark(value: number): value is Mark {
  return Number.isInteger(value) && value > 0 && value <= 0xffffffff;
}

/**
 * The mark of a VNID: unique, and without the bits that kubelet (15) and kube-proxy (`masqueradeBit`, by default 14,
 * undefined if it uses none) act on. Each such bit is cleared, and a bit above the VNID's 24 is set instead.
 */
export function markOf(vnid: Vnid, masqueradeBit: number | undefined): Mark {
  const masqueradeMark = masqueradeBit === undefined ? 0 : 2 ** masqueradeBit;
  let mark = vnid === 0 ? globalMark : vnid;
  if ((mark & dropBit) !== 0) mark = ((mark & ~dropBit) | dropStandIn) >>> 0;
  if ((mark & masqueradeMark) !== 0) mark = ((mark & ~masqueradeMark) | masqueradeStandIn) >>> 0;
  if (!isMark(mark)) throw new Error(`VNID ${vnid} has no mark`);
  return mark;
}
