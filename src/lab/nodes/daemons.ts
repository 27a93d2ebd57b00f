/** The processes of a lab: they outlive the command that starts them, and are recorded by pid and start time. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pause } from '../../io/async/pause.ts';
import { isRecord } from '../../model/values/json.ts';
import { files, type Layout } from '../layout.ts';

/** A pid with the start time, which distinguishes the process from a later one with the same pid. */
export interface Started {
  readonly pid: number;
  readonly startTime: string;
}

export interface DaemonSpec {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** The network namespace to run in; the caller's by default. */
  readonly netns?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The start time of a process in clock ticks since boot (proc(5), field 22); undefined if there is no such process. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] === 'Z' ? undefined : fields?.[19];
}

/** Whether the process is still running. */
export async function isRunning(started: Started): Promise<boolean> {
  return (await startTimeOf(started.pid)) === started.startTime;
}

/** What `restartDaemon` needs besides the pid. */
interface DaemonRecord extends Started {
  readonly spec?: DaemonSpec;
}

const patience = 3_000;
const poll = 20;

/** Starts a process that outlives this one, with its output in the lab's log folder. */
export async function startDaemon(layout: Layout, spec: DaemonSpec): Promise<Started> {
  const { name, argv, netns, env } = spec;
  const [program, ...args] = netns === undefined ? argv : (['ip', 'netns', 'exec', netns, ...argv] as const);
  const log = openSync(files.log(layout, name), 'a');
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: env === undefined ? process.env : { ...process.env, ...env },
  });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.unref();
  const pid = child.pid ?? 0;
  const started = { pid, startTime: (await startTimeOf(pid)) ?? '' };
  await record(layout, name, { ...started, spec });
  return started;
}

/** Restarts a process as it was started before; throws if it never was. */
export async function restartDaemon(layout: Layout, name: string): Promise<Started> {
  const text = await readFile(files.record(layout, name), 'utf8');
  const value: unknown = JSON.parse(text);
  const spec = isRecord(value) ? value['spec'] : undefined;
  if (!isSpec(spec)) throw new Error(`the lab does not know how ${name} is started`);
  return startDaemon(layout, spec);
}

function isSpec(value: unknown): value is DaemonSpec {
  return (
    isRecord(value) && typeof value['name'] === 'string' && Array.isArray(value['argv']) && value['argv'].length > 0
  );
}

/** Kills a process at once. Its record stays, so that it can be restarted. */
export async function killDaemon(layout: Layout, name: string): Promise<void> {
  const started = await findDaemon(layout, name);
  if (started === undefined || !(await isRunning(started))) return;
  send(started.pid, 'SIGKILL');
  while (await isRunning(started)) await pause(poll);
}

/** Records a process that daemonized itself, by its pid file. */
export async function adoptDaemon(layout: Layout, name: string, pidFile: string): Promise<void> {
  const pid = Number((await readFile(pidFile, 'utf8')).trim());
  await record(layout, name, { pid, startTime: (await startTimeOf(pid)) ?? '' });
}

async function record(layout: Layout, name: string, started: DaemonRecord): Promise<void> {
  const path = files.record(layout, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(started));
}

/** The process with this name, or undefined if none was started. */
export async function findDaemon(layout: Layout, name: string): Promise<Started | undefined> {
  const text = await readFile(files.record(layout, name), 'utf8').catch(() => undefined);
  const value: unknown = text === undefined ? undefined : JSON.parse(text);
  if (!isRecord(value) || typeof value['pid'] !== 'number' || typeof value['startTime'] !== 'string') return undefined;
  return { pid: value['pid'], startTime: value['startTime'] };
}

/** The names of all processes that were started. */
export async function daemonNames(layout: Layout): Promise<string[]> {
  const entries = await readdir(join(layout.dir, 'run')).catch((): string[] => []);
  return entries
    .filter((entry) => entry.endsWith('.json'))
    .map((entry) => basename(entry, '.json'))
    .sort();
}

/** Sends a signal; ignores a process that has just ended. */
function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Ends processes with SIGTERM, and with SIGKILL those that do not end in time. */
export async function endAll(processes: readonly Started[]): Promise<void> {
  const signal = async (started: Started, name: NodeJS.Signals): Promise<void> => {
    if (await isRunning(started)) send(started.pid, name);
  };
  await Promise.all(processes.map((started) => signal(started, 'SIGTERM')));
  const end = performance.now() + patience;
  for (const started of processes) {
    while ((await isRunning(started)) && performance.now() < end) await pause(poll);
    await signal(started, 'SIGKILL');
  }
}

/** Ends the lab's processes with these names; ignores those that are not running. */
export async function endDaemons(layout: Layout, names: readonly string[]): Promise<void> {
  const found = await Promise.all(names.map((name) => findDaemon(layout, name)));
  await endAll(found.filter((started) => started !== undefined));
  await Promise.all(names.map((name) => rm(files.record(layout, name), { force: true })));
}

/** The processes that `ip netns pids` lists for a namespace, with start times. */
export async function processesIn(pids: string): Promise<Started[]> {
  const found = await Promise.all(
    pids
      .split('\n')
      .filter(Boolean)
      .map(async (line) => ({ pid: Number(line), startTime: (await startTimeOf(Number(line))) ?? '' })),
  );
  return found.filter(({ startTime }) => startTime !== '');
}
