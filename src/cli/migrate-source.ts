/** The snapshot that `migrate` works on, from files or from a cluster, and lines that tell what takes long. */
import { problemText } from '../io/manifests.ts';
import type { Snapshot } from '../migrate/snapshot.ts';
import { Failure } from './fail.ts';

export const badInput = 2;

export interface SourceFlags {
  readonly kubeconfig?: string;
  readonly fromCluster: boolean;
  readonly filename: readonly string[];
  readonly machineNetwork: readonly string[];
}

export type Progress = (what: string) => void;

const quiet = 1_000;

/** Tells on standard error what is being done, once a second, and nothing at all in the first second. */
export function progressLines(now: () => number = Date.now): Progress {
  const start = now();
  let last = start;
  return (what) => {
    if (now() - last < quiet) return;
    last = now();
    process.stderr.write(`${((last - start) / 1000).toFixed(1)} s: ${what}\n`);
  };
}

/** Reads it; bad input, and an API server that cannot be read, end the command with status 2. */
export async function readSnapshot(flags: SourceFlags, progress: Progress): Promise<Snapshot> {
  if (flags.fromCluster === flags.filename.length > 0) throw new Failure('give either --from-cluster or -f PATH', badInput);
  return flags.fromCluster ? fromServer(flags, progress) : fromFiles(flags, progress);
}

async function fromFiles({ filename }: SourceFlags, progress: Progress): Promise<Snapshot> {
  const { snapshotFromFiles } = await import('../migrate/read-files.ts');
  const read = await snapshotFromFiles(filename, progress);
  if (!read.ok) throw new Failure(problemText(read.error), badInput);
  return read.value;
}

async function fromServer({ kubeconfig }: SourceFlags, progress: Progress): Promise<Snapshot> {
  const [{ snapshotFromServer }, { openKube }, { createLogger }] = await Promise.all([import('../migrate/read-server.ts'), import('../io/kube/config.ts'), import('../io/log.ts')]);
  const logger = createLogger({ level: 'warn', name: 'sdn-compat-migrate' });
  const client = await openKube({ logger, userAgent: 'sdn-compat-migrate', ...(kubeconfig === undefined ? {} : { kubeconfig }) });
  const read = await snapshotFromServer(client, progress).finally(() => client.close());
  if (!read.ok) throw new Failure(read.error, badInput);
  return read.value;
}
