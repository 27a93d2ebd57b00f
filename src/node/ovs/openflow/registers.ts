/** Parts of fields, as moves and outputs name them: `NXM_NX_REG0[0..23]`, or `[]` for the whole field. */
import { type ByteString, uint } from './bytes.ts';
import { header } from './fields.ts';

/** Of a tunnel's number VXLAN uses 24 of 64 bits. */
const known = {
  NXM_NX_REG0: { number: 0, size: 4 },
  NXM_NX_REG1: { number: 1, size: 4 },
  NXM_NX_REG2: { number: 2, size: 4 },
  NXM_NX_TUN_ID: { number: 16, size: 8 },
  NXM_NX_CT_MARK: { number: 107, size: 4 },
} as const;

/** Bits of a field. */
export interface Part {
  readonly header: ByteString;
  readonly offset: number;
  readonly bits: number;
}

const entries = Object.entries(known).map(([name, { number, size }]) => ({
  name,
  header: header({ class: 0x0001, number }, size),
  bits: size * 8,
}));

/** Reads a part as flows name it; throws Error if it is none of those that we use. */
export function parsePart(text: string): Part {
  const [, name, from, to] = /^([A-Z_0-9]+)\[(?:(\d+)\.\.(\d+))?\]$/.exec(text) ?? [];
  const entry = entries.find((one) => one.name === name);
  if (entry === undefined) throw new Error(`${text} is not a field that flows here move`);
  const offset = Number(from ?? 0);
  return { header: entry.header, offset, bits: to === undefined ? entry.bits : Number(to) + 1 - offset };
}

/** The part as flows name it; undefined if it is none of those that we use. */
export function printPart({ header, offset, bits }: Part): string | undefined {
  const entry = entries.find((one) => one.header === header);
  if (entry === undefined || bits < 1 || offset + bits > entry.bits) return undefined;
  return `${entry.name}[${bits === entry.bits ? '' : `${offset}..${offset + bits - 1}`}]`;
}

/** Offset and number of bits in one number, as Open vSwitch's actions have it. */
export const offsetAndBits = ({ offset, bits }: Part): ByteString => uint(offset * 64 + bits - 1, 2);
