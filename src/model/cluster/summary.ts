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

function healthText(node: string | null, unknown: ReadonlySet<string>): string | null {
  return node !== null && unknown.has(node)
    ? `NodeHealthUnknown: ${node} does not report (Ready is Unknown): nothing tells whether it is in use`
    : null;
}

function requestedRows(cluster: Cluster, state: EgressState, unknown: ReadonlySet<string>): StatusRow[] {
  const byVnid = groupBy(cluster.netNamespaces, ({ vnid }) => vnid);
  const nodes = new Map<string, string>([...state.assigned].map(([ip, { node }]) => [ip, node]));
  const nodeOf = (ip: string): string | null => nodes.get(ip) ?? null;
  return [...state.vnids].flatMap(([vnid, verdict]): StatusRow[] => {
    if (verdict.kind === 'normal') return [];
    const namespaces = (byVnid[vnid] ?? []).map(({ name }) => name).sort(compareText);
    const row = { namespaces, vnid, traffic: verdict.kind };
    const inUse = (state.requests.get(vnid) ?? []).filter(
      (ip) => !verdict.reasons.some(({ egressIP }) => egressIP === ip),
    );
    const others = verdict.kind === 'dropped' ? 'its VNID is dropped because of its other egress IPs' : null;
    return [
      ...inUse.map((egressIP): StatusRow => {
        const node = nodeOf(egressIP);
        return { ...row, egressIP, node, reason: others ?? healthText(node, unknown) };
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
 * The status of a cluster: rows ordered by VNID and request, unused IPs last. `unknown`: nodes whose health nobody
 * knows; they count as online, and their rows say so.
 */
export function statusOf(cluster: Cluster, unknown: readonly string[] = []): Status {
  const state = egressState(cluster);
  return {
    egressIPs: [...requestedRows(cluster, state, new Set(unknown)), ...unusedRows(cluster, state)],
    notes: notesOn(cluster, state),
  };
}
