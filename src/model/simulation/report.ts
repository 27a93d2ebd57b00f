/** Compares a cluster before and after a change. */
import type { Cluster } from '../cluster/cluster.ts';
import { rulesSentence, rulesShown } from '../cluster/finer-rules.ts';
import { type Note, notesOn } from '../cluster/notes.ts';
import { type ReasonCode, reasonText } from '../egress/reasons.ts';
import { type EgressState, egressState, vnidState } from '../egress/state.ts';
import { compareIps, type Ip } from '../values/address.ts';
import { compareText, type NamespaceName, type NodeName } from '../values/names.ts';
import type { Vnid } from '../values/vnid.ts';
import { settled } from './settle.ts';

/** One egress IP that somebody requests or lists. */
export interface EgressIPRow {
  readonly egressIP: Ip;
  /** The node it is assigned to. */
  readonly node: NodeName | null;
  /** Whether that node is online; null when there is none. */
  readonly online: boolean | null;
  /** Who requests it. */
  readonly namespaces: readonly NamespaceName[];
}

export interface NamespaceRow {
  readonly namespace: NamespaceName;
  readonly vnid: Vnid;
  readonly state: 'normal' | 'dropped' | 'via';
  readonly hops: readonly { readonly egressIP: Ip; readonly node: NodeName; readonly nodeIP: Ip }[];
  /** Which traffic the state is not for, or takes one of the hops alone; not there without finer rules. */
  readonly rules?: string;
  readonly reasons: readonly { readonly code: ReasonCode; readonly egressIP: string; readonly text: string }[];
}

export interface NodeRow {
  readonly node: NodeName;
  readonly nodeIP: Ip;
  readonly online: boolean;
  readonly automatic: boolean;
  /** How many egress IPs its HostSubnet lists. */
  readonly load: number;
  /** How many the cloud allows; `current` means unknown, so no more than now; null means no limit. */
  readonly capacity: number | 'current' | null;
}

export interface View {
  readonly egressIPs: readonly EgressIPRow[];
  readonly namespaces: readonly NamespaceRow[];
  readonly nodes: readonly NodeRow[];
}

export interface SimulationReport {
  readonly before: View;
  readonly after: View;
  /** Egress IPs that move to another node. */
  readonly moves: readonly { readonly egressIP: Ip; readonly from: NodeName | null; readonly to: NodeName | null }[];
  /** Namespaces whose traffic is dropped after the change but not before. */
  readonly drops: readonly NamespaceName[];
  /** Namespaces whose traffic is dropped before the change but not after. */
  readonly recovers: readonly NamespaceName[];
  /** Problems with objects after the change. */
  readonly notes: readonly Note[];
}

/** Compares the cluster with `changed` after the controller has settled it. */
export function reportOn(cluster: Cluster, changed: Cluster): SimulationReport {
  const { cluster: rest } = settled(changed);
  const state = egressState(rest);
  const before = viewOf(cluster, egressState(cluster));
  const after = viewOf(rest, state);
  const was = new Map(before.namespaces.map((row) => [row.namespace, row.state]));
  const becomes = (from: boolean): readonly NamespaceName[] =>
    after.namespaces
      .filter((row) => (was.get(row.namespace) === 'dropped') === from && (row.state === 'dropped') !== from)
      .map((row) => row.namespace);
  return {
    before,
    after,
    moves: movesBetween(before, after),
    drops: becomes(false),
    recovers: becomes(true),
    notes: notesOn(rest, state),
  };
}

function movesBetween(before: View, after: View): SimulationReport['moves'] {
  const from = new Map(before.egressIPs.map((row) => [row.egressIP, row.node]));
  const to = new Map(after.egressIPs.map((row) => [row.egressIP, row.node]));
  const all = [...new Set([...from.keys(), ...to.keys()])].sort(compareIps);
  return all
    .map((egressIP) => ({ egressIP, from: from.get(egressIP) ?? null, to: to.get(egressIP) ?? null }))
    .filter((move) => move.from !== move.to);
}

function viewOf(cluster: Cluster, state: EgressState): View {
  const nodes = cluster.hostSubnets.map(({ name, hostIP, egressCIDRs, egressIPs }): NodeRow => ({
    node: name,
    nodeIP: hostIP,
    online: !cluster.offline.has(hostIP),
    automatic: egressCIDRs.length > 0,
    load: egressIPs.length,
    capacity: cluster.limits.get(name)?.capacity ?? null,
  }));
  return {
    egressIPs: egressIPRows(cluster, state),
    namespaces: namespaceRows(cluster, state),
    nodes: nodes.sort((a, b) => compareText(a.node, b.node)),
  };
}

function egressIPRows(cluster: Cluster, state: EgressState): readonly EgressIPRow[] {
  const requesters = new Map<Ip, NamespaceName[]>();
  for (const { egressIPs } of cluster.hostSubnets) for (const ip of egressIPs) requesters.set(ip, []);
  for (const { name, egressIPs } of cluster.netNamespaces) {
    for (const ip of egressIPs) {
      const names = requesters.get(ip);
      if (names === undefined) requesters.set(ip, [name]);
      else names.push(name);
    }
  }
  const rows = [...requesters].map(([egressIP, namespaces]): EgressIPRow => {
    const assignment = state.assigned.get(egressIP);
    const online = assignment === undefined ? null : !cluster.offline.has(assignment.nodeIP);
    return { egressIP, node: assignment?.node ?? null, online, namespaces: namespaces.sort(compareText) };
  });
  return rows.sort((a, b) => compareIps(a.egressIP, b.egressIP));
}

function namespaceRows(cluster: Cluster, state: EgressState): readonly NamespaceRow[] {
  const rows = cluster.netNamespaces.map(({ name, vnid }): NamespaceRow => {
    const one = vnidState(state, vnid);
    const reasons = one.kind === 'normal' ? [] : one.reasons;
    const rules = one.kind === 'normal' ? undefined : one.rules;
    return {
      namespace: name,
      vnid,
      state: one.kind,
      hops: one.kind === 'via' ? one.hops : [],
      ...(rules === undefined ? {} : { rules: rulesSentence(rulesShown(rules)) }),
      reasons: reasons.map((reason) => ({ code: reason.code, egressIP: reason.egressIP, text: reasonText(reason) })),
    };
  });
  return rows.sort((a, b) => compareText(a.namespace, b.namespace));
}
