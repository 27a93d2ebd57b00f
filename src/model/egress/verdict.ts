/** The rules for one VNID: how its traffic leaves, given who requests and who lists each of its IPs. */
import { joinedDrain } from '../objects/drain.ts';
import type { EgressRules } from '../objects/egressrules.ts';
import type { NetNamespace } from '../objects/netnamespace.ts';
import { type Cidr, compareIps, type Ip } from '../values/address.ts';
import { compareText, type NodeName } from '../values/names.ts';
import type { Vnid } from '../values/vnid.ts';
import type { Reason } from './reasons.ts';
import { joinedBandwidth, joinedRules } from './rules.ts';
import type { Unusable } from './unusable.ts';

/** A way out of the cluster: an egress IP and the node that has it. */
export interface Hop extends Assignment {
  readonly egressIP: Ip;
}

/** What the annotations of a VNID say about how it leaves. */
interface Annotated {
  /** Which traffic takes which of the hops, all of it any of them without rules; the rest leaves with the address of its node. */
  readonly rules?: EgressRules;
  /** For how many milliseconds connections stay on the old node of an egress IP that moves. */
  readonly drain?: number;
}

/** How a VNID's traffic to the outside leaves. */
export type VnidState =
  | { readonly kind: 'normal' }
  | (Annotated & { readonly kind: 'dropped'; readonly reasons: readonly Reason[] })
  | (Annotated & {
      readonly kind: 'via';
      /** In request order. */
      readonly hops: readonly [Hop, ...Hop[]];
      /** For the requested IPs that are not in use, in request order. */
      readonly reasons: readonly Reason[];
      /** The most bits per second that may leave by each of the hops. */
      readonly bandwidth?: number;
    });

/** The node that puts an egress IP on its interface, online or not. */
export interface Assignment {
  readonly node: NodeName;
  readonly nodeIP: Ip;
}

/** The result for a VNID that requests something. */
export interface VnidEgress {
  readonly vnid: Vnid;
  /** The namespaces that share the VNID, in order of name. */
  readonly namespaces: readonly NetNamespace[];
  /** Its valid IPs in request order: the only sources its pods may leave with. */
  readonly requests: readonly Ip[];
  readonly state: VnidState;
  /** Its IPs that are assigned, in request order. */
  readonly assigned: readonly Hop[];
}

/** Who has to do with an IP that somebody requests or lists. */
export interface IpFacts {
  /** The VNIDs that request it, in any order. */
  readonly requesters: readonly Vnid[];
  /** The nodes whose HostSubnets list it, in any order. */
  readonly hosts: readonly Assignment[];
  /** Why it cannot be an egress IP; undefined if it can. */
  readonly unusable: Unusable | undefined;
}

/** What the rules need to know about the rest of the cluster. */
export interface Surroundings {
  /** Undefined if nobody requests or lists the IP. */
  readonly factsOf: (ip: Ip) => IpFacts | undefined;
  readonly isOffline: (nodeIP: Ip) => boolean;
  /** Networks that are never reached with an egress IP. */
  readonly excluded: readonly Cidr[];
}

const none: readonly never[] = [];
const nothingKnown: IpFacts = { requesters: [], hosts: [], unusable: undefined };

/** In use if there is no reason against it; assigned if there is an assignment. */
interface Verdict {
  readonly assignment?: Assignment;
  readonly reason?: Reason;
}

/**
 * What the namespaces of a VNID request together: their lists in order of name, without repetitions. `namespaces` are
 * in this order.
 */
export function requestsOf(namespaces: readonly NetNamespace[]): readonly Ip[] {
  const [first, ...more] = namespaces;
  if (first === undefined) return [];
  return more.length === 0 ? first.egressIPs : [...new Set(namespaces.flatMap((one) => one.egressIPs))];
}

/** The reasons for entries that are not addresses, in request order, each text once. */
function invalidReasons(namespaces: readonly NetNamespace[]): readonly Reason[] {
  if (namespaces.every((one) => one.invalidEgressIPs.length === 0)) return [];
  const entries = namespaces.flatMap((one) => one.invalidEgressIPs);
  const texts = new Map(entries.map(({ text, reason }) => [text, reason]));
  return [...texts].map(([egressIP, detail]) => ({ code: 'InvalidEgressIP', egressIP, detail }));
}

const alone: ReadonlyMap<NodeName, readonly Ip[]> = new Map();

