/** Programs of this project as processes of a benchmark, and what they use. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodes } from '../api/kinds.ts';
import type { KubeClient } from '../src/io/kube/client.ts';
import { openKube } from '../src/io/kube/config.ts';
import { createLogger } from '../src/io/log.ts';

export const logger = createLogger({ level: 'silent', name: 'bench' });
export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

export interface Process {
  readonly child: ChildProcess;
  readonly said: () => string;
}

export function command(...args: readonly string[]): Process {
  const child = spawn(join(import.meta.dirname, '../bin/sdn-compat'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-100_000)));
  return { child, said: () => text };
}

export async function until(what: string, look: () => Promise<boolean> | boolean, seconds = 120): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await wait(5);
  }
}

export async function connect(kubeconfig: string): Promise<KubeClient> {
  let client: KubeClient | undefined;
  await until('the API server answers', async () => {
    try {
      client = await openKube({ kubeconfig, logger, userAgent: 'sdn-compat-bench' });
      await client.list(nodes);
      return true;
    } catch {
      return false;
    }
  });
  return client!;
}

export const cpuSeconds = async (pid: number): Promise<number> => {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
export const peakMiB = async (pid: number): Promise<number> =>
  Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
