/** The way of a packet of a pod through the cluster, node by node, until it leaves, arrives or is dropped. */
import pick from 'lodash/pick.js';
import { parseIpv4 } from '../../model/objects/fields.ts';
import type { Door } from '../../model/services/proxy.ts';
import type { Ip } from '../../model/values/address.ts';
import { inboundOwnerOf } from '../ovs/owner.ts';
import { port } from '../ovs/pipeline.ts';
import { renderFlow } from '../ovs/render.ts';
import { type Answer, serviceAnswer } from './answer.ts';
import { type ByService, type Ended, isServedAt, type Next, type OnHost, onHost } from './host.ts';
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
  /** `pod`, `table N NAME`, `tunnel`, `service proxy`, `source NAT` or `node`. */
  readonly at: string;
  readonly says: string;
  /** The flow that decides it, as ovs-ofctl writes it; null where no flow does. */
  readonly flow: string | null;
}

/** The Service that the destination is, and where it leads to. */
export interface Through {
  /** NAMESPACE/NAME. */
  readonly name: string;
  /** PORT/PROTOCOL. */
  readonly port: string;
  readonly door: Door;
  /** The node whose service proxy sends the packet on. */
  readonly node: string;
  /** The backends to which the way leads. */
  readonly backends: readonly Backend[];
}

export interface Backend {
  /** ADDRESS:PORT. */
  readonly address: string;
  /** NAMESPACE/POD, or null if it is none. */
  readonly pod: string | null;
  readonly node: string | null;
}

export interface Way {
  /** `node`: it comes to the node itself. `unknown`: the objects that were read do not tell. */
  readonly verdict: Ended['verdict'];
  /** The address that the destination sees; null if it never arrives, or that is not known. */
  readonly address: string | null;
  /** The node where it leaves, arrives or is dropped. */
  readonly node: string;
  /** Why. */
  readonly reason: string;
  readonly service?: Through;
  readonly steps: readonly Step[];
}

/** A packet crosses the tunnel once, or twice if something is wrong with the objects. */
const mostNodes = 4;

/** What a packet still has when it comes out of the tunnel; an answer is one to the conntrack of either node. */
const carried = ['proto', 'nw_src', 'nw_dst', 'tp_src', 'tp_dst', 'isReply', 'isRelated', 'isLater'] as const;

/** What is known of a packet on its way. */
interface Before {
  readonly steps: readonly Step[];
  /** How many nodes it has come to. */
  readonly nodes: number;
  /** The Service that it was for. */
  readonly service?: Through;
  /** What the backend sees, and why. */
  readonly seen?: string;
}

class Tracer {
  readonly #world: TraceWorld;
  readonly question: Question;

  constructor(world: TraceWorld, question: Question) {
    this.#world = world;
    this.question = question;
  }

