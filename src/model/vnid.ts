/** Virtual network ids: 24 bits, 0 is global, 1 to 9 are reserved (spec: VNIDs and subnets). */
import { err, ok, type Result } from './result.ts';

declare const vnidBrand: unique symbol;

/** A VNID, 0 to 16777215. */
export type Vnid = number & { readonly [vnidBrand]: true };

/** The largest VNID. */
export const maxVnid = 2 ** 24 - 1;

/** The smallest VNID that a namespace is given by allocation. */
export const firstAllocatedVnid = 10;

/** Whether the number is an integer from 0 to 2^24-1. */
export function isVnid(value: number): value is Vnid {
  return value >>> 0 === value && value <= maxVnid;
}

/** The VNID of that number; the reason names the number and the range. */
export function parseVnid(value: number): Result<Vnid> {
  return isVnid(value) ? ok(value) : err(`${value} is not a VNID: it must be an integer from 0 to ${maxVnid}`);
}
