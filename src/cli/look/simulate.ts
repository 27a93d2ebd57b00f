/** `sdn-compat simulate`: what would happen to the egress IPs after a change. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { hostSubnets, netNamespaces } from '../../../api/kinds.ts';
import { clusterFromFiles, clusterFromServer, type ReadCluster } from '../../io/input/cluster.ts';
import { type InputProblem, problemText } from '../../io/input/manifests.ts';
import { parseRequest } from '../../model/objects/egresspool.ts';
import { placementsByName } from '../../model/objects/placement.ts';
import { grantedOf, wouldHave } from '../../model/pools/plan.ts';
import {
  changedCluster,
  parseCIDRsChange,
  parseEgressIPChange,
  parseNodeSelectorChange,
  type SimulatedChange,
} from '../../model/simulation/changes.ts';
import { reportOn, type SimulationReport } from '../../model/simulation/report.ts';
import { runScenario } from '../../model/simulation/scenario.ts';
import type { Result } from '../../model/values/result.ts';
import { type ClientFlags, openClient } from '../client.ts';
import { Failure } from '../fail.ts';
import { formatted, print, report } from '../output.ts';
import { reportTable } from './simulate-table.ts';

export interface SimulateFlags extends ClientFlags {
  readonly fromCluster: boolean;
  readonly filename: readonly string[];
  readonly nodeDown: readonly string[];
  readonly nodeUp: readonly string[];
  readonly addEgressIp: readonly string[];
  readonly removeEgressIp: readonly string[];
  readonly setCidrs: readonly string[];
  readonly setNodeSelector: readonly string[];
  readonly withoutFailback: readonly string[];
  readonly request: readonly string[];
  readonly scenario?: string;
  readonly output?: 'table' | 'json' | 'yaml' | 'ndjson';
}

const badInput = 2;

/** Reads, simulates, prints. Bad input ends with status 2, naming file, line and field. */
export async function runSimulate(flags: SimulateFlags): Promise<void> {
  checkCombination(flags);
  if (flags.scenario !== undefined) {
    await runScenarios(flags.scenario);
    return;
  }
  const changes = changesOf(flags);
  const known = await read(flags);
  const { cluster, unknown, refused } = known;
  for (const [name, why] of unknown)
    report(`${name} ${why}: it counts as online, --node-down ${name} says otherwise\n`);
  for (const [name, ips] of refused)
    for (const reason of ips.values()) report(`${name} refuses an egress IP today: ${reason}\n`);
  const asked = flags.request.flatMap((text) => requestChanges(text, known, changes));
  const changed = changedCluster(cluster, [...asked, ...changes]);
  if (!changed.ok) throw new Failure(changed.error, badInput);
  print(await render(reportOn(cluster, changed.value), flags.output ?? 'table'));
}

function checkCombination(flags: SimulateFlags): void {
  const sources = [flags.fromCluster, flags.filename.length > 0, flags.scenario !== undefined].filter(Boolean).length;
  if (sources !== 1) throw new Failure('give one of --from-cluster, -f FILE and --scenario FILE', badInput);
  const changes = [
    ...[flags.nodeDown, flags.nodeUp, flags.addEgressIp, flags.removeEgressIp],
    ...[flags.setCidrs, flags.setNodeSelector, flags.withoutFailback, flags.request],
  ].flat();
  if (flags.scenario !== undefined) {
    if (changes.length > 0) throw new Failure('a scenario has its own changes: leave out the other options', badInput);
    if ((flags.output ?? 'ndjson') !== 'ndjson') throw new Failure('a scenario is printed as -o ndjson only', badInput);
  } else if (flags.output === 'ndjson') throw new Failure('-o ndjson goes with --scenario only', badInput);
  const both = flags.nodeDown.find((node) => flags.nodeUp.includes(node));
  if (both !== undefined) throw new Failure(`--node-down and --node-up both name ${both}`, badInput);
}

