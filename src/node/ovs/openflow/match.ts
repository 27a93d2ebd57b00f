/** Matches of flows as OpenFlow writes them. */
import type { Match } from '../flow.ts';
import { ByteReader, type ByteString } from './bytes.ts';
import { decodeField, encodeField, type FieldName } from './fields.ts';

type Protocol = NonNullable<Match['proto']>;

/** The EtherType of each protocol, and its number within IP. */
const protocols: Readonly<Record<Protocol, readonly [string, string | undefined]>> = {
  arp: ['2054', undefined],
  ip: ['2048', undefined],
  icmp: ['2048', '1'],
  tcp: ['2048', '6'],
  udp: ['2048', '17'],
  sctp: ['2048', '132'],
};

interface Place {
  readonly field: FieldName;
  readonly key: keyof Match;
  /** The only protocol that has the field. */
  readonly of?: Protocol;
}

/** The fields in the order in which Open vSwitch itself writes them, so that what is read back is the same. */
const places: readonly Place[] = [
  { field: 'in_port', key: 'in_port' },
  { field: 'eth_src', key: 'dl_src' },
  { field: 'eth_dst', key: 'dl_dst' },
  { field: 'eth_type', key: 'proto' },
  { field: 'nw_src', key: 'nw_src' },
  { field: 'nw_dst', key: 'nw_dst' },
  { field: 'nw_frag', key: 'nw_frag' },
  { field: 'ip_proto', key: 'proto' },
  { field: 'tcp_src', key: 'tp_src', of: 'tcp' },
  { field: 'tcp_dst', key: 'tp_dst', of: 'tcp' },
  { field: 'udp_src', key: 'tp_src', of: 'udp' },
  { field: 'udp_dst', key: 'tp_dst', of: 'udp' },
  { field: 'sctp_src', key: 'tp_src', of: 'sctp' },
  { field: 'sctp_dst', key: 'tp_dst', of: 'sctp' },
  { field: 'arp_spa', key: 'arp_spa' },
  { field: 'arp_tpa', key: 'arp_tpa' },
  { field: 'arp_sha', key: 'arp_sha' },
  { field: 'tun_src', key: 'tun_src' },
  { field: 'reg0', key: 'reg0' },
  { field: 'reg1', key: 'reg1' },
  { field: 'reg3', key: 'reg3' },
  { field: 'ct_state', key: 'ct_state' },
  { field: 'ct_mark', key: 'ct_mark' },
  { field: 'ct_label', key: 'ct_label' },
  { field: 'ct_nw_dst', key: 'ct_nw_dst' },
];
const placeOf = new Map(places.map((place) => [place.field, place]));

function textOf(match: Match, { field, key, of }: Place): string | undefined {
  const { proto } = match;
  if (key === 'proto') return proto === undefined ? undefined : protocols[proto][field === 'eth_type' ? 0 : 1];
  if (of !== undefined && of !== proto) return undefined;
  const value = match[key];
  return value === undefined ? undefined : String(value);
}

const hasPorts = ({ proto }: Match): boolean => places.some(({ of }) => of !== undefined && of === proto);

/** The bytes of a match. Throws Error if it has ports without a protocol that has them. */
export function encodeMatch(match: Match): ByteString {
  if ((match.tp_src ?? match.tp_dst) !== undefined && !hasPorts(match))
    throw new Error(`a match of ports needs tcp, udp or sctp, not ${match.proto ?? 'any protocol'}`);
  let bytes = '';
  for (const place of places) {
    const text = textOf(match, place);
    if (text !== undefined) bytes += encodeField(place.field, text);
  }
  return bytes;
}

function protocolOf(type: string | undefined, number: string | undefined): Protocol | undefined {
  return (['ip', 'arp', 'icmp', 'tcp', 'udp', 'sctp'] as const).find(
    (name) => protocols[name][0] === type && protocols[name][1] === number,
  );
}

/** The fields of these bytes; undefined if one of them is none of ours. */
function readFields(bytes: ByteString): ReadonlyMap<FieldName, string> | undefined {
  const reader = new ByteReader(bytes);
  const read = new Map<FieldName, string>();
  while (reader.left > 0) {
    const field = decodeField(reader);
    if (field === undefined) return undefined;
    read.set(...field);
  }
  return read;
}

/** The match of these bytes; undefined if we never write such a one. Throws RangeError if they end too early. */
export function decodeMatch(bytes: ByteString): Match | undefined {
  const read = readFields(bytes);
  if (read === undefined) return undefined;
  const [type, number] = [read.get('eth_type'), read.get('ip_proto')];
  const proto = protocolOf(type, number);
  if (proto === undefined && (type ?? number) !== undefined) return undefined;
  const entries: [string, string | number][] = proto === undefined ? [] : [['proto', proto]];
  for (const [field, text] of read) {
    const place = placeOf.get(field);
    if (place === undefined || (place.of !== undefined && place.of !== proto)) return undefined;
    if (place.key === 'in_port') entries.push([place.key, Number(text)]);
    else if (place.key !== 'proto') entries.push([place.key, text]);
  }
  return Object.fromEntries(entries);
}
