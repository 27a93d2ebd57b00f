/** Decides which connections must end: a function of the table and of what their owners may use now. */
import { type Choice, choiceFor } from '../../model/egress/rules.ts';
import type { EgressRules } from '../../model/objects/egressrules.ts';
import { type Cidr, contains, type Ip, parseIp } from '../../model/values/address.ts';
import { inboundVnid, isOwner, isUnasked } from '../ovs/owner.ts';
import { ctMark } from '../ovs/pipeline.ts';
import type { DrainedSource, PodOwners } from '../values/facts.ts';
import type { Connection } from './connection.ts';

/** A pod of this node whose VNID requests egress IPs. */
export interface RestrictedPod {
  readonly owner: number;
  /** The egress IP of its VNID on this node, if any. */
  readonly source: Ip | undefined;
  /** Whether its new connections leave through this node, unless finer rules say another. */
  readonly beginsHere: boolean;
  /** Egress IPs that drain from this node. */
  readonly drains?: readonly Ip[];
  /** Whether connections stay on other nodes, from which egress IPs drain. */
  readonly drainsElsewhere?: boolean;
  /** The finer rules of its VNID. */
  readonly rules?: EgressRules;
}

/** Which sources owners may use at one moment. */
export interface Ownership {
  readonly podNetworks: readonly Cidr[];
  /** Pod and Service networks. */
  readonly inside: readonly Cidr[];
  /** The pod subnet of this node. */
  readonly subnet: Cidr;
  /** The source of each owner that has an egress IP here. */
  readonly snat: ReadonlyMap<number, Ip>;
  /** The sources that owners may go on to use, and nothing new. */
  readonly draining: readonly DrainedSource[];
  /** The egress IPs that are here, and those that drain from here. */
  readonly hosted: ReadonlySet<Ip>;
  readonly restricted: ReadonlyMap<Ip, RestrictedPod>;
  /** The addresses that pods of this node have. */
  readonly attached: ReadonlySet<Ip>;
  /** The pods of this node whose VNID is known. */
  readonly pods: ReadonlyMap<Ip, PodOwners>;
  /** The addresses of all nodes. */
  readonly nodes: ReadonlySet<Ip>;
  /** All addresses of this host. */
  readonly own: ReadonlySet<Ip>;
}

/** Whether connections of the owner may have this source. */
export function mayUse({ snat, draining }: Pick<Ownership, 'snat' | 'draining'>, owner: number, source: Ip): boolean {
  return snat.get(owner) === source || draining.some((one) => one.owner === owner && one.source === source);
}

const isIn = (networks: readonly Cidr[], ip: Ip): boolean => networks.some((network) => contains(network, ip));

/** A connection that came in to another VNID's pod, whose address this VNID's pod has now. */
function isStaleInbound({ mark }: Connection, answerer: Ip, { pods }: Ownership): boolean {
  const pod = pods.get(answerer);
  const vnid = inboundVnid(mark);
  return pod !== undefined && vnid !== undefined && vnid !== inboundVnid(pod.inbound);
}

/**
 * A connection without source NAT. On the kernel's datapath it may be one that was given a hop elsewhere: Open vSwitch
 * recorded it in the conntrack table that it shares with the node. Such a connection cannot get source NAT here any
 * more.
 */
function isStaleUntranslated(source: Ip, choice: Choice, { subnet, restricted }: Ownership): boolean {
  if (!contains(subnet, source)) return false;
  const pod = restricted.get(source);
  if (pod === undefined) return true;
  if (choice.kind === 'only') return pod.source === choice.egressIP && pod.drainsElsewhere !== true;
  // one that was given a hop from which its egress IP drains now stays there
  return pod.beginsHere && pod.source !== undefined && pod.drainsElsewhere !== true;
}

/** A connection that finer rules do not cover leaves as the node, and its owner is that of what asks for nothing. */
function isStaleAsNode({ source, translated, mark }: Connection, { hosted, own }: Ownership): boolean {
  if (translated === source || hosted.has(translated) || !own.has(translated)) return true;
  return isOwner(mark) && !isUnasked(mark);
}

/** A connection owned by a VNID that requested egress IPs. */
function isStaleOwned({ source, translated, mark }: Connection, ownership: Ownership): boolean {
  const { subnet, restricted } = ownership;
  if (!mayUse(ownership, mark, translated)) return true;
  return contains(subnet, source) && restricted.get(source)?.owner !== mark;
}

