/** The way of a packet of a pod through the cluster, node by node, until it leaves, arrives or is dropped. */
import pick from 'lodash/pick.js';
import type { Ip } from '../../model/values/address.ts';
import { inboundOwnerOf, seenMark } from '../ovs/owner.ts';
import { port } from '../ovs/pipeline.ts';
import { renderFlow } from '../ovs/render.ts';
import type { Packet } from './packet.ts';
import { type End, walk } from './walk.ts';
import { saidAt, whyDropped } from './words.ts';
import type { TracedNode, TracedPod, TraceWorld } from './world.ts';

export interface Question {
  readonly pod: TracedPod;
  readonly to: Ip;
  readonly proto: 'tcp' | 'udp' | 'sctp' | 'icmp';
  /** The port at the destination, or of the one who asked; undefined for ICMP. */
  readonly port: number | undefined;
  /** Whether the pod answers a connection that came in to it. */
  readonly isReply: boolean;
}

/** One thing that happens to the packet. */
export interface Step {
  readonly node: string;
  /** `pod`, `table N NAME`, `tunnel`, `source NAT` or `outside`. */
  readonly at: string;
  readonly says: string;
  /** The flow that decides it, as ovs-ofctl writes it; null where no flow does. */
  readonly flow: string | null;
}

export interface Way {
  /** `service`: the service proxy of the node chooses where it goes on. */
  readonly verdict: 'leaves' | 'delivered' | 'node' | 'service' | 'dropped';
  /** The address that the destination sees; null if it never arrives, or a service proxy decides. */
  readonly address: string | null;
  /** The node where it leaves, arrives or is dropped. */
  readonly node: string;
  /** Why. */
  readonly reason: string;
  readonly steps: readonly Step[];
}

/** A packet crosses the tunnel once, or twice if something is wrong with the objects. */
const mostNodes = 4;

/** What a packet still has when it comes out of the tunnel; an answer is one to the conntrack of either node. */
const carried = ['proto', 'nw_src', 'nw_dst', 'tp_src', 'tp_dst', 'isReply', 'isRelated', 'isLater'] as const;

type Ended = Omit<Way, 'steps' | 'node'>;

class Tracer {
  readonly #world: TraceWorld;
  readonly #question: Question;

  constructor(world: TraceWorld, question: Question) {
    this.#world = world;
    this.#question = question;
  }

