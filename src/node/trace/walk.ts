/** The way of a packet through the flows of one bridge. */
import type { Action, Flow, Group } from '../ovs/flow.ts';
import { table } from '../ovs/pipeline.ts';
import { flowFor, type Packet } from './packet.ts';

/** A flow that the packet took, and the packet as it came to it. */
export interface Taken {
  readonly flow: Flow;
  readonly packet: Packet;
}

/** How the packet leaves the bridge: by a port, or not at all. */
export interface End {
  /** Undefined if it is dropped. */
  readonly port: number | undefined;
  /** As it leaves, or as it was when it was dropped. */
  readonly packet: Packet;
  readonly taken: readonly Taken[];
}

export interface BridgeContent {
  readonly flows: readonly Flow[];
  readonly groups: readonly Group[];
}

/** A packet that has this many flows behind it goes in a circle. */
const mostFlows = 64;

/** What `move` copies in our flows: the VNID between the tunnel's id and the registers. */
function withMove(packet: Packet, { from, to }: Extract<Action, { kind: 'move' }>): Packet {
  if (from.startsWith('NXM_NX_TUN_ID')) return { ...packet, reg0: packet.tun_id ?? 0 };
  if (to.startsWith('NXM_NX_REG1')) return { ...packet, reg1: packet.reg0 ?? 0 };
  return { ...packet, tun_id: packet.reg0 ?? 0 };
}

function withField(packet: Packet, { field, value }: Extract<Action, { kind: 'set' }>): Packet {
  switch (field) {
    case 'reg0':
    case 'reg1':
    case 'reg2':
    case 'reg3':
    case 'tun_id':
    case 'pkt_mark':
      return { ...packet, [field]: Number(value) };
    case 'tun_dst':
      return { ...packet, tun_dst: value };
    case 'eth_src':
      return { ...packet, dl_src: value };
    default:
      return { ...packet, dl_dst: value };
  }
}

function recorded(packet: Packet, { commit, mark, vnid, label }: Extract<Action, { kind: 'ct' }>): Packet {
  if (!commit) return { ...packet, isTracked: true };
  const whole = mark === undefined ? packet.ct_mark : (mark | (vnid === true ? (packet.reg1 ?? 0) : 0)) >>> 0;
  return {
    ...packet,
    isTracked: true,
    ...(whole === undefined ? {} : { ct_mark: whole }),
    ...(label === undefined ? {} : { ct_label: label }),
  };
}

class Walk {
  readonly #content: BridgeContent;
  readonly #ends: End[] = [];

  constructor(content: BridgeContent) {
    this.#content = content;
  }

  /** All ends of the packet from this table on. */
  from(number: number, packet: Packet, taken: readonly Taken[]): readonly End[] {
    this.#enter(number, packet, taken);
    return this.#ends;
  }

  /** All ends of the packet by these actions. */
  by(actions: readonly Action[], packet: Packet): readonly End[] {
    this.#act(actions, packet, []);
    return this.#ends.length > 0 ? this.#ends : [{ port: undefined, packet, taken: [] }];
  }

  #enter(number: number, packet: Packet, before: readonly Taken[]): void {
    const flow = flowFor(this.#content.flows, number, packet);
    if (flow === undefined || before.length > mostFlows) {
      this.#ends.push({ port: undefined, packet, taken: before });
      return;
    }
    const taken = [...before, { flow, packet }];
    const count = this.#ends.length;
    this.#act(flow.actions, packet, taken);
    if (this.#ends.length === count) this.#ends.push({ port: undefined, packet, taken });
  }

  #act(actions: readonly Action[], start: Packet, taken: readonly Taken[]): void {
    let packet = start;
    for (const action of actions) {
      switch (action.kind) {
        case 'output':
          this.#output(action.port, packet, taken);
          break;
        case 'outputRegister':
          this.#output(packet.reg2, packet, taken);
          break;
        case 'goto':
        case 'resubmit':
          this.#enter(action.table, packet, taken);
          break;
        case 'group':
          for (const bucket of this.#buckets(action.id)) this.#act(bucket, packet, taken);
          break;
        case 'ct':
          packet = recorded(packet, action);
          if (action.table !== undefined) this.#enter(action.table, packet, taken);
          break;
        case 'set':
          packet = withField(packet, action);
          break;
        case 'move':
          packet = withMove(packet, action);
          break;
        default: // a meter lets the one packet pass, and a note does nothing
          break;
      }
    }
  }

  /** Open vSwitch sends nothing out of the port that it came by. */
  #output(port: number | undefined, packet: Packet, taken: readonly Taken[]): void {
    this.#ends.push({ port: port === packet.in_port ? undefined : port, packet, taken });
  }

  #buckets(id: number): Group['buckets'] {
    return this.#content.groups.find((group) => group.id === id)?.buckets ?? [];
  }
}

/** Where a packet ends of which these actions are carried out, and what they have it go to. */
export function followed(content: BridgeContent, actions: readonly Action[], packet: Packet): readonly End[] {
  return new Walk(content).by(actions, packet);
}

/**
 * Where a packet ends that comes to the bridge: once, unless a group lets each connection take one of several ways (or
 * it is multicast). A bridge drops what no flow outputs.
 */
export function walk(content: BridgeContent, packet: Packet): readonly End[] {
  return new Walk(content).from(table.dispatch, { isTracked: packet.proto === 'arp', ...packet }, []);
}
