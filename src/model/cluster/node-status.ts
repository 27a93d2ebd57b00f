/** The nodes for users: which egress IPs each has, whether it is well, and whether its agent has applied the objects. */
import sortedIndex from 'lodash/sortedIndex.js';
import { hostSubnets, leases, netNamespaces, nodes } from '../../../api/kinds.ts';
import { fingerprintOf } from '../egress/fingerprint.ts';
import type { EgressState } from '../egress/state.ts';
import type { HostSubnet } from '../objects/hostsubnet.ts';
import type { Firewall } from '../policy/egressfirewall.ts';
import { keyRange, type SortKey, sortKey } from '../values/address.ts';
import { compareText } from '../values/names.ts';
import type { Assignment } from './assignments.ts';
import type { Cluster } from './cluster.ts';

/** What is known of nodes besides their HostSubnets. */
export interface NodeReports {
  /** Nodes whose health is not known, and why; they count as online. */
  readonly unknown: ReadonlyMap<string, string>;
  /** By node the egress IPs that its agent refuses to carry, with the reason. */
  readonly refused: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** By node what its agent says; undefined if the input says nothing of agents. */
  readonly agents?: ReadonlyMap<string, AgentReport> | undefined;
  /** Undefined if the input says nothing of controllers. */
  readonly controllers?: readonly ControllerReport[] | undefined;
  /** Where OVN-Kubernetes has egress IPs, if it forwards; `unread` if that is not known. Undefined: agents forward. */
  readonly assignments?: readonly Assignment[] | 'unread' | undefined;
  /** By namespace its EgressFirewall, if OVN-Kubernetes forwards; `unread` if that is not known. */
  readonly firewalls?: ReadonlyMap<string, Firewall> | 'unread' | undefined;
}

/** What the controllers' Lease says of its holder. */
export interface ControllerReport {
  /** NAMESPACE/NAME of the Lease. */
  readonly lease: string;
  /** Null if nobody holds it. */
  readonly leader: string | null;
  readonly version: string | null;
  /** What forwards: `sdn`, our agents; `ovn`, OVN-Kubernetes. */
  readonly backend: string | null;
  /** When the leader renewed it, by its clock. */
  readonly renewed: string | null;
  /** Seconds after which another may take it. */
  readonly duration: number | null;
}

/** What an agent publishes of itself; what it leaves out is undefined. */
export interface AgentReport {
  /** The fingerprint of the HostSubnets and NetNamespaces that its node was brought in line with. */
  readonly applied: string | undefined;
  /** The egress IPs on its node's interface. */
  readonly carried: ReadonlySet<string>;
  /** Those that moved away while their connections stay on its node, with when that ends at the latest. */
  readonly draining?: ReadonlyMap<string, string>;
  readonly version: string | undefined;
  /** When it said so, by its clock. */
  readonly at: string | undefined;
}

/** An entry of `egressCIDRs`. */
export interface CidrUse {
  readonly cidr: string;
  /** How many of its addresses HostSubnets list. */
  readonly used: number;
  readonly size: number;
}

/** Whether a node's flows and addresses are those of the present HostSubnets and NetNamespaces. */
export interface Applied {
  /** `none`: no agent says anything, or the input does not have it. */
  readonly state: 'applied' | 'behind' | 'unknown' | 'none';
  /** Why it is behind or not known. */
  readonly reason: string | null;
  readonly version: string | null;
  /** When the agent said so, by its clock. */
  readonly since: string | null;
}

export interface NodeStatus {
  readonly node: string;
  readonly nodeIP: string;
  readonly health: 'online' | 'offline' | 'unknown';
  /** Why the health is not known. */
  readonly reason: string | null;
  /** The egress IPs that namespaces have there. */
  readonly egressIPs: readonly string[];
  /** How many egress IPs its HostSubnet lists. */
  readonly listed: number;
  /** How many the cloud allows; `current` means unknown, so no more than now; null means no limit. */
  readonly capacity: number | 'current' | null;
  readonly cidrs: readonly CidrUse[];
  readonly agent: Applied;
}