/** The usable IPs that exactly one node lists, by node, sorted. Not needed for a single IP. */
function byOnlyHost(requests: readonly Ip[], around: Surroundings): ReadonlyMap<NodeName, readonly Ip[]> {
  if (requests.length < 2) return alone;
  const groups = new Map<NodeName, Ip[]>();
  for (const ip of requests) {
    const { hosts, unusable } = around.factsOf(ip) ?? nothingKnown;
    const [host] = hosts;
    if (host === undefined || hosts.length > 1 || unusable !== undefined) continue;
    const group = groups.get(host.node);
    if (group === undefined) groups.set(host.node, [ip]);
    else group.push(ip);
  }
  for (const group of groups.values()) group.sort(compareIps);
  return groups;
}

function verdictOf(egressIP: Ip, onlyHosts: ReadonlyMap<NodeName, readonly Ip[]>, around: Surroundings): Verdict {
  const { requesters: vnids, hosts, unusable } = around.factsOf(egressIP) ?? nothingKnown;
  if (vnids.length > 1) {
    return { reason: { code: 'EgressIPInSeveralNamespaces', egressIP, vnids: vnids.toSorted((a, b) => a - b) } };
  }
  if (unusable !== undefined) return { reason: { ...unusable, egressIP } };
  const [assignment] = hosts;
  if (assignment === undefined) return { reason: { code: 'NoNodeHostsEgressIP', egressIP } };
  if (hosts.length > 1) {
    const nodes = hosts.map((host) => host.node).toSorted(compareText);
    return { reason: { code: 'EgressIPOnSeveralNodes', egressIP, nodes } };
  }
  const { node, nodeIP } = assignment;
  const together = onlyHosts.get(node) ?? [];
  if (together.length > 1)
    return { reason: { code: 'SeveralEgressIPsOnOneNode', egressIP, node, egressIPs: together } };
  if (around.isOffline(nodeIP)) return { assignment, reason: { code: 'NodeOffline', egressIP, node, nodeIP } };
  return { assignment };
}

function stateOf(
  hops: readonly Hop[],
  reasons: readonly Reason[],
  { bandwidth, ...annotated }: Annotated & { readonly bandwidth?: number },
): VnidState {
  const shared = reasons.some(({ code }) => code === 'EgressIPInSeveralNamespaces');
  const [first, ...more] = hops;
  if (first === undefined || shared) return { kind: 'dropped', reasons, ...annotated };
  const limited = bandwidth === undefined ? annotated : { ...annotated, bandwidth };
  return { kind: 'via', hops: [first, ...more], reasons: reasons.length === 0 ? none : reasons, ...limited };
}

/**
 * Evaluates a VNID; undefined if it requests nothing (its state is normal). `namespaces` are those that share it, in
 * order of name. An IP that several VNIDs request drops all of them; otherwise the VNID leaves through its usable IPs
 * on online nodes, and is dropped if there are none. As in OpenShift SDN.
 */
export function evaluateVnid(
  vnid: Vnid,
  namespaces: readonly NetNamespace[],
  around: Surroundings,
): VnidEgress | undefined {
  const requests = requestsOf(namespaces);
  const reasons: Reason[] = [...invalidReasons(namespaces)];
  if (requests.length === 0 && reasons.length === 0) return undefined;
  const onlyHosts = byOnlyHost(requests, around);
  const hops: Hop[] = [];
  const assigned: Hop[] = [];
  for (const egressIP of requests) {
    const { assignment, reason } = verdictOf(egressIP, onlyHosts, around);
    if (reason !== undefined) reasons.push(reason);
    if (assignment === undefined) continue;
    const hop: Hop = { egressIP, node: assignment.node, nodeIP: assignment.nodeIP };
    assigned.push(hop);
    if (reason === undefined) hops.push(hop);
  }
  const { rules } = joinedRules(namespaces, around.excluded);
  const [drain, bandwidth] = [joinedDrain(namespaces), joinedBandwidth(namespaces)];
  const state = stateOf(hops, reasons, {
    ...(rules === undefined ? {} : { rules }),
    ...(drain === undefined ? {} : { drain }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
  });
  // most VNIDs use all that is assigned to them; and a list that grew holds room for 16
  const isAllUsed = state.kind === 'via' && hops.length === assigned.length;
  return { vnid, namespaces, requests, state, assigned: isAllUsed ? state.hops : assigned.slice() };
}
