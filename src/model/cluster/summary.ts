/** The egress state for users: a row for each egress IP that is requested or listed, and the problems with objects. */
import groupBy from 'lodash/groupBy.js';
import { reasonText } from '../egress/reasons.ts';
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
  /** How the namespace's traffic leaves. */
  readonly traffic: 'via' | 'dropped' | 'unused';
  /** The node that has it on its interface. */
  readonly node: string | null;
  /** Why it is not in use, or why that is not known; null if it is in use. */
  readonly reason: string | null;
}

export interface Status {
  readonly egressIPs: readonly StatusRow[];
  readonly notes: readonly Note[];
}

/** What is known of nodes besides their HostSubnets. */
export interface NodeReports {
  /** Nodes whose health is not known, and why; they count as online. */
  readonly unknown: ReadonlyMap<string, string>;
  /** By node the egress IPs that its agent refuses to carry, with the reason. */
  readonly refused: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

const noReports: NodeReports = { unknown: new Map(), refused: new Map() };

/** Why an IP that should be in use may not be; null if nothing speaks against it. */
function doubt(egressIP: string, node: string | null, { unknown, refused }: NodeReports): string | null {
  if (node === null) return null;
  const reason = refused.get(node)?.get(egressIP);
  if (reason !== undefined) return `RefusedByNode: ${node} does not carry it: ${reason}`;
  const why = unknown.get(node);
  return why === undefined ? null : `NodeHealthUnknown: ${node} ${why}: nothing tells whether it is in use`;
}

function requestedRows(cluster: Cluster, state: EgressState, reports: NodeReports): StatusRow[] {
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
    const row = { namespaces, vnid, traffic: inUse.every(isRefused) ? ('dropped' as const) : verdict.kind };
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
        reason: `${reason.code}: ${reasonText(reason)}`,
      })),
    ];
  });
}

function unusedRows(cluster: Cluster, state: EgressState): StatusRow[] {
  const requested = new Set<Ip>([...state.requests.values()].flat());
  const listed = new Set(cluster.hostSubnets.flatMap(({ egressIPs }) => egressIPs));
  return [...listed]
    .filter((ip) => !requested.has(ip))
    .sort(compareIps)
    .map((egressIP) => ({
      egressIP,
      namespaces: [],
      vnid: null,
      traffic: 'unused',
      node: null,
      reason: 'no NetNamespace requests it',
    }));
}

/**
 * The status of a cluster: rows ordered by VNID and request, unused IPs last. A namespace all of whose IPs are refused
 * by their nodes is dropped.
 */
export function statusOf(cluster: Cluster, reports: NodeReports = noReports): Status {
  const state = egressState(cluster);
  return {
    egressIPs: [...requestedRows(cluster, state, reports), ...unusedRows(cluster, state)],
    notes: notesOn(cluster, state),
  };
}
