/** Virtual network IDs: 24 bits. 0 is global, and 1 to 9 are reserved, as in OpenShift SDN. */
import { err, ok, type Result } from './result.ts';

declare const vnidBrand: unique symbol;

/** A VNID, 0 to 16777215. */
export type Vnid = number & { readonly [vnidBrand]: true };

/** The largest VNID. */
export const maxVnid = 2 ** 24 - 1;

/** The smallest VNID that is allocated to a namespace. */
export const firstAllocatedVnid = 10;

/** Whether the number is an integer from 0 to 2^24-1. */
export function isVnid(value: number): value is Vnid {
  return value >>> 0 === value && value <= maxVnid;
}

/** Parses a VNID; the error names the number and the range. */
export function parseVnid(value: number): Result<Vnid> {
  return isVnid(value) ? ok(value) : err(`${value} is not a VNID: it must be an integer from 0 to ${maxVnid}`);
}