  follow(node: TracedNode, packet: Packet, before: Before): readonly Way[] {
    return walk(node.plan, packet).flatMap((end) => {
      const after = { ...before, steps: [...before.steps, ...this.#steps(node, end)] };
      if (end.port === port.vxlan0) return this.#tunnel(node, end.packet, after);
      if (end.port === port.tun0) return this.onHost(node, hostPacketOf(end.packet, this.question), after);
      return [this.#ended(node, end, after)];
    });
  }

  #steps(node: TracedNode, { taken }: End): readonly Step[] {
    return taken.flatMap(({ flow, packet }) => {
      const said = saidAt(this.#world, flow, packet);
      return said === undefined ? [] : [{ node: node.name, ...said, flow: renderFlow(flow) }];
    });
  }

  #tunnel(from: TracedNode, packet: Packet, before: Before): readonly Way[] {
    const { tun_id = 0, tun_dst = '' } = packet;
    const name = this.#world.nodeAt(tun_dst);
    const node = name === undefined ? undefined : this.#world.node(name);
    const says = `by VXLAN to ${name ?? 'a node that is not known'} (${tun_dst}), with VNID ${tun_id}`;
    const after = { ...before, steps: [...before.steps, { node: from.name, at: 'tunnel', says, flow: null }] };
    const lost = (reason: string): readonly Way[] => [
      wayOf(name ?? from.name, { verdict: 'dropped', address: null, reason }, after),
    ];
    if (node === undefined) return lost(`no valid HostSubnet has the address ${tun_dst}`);
    if (this.#world.isOffline(node.nodeIP)) return lost(`${node.name} is offline`);
    if (before.nodes >= mostNodes) return lost('it goes in a circle between nodes');
    const arriving = { ...pick(packet, carried), in_port: port.vxlan0, tun_id, tun_src: from.nodeIP };
    return this.follow(node, arriving, { ...after, nodes: before.nodes + 1 });
  }

  #ended(node: TracedNode, end: End, before: Before): Way {
    if (end.port === undefined)
      return wayOf(node.name, { verdict: 'dropped', address: null, reason: whyDropped(this.#world, end) }, before);
    const pod = node.pods.get(end.port);
    const says =
      pod === undefined ? 'it comes to a port without a pod' : `it comes to pod ${pod.namespace}/${pod.name}`;
    const steps = [...before.steps, { node: node.name, at: 'pod', says, flow: null }];
    const address = end.packet.nw_src ?? this.question.pod.ip;
    return wayOf(node.name, { verdict: 'delivered', address, reason: before.seen ?? says }, { ...before, steps });
  }

  /** On the host of a node: what comes from tun0, or by the wire from another node. */
  onHost(node: TracedNode, packet: OnHost, before: Before): readonly Way[] {
    return onHost(this.#world, node, packet).flatMap((next) => {
      const said = next.says.map((one): Step => ({ node: node.name, ...one, flow: null }));
      const service = before.service ?? (next.by === undefined ? undefined : through(next.by));
      const after = {
        ...{ ...before, steps: [...before.steps, ...said] },
        ...(service === undefined ? {} : { service }),
      };
      switch (next.kind) {
        case 'end':
          return [wayOf(node.name, next.ended, after)];
        case 'bridge':
          return this.follow(node, next.packet, { ...after, seen: next.seen });
        case 'wire':
          return this.#byWire(node, next, after);
      }
    });
  }

  /** A packet that leaves a node by the wire: it is gone, unless a node port of another node sends it on. */
  #byWire(from: TracedNode, { ended, packet }: Extract<Next, { kind: 'wire' }>, before: Before): readonly Way[] {
    const world = this.#world;
    const hosting = world.state.assigned.get(packet.to)?.node;
    if (hosting !== undefined) {
      const reason = `${packet.to} is an egress IP of ${hosting}, which takes no connections there`;
      return [wayOf(hosting, { verdict: 'refused', address: null, reason }, before)];
    }
    const left = [wayOf(from.name, ended, before)];
    const name = packet.isReply ? undefined : world.nodeAt(packet.to);
    const node = name === undefined ? undefined : world.node(name);
    if (node === undefined || !isServedAt(world, node, packet)) return left;
    const lost = (reason: string): readonly Way[] => [
      wayOf(node.name, { verdict: 'dropped', address: null, reason }, before),
    ];
    if (world.isOffline(node.nodeIP)) return lost(`${node.name} is offline`);
    if (before.nodes >= mostNodes) return lost('it goes in a circle between nodes');
    return this.onHost(node, { ...packet, mark: undefined }, { ...before, nodes: before.nodes + 1 });
  }
}

function wayOf(node: string, ended: Pick<Way, 'verdict' | 'address' | 'reason'>, { steps, service }: Before): Way {
  return { ...ended, node, ...(service === undefined ? {} : { service }), steps };
}

function hostPacketOf(packet: Packet, { pod, to, proto }: Question): OnHost {
  const { nw_src, nw_dst, tp_dst, pkt_mark = 0, isReply = false } = packet;
  const [from, target] = [nw_src, nw_dst].map((text) => parseIpv4(text ?? ''));
  return {
    from: from?.ok === true ? from.value : pod.ip,
    to: target?.ok === true ? target.value : to,
    ...{ proto, port: tp_dst, isReply, mark: pkt_mark },
  };
}

function through({ hit: { served, door }, node, endpoint }: ByService): Through {
  const { service, port: number, protocol } = served;
  const backends =
    endpoint === undefined
      ? []
      : [{ address: `${endpoint.ip}:${endpoint.port}`, pod: endpoint.pod ?? null, node: endpoint.node ?? null }];
  return { name: service, port: `${number}/${protocol}`, door, node, backends };
}

/** Ways that differ in their backends alone are one, with the steps to the first of them. */
function joined(ways: readonly Way[]): readonly Way[] {
  const all = new Map<string, Way>();
  for (const way of ways) {
    const { verdict, address, node, reason, service } = way;
    const key = JSON.stringify([verdict, address, node, reason, service?.name, service?.node, service?.door]);
    const known = service === undefined ? undefined : all.get(key);
    const before = known?.service;
    if (known === undefined || before === undefined || service === undefined)
      all.set(service === undefined ? `${all.size}` : key, way);
    else all.set(key, { ...known, service: { ...before, backends: [...before.backends, ...service.backends] } });
  }
  return [...all.values()];
}

/**
 * The ways that the first packet of a connection may take: one, or one for each egress IP that may be used. An answer
 * takes one way.
 */
export function waysOf(world: TraceWorld, question: Question): readonly Way[] {
  const { pod, to, isReply } = question;
  const node = world.node(pod.node);
  const says = `${pod.namespace}/${pod.name}, ${pod.ip}, VNID ${pod.vnid}, ${isReply ? 'answers' : 'sends to'} ${to}`;
  const first: Step = { node: pod.node, at: 'pod', says, flow: null };
  if (node === undefined) {
    const reason = `${pod.node} has no valid HostSubnet`;
    return [{ verdict: 'dropped', address: null, node: pod.node, reason, steps: [first] }];
  }
  const answer = isReply ? serviceAnswer(world, pod, question) : undefined;
  if (answer !== undefined) return answersOf(new Tracer(world, question), node, answer, first);
  return joined(new Tracer(world, question).follow(node, firstPacket(node, question), { steps: [first], nodes: 1 }));
}

/** The packet as the pod sends it on its node. */
export function firstPacket(node: TracedNode, question: Question): Packet {
  const { to, port: number } = question;
  return { ...opened(node, question), nw_dst: to, ...(number === undefined ? {} : { tp_dst: number }) };
}

/** What the pod sends, but for where to. */
function opened(node: TracedNode, { pod, proto, isReply }: Question): Packet {
  const [ofport] = [...node.pods].find(([, one]) => one === pod) ?? [port.firstPod];
  const mark = isReply ? { ct_mark: inboundOwnerOf(pod.vnid) } : {};
  return { proto, in_port: ofport, nw_src: pod.ip, isReply, ...mark };
}

/** The ways of a pod's answer to who came to it by a Service. */
function answersOf(tracer: Tracer, node: TracedNode, answer: Answer, first: Step): readonly Way[] {
  const service = through({
    hit: answer.hit,
    node: answer.kind === 'goes' ? answer.asked.name : node.name,
    endpoint: undefined,
  });
  const before: Before = { steps: [first], nodes: 1, service };
  if (answer.kind === 'end') return [wayOf(node.name, answer.ended, before)];
  const { question } = tracer;
  const packet = { ...opened(node, question), ...(answer.to === undefined ? {} : { nw_dst: answer.to }) };
  return tracer.follow(node, packet, before).map((way) => answered(way, question.to, answer.reason));
}

/** The way of an answer which comes to the node that puts the address of the Service into it. */
function answered(way: Way, to: Ip, reason: string): Way {
  if (way.verdict !== 'node' && way.verdict !== 'leaves') return way;
  const says = `it becomes one from ${to}`;
  return {
    ...way,
    ...{ verdict: 'leaves', address: to, reason },
    steps: [...way.steps.slice(0, -1), { node: way.node, at: 'service proxy', says, flow: null }],
  };
}
