/**
 * IP addresses and CIDRs of both families. Text is parsed once, on input, as strictly as Go's net package does (no
 * leading zeros, no short forms). After that an address is its canonical text, and ranges compare by number.
 */
import { Address4, Address6 } from 'ip-address';
import { err, ok, type Result } from './result.ts';

declare const ipBrand: unique symbol;

/** An address in canonical text: `192.168.7.200`, or IPv6 as RFC 5952 writes it. */
export type Ip = string & { readonly [ipBrand]: true };

export type Family = 4 | 6;

/** A range of addresses whose host bits are zero. */
export interface Cidr {
  readonly text: string;
  readonly family: Family;
  /** The first address, as a number. */
  readonly first: bigint;
  /** The prefix length in bits. */
  readonly length: number;
}

interface Parsed {
  readonly family: Family;
  readonly number: bigint;
  readonly text: string;
}

const bits = { 4: 32, 6: 128 } as const;

function isCanonical(text: string): text is Ip {
  return text !== '';
}

function brand(text: string): Ip {
  if (!isCanonical(text)) throw new Error('an address is never empty');
  return text;
}

/** Parses an IPv4 address in its only accepted form, four decimals without leading zeros, to a number. A hot path. */
function number4(text: string): number | undefined {
  let number = 0;
  let part = -1;
  let dots = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit === -2) {
      if (part < 0) return undefined;
      number = number * 256 + part;
      part = -1;
      dots++;
    } else {
      if (digit < 0 || digit > 9 || part === 0) return undefined;
      part = part < 0 ? digit : part * 10 + digit;
      if (part > 255) return undefined;
    }
  }
  return dots === 3 && part >= 0 ? number * 256 + part : undefined;
}

function parseAddress(text: string): Parsed | undefined {
  if (text.includes(':')) {
    if (text.includes('/') || text.includes('%') || !Address6.isValid(text)) return undefined;
    const address = new Address6(text);
    return { family: 6, number: address.bigInt(), text: address.correctForm() };
  }
  const number = number4(text);
  return number === undefined ? undefined : { family: 4, number: BigInt(number), text };
}

/** Parses an address; the error names the text. */
export function parseIp(text: string): Result<Ip> {
  if (number4(text) !== undefined) return ok(brand(text));
  const parsed = parseAddress(text);
  return parsed === undefined ? err(`${JSON.stringify(text)} is not an IP address`) : ok(brand(parsed.text));
}

/** 4 or 6. */
export function familyOf(ip: Ip): Family {
  return ip.includes(':') ? 6 : 4;
}

/** The address as an unsigned number of 32 or 128 bits. */
export function ipNumber(ip: Ip): bigint {
  const parsed = parseAddress(ip);
  if (parsed === undefined) throw new Error(`not canonical: ${ip}`);
  return parsed.number;
}

/**
 * A number that orders addresses of both families: the IPv4 address as a number, or the IPv6 address as a number plus
 * 2^32.
 */
export type SortKey = number | bigint;

const firstIpv6Key = 1n << 32n;

/** The sort key of an address. Keys of both families compare with `<`. */
export function sortKey(ip: Ip): SortKey {
  return number4(ip) ?? ipNumber(ip) + firstIpv6Key;
}

/** Orders addresses: IPv4 before IPv6, then by number. Returns a negative number, 0 or a positive number. */
export function compareIps(a: Ip, b: Ip): number {
  if (a === b) return 0;
  return sortKey(a) < sortKey(b) ? -1 : 1;
}

/** The range of the sort keys of its addresses: `first` included, `end` excluded. */
export function keyRange(cidr: Cidr): { readonly first: SortKey; readonly end: SortKey } {
  const end = lastOf(cidr) + 1n;
  if (cidr.family === 4) return { first: Number(cidr.first), end: Number(end) };
  return { first: cidr.first + firstIpv6Key, end: end + firstIpv6Key };
}

/** The address with the given number; throws when the number does not fit the family. */
export function ipFromNumber(number: bigint, family: Family): Ip {
  return brand(family === 4 ? Address4.fromBigInt(number).correctForm() : Address6.fromBigInt(number).correctForm());
}

/** Parses ADDRESS/LENGTH; rejects set host bits, as in `192.168.8.5/24`. */
export function parseCidr(text: string): Result<Cidr> {
  const wrong = `${JSON.stringify(text)} is not a CIDR`;
  const match = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text);
  const address = match?.[1] === undefined ? undefined : parseAddress(match[1]);
  if (address === undefined) return err(wrong);
  const length = Number(match?.[2]);
  if (length > bits[address.family]) return err(wrong);
  const hostBits = BigInt(bits[address.family] - length);
  const first = (address.number >> hostBits) << hostBits;
  if (first === address.number) return ok({ text: `${address.text}/${length}`, family: address.family, first, length });
  return err(
    `${JSON.stringify(text)} has host bits set; the network is ${ipFromNumber(first, address.family)}/${length}`,
  );
}

/** Parses an interface address with its prefix length (`172.18.0.11/24`); returns the address and its network. */
export function parseIfaddr(text: string): Result<{ readonly ip: Ip; readonly network: Cidr }> {
  const [, address = '', length = ''] = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
  const ip = parseIp(address);
  if (!ip.ok || Number(length) > bits[familyOf(ip.value)])
    return err(`${JSON.stringify(text)} is not an address with a prefix length`);
  const family = familyOf(ip.value);
  const hostBits = BigInt(bits[family] - Number(length));
  const number = ipNumber(ip.value);
  const first = (number >> hostBits) << hostBits;
  const start = first === number ? ip.value : ipFromNumber(first, family);
  return ok({ ip: ip.value, network: { text: `${start}/${length}`, family, first, length: Number(length) } });
}

/** The last address of the range, as a number. */
export function lastOf(cidr: Cidr): bigint {
  return cidr.first + (1n << BigInt(bits[cidr.family] - cidr.length)) - 1n;
}

/** Whether the range contains the address. */
export function contains(cidr: Cidr, ip: Ip): boolean {
  const small = number4(ip);
  if (small !== undefined)
    return cidr.family === 4 && small >= Number(cidr.first) && small < Number(cidr.first) + 2 ** (32 - cidr.length);
  if (cidr.family === 4) return false;
  const number = ipNumber(ip);
  return number >= cidr.first && number <= lastOf(cidr);
}

/** Whether the two ranges share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.first <= lastOf(b) && b.first <= lastOf(a);
}

/** The address at `index` in the range, where 0 is the network address; throws when the range is too small. */
export function addressAt(cidr: Cidr, index: number): Ip {
  const number = cidr.first + BigInt(index);
  if (index < 0 || number > lastOf(cidr)) throw new RangeError(`${cidr.text} has no address ${String(index)}`);
  return ipFromNumber(number, cidr.family);
}
