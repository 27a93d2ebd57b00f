/** The egress state for users: a row for each egress IP that is requested or listed, and the problems with objects. */
import groupBy from 'lodash/groupBy.js';
import { hostSubnets, netNamespaces } from '../../../api/kinds.ts';
import { type Reason, reasonText } from '../egress/reasons.ts';
import { type EgressState, egressState } from '../egress/state.ts';
import { letsNothingOut } from '../policy/egressfirewall.ts';
import { compareIps, type Ip } from '../values/address.ts';
import { compareText } from '../values/names.ts';
import { type BandwidthRow, bandwidthRows } from './bandwidths.ts';
import type { Cluster } from './cluster.ts';
import { type DrainRow, drainRows } from './drains.ts';
import { type RulesRow, rulesRows } from './finer-rules.ts';
import { type ControllerReport, type NodeReports, type NodeStatus, nodeStatuses, wantedOf } from './node-status.ts';
import { type Note, notesOn } from './notes.ts';
import { type PlacementRow, placementRows } from './placements.ts';
import type { PoolRow, RequestRow } from './pools.ts';

/** One egress IP of one namespace; without a namespace, one that is listed but not requested. */
export interface StatusRow {
  readonly egressIP: string;
  readonly namespaces: readonly string[];
  readonly vnid: number | null;
  /**
   * How the namespace's traffic leaves; unknown if what tells that could not be read. `node`: with the addresses of
   * nodes, because OVN-Kubernetes lets it out without an egress IP and no EgressFirewall closes it.
   */
  readonly traffic: 'via' | 'dropped' | 'node' | 'unused' | 'unknown';
  /** The node that has it on its interface. */
  readonly node: string | null;
  /** Why it is not in use, or why that is not known; null if it is in use. */
  readonly reason: string | null;
  /** Whether a request can use it; null if that is not known. */
  readonly inUse: boolean | null;
}

export interface Status {
  readonly egressIPs: readonly StatusRow[];
  readonly notes: readonly Note[];
  /** Of VNIDs whose traffic does not all take any of their egress IPs; not there where there are none. */
  readonly rules?: readonly RulesRow[];
  /** Of VNIDs that may send only so much by each egress IP; not there where there are none. */
  readonly bandwidths?: readonly BandwidthRow[];
  /** The egress IPs that moved while their connections stay; not there where there are none. */
  readonly drains?: readonly DrainRow[];
  /** Of VNIDs whose egress IPs may not be on all nodes, or stay; not there where there are none. */
  readonly placements?: readonly PlacementRow[];
  /** The EgressPools by name; not there where there are none. */
  readonly pools?: readonly PoolRow[];
  /** The namespaces that ask pools for addresses; not there without pools. */
  readonly requests?: readonly RequestRow[];
  /** The nodes with a HostSubnet, in order of name. */
  readonly nodes: readonly NodeStatus[];
  /** Whether no agent at all says anything, where the input would have it: another plugin may forward. */
  readonly areAgentsSilent: boolean;
  /** The Leases of controllers; null if the input says nothing of them. */
  readonly controllers: readonly ControllerReport[] | null;
  /** The kinds that could not be read, sorted: without HostSubnets or NetNamespaces egress IPs may be missing. */
  readonly unread: readonly string[];
}

/** A cluster, and what is known and not known of it. */
interface Known {
  readonly cluster: Cluster;
  readonly state: EgressState;
  readonly reports: NodeReports;
  /** The kinds that could not be read. */
  readonly unread: ReadonlySet<string>;
  /** The fingerprint that agents should have applied, if it is known. */
  readonly wanted: string | undefined;
}

const unhosted = 'NoNodeHostsEgressIP';
const unreadHosts = 'HostSubnetsUnread: nothing tells which node has it';
const unreadNamespaces = 'NetNamespacesUnread: nothing tells which namespace requests it';
const unreadEgressIPs = 'EgressIPsUnread: nothing tells which node has it';
const noReports: NodeReports = { unknown: new Map(), refused: new Map() };

type Use = Pick<StatusRow, 'reason' | 'inUse'>;

