/** EgressPools as values, and the requests of Namespaces. */
import { type Ip, ipFromNumber, ipNumber, lastOf } from '../values/address.ts';
import { err, ok, type Result } from '../values/result.ts';
import { parseCidrv4, parseIpv4, parseList } from './fields.ts';
import type { EgressPoolObject } from './raw.ts';
import { ourAnnotations } from './well-known.ts';

/** The Namespace annotation with how many egress IPs it asks for. */
export const requestAnnotation = `${ourAnnotations}request`;

/** The most addresses of a pool. */
const mostAddresses = 65_536n;

/** The most that one Namespace may ask for. */
const mostAsked = 64;

interface Range {
  readonly text: string;
  readonly first: bigint;
  readonly last: bigint;
}

export interface EgressPool {
  readonly name: string;
  readonly ranges: readonly Range[];
  /** The most for one namespace. */
  readonly quota: number;
  readonly object: EgressPoolObject;
}

/** The pool; the error says what is wrong with it. */
export function parseEgressPool(object: EgressPoolObject): Result<EgressPool> {
  const { values: ranges, problems } = parseList(object.spec.ranges, 'spec.ranges', parseRange, ({ text }) => text);
  const [problem] = problems;
  if (problem !== undefined) return err(`${problem.field}: ${problem.reason}`);
  const count = ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  if (count > mostAddresses) return err(`spec.ranges: ${count} addresses, of which it may have ${mostAddresses}`);
  return ok({ name: object.metadata.name ?? '', ranges, quota: object.spec.quota ?? Infinity, object });
}

function parseRange(text: string): Result<Range> {
  if (text.includes('/')) {
    const cidr = parseCidrv4(text);
    return cidr.ok ? ok({ text, first: cidr.value.first, last: lastOf(cidr.value) }) : cidr;
  }
  const [start = '', end = start, ...more] = text.split('-');
  const [first, last] = [parseIpv4(start.trim()), parseIpv4(end.trim())];
  if (!first.ok) return first;
  if (!last.ok) return last;
  if (more.length > 0 || ipNumber(last.value) < ipNumber(first.value))
    return err(`${JSON.stringify(text)} is no range: FIRST-LAST`);
  return ok({ text, first: ipNumber(first.value), last: ipNumber(last.value) });
}

/** How many addresses the pool has. */
export function sizeOf({ ranges }: EgressPool): number {
  return Number(ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n));
}

/** Whether the pool has the address. */
export function poolHas({ ranges }: EgressPool, ip: Ip): boolean {
  const number = ipNumber(ip);
  return ranges.some(({ first, last }) => first <= number && number <= last);
}

/** The addresses of the pool, in its order. */
export function* addressesOf({ ranges }: EgressPool): Generator<Ip> {
  for (const { first, last } of ranges)
    for (let number = first; number <= last; number += 1n) yield ipFromNumber(number, 4);
}

/** How many addresses the annotation asks for. */
export function parseRequest(text: string): Result<number> {
  const count = /^(0|[1-9]\d{0,2})$/.test(text) ? Number(text) : Infinity;
  return count <= mostAsked ? ok(count) : err(`${JSON.stringify(text)} is no number from 0 to ${mostAsked}`);
}
