/** A packet as flows see it, and which flow of a table it takes: as much of OpenFlow as our flows use. */
import { contains, parseIfaddr, parseIp } from '../../model/values/address.ts';
import type { Flow, Match } from '../ovs/flow.ts';

export interface Packet {
  readonly proto: 'tcp' | 'udp' | 'sctp' | 'icmp' | 'arp';
  readonly in_port?: number;
  /** Whether conntrack was asked about it; true unless it says otherwise. */
  readonly isTracked?: boolean;
  readonly ct_label?: number;
  /** Conntrack mark of its connection. */
  readonly ct_mark?: number;
  /** Whether conntrack has its connection, with an answer; else it is new. */
  readonly isEstablished?: boolean;
  /** The destination of the packet that opened the connection, before any rewrite. */
  readonly ct_nw_dst?: string;
  /** Whether it goes the other way than the packet that opened its connection. */
  readonly isReply?: boolean;
  /** Whether it is a message about the connection, such as an ICMP error. */
  readonly isRelated?: boolean;
  readonly reg0?: number;
  readonly reg1?: number;
  readonly reg2?: number;
  readonly reg3?: number;
  readonly tun_id?: number;
  /** The address of the node that sent it by VXLAN. */
  readonly tun_src?: string;
  readonly tun_dst?: string;
  /** The mark that the node sees. */
  readonly pkt_mark?: number;
  readonly dl_src?: string;
  readonly dl_dst?: string;
  readonly nw_src?: string;
  readonly nw_dst?: string;
  readonly tp_src?: number;
  readonly tp_dst?: number;
  /** A fragment without ports. */
  readonly isLater?: boolean;
}

/** Whether the address lies in the range, which may be a single address. Both must be valid. */
export function isWithin(address: string, range: string): boolean {
  const [network, ip] = [parseIfaddr(range.includes('/') ? range : `${range}/32`), parseIp(address)];
  return network.ok && ip.ok && contains(network.value.network, ip.value);
}

function hasPort(port: number | undefined, wanted: string, { isLater }: Packet): boolean {
  const [number, mask = 0xffff] = wanted.split('/').map(Number);
  return port !== undefined && isLater !== true && (port & mask) === number;
}

function hasMark({ ct_mark: mark = 0 }: Packet, wanted: string): boolean {
  const [number = 0, mask = 0xffffffff] = wanted.split('/').map(Number);
  return (mark & mask) >>> 0 === number >>> 0;
}

function isInState(packet: Packet, wanted: string): boolean {
  const { isTracked = true, isReply = false, isRelated = false, isEstablished = isReply } = packet;
  const [est, isNew] = [isTracked && isEstablished, isTracked && !isEstablished && !isRelated];
  const is: Readonly<Record<string, boolean>> = { trk: isTracked, rpl: isReply, rel: isRelated, est, new: isNew };
  return (wanted.match(/[+-][a-z]+/g) ?? []).every((flag) => is[flag.slice(1)] === flag.startsWith('+'));
}

function isOf(proto: Packet['proto'], wanted: NonNullable<Match['proto']>): boolean {
  return wanted === proto || (wanted === 'ip' && proto !== 'arp');
}

type Test = (match: Match, packet: Packet) => boolean;

/** A test of one field; a match without it takes every packet. */
function on<F extends keyof Match>(field: F, has: (wanted: NonNullable<Match[F]>, packet: Packet) => boolean): Test {
  return (match, packet) => {
    const wanted = match[field];
    return wanted === undefined || has(wanted, packet);
  };
}

/** The tests of all fields, cheap ones first. No packet here has what ARP has. */
const tests: readonly Test[] = [
  on('reg0', (wanted, { reg0 = 0 }) => Number(wanted) === reg0),
  on('reg1', (wanted, { reg1 = 0 }) => Number(wanted) === reg1),
  on('reg3', (wanted, { reg3 = 0 }) => Number(wanted) === reg3),
  on('in_port', (wanted, { in_port: from }) => wanted === from),
  on('proto', (wanted, { proto }) => isOf(proto, wanted)),
  on('tun_src', (wanted, { tun_src: from }) => wanted === from),
  on('dl_src', (wanted, { dl_src: mac }) => wanted === mac),
  on('dl_dst', (wanted, { dl_dst: mac }) => wanted === mac),
  on('ct_state', (wanted, packet) => isInState(packet, wanted)),
  on('ct_mark', (wanted, packet) => hasMark(packet, wanted)),
  on('ct_label', (wanted, { ct_label: label = 0 }) => Number(wanted) === label),
  on('ct_nw_dst', (wanted, { ct_nw_dst: ip }) => ip !== undefined && isWithin(ip, wanted)),
  on('nw_frag', (_wanted, { isLater }) => isLater === true),
  on('tp_src', (wanted, packet) => hasPort(packet.tp_src, wanted, packet)),
  on('tp_dst', (wanted, packet) => hasPort(packet.tp_dst, wanted, packet)),
  on('arp_spa', () => false),
  on('arp_tpa', () => false),
  on('arp_sha', () => false),
  on('nw_src', (wanted, { nw_src: ip }) => ip !== undefined && isWithin(ip, wanted)),
  on('nw_dst', (wanted, { nw_dst: ip }) => ip !== undefined && isWithin(ip, wanted)),
];

/** Whether the packet has what the match asks for. */
export function isMatched(match: Match, packet: Packet): boolean {
  return tests.every((test) => test(match, packet));
}

/** The flow of the table that the packet takes: the one with the highest priority of those that match. */
export function flowFor(flows: readonly Flow[], table: number, packet: Packet): Flow | undefined {
  let best: Flow | undefined;
  for (const flow of flows) {
    if (flow.table !== table || (best !== undefined && flow.priority <= best.priority)) continue;
    if (isMatched(flow.match, packet)) best = flow;
  }
  return best;
}