/** Whether an IP that should be in use is. */
function useOf(egressIP: string, node: string | null, { reports, wanted }: Known): Use {
  const { unknown, refused, agents } = reports;
  if (node === null) return { reason: null, inUse: true };
  const reason = refused.get(node)?.get(egressIP);
  if (reason !== undefined) return { reason: `RefusedByNode: ${node} does not carry it: ${reason}`, inUse: false };
  const why = unknown.get(node);
  const agent = agents?.get(node);
  if (agent !== undefined && agent.applied === wanted && !agent.carried.has(egressIP))
    return { reason: `NotOnNode: ${node} has not put it on its interface yet`, inUse: false };
  if (why === undefined) return { reason: null, inUse: true };
  return { reason: `NodeHealthUnknown: ${node} ${why}: nothing tells whether it is in use`, inUse: null };
}

/** How a VNID's traffic leaves when no HostSubnet could be read; `reasons` are those without HostSubnets. */
function withoutHosts(reasons: readonly Reason[]): 'dropped' | 'unknown' {
  const isDropped =
    reasons.some(({ code }) => code === 'EgressIPInSeveralNamespaces') ||
    reasons.every(({ code }) => code !== unhosted);
  return isDropped ? 'dropped' : 'unknown';
}

function requestedRows(all: Known): StatusRow[] {
  const { cluster, state, reports, unread } = all;
  const isHostUnread = unread.has(hostSubnets.kind);
  const byVnid = groupBy(cluster.netNamespaces, ({ vnid }) => vnid);
  const nodes = new Map<string, string>([...state.assigned].map(([ip, { node }]) => [ip, node]));
  const nodeOf = (ip: string): string | null => nodes.get(ip) ?? null;
  return [...state.vnids].flatMap(([vnid, verdict]): StatusRow[] => {
    if (verdict.kind === 'normal') return [];
    const namespaces = (byVnid[vnid] ?? []).map(({ name }) => name).sort(compareText);
    const inUse = (state.requests.get(vnid) ?? []).filter(
      (ip) => !verdict.reasons.some(({ egressIP }) => egressIP === ip),
    );
    const isRefused = (ip: string): boolean => reports.refused.get(nodeOf(ip) ?? '')?.has(ip) === true;
    const known = inUse.every(isRefused) ? ('dropped' as const) : verdict.kind;
    const row = { namespaces, vnid, traffic: isHostUnread ? withoutHosts(verdict.reasons) : known };
    const others = verdict.kind === 'dropped' ? 'its VNID is dropped because of its other egress IPs' : null;
    return [
      ...inUse.map((egressIP): StatusRow => {
        const node = nodeOf(egressIP);
        const use = others === null ? useOf(egressIP, node, all) : { reason: others, inUse: false };
        return { ...row, egressIP, node, ...use };
      }),
      ...verdict.reasons.map((reason): StatusRow => ({
        ...row,
        egressIP: reason.egressIP,
        node: nodeOf(reason.egressIP),
        ...(isHostUnread && reason.code === unhosted
          ? { reason: unreadHosts, inUse: row.traffic === 'unknown' ? null : false }
          : { reason: `${reason.code}: ${reasonText(reason)}`, inUse: false }),
      })),
    ];
  });
}

/** The row of a request where OVN-Kubernetes forwards: what it has assigned is in use, on whichever node. */
function assignedUse(
  egressIP: string,
  { namespaces, reason }: { readonly namespaces: readonly string[]; readonly reason: Reason | undefined },
  { cluster, reports: { assignments, unknown } }: Known,
): Use & Pick<StatusRow, 'node'> {
  if (assignments === undefined || assignments === 'unread')
    return { node: null, reason: unreadEgressIPs, inUse: null };
  const all = assignments.filter((one) => one.egressIP === egressIP);
  const own = all.find((one) => namespaces.some((name) => one.namespaces.has(name)));
  if (own === undefined) {
    const others = all.map(({ by, node }) => `EgressIP ${by} has it on ${node} for others`);
    const why = others[0] ?? 'OVN-Kubernetes has given it no node';
    const text = reason === undefined ? `NotAssigned: ${why}` : `${reason.code}: ${reasonText(reason)}`;
    return { node: null, reason: text, inUse: false };
  }
  const { node } = own;
  const host = cluster.hostSubnets.find(({ name }) => name === node);
  if (host !== undefined && cluster.offline.has(host.hostIP))
    return { node, reason: `NodeOffline: ${node} is not Ready, and OVN-Kubernetes has not moved it yet`, inUse: false };
  const why = unknown.get(node);
  if (why === undefined) return { node, reason: null, inUse: true };
  return { node, reason: `NodeHealthUnknown: ${node} ${why}: nothing tells whether it is in use`, inUse: null };
}

