/** `sdn-compat migrate plan --update`: carries a plan that was begun over to the cluster as it is now. */
import { isThere } from '../../migrate/live.ts';
import { replacePlan } from '../../migrate/plan/folder.ts';
import { makePlan } from '../../migrate/plan/make.ts';
import { planHash } from '../../migrate/plan/plan.ts';
import { updatedPlan } from '../../migrate/plan/update.ts';
import { type ObjectRef, refText } from '../../migrate/ref.ts';
import {
  changeKey,
  type Entry,
  journalText,
  type Progress,
  progressOf,
  readJournal,
} from '../../migrate/run/journal.ts';
import { alone, isTaken } from '../../migrate/run/lock.ts';
import { clusterUID } from '../../migrate/snapshot.ts';
import { targetNamed } from '../../migrate/targets.ts';
import { Failure } from '../fail.ts';
import { print } from '../output.ts';
import { programVersion } from '../version.ts';
import { planIn } from './apply.ts';
import { reportsOf, summaryText } from './plan-output.ts';
import { badInput, progressLines, readSnapshot, type SourceFlags } from './source.ts';

/** Makes the plan again with its own options, merges the two, and replaces the folder. */
export async function runUpdate(flags: SourceFlags, folder: string): Promise<void> {
  const lines = await alone(folder, () => updated(flags, folder));
  if (lines === undefined) throw new Failure(isTaken);
  print(lines);
}

async function updated(flags: SourceFlags, folder: string): Promise<string> {
  const old = await planIn(folder);
  const entries = await readJournal(folder);
  if (!entries.ok) throw new Failure(entries.error, badInput);
  const progress = progressOf(entries.value);
  const target = targetNamed(old.target);
  const options = target.readOptions(old.options);
  if (options === undefined)
    throw new Failure(`${folder}: its options cannot be read, so the plan cannot be made again`, badInput);
  refusePast(folder, progress);
  const reportLine = progressLines();
  const snapshot = await readSnapshot(flags, reportLine, target.needs);
  const [wanted, is] = [old.cluster ?? progress.cluster, clusterUID(snapshot)];
  if (wanted !== undefined && wanted !== is)
    throw new Failure(
      `${folder}: it is the plan of another cluster (uid ${wanted}); the input is of ${is ?? 'one that it does not name'}`,
    );
  const made = makePlan(snapshot, { tool: `sdn-compat ${programVersion}`, target, options, strict: old.strict });
  const update = updatedPlan(old, made.plan, {
    isBegun: (step, object) => progress.begun.has(changeKey(step, object)),
    exists: (ref) => isThere(snapshot, ref),
  });
  const more: readonly Entry[] = [
    ...update.redo.map(({ step, object }): Entry => ({ event: 'redo', step, object })),
    ...(progress.plan === undefined ? [] : [{ event: 'plan', plan: planHash(update.plan) } as const]),
  ];
  const written = await replacePlan(folder, update.plan, {
    reports: reportsOf({ ...made, plan: update.plan }),
    journal: journalText([...entries.value, ...more]),
  });
  if (!written.ok) throw new Failure(written.error, badInput);
  return [
    summaryText(update.plan, folder),
    ...listed('new', update.added),
    ...listed('changed', update.changed),
    ...listed('taken back', update.dropped),
    `The plan as it was is in ${written.value}.\n`,
  ].join('');
}

function listed(what: string, refs: readonly ObjectRef[]): readonly string[] {
  return refs.map((ref) => `${what}: ${refText(ref)}\n`);
}

function refusePast(folder: string, { isGoingBack, begun }: Progress): void {
  if (isGoingBack) throw new Failure(`${folder}: its way back was begun; finish that, and make a new plan`);
  if ([...begun.values()].some(({ step }) => step === 'finalize'))
    throw new Failure(`${folder}: finalize was begun, so the cluster no longer shows what it was made from`);
}
