/** Reads what `migrate` works on: a snapshot, from files or from a cluster, or a plan. Reports progress. */
import type { Kind } from '../../../api/kinds.ts';
import { problemText } from '../../io/input/manifests.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import type { FileReading } from '../../migrate/input/files.ts';
import type { Wanted } from '../../migrate/input/source.ts';
import type { Plan } from '../../migrate/plan/plan.ts';
import { type PlanExtent, readPlan } from '../../migrate/plan/read-folder.ts';
import type { Snapshot } from '../../migrate/snapshot.ts';
import { oldPlugin, wanted } from '../../migrate/targets.ts';
import { type ClientFlags, openClient as openAs } from '../client.ts';
import { Failure } from '../fail.ts';
import { report } from '../output.ts';

export const badInput = 2;

export interface SourceFlags extends ClientFlags {
  readonly fromCluster: boolean;
  readonly filename: readonly string[];
  readonly machineNetwork: readonly string[];
}

export type Progress = (what: string) => void;

const quiet = 1_000;

/** Reports progress on standard error, at most once a second and not in the first second. */
export function progressLines(now: () => number = () => performance.now()): Progress {
  const start = now();
  let last = start;
  return (what) => {
    if (now() - last < quiet) return;
    last = now();
    report(`${((last - start) / 1000).toFixed(1)} s: ${what}\n`);
  };
}

/** Reads the plan in a folder. If it cannot be read, the command ends with status 2. */
export async function planIn(folder: string, extent: PlanExtent = 'all'): Promise<Plan> {
  const plan = await readPlan(folder, progressLines(), extent);
  if (plan.ok) return plan.value;
  throw new Failure(plan.error, badInput);
}

/** What is read: without objects of one of the `needed` kinds the input is bad. */
interface Reading {
  readonly needed?: readonly Kind[];
  readonly kinds?: Wanted;
}

/** Reads the snapshot. Bad input, or an API server that cannot be read, ends the command with status 2. */
export async function readSnapshot(flags: SourceFlags, progress: Progress, reading: Reading = {}): Promise<Snapshot> {
  if (flags.fromCluster === flags.filename.length > 0)
    throw new Failure('give either --from-cluster or -f PATH', badInput);
  const { needed = oldPlugin.makesItself, kinds = wanted } = reading;
  const whole = { ...kinds, progress, needed };
  return flags.fromCluster ? fromServer(flags, whole) : fromFiles(flags, whole);
}

async function fromFiles({ filename }: SourceFlags, reading: FileReading): Promise<Snapshot> {
  const { snapshotFromFiles } = await import('../../migrate/input/files.ts');
  const read = await snapshotFromFiles(filename, reading);
  if (!read.ok) throw new Failure(problemText(read.error), badInput);
  return read.value;
}

async function fromServer(flags: SourceFlags, reading: FileReading): Promise<Snapshot> {
  const { snapshotFromServer } = await import('../../migrate/input/server.ts');
  const client = await openClient(flags);
  const read = await snapshotFromServer(client, reading).finally(() => client.close());
  if (!read.ok) throw new Failure(read.error, badInput);
  return read.value;
}

/** Opens a client of the API server that the flags choose. */
export function openClient(flags: ClientFlags): Promise<KubeClient> {
  return openAs(flags, 'sdn-compat-migrate');
}
