/** What the flows of one table do with a packet: as much of OpenFlow as the laws of planners need. */
import { contains, parseIfaddr, parseIp } from '../../../src/model/values/address.ts';
import type { Action, Flow, Match } from '../../../src/node/ovs/flow.ts';
import { value } from '../states.ts';

export interface Packet {
  readonly proto: 'tcp' | 'udp' | 'sctp' | 'icmp' | 'arp';
  readonly in_port?: number;
  readonly ct_label?: number;
  /** Conntrack mark of its connection. */
  readonly ct_mark?: number;
  /** Whether it goes the other way than the packet that opened its connection. */
  readonly isReply?: boolean;
  /** Whether it is a message about the connection, such as an ICMP error. */
  readonly isRelated?: boolean;
  readonly reg0?: number;
  readonly reg1?: number;
  readonly nw_src?: string;
  readonly nw_dst?: string;
  readonly tp_dst?: number;
  /** A fragment without ports. */
  readonly isLater?: boolean;
}

/** Whether the address lies in the range, which may be a single address. */
export function isWithin(address: string, range: string): boolean {
  const { network } = value(parseIfaddr(range.includes('/') ? range : `${range}/32`));
  return contains(network, value(parseIp(address)));
}

function hasPort({ tp_dst: port, isLater }: Packet, wanted: string): boolean {
  const [number, mask = 0xffff] = wanted.split('/').map(Number);
  return port !== undefined && isLater !== true && (port & mask) === number;
}

function hasMark({ ct_mark: mark = 0 }: Packet, wanted: string): boolean {
  const [number = 0, mask = 0xffffffff] = wanted.split('/').map(Number);
  return (mark & mask) >>> 0 === number >>> 0;
}

function isInState({ isReply = false, isRelated = false }: Packet, wanted: string): boolean {
  const is: Readonly<Record<string, boolean>> = { rpl: isReply, rel: isRelated };
  return (wanted.match(/[+-][a-z]+/g) ?? []).every((flag) => {
    const found = is[flag.slice(1)];
    if (found === undefined) throw new Error(`not known here: ct_state=${wanted}`);
    return found === flag.startsWith('+');
  });
}

function isMatched(match: Match, packet: Packet): boolean {
  const { proto, in_port, ct_label, ct_mark, ct_state, reg0, reg1, nw_src, nw_dst, nw_frag, tp_dst, ...others } = match;
  if (Object.keys(others).length > 0) throw new Error(`not known here: ${Object.keys(others).join()}`);
  return (
    (proto === undefined || proto === packet.proto || (proto === 'ip' && packet.proto !== 'arp')) &&
    (in_port === undefined || in_port === packet.in_port) &&
    (ct_label === undefined || Number(ct_label) === (packet.ct_label ?? 0)) &&
    (ct_mark === undefined || hasMark(packet, ct_mark)) &&
    (ct_state === undefined || isInState(packet, ct_state)) &&
    (reg0 === undefined || Number(reg0) === packet.reg0) &&
    (reg1 === undefined || Number(reg1) === packet.reg1) &&
    (nw_src === undefined || (packet.nw_src !== undefined && isWithin(packet.nw_src, nw_src))) &&
    (nw_dst === undefined || (packet.nw_dst !== undefined && isWithin(packet.nw_dst, nw_dst))) &&
    (nw_frag === undefined || packet.isLater === true) &&
    (tp_dst === undefined || hasPort(packet, tp_dst))
  );
}

/**
 * The actions of the flow with the highest priority that matches; undefined if none does. Throws when two such flows
 * differ, since Open vSwitch would choose either.
 */
export function actionsFor(flows: readonly Flow[], table: number, packet: Packet): readonly Action[] | undefined {
  const found = flows.filter((flow) => flow.table === table && isMatched(flow.match, packet));
  const top = Math.max(...found.map(({ priority }) => priority));
  const [first, ...more] = found.filter(({ priority }) => priority === top).map(({ actions }) => actions);
  if (more.some((actions) => JSON.stringify(actions) !== JSON.stringify(first))) throw new Error('two flows differ');
  return first;
}
