/**
 * The fields of packets as OpenFlow writes them: OXM (OpenFlow 1.3.5, 7.2.3) and Open vSwitch's NXM, of the same form
 * (ovs-fields(7)). A value is text in ovs-ofctl's syntax on one side, and a number of the field's size on the other.
 */
import { memoized } from '../../values/memo.ts';
import { hex, registerValue } from '../flow.ts';
import { type ByteReader, type ByteString, uint, zeros } from './bytes.ts';

/** A value, and which of its bits count: all where there is no mask. */
interface Masked {
  readonly value: number;
  readonly mask: number | undefined;
}

/** How values of a field are written. */
interface Form {
  readonly parse: (text: string) => Masked;
  readonly print: (masked: Masked) => string;
}

export interface Field {
  /** The first two bytes of its header. */
  readonly class: number;
  readonly number: number;
  /** Bytes of a value. */
  readonly size: number;
  readonly form: Form;
}

/** A form of `VALUE` or `VALUE/MASK`. */
function form(parse: (text: string) => number, print: (value: number) => string, printMask = hex): Form {
  return {
    parse: (text) => {
      const [value = '', mask] = text.split('/');
      return { value: parse(value), mask: mask === undefined ? undefined : parse(mask) };
    },
    print: ({ value, mask }) => (mask === undefined ? print(value) : `${print(value)}/${printMask(mask)}`),
  };
}

const digits = (text: string, separator: string, base: number): number =>
  text.split(separator).reduce((sum, part) => sum * 256 + Number.parseInt(part, base), 0);
const bytesOf = (value: number, size: number): number[] =>
  Array.from({ length: size }, (_, index) => Math.floor(value / 256 ** (size - 1 - index)) % 256);

const register = form(Number, registerValue);
const transportPort: Form = {
  ...form(Number, hex),
  print: ({ value, mask }) => (mask === undefined ? String(value) : `${hex(value)}/${hex(mask)}`),
};
const decimal = form(Number, String);
const macText = (value: number): string =>
  bytesOf(value, 6)
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(':');
const mac = form((text) => digits(text, ':', 16), macText, macText);

const all32 = 0xffffffff;
const maskOfLength = (length: number): number => all32 - (2 ** (32 - length) - 1);
const lengthOfMask = (mask: number): number => Math.clz32(~mask);
const addressText = (value: number): string => bytesOf(value, 4).join('.');
const parseAddress = (text: string): number => digits(text, '.', 10);
const address: Form = {
  parse: (text) => {
    const [value = '', length] = text.split('/');
    const mask =
      length === undefined ? all32 : length.includes('.') ? parseAddress(length) : maskOfLength(Number(length));
    return { value: parseAddress(value), mask };
  },
  print: ({ value, mask }) => {
    if (mask === undefined) return addressText(value);
    const length = lengthOfMask(mask);
    return `${addressText(value)}/${maskOfLength(length) === mask ? length : addressText(mask)}`;
  },
};

/** In the order of their bits, from the lowest (ovs-fields(7), ct_state). */
const states = ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat'] as const;
const connectionState: Form = {
  parse: (text) => {
    let [value, mask] = [0, 0];
    for (const [, sign, name] of text.matchAll(/([+-])([a-z]+)/g)) {
      const bit = 1 << states.findIndex((state) => state === name);
      mask |= bit;
      if (sign === '+') value |= bit;
    }
    return { value, mask };
  },
  print: ({ value, mask = all32 }) =>
    states.map((name, bit) => ((mask >> bit) & 1 ? `${(value >> bit) & 1 ? '+' : '-'}${name}` : '')).join(''),
};

/** `later`: any fragment but the first (bits 0 and 1 say: a fragment, and not the first). */
const fragment: Form = { parse: () => ({ value: 3, mask: undefined }), print: () => 'later' };

const oxm = 0x8000;
const nxm = 0x0001;

