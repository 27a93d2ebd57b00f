/** STATUS and GC of CNI 1.1 by the real libcni of a later Debian, with the portmap that goes with it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { must, type Ran, type TestLab, until } from '../e2e/lab.ts';
import { inside, labWithoutKubelet, Libcni, type Sandbox } from './libcni.ts';

const worker = 'worker0';
const egressIP = '192.168.7.240';
const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-libcni-'));
const good = { status: 0, stdout: '', stderr: '' };
let lab: TestLab;
let libcni: Libcni;
let stays: Sandbox;

/** The sandboxes that have a port on the bridge. */
async function attached(): Promise<string[]> {
  const db = `--db=unix:${lab.dir}/ovs/${worker}/db.sock`;
  const shown = await lab.node(worker, 'ovs-vsctl', db, '--bare', '--columns=external_ids', 'list', 'Interface');
  return [...shown.stdout.matchAll(/sandbox=c0ffee-(\S+)/g)].map((match) => match[1]!).sort();
}

const source = async (pod: Sandbox): Promise<string> =>
  (await inside(pod, 'curl', '-s', '--max-time', '2', 'http://10.1.8.72:8080/ip')).stdout.trim();

async function added(...names: readonly string[]): Promise<Sandbox[]> {
  const pods: Sandbox[] = [];
  for (const name of names) {
    const pod = await libcni.sandbox(name);
    const ran = await libcni.call('ADD', pod);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(ran.stdout)).toMatchObject({ cniVersion: '1.1.0' });
    await until(`${name} leaves`, async () => (await source(pod)) === egressIP);
    pods.push(pod);
  }
  return pods;
}

/** Has libcni forget a sandbox, so that GC sends no DEL for it and only the plugin can know of it. */
function forget({ id }: Sandbox): void {
  const results = join(dirname(libcni.list), 'cache/results');
  const files = readdirSync(results).filter((name) => name.includes(id));
  expect(files).toHaveLength(1);
  for (const file of files) rmSync(join(results, file));
}

/** Work without the agent, which is ready again afterwards. */
async function withoutAgent(work: () => Promise<void>): Promise<void> {
  await lab.command('kill', 'agent', worker);
  try {
    await work();
  } finally {
    await lab.command('start', 'agent', worker);
    await until('the plugin is ready again', async () => (await libcni.status()).status === 0);
  }
}

beforeAll(async () => {
  lab = await labWithoutKubelet();
  libcni = await Libcni.buildLater(folder, lab, worker);
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  await lab.patch('hostsubnet', worker, { egressIPs: [egressIP] });
  [stays] = (await added('stays')) as [Sandbox];
}, 600_000);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await lab.down();
});

test('STATUS is good with the agent, has code 50 and says why without it, and is good again', async () => {
  expect(await libcni.status()).toEqual(good);
  let ran: Ran = good;
  await withoutAgent(async () => void (ran = await libcni.status()));
  expect(ran).toMatchObject({ status: 1, stderr: expect.stringMatching(/^code 50: .*not ready/) as string });
});

test('GC removes what no sandbox has, known to libcni or not, once; the others go on', async () => {
  const [known, unknown] = (await added('known', 'unknown')) as [Sandbox, Sandbox];
  forget(unknown);
  expect(await attached()).toEqual(['known', 'stays', 'unknown']);
  for (let time = 0; time < 2; time += 1) {
    expect(await libcni.collect([stays])).toEqual(good);
    expect(await attached()).toEqual(['stays']);
    expect(await source(stays)).toBe(egressIP);
  }
  for (const gone of [known, unknown]) expect((await inside(gone, 'ip', 'link', 'show', 'eth0')).status).not.toBe(0);
  // the same sandbox may come back
  expect(await libcni.call('ADD', unknown)).toMatchObject({ status: 0, stderr: '' });
  await until('it leaves', async () => (await source(unknown)) === egressIP);
  expect(await libcni.call('DEL', unknown)).toEqual(good);
});

test('GC of another network with the same plugin touches nothing of this one', async () => {
  const other = join(dirname(libcni.list), '20-other.conflist');
  writeFileSync(other, readFileSync(libcni.list, 'utf8').replace('"name":"sdn-compat"', '"name":"other"'));
  expect(await libcni.collect([], other)).toEqual(good);
  expect(await attached()).toEqual(['stays']);
  expect(await source(stays)).toBe(egressIP);
});

test('GC of a sandbox whose network namespace is gone leaves nothing of it, whether libcni counts it or not', async () => {
  const [dead, counted] = (await added('dead', 'counted')) as [Sandbox, Sandbox];
  for (const { netns } of [dead, counted]) await must('ip', ['netns', 'delete', netns]);
  expect(await libcni.collect([stays, counted])).toEqual(good);
  expect(await attached()).not.toContain('dead');
  expect(await libcni.collect([stays])).toEqual(good);
  expect(await attached()).toEqual(['stays']);
  expect(await source(stays)).toBe(egressIP);
});

test('GC while the agent is away says so, and removes the same when it is back', async () => {
  const [left] = (await added('left')) as [Sandbox];
  forget(left);
  let ran: Ran = good;
  await withoutAgent(async () => {
    ran = await libcni.collect([stays]);
    expect(await source(stays)).toBe(egressIP);
  });
  expect(ran).toMatchObject({ status: 1, stderr: expect.stringMatching(/code 11: .*does not answer/s) as string });
  expect(await attached()).toEqual(['left', 'stays']);
  expect(await libcni.collect([stays])).toEqual(good);
  expect(await attached()).toEqual(['stays']);
  expect(await source(stays)).toBe(egressIP);
});
