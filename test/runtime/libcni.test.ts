/** CHECK by the real libcni, which the runtimes of Debian 12 never call: what the plugin made is still so, or is named. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestLab, until } from '../e2e/lab.ts';
import { inside, labWithoutKubelet, Libcni } from './libcni.ts';

const worker = 'worker0';
const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-libcni-'));
let lab: TestLab;
let libcni: Libcni;

beforeAll(async () => {
  lab = await labWithoutKubelet();
  libcni = await Libcni.build(folder, lab, worker);
}, 600_000);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await lab.down();
});

test('what ADD made passes CHECK, also by a new agent; what changed since is named; DEL leaves nothing', async () => {
  const pod = await libcni.sandbox('a');
  const added = await libcni.call('ADD', pod);
  expect(added).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(added.stdout)).toMatchObject({ cniVersion: '1.0.0', ips: [{ gateway: '10.254.1.1' }] });
  expect(await libcni.call('CHECK', pod)).toMatchObject({ status: 0, stderr: '' });
  await lab.command('kill', 'agent', worker);
  await lab.command('start', 'agent', worker);
  await until('the new agent finds it so', async () => (await libcni.call('CHECK', pod)).status === 0);
  await inside(pod, 'ip', 'route', 'delete', 'default');
  const wrong = await libcni.call('CHECK', pod);
  expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringMatching(/^code 100: .*route/)]);
  expect(await libcni.call('DEL', pod)).toMatchObject({ status: 0, stderr: '' });
  expect(await libcni.call('DEL', pod)).toMatchObject({ status: 0, stderr: '' });
  expect((await inside(pod, 'ip', 'link', 'show', 'eth0')).status).not.toBe(0);
});
