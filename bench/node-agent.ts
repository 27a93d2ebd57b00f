/** The measured agent: its start, what it has written on the machine, and what it uses. */
import { readFileSync, realpathSync } from 'node:fs';
import { run, type TestLab, until } from '../test/e2e/lab.ts';

interface LogLine {
  readonly msg: string;
  readonly sinceStart?: number;
}

const agentLog = (lab: TestLab): readonly LogLine[] =>
  readFileSync(`${lab.dir}/log/node-worker0.log`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine);
const first = (lab: TestLab): readonly LogLine[] =>
  agentLog(lab).filter(({ msg }) => msg === 'the node is as the cluster says');

/** Starts the agent of worker0; milliseconds from its start until the node is as the cluster says. */
export async function start(lab: TestLab): Promise<number> {
  const before = first(lab).length;
  await lab.command('start', 'agent', 'worker0');
  await until('the agent has brought the node up to date', () => first(lab).length > before, 60);
  return first(lab).at(-1)!.sinceStart!;
}

/**
 * All that the agent writes on the machine, as text: flows with their ages cut off are compared, and their ages are
 * checked.
 */
export async function written(lab: TestLab): Promise<string> {
  const of = async (...argv: string[]): Promise<string> => (await lab.node('worker0', ...argv)).stdout;
  const parts = [
    of('nft', '-a', 'list', 'table', 'ip', 'sdn_compat'),
    of('nft', '-a', 'list', 'table', 'ip', 'sdn_compat_guard'),
    of('ip', '-4', 'addr', 'show'),
    of('ip', 'rule', 'show'),
    of('ip', 'route', 'show', 'table', 'all'),
  ];
  return (await Promise.all(parts)).join('\n');
}

export const ovs = (lab: TestLab, ...argv: string[]): Promise<{ readonly stdout: string }> =>
  run('ovs-ofctl', argv, { env: { OVS_RUNDIR: realpathSync(`/run/sdn-compat-lab/${lab.name}`) + '/ovs/worker0' } });

/** Age in seconds of the youngest flow. */
export async function youngest(lab: TestLab): Promise<number> {
  const { stdout } = await ovs(lab, '-O', 'OpenFlow13', 'dump-flows', 'br0');
  return Math.min(...[...stdout.matchAll(/duration=([\d.]+)s/g)].map(([, age]) => Number(age)));
}

export const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
export const peakMiB = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
