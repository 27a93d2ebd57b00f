/**
 * Rolls a cluster back to an earlier version and forward to this one, one node after another, while pods send: what
 * leaves has an egress IP of its namespace or does not leave, and all works under either version.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestLab, until } from '../e2e/lab.ts';
import { Client, sleep } from '../e2e/outage.ts';
import { buildEarlier } from './earlier.ts';

const root = join(import.meta.dirname, '../..');
const workers = ['worker0', 'worker1', 'worker2'] as const;
const own = { 'red/a': ['192.168.7.201'], 'two/a': ['192.168.7.202', '192.168.7.203'], 'plain/a': ['192.168.7.11'] };
type Pod = keyof typeof own;
const pods: readonly Pod[] = ['red/a', 'two/a', 'plain/a'];

let lab: TestLab;
let earlier: { readonly folder: string; readonly commit: string };

beforeAll(async () => {
  earlier = await buildEarlier();
  lab = await TestLab.up();
  for (const name of ['red', 'two', 'plain', 'closed']) await lab.namespace(name);
  await lab.pods(['red/a', 'worker0'], ['two/a', 'worker0'], ['plain/a', 'worker0'], ['closed/a', 'worker1']);
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.201', '192.168.7.202'] });
  await lab.patch('hostsubnet', 'worker2', { egressIPs: ['192.168.7.203'] });
  await lab.patch('netnamespace', 'red', { egressIPs: own['red/a'] });
  await lab.patch('netnamespace', 'two', { egressIPs: own['two/a'] });
  await lab.patch('netnamespace', 'closed', { egressIPs: ['192.168.7.204'] });
  for (const pod of ['red/a', 'plain/a'] as const) await lab.untilSource(pod, own[pod][0]!);
  await until('two has an egress IP', async () => own['two/a'].includes(await lab.source('two/a')));
}, 600_000);
afterAll(async () => {
  await lab.down();
  rmSync(earlier.folder, { recursive: true });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * Ends a process of the lab as Kubernetes does, which does not wait for ever, and starts the one of another version in
 * its place.
 */
async function replace(name: string, from: string, to: string, ...start: readonly string[]): Promise<void> {
  const record = `${lab.dir}/run/${name}.json`;
  const { pid, ...rest } = JSON.parse(readFileSync(record, 'utf8')) as { pid: number };
  process.kill(pid, 'SIGTERM');
  const hasEnded = until(`${name} has ended`, () => !isRunning(pid));
  await hasEnded.catch(() => process.kill(pid, 'SIGKILL'));
  writeFileSync(record, JSON.stringify({ pid, ...rest }).replaceAll(`${from}/dist/`, `${to}/dist/`));
  const started = await lab.command('start', ...start);
  if (started.status !== 0) throw new Error(started.stderr);
}

/** CRDs first, then the controllers, then each agent once the one before it is ready. */
async function roll(from: string, to: string): Promise<void> {
  await lab.must(['apply', '-k', `${to}/config/crds`]);
  await replace('controller', from, to, 'controller');
  for (const worker of workers) {
    await replace(`node-${worker}`, from, to, 'agent', worker);
    await lab.must(['wait', '--for=condition=Ready', '--timeout=60s', `node/${worker}.ocp4.rober.lab`]);
    await sleep(1_000);
  }
}

const programOf = (name: string): string =>
  readFileSync(`/proc/${String(lab.pid(name))}/cmdline`, 'utf8').replaceAll('\0', ' ');

async function keepsTheLaw(from: string, to: string): Promise<void> {
  const clients = new Map<Pod, Client>();
  for (const pod of pods) clients.set(pod, await Client.start(lab, pod));
  const closed = await Client.start(lab, 'closed/a', 200);
  try {
    await until('all send', () => [...clients.values(), closed].every(({ attempts }) => attempts.length > 3));
    const began = Date.now();
    await roll(from, to);
    await sleep(1_500);
    for (const name of ['controller', ...workers.map((worker) => `node-${worker}`)])
      expect(programOf(name)).toContain(`${to}/dist/`);
    for (const [pod, { attempts }] of clients) {
      const wrong = attempts.filter(({ source }) => source !== '' && !own[pod].includes(source));
      expect({ pod, wrong }).toEqual({ pod, wrong: [] });
      const during = attempts.filter(({ at }) => at >= began && at < Date.now() - 1_100);
      const failed = during.filter(({ source }) => source === '').length;
      console.log(
        `${pod}: of ${String(during.length)} connections ${String(failed)} were not answered within a second`,
      );
      expect(during.at(-1)?.source).not.toBe('');
    }
    expect(closed.attempts.filter(({ source }) => source !== '')).toEqual([]);
  } finally {
    for (const client of [...clients.values(), closed]) client.stop();
  }
}

async function works(): Promise<void> {
  await lab.patch('netnamespace', 'closed', { egressIPs: ['192.168.7.205'] });
  await lab.patch('hostsubnet', 'worker0', { egressIPs: ['192.168.7.205'] });
  await lab.untilSource('closed/a', '192.168.7.205');
  await lab.patch('hostsubnet', 'worker0', { egressIPs: null });
  await lab.untilSource('closed/a', '');
}

test('back to the earlier version: nothing leaves with another address, and egress IPs come and go', async () => {
  await keepsTheLaw(root, earlier.folder);
  await works();
}, 600_000);

test('forward again: nothing leaves with another address, and egress IPs come and go', async () => {
  await keepsTheLaw(earlier.folder, root);
  await works();
}, 600_000);
