/**
 * What the host of a node does with a packet: its service proxy, source NAT, and what our nft tables let leave. Pure; it
 * says what docs/datapath.md says of who sees which address.
 */
import { choiceFor } from '../../model/egress/rules.ts';
import { nodePorts } from '../../model/objects/well-known.ts';
import { type Hit, type Opening, proxied } from '../../model/services/proxy.ts';
import type { Endpoint } from '../../model/services/served.ts';
import type { Ip } from '../../model/values/address.ts';
import { listText } from '../../model/values/list-text.ts';
import { seenMark } from '../ovs/owner.ts';
import { port } from '../ovs/pipeline.ts';
import type { Packet } from './packet.ts';
import type { TracedNode, TraceWorld } from './world.ts';

/** A packet on the host of a node. */
export interface OnHost {
  readonly from: Ip;
  readonly to: Ip;
  readonly proto: 'tcp' | 'udp' | 'sctp' | 'icmp';
  readonly port: number | undefined;
  /** Whether it answers a connection that came in. */
  readonly isReply: boolean;
  /** The mark of the VNID whose egress IP it is to leave with, 0 without one; undefined if it came by the wire. */
  readonly mark: number | undefined;
}

/** How it ends there. */
export interface Ended {
  readonly verdict: 'leaves' | 'delivered' | 'node' | 'refused' | 'dropped' | 'unknown';
  readonly address: Ip | null;
  readonly reason: string;
}

export interface Said {
  readonly at: string;
  readonly says: string;
}

/** A Service that a node's proxy sends the packet on for. */
export interface ByService {
  readonly hit: Hit;
  /** The node whose proxy does it. */
  readonly node: string;
  /** Where to; undefined if it sends it nowhere. */
  readonly endpoint: Endpoint | undefined;
}

/** Where the packet goes on from the host. */
export type Next = { readonly says: readonly Said[]; readonly by?: ByService } & (
  | { readonly kind: 'end'; readonly ended: Ended }
  /** Back to the bridge, by tun0. */
  | { readonly kind: 'bridge'; readonly packet: Packet; readonly seen: string }
  /** By the wire: to another node, if that has the address, or out of the cluster. */
  | { readonly kind: 'wire'; readonly ended: Ended; readonly packet: OnHost }
);

const end = (verdict: Ended['verdict'], reason: string, address: Ip | null = null): Ended => ({
  verdict,
  address,
  reason,
});

const ends = (at: string, ended: Ended): Next => ({ kind: 'end', ended, says: [{ at, says: ended.reason }] });

const textOf = (ip: string, number: number | undefined): string => (number === undefined ? ip : `${ip}:${number}`);

/** `Service NAMESPACE/NAME`. */
const nameOf = ({ served }: Hit): string => `Service ${served.service}`;

/** What the first packet of a connection, or an answer, becomes on the host; several ways through a Service. */
export function onHost(world: TraceWorld, node: TracedNode, packet: OnHost): readonly Next[] {
  const { mark = 0 } = packet;
  if (!packet.isReply && mark !== 0 && sourceFor(node, mark) === undefined)
    return [ends('source NAT', end('dropped', whyNotCarried(node)))];
  const opening = openingOf(packet);
  if (opening === undefined) return [plain(world, node, packet)];
  const unsure = notKnown(world, node, opening);
  if (unsure !== undefined) return [ends('service proxy', end('unknown', unsure))];
  const hit = world.doors?.at({ ip: node.nodeIP }, opening);
  return hit === undefined ? [plain(world, node, packet)] : served(world, node, packet, { hit, opening });
}

function openingOf({ from, to, proto, port: number, isReply }: OnHost): Opening | undefined {
  return isReply || proto === 'icmp' || number === undefined ? undefined : { from, to, protocol: proto, port: number };
}

const isNodePort = (number: number): boolean => number >= nodePorts.first && number <= nodePorts.last;

/** Whether a Service sends on what comes to the node, as far as is known. */
export function isServedAt(world: TraceWorld, node: TracedNode, packet: OnHost): boolean {
  const opening = openingOf(packet);
  if (opening === undefined) return false;
  const hit = world.doors?.at({ ip: node.nodeIP }, opening);
  return hit !== undefined || notKnown(world, node, opening) !== undefined;
}

/** Why nothing tells where the packet goes, although a Service may be meant. */
function notKnown(world: TraceWorld, node: TracedNode, opening: Opening): string | undefined {
  if (world.hasAllServices) return undefined;
  const hit = world.doors?.at({ ip: node.nodeIP }, opening);
  if (hit === undefined) return isMeant(world, node, opening) ? notRead(world, opening) : undefined;
  if (hit.served.hasSlices) return undefined;
  return `${nameOf(hit)} has this address, and no EndpointSlice that was read says where it leads to`;
}

