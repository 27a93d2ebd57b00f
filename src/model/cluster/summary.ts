/** The egress state for users: a row for each egress IP that is requested or listed, and the problems with objects. */
import groupBy from 'lodash/groupBy.js';
import { hostSubnets, netNamespaces } from '../../../api/kinds.ts';
import { type Reason, reasonText } from '../egress/reasons.ts';
import { type EgressState, egressState } from '../egress/state.ts';
import { compareIps, type Ip } from '../values/address.ts';
import { compareText } from '../values/names.ts';
import type { Cluster } from './cluster.ts';
import { type Note, notesOn } from './notes.ts';

/** One egress IP of one namespace; without a namespace, one that is listed but not requested. */
export interface StatusRow {
  readonly egressIP: string;
  readonly namespaces: readonly string[];
  readonly vnid: number | null;
  /** How the namespace's traffic leaves; unknown if what tells that could not be read. */
  readonly traffic: 'via' | 'dropped' | 'unused' | 'unknown';
  /** The node that has it on its interface. */
  readonly node: string | null;
  /** Why it is not in use, or why that is not known; null if it is in use. */
  readonly reason: string | null;
}

export interface Status {
  readonly egressIPs: readonly StatusRow[];
  readonly notes: readonly Note[];
  /** The kinds that could not be read, sorted: without HostSubnets or NetNamespaces egress IPs may be missing. */
  readonly unread: readonly string[];
}

/** What is known of nodes besides their HostSubnets. */
export interface NodeReports {
  /** Nodes whose health is not known, and why; they count as online. */
  readonly unknown: ReadonlyMap<string, string>;
  /** By node the egress IPs that its agent refuses to carry, with the reason. */
  readonly refused: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** A cluster, and what is known and not known of it. */
interface Known {
  readonly cluster: Cluster;
  readonly state: EgressState;
  readonly reports: NodeReports;
  /** The kinds that could not be read. */
  readonly unread: ReadonlySet<string>;
}

const unhosted = 'NoNodeHostsEgressIP';
const unreadHosts = 'HostSubnetsUnread: nothing tells which node has it';
const unreadNamespaces = 'NetNamespacesUnread: nothing tells which namespace requests it';
const noReports: NodeReports = { unknown: new Map(), refused: new Map() };

/** Why an IP that should be in use may not be; null if nothing speaks against it. */
function doubt(egressIP: string, node: string | null, { unknown, refused }: NodeReports): string | null {
  if (node === null) return null;
  const reason = refused.get(node)?.get(egressIP);
  if (reason !== undefined) return `RefusedByNode: ${node} does not carry it: ${reason}`;
  const why = unknown.get(node);
  return why === undefined ? null : `NodeHealthUnknown: ${node} ${why}: nothing tells whether it is in use`;
}

/** How a VNID's traffic leaves when no HostSubnet could be read; `reasons` are those without HostSubnets. */
function withoutHosts(reasons: readonly Reason[]): 'dropped' | 'unknown' {
  const isDropped =
    reasons.some(({ code }) => code === 'EgressIPInSeveralNamespaces') ||
    reasons.every(({ code }) => code !== unhosted);
  return isDropped ? 'dropped' : 'unknown';
}

function requestedRows({ cluster, state, reports, unread }: Known): StatusRow[] {
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
        return { ...row, egressIP, node, reason: others ?? doubt(egressIP, node, reports) };
      }),
      ...verdict.reasons.map((reason): StatusRow => ({
        ...row,
        egressIP: reason.egressIP,
        node: nodeOf(reason.egressIP),
        reason: isHostUnread && reason.code === unhosted ? unreadHosts : `${reason.code}: ${reasonText(reason)}`,
      })),
    ];
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
    }));
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
  const known: Known = { cluster, state, reports, unread };
  const notes = notesOn(cluster, state);
  return {
    egressIPs: [...requestedRows(known), ...unusedRows(known)],
    notes: unread.has(hostSubnets.kind) ? notes.filter(({ code }) => code !== unhosted) : notes,
    unread: [...unread].sort(compareText),
  };
}
