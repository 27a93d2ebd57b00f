/** Typed comparison of VNID states, for hot paths. */
import type { EgressRules } from '../objects/egressrules.ts';
import type { Reason } from './reasons.ts';
import { rulesText } from './rules.ts';
import type { Assignment, Hop, VnidEgress, VnidState } from './verdict.ts';

/** Whether both are the same assignment, or both undefined. */
export function sameAssignment(a: Assignment | undefined, b: Assignment | undefined): boolean {
  return a?.node === b?.node && a?.nodeIP === b?.nodeIP;
}

const drainOf = (state: VnidState): number | undefined => (state.kind === 'normal' ? undefined : state.drain);
const rulesOf = (state: VnidState): EgressRules | undefined => (state.kind === 'normal' ? undefined : state.rules);

const bandwidthOf = (state: VnidState): number | undefined => (state.kind === 'via' ? state.bandwidth : undefined);

/** Whether kind, hops, reasons, requests, rules, bandwidth and drain are equal. */
export function sameState(a: VnidEgress | undefined, b: VnidEgress | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (!sameList(a.requests, b.requests, Object.is)) return false;
  const [before, after] = [a.state, b.state];
  if (!sameRules(rulesOf(before), rulesOf(after))) return false;
  if (bandwidthOf(before) !== bandwidthOf(after) || drainOf(before) !== drainOf(after)) return false;
  if (before.kind === 'via' && after.kind === 'via')
    return sameList(before.hops, after.hops, sameHop) && sameReasons(before.reasons, after.reasons);
  if (before.kind === 'dropped' && after.kind === 'dropped') return sameReasons(before.reasons, after.reasons);
  return before.kind === after.kind;
}

/** Those of a namespace that did not change are the same object. */
function sameRules(a: EgressRules | undefined, b: EgressRules | undefined): boolean {
  return a === b || rulesText(a) === rulesText(b);
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (x: T, y: T) => boolean): boolean {
  if (a.length !== b.length) return false;
  for (const [index, item] of a.entries()) {
    const other = b[index];
    if (other === undefined || !same(item, other)) return false;
  }
  return true;
}

function sameHop(a: Hop, b: Hop): boolean {
  return a.egressIP === b.egressIP && sameAssignment(a, b);
}

function sameReasons(a: readonly Reason[], b: readonly Reason[]): boolean {
  // Reasons about one node share its list of IPs. Compare the list once, not for each reason.
  let known: readonly [unknown, unknown] = [undefined, undefined];
  return sameList(a, b, (x, y) => {
    if (x.code !== y.code || x.egressIP !== y.egressIP || nodeOf(x) !== nodeOf(y)) return false;
    const lists = [listOf(x), listOf(y)] as const;
    if (lists[0] === known[0] && lists[1] === known[1]) return true;
    known = lists;
    return sameList(lists[0], lists[1], Object.is);
  });
}

const none: readonly never[] = [];

function nodeOf(reason: Reason): string | undefined {
  return 'node' in reason ? reason.node : undefined;
}

/** What distinguishes a reason from another with the same code, IP and node. */
function listOf(reason: Reason): readonly (string | number)[] {
  switch (reason.code) {
    case 'InvalidEgressIP':
      return [reason.detail];
    case 'EgressIPInSeveralNamespaces':
      return reason.vnids;
    case 'EgressIPInsideCluster':
      return [reason.network];
    case 'EgressIPOnSeveralNodes':
      return reason.nodes;
    case 'SeveralEgressIPsOnOneNode':
      return reason.egressIPs;
    case 'NodeOffline':
      return [reason.nodeIP];
    case 'EgressIPIsNodeAddress':
    case 'NoNodeHostsEgressIP':
      return none;
  }
}
