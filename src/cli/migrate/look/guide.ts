/** `sdn-compat migrate guide`: says where a cluster stands in the vendor's procedure, and the one next command. */
import { pause } from '../../../io/async/pause.ts';
import type { KubeClient } from '../../../io/kube/client.ts';
import { type Choice, procedureFor } from '../../../migrate/guide/choice.ts';
import type { Facts } from '../../../migrate/guide/facts.ts';
import { readClusterUID, readFacts, type Reading } from '../../../migrate/guide/read.ts';
import { type Stand, standOf } from '../../../migrate/guide/stand.ts';
import { changesOf, signsOf } from '../../../migrate/guide/watch.ts';
import { otherCluster } from '../../../migrate/run/identity.ts';
import { progressOf } from '../../../migrate/run/journal.ts';
import { type PlanAndJournal, planReader } from '../../../migrate/run/plan-reader.ts';
import { isRecord } from '../../../model/values/json.ts';
import { ok } from '../../../model/values/result.ts';
import type { ClientFlags } from '../../client.ts';
import { Failure, untilSignal } from '../../fail.ts';
import { formatted, print, report } from '../../output.ts';
import { mayPass } from '../may-pass.ts';
import { badInput, openClient, planIn } from '../source.ts';
import { standTable } from './guide-table.ts';

export interface GuideFlags extends ClientFlags {
  readonly plan?: string;
  readonly to?: string;
  readonly back: boolean;
  readonly mode?: 'offline' | 'live';
  readonly output: 'table' | 'json' | 'yaml';
  readonly watch: boolean;
  readonly timeout: number;
}

const between = 2_000;

interface Look {
  readonly facts: Facts;
  readonly stand: Stand;
}

/** Looks once, or until the stage is finished, and prints where the cluster stands. */
export async function runGuide(flags: GuideFlags): Promise<void> {
  if (flags.back && flags.to !== undefined) throw new Failure(`give either --to ${flags.to} or --back`, badInput);
  const { plan: folder } = flags;
  const read = folder === undefined ? undefined : async () => ok(await planIn(folder, 'steps'));
  const plan = folder === undefined || read === undefined ? undefined : planReader(folder, read);
  await current(plan);
  const client = await openClient(flags);
  const signal = untilSignal();
  const look = looker(client, { flags, plan, signal });
  try {
    const seen = flags.watch ? await watched(look, flags, signal) : await look();
    if (seen === undefined) return;
    await show(seen.stand, flags.output);
    if (seen.stand.unclear.length > 0) process.exitCode = 1;
  } finally {
    client.close();
  }
}

async function show(stand: Stand, output: GuideFlags['output']): Promise<void> {
  print(await formatted(stand, output, () => standTable(stand)));
}

type Reader = ReturnType<typeof planReader>;

/** The plan and its journal as they are now; undefined if no plan was given. */
async function current(reader: Reader | undefined): Promise<PlanAndJournal | undefined> {
  const read = await reader?.();
  if (read === undefined || read.ok) return read?.value;
  throw new Failure(read.error, badInput);
}

interface Given {
  readonly flags: GuideFlags;
  readonly plan: Reader | undefined;
  readonly signal: AbortSignal;
}

function looker(client: KubeClient, { flags, plan, signal }: Given): () => Promise<Look> {
  const choice: Choice = {
    ...directionIn(flags),
    ...(flags.mode === undefined ? {} : { mode: flags.mode }),
  };
  const once = async (withRestore: boolean, withPods: boolean): Promise<Look> => {
    const now = await current(plan);
    const given = now === undefined ? {} : { plan: await planGiven(client, { flags, now, signal }, withRestore) };
    const reading: Reading = { signal, withPods, ...given };
    const facts = await readFacts(client, reading);
    if (facts.config.kind === 'absent' && facts.operator.kind === 'absent')
      throw new Failure(
        'the API server has neither Network.config.openshift.io nor Network.operator.openshift.io, so this is no OpenShift, and there is no procedure to guide through',
      );
    const procedure = procedureFor(facts, choice);
    if (!procedure.ok) throw new Failure(procedure.error, badInput);
    // it may turn out only now that it is a way back, or a live migration
    const { name } = procedure.value;
    if (['back', 'live-back', 'cancel'].includes(name) && plan !== undefined && !withRestore)
      return once(true, withPods);
    if (name === 'live' && !withPods) return once(withRestore, true);
    return { facts, stand: standOf(facts, procedure.value) };
  };
  return () => once(flags.back, flags.mode === 'live');
}

function directionIn({ back, to }: GuideFlags): Pick<Choice, 'direction'> {
  if (back) return { direction: 'back' };
  return to === undefined ? {} : { direction: { to } };
}

async function planGiven(
  client: KubeClient,
  { flags, now: { plan, entries }, signal }: Omit<Given, 'plan'> & { readonly now: PlanAndJournal },
  withRestore: boolean,
): Promise<NonNullable<Reading['plan']>> {
  const folder = flags.plan ?? '';
  const is = await readClusterUID(client, signal);
  const stranger = is.kind === 'known' ? otherCluster(plan, progressOf(entries), is.value) : undefined;
  if (stranger !== undefined) throw new Failure(`${folder}: ${stranger}`, badInput);
  return { plan, folder, entries, withRestore };
}

/** Prints a line for each change until the stage is finished. Undefined if a signal ended it before the first look. */
async function watched(
  look: () => Promise<Look>,
  { timeout }: GuideFlags,
  signal: AbortSignal,
): Promise<Look | undefined> {
  const end = performance.now() + timeout;
  let first: Look | undefined;
  let last: Look | undefined;
  let trouble = '';
  const isStopped = (): boolean => signal.aborted;
  while (!isStopped()) {
    const isLast = performance.now() + between > end;
    const seen = await look().catch((error: unknown) => {
      if (!isStopped() && (!mayPass(error) || (isLast && last === undefined))) throw error;
      return error;
    });
    if (isStopped()) break;
    if (isLook(seen)) {
      trouble = '';
      for (const line of changesOf(signsOf(last), signsOf(seen))) report(`${line}\n`);
      first ??= seen;
      last = seen;
      if (isFinished(first.stand, seen.stand)) return seen;
    } else {
      const message = seen instanceof Error ? seen.message : '';
      if (trouble !== message) report(`the cluster cannot be read, trying again: ${message}\n`);
      trouble = message;
    }
    if (isLast) return overdue(last);
    await pause(between, signal);
  }
  return last;
}

function isLook(seen: unknown): seen is Look {
  return isRecord(seen) && !(seen instanceof Error);
}

function isFinished(first: Stand, now: Stand): boolean {
  if (now.next === undefined) return now.unclear.length === 0;
  return first.next !== undefined && first.next.stage !== now.next.stage;
}

function overdue(last: Look | undefined): Look | undefined {
  report(`the time is over, and the stage is not finished: ${last?.stand.next?.stage ?? 'unknown'}\n`);
  process.exitCode = 1;
  return last;
}