/** Whether a Service that was not read may be meant. */
function isMeant(world: TraceWorld, { nodeIP }: TracedNode, { to, port: number }: Opening): boolean {
  // a cluster address is of one Service, whose ports are known
  if (world.isService(to)) return (world.doors?.portsAt(to) ?? []).length === 0;
  return to === nodeIP && isNodePort(number);
}

function notRead({ doors }: TraceWorld, { to, port: number, protocol }: Opening): string {
  return doors === undefined
    ? 'Services could not be read: nothing tells which one this is, or where it leads to'
    : `none of the Services that were read has ${to}:${number}/${protocol}, and there may be others`;
}

/** The egress IP of the VNID with the mark on the node. */
function sourceFor({ plan }: TracedNode, mark: number): Ip | undefined {
  return plan.nft.snat.get(seenMark(mark));
}

function whyNotCarried({ name, plan }: TracedNode): string {
  const [why] = plan.refused.values();
  return `${name} does not carry the egress IP: ${why ?? 'it is not there yet'}`;
}

/** A packet that no Service is for. */
function plain(world: TraceWorld, node: TracedNode, packet: OnHost): Next {
  const { from, to, isReply, mark } = packet;
  if (node.plan.addresses.has(to))
    return ends('node', end('refused', `${to} is an egress IP of ${node.name}, which takes no connections there`));
  if (to === node.gateway || to === node.nodeIP)
    return ends('node', end('node', `it comes to ${node.name} itself`, from));
  if (world.isInside(to)) return ends('service proxy', noService(world, packet));
  if (isReply)
    return ends('source NAT', end('leaves', 'an answer leaves with the address that its connection came in to'));
  if (mark === undefined) return wire(packet, end('leaves', `${node.name} sends it on as it came`, from));
  if (mark === 0) return wire(packet, end('leaves', whyAsNode(node, packet), node.nodeIP));
  return wire(
    packet,
    end('leaves', `its namespace requests it, and ${node.name} has it`, sourceFor(node, mark) ?? from),
  );
}

function whyAsNode({ plan }: TracedNode, { from }: OnHost): string {
  return plan.restricted.has(from)
    ? 'the address of the node, because finer rules of its namespace do not cover it'
    : 'the address of the node, because its namespace requests no egress IP';
}

/** Whether finer rules let a pod of the node send there as the node. */
function isUncovered({ plan }: TracedNode, { from, to, proto, port: number }: OnHost): boolean {
  const rules = plan.restricted.get(from)?.rules;
  return choiceFor(rules, { destination: to, protocol: proto, port: number }).kind === 'node';
}

/** A packet to an address of the Service network that no Service has with this port. */
function noService(world: TraceWorld, { to, proto, port: number }: OnHost): Ended {
  const ports = world.doors?.portsAt(to) ?? [];
  const [first] = ports;
  if (first === undefined)
    return world.hasAllServices
      ? end('dropped', `no Service has the address ${to}`)
      : end('unknown', `none of the Services that were read has ${to}, and there may be others`);
  const has = listText(ports.map((one) => `${one.port}/${one.protocol}`));
  if (proto === 'icmp')
    return end('dropped', `the address of Service ${first.service} answers at its ports alone: ${has}`);
  if (number === undefined) return end('unknown', `it is the address of Service ${first.service}: give a port, ${has}`);
  return end('dropped', `Service ${first.service} has no port ${number}/${proto}, but ${has}`);
}

function wire(packet: OnHost, ended: Ended): Next {
  const { address } = ended;
  const says = address === null || address === packet.from ? ended.reason : `from ${packet.from} to ${address}`;
  return {
    kind: 'wire',
    ended,
    says: [{ at: 'source NAT', says }],
    packet: { ...packet, from: address ?? packet.from },
  };
}

interface Asked {
  readonly hit: Hit;
  readonly opening: Opening;
}

/** What the service proxy does with the packet. */
function served(world: TraceWorld, node: TracedNode, packet: OnHost, { hit, opening }: Asked): readonly Next[] {
  const by = { hit, node: node.name, endpoint: undefined };
  const done = proxied(hit, opening, world.proxyNode(node));
  if (done.kind !== 'sent') return [{ ...ends('service proxy', end(done.kind, `${nameOf(hit)}: ${done.why}`)), by }];
  const { endpoints, isMasqueraded } = done;
  return endpoints.map((endpoint) => {
    const next = toEndpoint(world, node, packet, { hit, endpoint, isMasqueraded });
    const says = { at: 'service proxy', says: rewriting(packet, next, { hit, endpoint, of: endpoints.length }) };
    return { ...next, says: [says, ...next.says], by: { ...by, endpoint } };
  });
}