/** How namespaces without an address leave where OVN-Kubernetes forwards: only an EgressFirewall keeps them in. */
function unserved(namespaces: readonly string[], { cluster, reports: { firewalls } }: Known): StatusRow['traffic'] {
  if (firewalls === undefined || firewalls === 'unread') return 'unknown';
  const nodes = new Set<string>(cluster.hostSubnets.map(({ hostIP }) => hostIP));
  const isClosed = (name: string): boolean => letsNothingOut(firewalls.get(name) ?? [], (ip) => nodes.has(ip));
  return namespaces.every(isClosed) ? 'dropped' : 'node';
}

/** The rows of requests where OVN-Kubernetes forwards. */
function assignedRows(all: Known): StatusRow[] {
  const { cluster, state, reports } = all;
  const byVnid = groupBy(cluster.netNamespaces, ({ vnid }) => vnid);
  return [...state.vnids].flatMap(([vnid, verdict]): StatusRow[] => {
    if (verdict.kind === 'normal') return [];
    const namespaces = (byVnid[vnid] ?? []).map(({ name }) => name).sort(compareText);
    const reasons = new Map(verdict.reasons.map((reason): [string, Reason] => [reason.egressIP, reason]));
    const asked = new Set<string>([...(state.requests.get(vnid) ?? []), ...reasons.keys()]);
    const uses = [...asked].map((egressIP) => ({
      egressIP,
      ...assignedUse(egressIP, { namespaces, reason: reasons.get(egressIP) }, all),
    }));
    const known = uses.some(({ node }) => node !== null) ? ('via' as const) : unserved(namespaces, all);
    const traffic = reports.assignments === 'unread' ? ('unknown' as const) : known;
    return uses.map((use) => ({ namespaces, vnid, traffic, ...use }));
  });
}

function unusedRows({ cluster, state, unread }: Known): StatusRow[] {
  const isUnread = unread.has(netNamespaces.kind);
  const requested = new Set<Ip>([...state.requests.values()].flat());
  const listed = new Set(cluster.hostSubnets.flatMap(({ egressIPs }) => egressIPs));
  return [...listed]
    .filter((ip) => !requested.has(ip))
    .sort(compareIps)
    .map((egressIP) => ({
      egressIP,
      namespaces: [],
      vnid: null,
      traffic: isUnread ? 'unknown' : 'unused',
      node: null,
      reason: isUnread ? unreadNamespaces : 'no NetNamespace requests it',
      inUse: isUnread ? null : false,
    }));
}

/** What annotations say that count where our agents forward. */
function finerRules({
  cluster,
  state,
  reports,
}: Known): Pick<Status, 'rules' | 'bandwidths' | 'drains' | 'placements'> {
  const rules = rulesRows(cluster, state);
  const bandwidths = bandwidthRows(cluster, state);
  const drains = drainRows(cluster, state, reports.agents);
  const placements = placementRows(cluster);
  return {
    ...(rules.length === 0 ? {} : { rules }),
    ...(bandwidths.length === 0 ? {} : { bandwidths }),
    ...(drains.length === 0 ? {} : { drains }),
    ...(placements.length === 0 ? {} : { placements }),
  };
}

/**
 * The status of a cluster: rows ordered by VNID and request, unused IPs last. A namespace all of whose IPs are refused
 * by their nodes is dropped. What depends on a kind in `unread` is unknown.
 */
export function statusOf(
  cluster: Cluster,
  reports: NodeReports = noReports,
  unread: ReadonlySet<string> = new Set(),
): Status {
  const state = egressState(cluster);
  const wanted = wantedOf(cluster, unread);
  const known: Known = { cluster, state, reports, unread, wanted };
  const notes = notesOn(cluster, state, reports.assignments === undefined ? 'sdn' : 'ovn');
  return {
    egressIPs: [...(reports.assignments === undefined ? requestedRows : assignedRows)(known), ...unusedRows(known)],
    notes: unread.has(hostSubnets.kind) ? notes.filter(({ code }) => code !== unhosted) : notes,
    ...(reports.assignments === undefined ? finerRules(known) : {}),
    nodes: nodeStatuses(cluster, state, reports, { wanted, unread }),
    areAgentsSilent: reports.agents?.size === 0 && cluster.hostSubnets.length > 0,
    controllers: reports.controllers ?? null,
    unread: [...unread].sort(compareText),
  };
}
