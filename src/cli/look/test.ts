/** `sdn-compat test`: whether namespaces leave as status says, asked from short-lived pods of a server outside. */
import { randomBytes } from 'node:crypto';
import { clusterFromServer, statusOfRead } from '../../io/input/cluster.ts';
import { progressReporter } from '../../migrate/run/progress.ts';
import { askFrom, type Place, sampled } from '../../migrate/run/verify/probe.ts';
import { judge, leavingOf, packetTo } from '../../model/cluster/leaving.ts';
import type { Status } from '../../model/cluster/summary.ts';
import { egressState } from '../../model/egress/state.ts';
import type { EgressRules } from '../../model/objects/egressrules.ts';
import { openClient } from '../client.ts';
import { Failure, untilSignal } from '../fail.ts';
import { formatted, print, report } from '../output.ts';
import { disrupt } from './disrupt.ts';
import type { TestFlags } from './test-flags.ts';
import { junit, resultTable, type TestResult } from './test-table.ts';

const badInput = 2;
const notWell = 1;
const cannotTell = 2;
/** In the names of the pods, and a label on them. */
const id = 'test';

/** Asks, prints, removes its pods; exit status 1 if a pod left as it should not, 2 if that cannot be told. */
export async function runTest(flags: TestFlags): Promise<void> {
  const isWeb = URL.canParse(flags.to) && ['http:', 'https:'].includes(new URL(flags.to).protocol);
  if (!isWeb) throw new Failure(`--to ${JSON.stringify(flags.to)}: it is no http or https URL`, badInput);
  const client = await openClient(flags, 'sdn-compat-test');
  const signal = untilSignal();
  try {
    const read = await clusterFromServer(client).catch((error: unknown) => {
      // status 1 would say that a pod leaves as it should not
      throw new Failure(error instanceof Error ? error.message : String(error), cannotTell);
    });
    for (const line of read.unread.values()) report(`${line}\n`);
    const status = statusOfRead(read);
    if (flags.disruptive !== undefined) {
      const { disruptive: node, ...rest } = flags;
      await show(await disrupt({ client, signal, read, status }, { ...rest, disruptive: node }), flags);
      return;
    }
    const places = placesOf(status, new Set(read.cluster.netNamespaces.map(({ name }): string => name)), flags);
    const { to: url, image, timeout } = flags;
    const asked = progressReporter('asked', places.length, (line) => report(`${line}\n`));
    const deps = { client, plan: { id }, run: randomBytes(4).toString('hex'), signal, asked };
    const { left, answers } = await askFrom(deps, places, { url, image, timeout });
    for (const { object, problem } of left) report(`${object.name}: ${problem ?? ''}\n`);
    const addresses = new Map(status.nodes.map(({ node, nodeIP }) => [node, nodeIP]));
    const state = egressState(read.cluster);
    const rulesByVnid = new Map<number, EgressRules | undefined>(
      [...state.vnids].map(([vnid, one]) => [vnid, one.kind === 'normal' ? undefined : one.rules]),
    );
    const to = { packet: packetTo(new URL(url)), rulesOf: (vnid: number) => rulesByVnid.get(vnid) };
    const results = answers.map(({ place: { namespace, node }, answer }): TestResult => {
      const seen = judge(leavingOf(status, namespace, to), answer, addresses.get('node' in answer ? answer.node : ''));
      return { namespace, ...seen, node: seen.node ?? node ?? null };
    });
    await show(meaning(results), flags);
  } finally {
    client.close();
  }
}

/** The namespaces that are asked for, or a sample of those that request egress IPs, each from one node or from all. */
function placesOf({ egressIPs, nodes }: Status, known: ReadonlySet<string>, flags: TestFlags): readonly Place[] {
  const unknown = flags.namespace.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new Failure(`--namespace ${unknown}: there is no valid NetNamespace of that name`, badInput);
  const requesting = [...new Set(egressIPs.flatMap(({ namespaces }) => namespaces))].sort();
  const some = flags.all ? requesting : sampled(requesting, flags.sample);
  const names = flags.namespace.length > 0 ? [...new Set(flags.namespace)] : some;
  if (names.length === 0) throw new Failure('no namespace requests an egress IP: name one with --namespace', badInput);
  if (flags.namespace.length === 0 && names.length < requesting.length)
    report(`asking from ${names.length} of ${requesting.length} namespaces: --all asks from all\n`);
  if (!flags.perNode) return names.map((namespace) => ({ namespace }));
  const online = nodes.filter(({ health }) => health === 'online');
  return names.flatMap((namespace) => online.map(({ node }) => ({ namespace, node })));
}

/** Where nobody got an answer, the server may be what is silent, so that silence means nothing. */
function meaning(results: readonly TestResult[]): readonly TestResult[] {
  if (results.some(({ address }) => address !== null)) return results;
  const nobody = 'no pod got an answer: perhaps nothing answers there';
  return results.map((one) => ({ ...one, state: 'unknown', problem: one.problem ?? nobody }));
}

async function show(results: readonly TestResult[], { output }: TestFlags): Promise<void> {
  const sorted = results.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  print(await formatted(sorted, output, () => (output === 'junit' ? junit(sorted) : resultTable(sorted))));
  if (sorted.some(({ state }) => state === 'unknown')) process.exitCode = cannotTell;
  if (sorted.some(({ state }) => state === 'wrong')) process.exitCode = notWell;
}

const keyOf = ({ namespace, node }: TestResult): string => `${namespace} ${node ?? ''}`;