function rewriting(
  { to, port: number }: OnHost,
  { kind }: Next,
  { hit, endpoint, of }: { readonly hit: Hit; readonly endpoint: Endpoint; readonly of: number },
): string {
  const { affinity, portName } = hit.served;
  const onward = {
    bridge: 'and goes to br0, where policies are asked',
    wire: 'and leaves by the network of the nodes, past br0 and all policies',
    end: 'and goes no further',
  };
  const kept = affinity === undefined ? '' : `; a client keeps it for ${affinity} s`;
  const many = of === 1 ? '' : `, one of ${of}${kept}`;
  const name = `${nameOf(hit)}${portName === '' ? '' : `, port ${portName}`}, by its ${hit.door}`;
  return `${name}: ${textOf(to, number)} becomes ${textOf(endpoint.ip, endpoint.port)}${many}, ${onward[kind]}`;
}

interface Sent {
  readonly hit: Hit;
  readonly endpoint: Endpoint;
  readonly isMasqueraded: boolean;
}

/** The packet once its destination is the endpoint. */
function toEndpoint(world: TraceWorld, node: TracedNode, packet: OnHost, sent: Sent): Next {
  const { ip, port: number, pod } = sent.endpoint;
  const rewritten: OnHost = { ...packet, to: ip, port: number };
  if (ip === node.nodeIP || ip === node.gateway) {
    const reason = `${nameOf(sent.hit)} leads to ${node.name} itself`;
    return ends('node', end('node', reason, packet.from));
  }
  if (world.isService(ip)) {
    const reason = `${nameOf(sent.hit)} leads to ${ip}, an address of Services: nothing is rewritten twice`;
    return ends('service proxy', end('dropped', reason));
  }
  if (!world.isPodAddress(ip)) return outward(world, node, rewritten, sent);
  if (pod !== undefined && world.podAt(ip) === undefined && !world.hasAllServices)
    return ends('pod', end('unknown', `${nameOf(sent.hit)} leads to pod ${pod}, which was not read`));
  return toPod(node, rewritten, sent);
}

function toPod(node: TracedNode, packet: OnHost, { isMasqueraded, hit, endpoint }: Sent): Next {
  const isItself = endpoint.ip === packet.from;
  const isAsking = (packet.mark ?? 0) !== 0;
  const source = isMasqueraded || isItself || isAsking ? node.gateway : packet.from;
  const says = source === packet.from ? [] : [{ at: 'source NAT', says: `from ${packet.from} to ${source}` }];
  return {
    ...{ kind: 'bridge', says, seen: `${nameOf(hit)} leads to it, ${seenText()}` },
    packet: {
      ...{ proto: packet.proto, in_port: port.tun0, nw_src: source, nw_dst: endpoint.ip, tp_dst: endpoint.port },
    },
  };

  function seenText(): string {
    const own = `and it sees tun0 of ${node.name}`;
    if (isItself) return `${own}, because a pod that reaches itself would answer itself`;
    if (isMasqueraded) return `${own}, because by its ${hit.door} nobody else is seen`;
    if (isAsking) return `${own}, because the namespace's egress IP is for what leaves the cluster`;
    return packet.mark === undefined
      ? 'and it sees who asked as the packet came to the node, because externalTrafficPolicy is Local'
      : "and it sees the pod's own address";
  }
}

/** Whether the packet is of a namespace that requests egress IPs, as far as the node knows by its address. */
function isOfAsking({ plan }: TracedNode, { from, mark }: OnHost): boolean {
  return mark === undefined ? plan.nft.egressIPs.has(from) : mark !== 0 || plan.restricted.has(from);
}

/** Where a Service leads that leads to no pod, and whether that is sure to be in the cluster. */
function farEnd(
  world: TraceWorld,
  { to, port: number = 0 }: OnHost,
): { readonly what: string; readonly isInside: boolean } {
  if (world.nodeAt(to) === undefined) return { what: 'an address outside the cluster', isInside: false };
  return isNodePort(number)
    ? { what: 'a node port, which may lead anywhere', isInside: false }
    : { what: 'an address of a node', isInside: true };
}

/** A packet that a Service sends out of the cluster, or to an address of another node. */
function outward(world: TraceWorld, node: TracedNode, packet: OnHost, { isMasqueraded, hit }: Sent): Next {
  const { from, mark } = packet;
  const { what, isInside } = farEnd(world, packet);
  const leads = `${nameOf(hit)} leads to ${what}`;
  const own = isMasqueraded || mark === undefined ? undefined : sourceFor(node, mark);
  if (own !== undefined)
    return wire(packet, end('leaves', `${leads}, and ${node.name} has the namespace's egress IP`, own));
  if (isOfAsking(node, packet) && !isInside && !isUncovered(node, packet)) {
    const why =
      mark === undefined
        ? `${node.name} gives nobody its own address in the place of an egress IP`
        : 'a namespace that requests egress IPs never leaves as a node';
    return ends('source NAT', end('dropped', `${leads}, and ${why}`));
  }
  if (mark === undefined && !isMasqueraded)
    return wire(packet, end('leaves', `${leads}, and externalTrafficPolicy is Local: it leaves as it came`, from));
  return wire(packet, end('leaves', `${leads}, which gets the address of the node`, node.nodeIP));
}
