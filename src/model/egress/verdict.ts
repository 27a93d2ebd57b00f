/** The rules for one VNID: what becomes of its traffic, from who requests and who lists each of its IPs. */
import { compareIps, type Ip } from '../address.ts';
import { compareText, type NodeName } from '../names.ts';
import type { NetNamespace } from '../netnamespace.ts';
import type { Vnid } from '../vnid.ts';
import type { Reason } from './reasons.ts';
import type { Unusable } from './unusable.ts';

/** A way out of the cluster: the address, and the node that holds it. */
export interface Hop extends Assignment {
  readonly egressIP: Ip;
}

/** What becomes of a VNID's traffic to the outside. */
export type VnidState =
  | { readonly kind: 'normal' }
  | { readonly kind: 'dropped'; readonly reasons: readonly Reason[] }
  | {
      readonly kind: 'via';
      /** In request order. */
      readonly hops: readonly [Hop, ...Hop[]];
      /** Of the requested IPs that are not in use, in request order. */
      readonly reasons: readonly Reason[];
    };

/** Where an egress IP is put on an interface, whether that node is online or not. */
export interface Assignment {
  readonly node: NodeName;
  readonly nodeIP: Ip;
}

/** A VNID that requests something. */
export interface VnidEgress {
  readonly vnid: Vnid;
  /** The namespaces that share it, in order of name. */
  readonly namespaces: readonly NetNamespace[];
  /** Its valid IPs in request order: what its pods may leave with. */
  readonly requests: readonly Ip[];
  readonly state: VnidState;
  /** Its IPs that are assigned, in request order. */
  readonly assigned: readonly Hop[];
}

/** What the rules ask about the rest of the cluster. */
export interface Surroundings {
  /** The nodes whose HostSubnet lists the IP, in any order. */
  readonly hostsOf: (ip: Ip) => readonly Assignment[];
  /** The VNIDs that request the IP, in any order. */
  readonly requestersOf: (ip: Ip) => readonly Vnid[];
  readonly isOffline: (nodeIP: Ip) => boolean;
  /** Why nobody may have the IP as an egress IP. */
  readonly unusable: (ip: Ip) => Unusable | undefined;
}

/** In use when there is no reason against it; assigned when there is a assignment. */
interface Verdict {
  readonly assignment?: Assignment;
  readonly reason?: Reason;
}

/** What the namespaces of a VNID request together: lists in order of name, repeats once. `namespaces` are so ordered. */
export function requestsOf(namespaces: readonly NetNamespace[]): readonly Ip[] {
  const [first, ...more] = namespaces;
  if (first === undefined) return [];
  return more.length === 0 ? first.egressIPs : [...new Set(namespaces.flatMap((one) => one.egressIPs))];
}

/** The reasons of entries that are no address, in request order, each text once. */
function invalidReasons(namespaces: readonly NetNamespace[]): readonly Reason[] {
  if (namespaces.every((one) => one.invalidEgressIPs.length === 0)) return [];
  const entries = namespaces.flatMap((one) => one.invalidEgressIPs);
  const texts = new Map(entries.map(({ text, reason }) => [text, reason]));
  return [...texts].map(([egressIP, detail]) => ({ code: 'InvalidEgressIP', egressIP, detail }));
}

const alone: ReadonlyMap<NodeName, readonly Ip[]> = new Map();

/** The usable IPs that one node alone lists, by node, sorted; nothing is needed of a single IP. */
function byOnlyHost(requests: readonly Ip[], around: Surroundings): ReadonlyMap<NodeName, readonly Ip[]> {
  if (requests.length < 2) return alone;
  const groups = new Map<NodeName, Ip[]>();
  for (const ip of requests) {
    const [host, ...others] = around.hostsOf(ip);
    if (host === undefined || others.length > 0 || around.unusable(ip) !== undefined) continue;
    const group = groups.get(host.node);
    if (group === undefined) groups.set(host.node, [ip]);
    else group.push(ip);
  }
  for (const group of groups.values()) group.sort(compareIps);
  return groups;
}

function verdictOf(egressIP: Ip, onlyHosts: ReadonlyMap<NodeName, readonly Ip[]>, around: Surroundings): Verdict {
  const vnids = around.requestersOf(egressIP);
  if (vnids.length > 1) {
    return { reason: { code: 'EgressIPInSeveralNamespaces', egressIP, vnids: vnids.toSorted((a, b) => a - b) } };
  }
  const unusable = around.unusable(egressIP);
  if (unusable !== undefined) return { reason: { ...unusable, egressIP } };
  const hosts = around.hostsOf(egressIP);
  const [assignment, ...others] = hosts;
  if (assignment === undefined) return { reason: { code: 'NoNodeHostsEgressIP', egressIP } };
  if (others.length > 0) {
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

function stateOf(hops: readonly Hop[], reasons: readonly Reason[]): VnidState {
  const shared = reasons.some(({ code }) => code === 'EgressIPInSeveralNamespaces');
  const [first, ...more] = hops;
  if (first === undefined || shared) return { kind: 'dropped', reasons };
  return { kind: 'via', hops: [first, ...more], reasons };
}

/**
 * What becomes of a VNID, or undefined when it requests nothing (its state is normal). `namespaces` are those that
 * share it, in order of name. Rules: spec, egress IP state.
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
  return { vnid, namespaces, requests, state: stateOf(hops, reasons), assigned };
}
