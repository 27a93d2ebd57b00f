/** `sdn-compat migrate plan --update`: carries a plan that was begun over to the cluster as it is now. */
import { existsSync } from 'node:fs';
import { alone, isTaken } from '../../migrate/plan/lock.ts';
import { makePlan } from '../../migrate/plan/make.ts';
import { type ObjectRef, refText } from '../../migrate/ref.ts';
import { carryOver, unknownTo } from '../../migrate/run/carry-over.ts';
import { otherCluster } from '../../migrate/run/identity.ts';
import { type Progress, progressOf, readJournal } from '../../migrate/run/journal.ts';
import { clusterUID } from '../../migrate/snapshot.ts';
import { targetNamed, wantedFor } from '../../migrate/targets.ts';
import { Failure } from '../fail.ts';
import { print } from '../output.ts';
import { programVersion } from '../version.ts';
import { isBlocked, reportsOf, summaryText } from './plan-output.ts';
import { badInput, planIn, progressLines, readSnapshot, type SourceFlags } from './source.ts';

/** Makes the plan again with its own options, merges the two, and replaces the folder. */
export async function runUpdate(flags: SourceFlags, folder: string): Promise<void> {
  // a folder that is not there cannot be locked
  if (!existsSync(folder)) await planIn(folder);
  const done = await alone(folder, () => updated(flags, folder));
  if (done === undefined) throw new Failure(isTaken);
  print(done.text);
  if (done.isBlocked) process.exitCode = 1;
}

async function updated(
  flags: SourceFlags,
  folder: string,
): Promise<{ readonly text: string; readonly isBlocked: boolean }> {
  const old = await planIn(folder);
  const entries = await readJournal(folder);
  if (!entries.ok) throw new Failure(entries.error, badInput);
  const progress = progressOf(entries.value);
  const target = targetNamed(old.target);
  const { options, strict } = old;
  if (target.translator(options) === undefined)
    throw new Failure(`${folder}: its options cannot be read, so the plan cannot be made again`, badInput);
  refusePast(folder, progress);
  if (progress.plan !== undefined && !flags.fromCluster)
    throw new Failure(
      `${folder}: it was begun, so what is there now counts: give --from-cluster instead of -f`,
      badInput,
    );
  const reportLine = progressLines();
  const snapshot = await readSnapshot(flags, reportLine, { needed: target.needs, kinds: wantedFor(old) });
  const made = makePlan(snapshot, { tool: `sdn-compat ${programVersion}`, target, options, strict });
  const unknown = unknownTo(old, made.plan, snapshot);
  if (unknown !== undefined) throw new Failure(`${folder} is not updated: ${unknown}`, badInput);
  const stranger = otherCluster(old, progress, clusterUID(snapshot));
  if (stranger !== undefined) throw new Failure(`${folder}: ${stranger}`);
  const written = await carryOver({
    folder,
    old,
    entries: entries.value,
    fresh: made.plan,
    snapshot,
    reports: (plan) => reportsOf({ ...made, plan }),
  });
  if (!written.ok) throw new Failure(written.error, badInput);
  const { update, before } = written.value;
  const text = [
    summaryText(update.plan, folder),
    ...listed('new', update.added),
    ...listed('changed', update.changed),
    ...listed('taken back', update.dropped),
    `The plan as it was is in ${before}.\n`,
  ].join('');
  return { text, isBlocked: isBlocked(update.plan) };
}

function listed(what: string, refs: readonly ObjectRef[]): readonly string[] {
  return refs.map((ref) => `${what}: ${refText(ref)}\n`);
}

function refusePast(folder: string, { isGoingBack, isFinalizing }: Progress): void {
  if (isGoingBack) throw new Failure(`${folder}: its way back was begun; finish that, and make a new plan`);
  if (isFinalizing)
    throw new Failure(`${folder}: finalize was begun, so the cluster no longer shows what it was made from`);
}