/** The fingerprint that agents should have applied; undefined if what tells it could not be read. */
export function wantedOf(cluster: Cluster, unread: ReadonlySet<string>): string | undefined {
  return decisive.every((kind) => !unread.has(kind)) ? fingerprintOf(cluster) : undefined;
}

/** Kinds without which nobody can say what an agent should have applied. */
const decisive = [hostSubnets, netNamespaces, nodes].map(({ kind }) => kind);

const nobody: Applied = { state: 'none', reason: null, version: null, since: null };

function appliedBy(report: AgentReport | undefined, wanted: string | undefined): Applied {
  if (report === undefined) return { ...nobody, state: 'unknown', reason: 'its agent has not said what it applied' };
  const said = { version: report.version ?? null, since: report.at ?? null };
  if (report.applied === undefined)
    return { ...said, state: 'unknown', reason: 'its agent is of a version that does not say what it applied' };
  if (wanted === undefined) return { ...said, state: 'unknown', reason: 'what it should have applied is not known' };
  if (report.applied === wanted) return { ...said, state: 'applied', reason: null };
  return { ...said, state: 'behind', reason: 'its agent has not applied the present HostSubnets and NetNamespaces' };
}

/** How the CIDRs are used; `listed` are the sort keys of all listed egress IPs, ascending. */
function cidrUses({ egressCIDRs }: HostSubnet, listed: readonly SortKey[]): readonly CidrUse[] {
  return egressCIDRs.map((cidr) => {
    const { first, end } = keyRange(cidr);
    const used = sortedIndex(listed, end) - sortedIndex(listed, first);
    return { cidr: cidr.text, used, size: Number(end) - Number(first) };
  });
}

/** The node of each egress IP that a namespace has. */
function placesOf(
  { assigned }: EgressState,
  assignments: NodeReports['assignments'],
): readonly (readonly [ip: string, node: string])[] {
  if (assignments === undefined) return [...assigned].map(([ip, { node }]) => [ip, node]);
  if (assignments === 'unread') return [];
  return assignments.flatMap(({ egressIP, node, namespaces }) => (namespaces.size === 0 ? [] : [[egressIP, node]]));
}

/** The status of each node with a HostSubnet, in order of name, given what agents should have applied; what depends on a kind in `unread` is unknown. */
export function nodeStatuses(
  cluster: Cluster,
  state: EgressState,
  { unknown, agents, assignments }: NodeReports,
  { wanted, unread }: { readonly wanted: string | undefined; readonly unread: ReadonlySet<string> },
): readonly NodeStatus[] {
  const on = Map.groupBy(placesOf(state, assignments), ([, node]) => node);
  const listed = [...new Set(cluster.hostSubnets.flatMap(({ egressIPs }) => egressIPs.map(sortKey)))];
  listed.sort((a, b) => (a < b ? -1 : 1));
  const agentOf = (name: string): Applied => {
    if (unread.has(leases.kind))
      return { ...nobody, state: 'unknown', reason: 'what its agent says could not be read' };
    return agents === undefined || agents.size === 0 ? nobody : appliedBy(agents.get(name), wanted);
  };
  return cluster.hostSubnets
    .map((host): NodeStatus => {
      const reason = unknown.get(host.name) ?? null;
      const offline = cluster.offline.has(host.hostIP);
      return {
        node: host.name,
        nodeIP: host.hostIP,
        health: offline ? 'offline' : reason === null ? 'online' : 'unknown',
        reason,
        egressIPs: (on.get(host.name) ?? []).map(([ip]) => ip),
        listed: host.egressIPs.length,
        capacity: cluster.limits.get(host.name)?.capacity ?? null,
        cidrs: cidrUses(host, listed),
        agent: agentOf(host.name),
      };
    })
    .sort((a, b) => compareText(a.node, b.node));
}