/** By the names that flows use. */
export const fields = {
  in_port: { class: oxm, number: 0, size: 4, form: decimal },
  eth_src: { class: oxm, number: 4, size: 6, form: mac },
  eth_dst: { class: oxm, number: 3, size: 6, form: mac },
  eth_type: { class: oxm, number: 5, size: 2, form: decimal },
  nw_src: { class: oxm, number: 11, size: 4, form: address },
  nw_dst: { class: oxm, number: 12, size: 4, form: address },
  nw_frag: { class: nxm, number: 26, size: 1, form: fragment },
  ip_proto: { class: oxm, number: 10, size: 1, form: decimal },
  tcp_src: { class: oxm, number: 13, size: 2, form: transportPort },
  tcp_dst: { class: oxm, number: 14, size: 2, form: transportPort },
  udp_src: { class: oxm, number: 15, size: 2, form: transportPort },
  udp_dst: { class: oxm, number: 16, size: 2, form: transportPort },
  sctp_src: { class: oxm, number: 17, size: 2, form: transportPort },
  sctp_dst: { class: oxm, number: 18, size: 2, form: transportPort },
  arp_spa: { class: oxm, number: 22, size: 4, form: address },
  arp_tpa: { class: oxm, number: 23, size: 4, form: address },
  arp_sha: { class: oxm, number: 24, size: 6, form: mac },
  tun_id: { class: oxm, number: 38, size: 8, form: register },
  tun_src: { class: nxm, number: 31, size: 4, form: address },
  tun_dst: { class: nxm, number: 32, size: 4, form: address },
  reg0: { class: nxm, number: 0, size: 4, form: register },
  reg1: { class: nxm, number: 1, size: 4, form: register },
  reg2: { class: nxm, number: 2, size: 4, form: register },
  reg3: { class: nxm, number: 3, size: 4, form: register },
  pkt_mark: { class: nxm, number: 33, size: 4, form: register },
  ct_state: { class: nxm, number: 105, size: 4, form: connectionState },
  ct_mark: { class: nxm, number: 107, size: 4, form: register },
  ct_label: { class: nxm, number: 108, size: 16, form: register },
  ct_nw_dst: { class: nxm, number: 121, size: 4, form: address },
} as const satisfies Readonly<Record<string, Field>>;

export type FieldName = keyof typeof fields;

const names = new Map<number, FieldName>();
for (const [name, field] of Object.entries(fields)) if (isFieldName(name)) names.set(keyOf(field), name);

export function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(fields, name);
}

function keyOf(field: Pick<Field, 'class' | 'number'>): number {
  return field.class * 128 + field.number;
}

/** The four bytes that name a field where it stands without a value, as in a move. */
export function header(field: Pick<Field, 'class' | 'number'>, length: number, isMasked = false): ByteString {
  return uint(field.class, 2) + uint(field.number * 2 + (isMasked ? 1 : 0), 1) + uint(length, 1);
}

/** A number of the field's size. Of larger ones than six bytes, such as ct_label, only the lowest six are used. */
const numberBytes = (value: number, size: number): ByteString =>
  size > 6 ? zeros(size - 6) + uint(value, 6) : uint(value, size);

/** Bits of numbers that may have more than 32. */
const and = (one: number, other: number): number => {
  const [high, low] = [2 ** 32, 2 ** 32];
  const upper = (Math.floor(one / high) & Math.floor(other / high)) >>> 0;
  return upper * high + (((one % low) & (other % low)) >>> 0);
};

interface Heads {
  readonly exact: ByteString;
  readonly masked: ByteString;
  /** The mask in which every bit counts that has a number here. */
  readonly every: number;
}

const headsOf = memoized((field: Field): Heads => ({
  exact: header(field, field.size),
  masked: header(field, field.size * 2, true),
  every: 256 ** Math.min(field.size, 6) - 1,
}));

/** The bytes of one field of a match or of a set_field; none if no bit of it counts. */
export function encodeField(name: FieldName, text: string): ByteString {
  const field = fields[name];
  const { exact, masked, every } = headsOf(field);
  const { value, mask } = field.form.parse(text);
  if (mask === 0) return '';
  if (mask === undefined || (mask === every && field.size <= 6)) return exact + numberBytes(value, field.size);
  return masked + numberBytes(and(value, mask), field.size) + numberBytes(mask, field.size);
}

function readNumber(reader: ByteReader, size: number): number | undefined {
  const upper = reader.take(Math.max(0, size - 6));
  const value = reader.uint(Math.min(size, 6));
  return /^\0*$/.test(upper) ? value : undefined;
}

/** The next field and its value as text; undefined, after which nothing more can be read, if it is not one of ours. */
export function decodeField(reader: ByteReader): readonly [FieldName, string] | undefined {
  const which = reader.uint(2);
  const second = reader.uint(1);
  const length = reader.uint(1);
  const name = names.get(which * 128 + (second >> 1));
  if (name === undefined) return undefined;
  const field = fields[name];
  const isMasked = (second & 1) === 1;
  if (length !== field.size * (isMasked ? 2 : 1)) return undefined;
  const value = readNumber(reader, field.size);
  const mask = isMasked ? readNumber(reader, field.size) : undefined;
  if (value === undefined || (isMasked && mask === undefined)) return undefined;
  const text = field.form.print({ value, mask });
  return isSame(name, text, { value, mask }) ? [name, text] : undefined;
}

/** Whether the text says all of the value: a field may have bits that we never write. */
function isSame(name: FieldName, text: string, { value, mask }: Masked): boolean {
  const again = fields[name].form.parse(text);
  const { every } = headsOf(fields[name]);
  return again.value === value && (again.mask ?? every) === (mask ?? every);
}