/** Parses `NAMESPACE=N`, and returns what changes when its Namespace asks pools for so many addresses. */
function requestChanges(
  text: string,
  { cluster, pools }: ReadCluster,
  changes: readonly SimulatedChange[],
): readonly SimulatedChange[] {
  const [, namespace = '', number = ''] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  const count = must('--request', parseRequest(number));
  if (pools === undefined) throw new Failure('--request: there is no EgressPool', badInput);
  const found = cluster.netNamespaces.find(({ name }) => name === namespace);
  if (found === undefined) throw new Failure(`--request: there is no NetNamespace ${namespace}`, badInput);
  // an address must be one for a node that the namespace then selects
  const selecting = changes.filter(({ kind }) => kind === 'setNodeSelector');
  const placed = changedCluster(cluster, selecting);
  const placements = placementsByName((placed.ok ? placed.value : cluster).netNamespaces);
  const { addresses, problems } = wouldHave({ ...pools.input, placements }, namespace, count);
  for (const problem of problems) report(`Namespace ${namespace}: ${problem}\n`);
  const object = pools.input.netNamespaces.find(({ metadata }) => metadata.name === namespace);
  const before = object === undefined ? [] : grantedOf(object);
  const change =
    (kind: 'addEgressIP' | 'removeEgressIP') =>
    (ip: string): SimulatedChange =>
      must('--request', parseEgressIPChange(kind, `${namespace}=${ip}`));
  return [
    ...before.filter((ip) => !addresses.includes(ip)).map(change('removeEgressIP')),
    ...addresses.filter((ip) => !before.includes(ip)).map(change('addEgressIP')),
  ];
}

function changesOf(flags: SimulateFlags): readonly SimulatedChange[] {
  return [
    ...flags.removeEgressIp.map((text) => must('--remove-egress-ip', parseEgressIPChange('removeEgressIP', text))),
    ...flags.addEgressIp.map((text) => must('--add-egress-ip', parseEgressIPChange('addEgressIP', text))),
    ...flags.setCidrs.map((text) => must('--set-cidrs', parseCIDRsChange(text))),
    ...flags.setNodeSelector.map((text) => must('--set-node-selector', parseNodeSelectorChange(text))),
    ...flags.withoutFailback.map((namespace): SimulatedChange => ({ kind: 'noFailback', namespace })),
    ...flags.nodeDown.map((node): SimulatedChange => ({ kind: 'nodeDown', node })),
    ...flags.nodeUp.map((node): SimulatedChange => ({ kind: 'nodeUp', node })),
  ];
}

function must<T>(option: string, result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Failure(`${option}: ${result.error}`, badInput);
}

async function read(flags: SimulateFlags): Promise<ReadCluster> {
  if (!flags.fromCluster) {
    const found = await clusterFromFiles(flags.filename);
    if (found.ok) return found.value;
    throw new Failure(problemText(found.error), badInput);
  }
  const client = await openClient(flags, 'sdn-compat-simulate');
  try {
    const found = await clusterFromServer(client);
    const missing = [hostSubnets, netNamespaces].flatMap((kind) => found.unread.get(kind) ?? []);
    if (missing.length > 0) throw new Failure(missing.join('; '));
    for (const line of found.unread.values()) report(`${line}\n`);
    return found;
  } finally {
    client.close();
  }
}

async function render(report: SimulationReport, output: 'table' | 'json' | 'yaml' | 'ndjson'): Promise<string> {
  return formatted(report, output, () => reportTable(report));
}

/** Runs the scenarios of a file, one on each line, and prints each result as it is done. */
async function runScenarios(file: string): Promise<void> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  const broken = new Promise<never>((_, reject) => input.once('error', reject));
  broken.catch(() => undefined);
  let line = 0;
  const lines = createInterface({ input, crlfDelay: Infinity })[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([lines.next(), broken]).catch((error: unknown) =>
      refuse({ file, line: undefined, field: '', reason: String(error) }),
    );
    if (next.done === true) return;
    line++;
    if (next.value.trim() === '') continue;
    const ran = runScenario(scenarioOf(next.value, { file, line }));
    if (!ran.ok) refuse({ file, line, ...ran.error });
    print(`${JSON.stringify(ran.value)}\n`);
  }
}

function scenarioOf(text: string, where: Pick<InputProblem, 'file' | 'line'>): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    return refuse({ ...where, field: '', reason: error instanceof Error ? error.message : String(error) });
  }
}

function refuse(problem: InputProblem): never {
  throw new Failure(problemText(problem), badInput);
}
