/** CHECK by the real libcni, which the runtimes of Debian 12 never call: what the plugin made is still so, or is named. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, type Ran, run, TestLab, until } from '../e2e/lab.ts';
import { cniFolders } from './containerd.ts';

const worker = 'worker0';
const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-libcni-'));
const program = join(folder, 'libcni');
let lab: TestLab;
let bin: string;
let list: string;
let uid: string;
let netns: string;

const call = (command: 'ADD' | 'CHECK' | 'DEL'): Promise<Ran> =>
  lab.node(worker, program, command, list, bin, 'c0ffee', `/run/netns/${netns}`, 'red', 'a', uid);
const inPod = (...argv: string[]): Promise<string> => must('ip', ['netns', 'exec', netns, ...argv]);

beforeAll(async () => {
  const env = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: join(folder, 'cache') };
  await must('go', ['build', '-o', program, join(import.meta.dirname, 'libcni.go')], { env });
  lab = await TestLab.up('--nodes', '1');
  // the lab's own kubelet would make the same pod
  await lab.command('kill', 'kubelet');
  const made = cniFolders(folder, lab, worker);
  bin = made.bin;
  list = join(made.conf, '10-sdn-compat.conflist');
  await lab.must(['create', 'namespace', 'red']);
  await until('the namespace has a VNID', async () => (await lab.netid('red').catch(() => 0)) > 0);
  const metadata = { namespace: 'red', name: 'a' };
  const spec = { nodeName: `${worker}.ocp4.rober.lab`, containers: [{ name: 'c', image: 'c' }] };
  await lab.must(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }));
  uid = await lab.must(['get', 'pod', '-n', 'red', 'a', '-o', 'jsonpath={.metadata.uid}']);
  netns = `sdnc.${lab.name}.pod-${uid.slice(0, 13)}`;
  await must('ip', ['netns', 'add', netns]);
}, 180_000);
afterAll(async () => {
  await run('ip', ['netns', 'delete', netns]);
  rmSync(folder, { recursive: true });
  await lab.down();
}, 60_000);

test('what ADD made passes CHECK, also by a new agent; what changed since is named; DEL leaves nothing', async () => {
  const added = await call('ADD');
  expect(added).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(added.stdout)).toMatchObject({ cniVersion: '1.0.0', ips: [{ gateway: '10.254.1.1' }] });
  expect(await call('CHECK')).toMatchObject({ status: 0, stderr: '' });
  await lab.command('kill', 'agent', worker);
  await lab.command('start', 'agent', worker);
  await until('the new agent finds it so', async () => (await call('CHECK')).status === 0);
  await inPod('ip', 'route', 'delete', 'default');
  const wrong = await call('CHECK');
  expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringMatching(/route/)]);
  expect(await call('DEL')).toMatchObject({ status: 0, stderr: '' });
  expect(await call('DEL')).toMatchObject({ status: 0, stderr: '' });
  expect((await run('ip', ['-n', netns, 'link', 'show', 'eth0'])).status).not.toBe(0);
}, 60_000);