  follow(node: TracedNode, packet: Packet, before: readonly Step[], nodes: number): readonly Way[] {
    return walk(node.plan, packet).flatMap((end) => {
      const steps = [...before, ...this.#steps(node, end)];
      if (end.port === port.vxlan0) return this.#tunnel(node, end.packet, steps, nodes);
      const { step, ...ended } = this.#ended(node, end);
      return [{ ...ended, node: node.name, steps: [...steps, ...step] }];
    });
  }

  #steps(node: TracedNode, { taken }: End): readonly Step[] {
    return taken.flatMap(({ flow, packet }) => {
      const said = saidAt(this.#world, flow, packet);
      return said === undefined ? [] : [{ node: node.name, ...said, flow: renderFlow(flow) }];
    });
  }

  #tunnel(from: TracedNode, packet: Packet, before: readonly Step[], nodes: number): readonly Way[] {
    const { tun_id = 0, tun_dst = '' } = packet;
    const name = this.#world.nodeAt(tun_dst);
    const node = name === undefined ? undefined : this.#world.node(name);
    const says = `by VXLAN to ${name ?? 'a node that is not known'} (${tun_dst}), with VNID ${tun_id}`;
    const steps = [...before, { node: from.name, at: 'tunnel', says, flow: null }];
    const lost = (reason: string): readonly Way[] => [
      { verdict: 'dropped', address: null, node: name ?? from.name, reason, steps },
    ];
    if (node === undefined) return lost(`no valid HostSubnet has the address ${tun_dst}`);
    if (this.#world.isOffline(node.nodeIP)) return lost(`${node.name} is offline`);
    if (nodes >= mostNodes) return lost('it goes in a circle between nodes');
    const arriving = { ...pick(packet, carried), in_port: port.vxlan0, tun_id, tun_src: from.nodeIP };
    return this.follow(node, arriving, steps, nodes + 1);
  }

  #ended(node: TracedNode, end: End): Ended & { readonly step: readonly Step[] } {
    if (end.port === undefined) {
      return { verdict: 'dropped', address: null, reason: whyDropped(this.#world, end), step: [] };
    }
    if (end.port === port.tun0) return this.#toNode(node, end.packet);
    const pod = node.pods.get(end.port);
    const reason =
      pod === undefined ? 'it comes to a port without a pod' : `it comes to pod ${pod.namespace}/${pod.name}`;
    return {
      ...{ verdict: 'delivered', address: this.#question.pod.ip, reason },
      step: [{ node: node.name, at: 'pod', says: reason, flow: null }],
    };
  }

  /** What the node does with a packet from tun0: source NAT by the mark, routing, its service proxy. */
  #toNode(node: TracedNode, { pkt_mark: mark = 0 }: Packet): Ended & { readonly step: readonly Step[] } {
    const { to, isReply } = this.#question;
    const of = (ended: Ended, at: string): Ended & { readonly step: readonly Step[] } => {
      const { pod } = this.#question;
      const says =
        ended.verdict === 'leaves' && ended.address !== null ? `from ${pod.ip} to ${ended.address}` : ended.reason;
      return { ...ended, step: [{ node: node.name, at, says, flow: null }] };
    };
    if (mark !== 0) return of(this.#translated(node, mark), 'source NAT');
    if (to === node.gateway || to === node.nodeIP)
      return of({ verdict: 'node', address: this.#question.pod.ip, reason: `it comes to ${node.name} itself` }, 'node');
    if (this.#world.isInside(to)) {
      const reason = `the service proxy of ${node.name} sends it to one of the Service's endpoints, if it has any`;
      return of({ verdict: 'service', address: null, reason }, 'service proxy');
    }
    if (isReply) {
      const reason = 'an answer leaves with the address that its connection came in to';
      return of({ verdict: 'leaves', address: null, reason }, 'source NAT');
    }
    const reason = 'the address of the node, because its namespace requests no egress IP';
    return of({ verdict: 'leaves', address: node.nodeIP, reason }, 'source NAT');
  }

  #translated({ name, plan }: TracedNode, mark: number): Ended {
    const source = plan.nft.snat.get(seenMark(mark));
    if (source !== undefined)
      return { verdict: 'leaves', address: source, reason: `its namespace requests it, and ${name} has it` };
    const [why] = plan.refused.values();
    return {
      verdict: 'dropped',
      address: null,
      reason: `${name} does not carry the egress IP: ${why ?? 'it is not there yet'}`,
    };
  }
}

/**
 * The ways that the first packet of a connection may take: one, or one for each egress IP that may be used. An answer
 * takes one way.
 */
export function waysOf(world: TraceWorld, question: Question): readonly Way[] {
  const { pod, to, proto, port: number, isReply } = question;
  const node = world.node(pod.node);
  const says = `${pod.namespace}/${pod.name}, ${pod.ip}, VNID ${pod.vnid}, ${isReply ? 'answers' : 'sends to'} ${to}`;
  const first: Step = { node: pod.node, at: 'pod', says, flow: null };
  if (node === undefined) {
    const reason = `${pod.node} has no valid HostSubnet`;
    return [{ verdict: 'dropped', address: null, node: pod.node, reason, steps: [first] }];
  }
  const [ofport] = [...node.pods].find(([, one]) => one === pod) ?? [port.firstPod];
  const ports = number === undefined ? {} : { tp_dst: number };
  const packet: Packet = {
    ...{ proto, in_port: ofport, nw_src: pod.ip, nw_dst: to, isReply, ...ports },
    ...(isReply ? { ct_mark: inboundOwnerOf(pod.vnid) } : {}),
  };
  return new Tracer(world, question).follow(node, packet, [first], 1);
}
