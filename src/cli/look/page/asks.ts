/** What the page can ask: what would be if something changed, and which way a packet takes. */
import type { Cluster } from '../../../model/cluster/cluster.ts';
import { changedCluster, parseEgressIPChange, type SimulatedChange } from '../../../model/simulation/changes.ts';
import { reportOn } from '../../../model/simulation/report.ts';
import { asList, asText } from '../../../model/values/json.ts';
import type { Result } from '../../../model/values/result.ts';
import type { TraceObjects } from '../../../node/trace/world.ts';
import type { WhatIf } from '../../../page/answers.ts';
import { Failure } from '../../fail.ts';
import { parseDestination } from '../destination.ts';
import { type Objects, trace } from '../trace.ts';
import type { Traced } from '../trace-table.ts';

function must<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Failure(result.error);
}

/** Each list of an answer has so many entries at most. */
const most = 200;

function changesOf(question: Readonly<Record<string, unknown>>): readonly SimulatedChange[] {
  const texts = (field: string): readonly string[] => asList(question[field]).map(asText);
  return [
    ...texts('removeEgressIP').map((text) => must(parseEgressIPChange('removeEgressIP', text))),
    ...texts('addEgressIP').map((text) => must(parseEgressIPChange('addEgressIP', text))),
    ...texts('nodeDown').map((node): SimulatedChange => ({ kind: 'nodeDown', node })),
    ...texts('nodeUp').map((node): SimulatedChange => ({ kind: 'nodeUp', node })),
  ];
}

/** What becomes of the cluster with the changes that the question names, as `simulate` has it. */
export function whatIf(cluster: Cluster, question: Readonly<Record<string, unknown>>): WhatIf {
  const { moves, drops, recovers } = reportOn(cluster, must(changedCluster(cluster, changesOf(question))));
  return {
    moves: moves.slice(0, most),
    drops: drops.slice(0, most),
    recovers: recovers.slice(0, most),
    counts: { moves: moves.length, drops: drops.length, recovers: recovers.length },
  };
}

/** The way of a packet from a pod of the namespace, or from the pod that the question names. */
export function tracePod(objects: Objects, question: Readonly<Record<string, unknown>>): Traced {
  const namespace = asText(question['namespace']);
  const to = must(parseDestination(asText(question['to'])));
  const pod = asText(question['pod']) || podOf(objects, namespace);
  return trace(objects, `${namespace}/${pod}`, to, { reply: false });
}

function podOf({ pods }: TraceObjects, namespace: string): string {
  const all = pods.filter(({ metadata, status }) => metadata.namespace === namespace && status?.podIP !== undefined);
  const names = all.map(({ metadata }) => metadata.name ?? '').sort();
  const [first] = names;
  if (first === undefined) throw new Failure(`no pod of ${namespace} has an address: nothing leaves`);
  return first;
}
