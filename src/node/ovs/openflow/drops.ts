/**
 * What br0 dropped, and why, from the counters of flows. A counter goes with its flow, and begins at 0 with a new one,
 * so that only what it grew by counts.
 */
import { parseVnid, type Vnid } from '../../../model/values/vnid.ts';
import type { Flow } from '../flow.ts';
import { priority, table } from '../pipeline.ts';
import { flowKey } from '../render.ts';
import { flowOf, type ReportedFlow } from './entries.ts';

/** Why: the object or the rule that has the packet dropped. */
export type DropReason =
  'EgressIPNotInUse' | 'EgressNetworkPolicy' | 'NetworkPolicyEgress' | 'NetworkPolicyIngress' | 'AnswerToNothing';

/** A flow that drops, and what it has dropped since it was made. */
export interface DroppingFlow {
  readonly key: string;
  readonly vnid: Vnid;
  readonly reason: DropReason;
  readonly packets: number;
}

const reasons: Readonly<Record<number, DropReason>> = {
  [table.policyEgress]: 'NetworkPolicyEgress',
  [table.isolation]: 'NetworkPolicyIngress',
  [table.egressPolicy]: 'EgressNetworkPolicy',
  [table.egressIP]: 'EgressIPNotInUse',
  [table.egressHop]: 'EgressIPNotInUse',
  [table.route]: 'AnswerToNothing',
};

function reasonOf({ table: number, priority: at }: Flow): DropReason | undefined {
  const { vnid, withoutMeter } = priority.egressIP;
  const isAnswer = number === table.egressIP && at !== vnid && at !== withoutMeter;
  return isAnswer ? 'AnswerToNothing' : reasons[number];
}

/** Those of these flows that drop what is of one VNID, if they dropped anything. */
export function droppingFlows(reported: Iterable<ReportedFlow>): readonly DroppingFlow[] {
  const dropping: DroppingFlow[] = [];
  for (const entry of reported) {
    const flow = entry.packets === 0 ? undefined : flowOf(entry);
    if (flow === undefined || flow.actions.length > 0) continue;
    const vnid = parseVnid(Number(flow.table === table.isolation ? flow.match.reg1 : flow.match.reg0));
    const reason = reasonOf(flow);
    if (vnid.ok && reason !== undefined)
      dropping.push({ key: flowKey(flow), vnid: vnid.value, reason, packets: entry.packets });
  }
  return dropping;
}

/** What was dropped of a VNID for one reason. */
export interface Dropped {
  readonly vnid: Vnid;
  readonly reason: DropReason;
  readonly packets: number;
}

/** Follows the counters from one look to the next. */
export class Drops {
  #seen: ReadonlyMap<string, number> = new Map();

  /** What was dropped since the last look; with the first one, since the flows were made. */
  since(flows: readonly DroppingFlow[]): readonly Dropped[] {
    const before = this.#seen;
    this.#seen = new Map(flows.map(({ key, packets }) => [key, packets]));
    return flows.flatMap(({ key, vnid, reason, packets }) => {
      const known = before.get(key) ?? 0;
      // less than before: the flow was made anew
      const more = packets >= known ? packets - known : packets;
      return more === 0 ? [] : [{ vnid, reason, packets: more }];
    });
  }
}