/** A connection of a pod whose VNID requests nothing, or without a recorded owner. */
function isStaleUnowned({ source, translated, mark }: Connection, ownership: Ownership): boolean {
  const { hosted, subnet, restricted, own } = ownership;
  const pod = restricted.get(source);
  if (hosted.has(translated)) {
    const isItsOwn = pod?.source === translated || pod?.drains?.includes(translated) === true;
    const mayBeItsOwn = !isUnasked(mark) && (isItsOwn || !contains(subnet, source));
    return !mayBeItsOwn;
  }
  return pod !== undefined || !own.has(translated);
}

/** A connection that a Service sent to another node leaves as this node, whoever opened it. */
function isStaleServed({ translated, mark }: Connection, ownership: Ownership): boolean {
  const { hosted, own } = ownership;
  return hosted.has(translated) ? !mayUse(ownership, mark, translated) : !own.has(translated);
}

/** How the connection should leave, by the finer rules of its pod's VNID. */
function choiceOf({ protocol, answererPort, destinationPort }: Connection, answerer: Ip, rules?: EgressRules): Choice {
  const text = answererPort ?? destinationPort;
  return choiceFor(rules, { destination: answerer, protocol, port: text === undefined ? undefined : Number(text) });
}

/** Whether a pod's connection to an address outside must end. */
function isStaleOutside(connection: Connection, answerer: Ip, ownership: Ownership): boolean {
  const { source, translated, mark } = connection;
  const pod = ownership.restricted.get(source);
  const choice = choiceOf(connection, answerer, pod?.rules);
  if (choice.kind === 'node') return isStaleAsNode(connection, ownership);
  if (translated === source) return isStaleUntranslated(source, choice, ownership);
  if (choice.kind === 'only' && translated !== choice.egressIP) return true;
  return isOwner(mark) && !isUnasked(mark)
    ? isStaleOwned(connection, ownership)
    : isStaleUnowned(connection, ownership);
}

/** What an address is for connections. */
interface Place {
  readonly ip: Ip;
  /** In the pod or Service networks, or of this host: what goes there does not leave it. */
  readonly isInside: boolean;
  readonly isNode: boolean;
  readonly isPod: boolean;
  /** Of a pod of this node that is gone. */
  readonly isGone: boolean;
}

/** The addresses of this host, without egress IPs. */
export function ownWithoutEgress({ own, hosted }: Ownership): ReadonlySet<Ip> {
  return new Set([...own].filter((ip) => !hosted.has(ip)));
}

function placeOf(ip: Ip, { podNetworks, inside, subnet, attached, nodes }: Ownership, own: ReadonlySet<Ip>): Place {
  return {
    ip,
    isInside: isIn(inside, ip) || own.has(ip),
    isNode: nodes.has(ip),
    isPod: isIn(podNetworks, ip),
    isGone: contains(subnet, ip) && !attached.has(ip) && !own.has(ip),
  };
}

/** The places of a connection: who opened it, whom they asked for, and who answers. */
type Places = Readonly<Record<'source' | 'asked' | 'answerer', Place>>;

function isStale(connection: Connection, { source, asked, answerer }: Places, ownership: Ownership): boolean {
  if (source.isGone || answerer.isGone) return true;
  if (!source.isPod) return isStaleInbound(connection, answerer.ip, ownership);
  if (answerer.isInside) return false;
  const isServed = asked.isInside || asked !== answerer;
  return answerer.isNode && isServed
    ? isStaleServed(connection, ownership)
    : isStaleOutside(connection, answerer.ip, ownership);
}

/** Returns the judge of connections. Those inside the cluster stay, between pods that exist. */
export function judge(ownership: Ownership): (connection: Connection) => boolean {
  const own = ownWithoutEgress(ownership);
  const places = new Map<string, Place | undefined>();
  const place = (text: string): Place | undefined => {
    if (places.has(text)) return places.get(text);
    const ip = parseIp(text);
    const found = ip.ok ? placeOf(ip.value, ownership, own) : undefined;
    places.set(text, found);
    return found;
  };
  return (connection) => {
    if (connection.mark === ctMark.ended) return true;
    const { source, destination, answerer } = connection;
    const found = { source: place(source), asked: place(destination), answerer: place(answerer) };
    if (found.source === undefined || found.asked === undefined || found.answerer === undefined) return false;
    return isStale(connection, { source: found.source, asked: found.asked, answerer: found.answerer }, ownership);
  };
}
