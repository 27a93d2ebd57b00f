import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pods } from '../../../../api/kinds.ts';
import { exec, type RunResult } from '../../../../src/io/programs/exec.ts';
import type { PodObject } from '../../../../src/model/objects/raw.ts';
import { fieldOf } from '../../../../src/model/values/json.ts';
import type { Started } from '../../../apiserver/started.ts';
import { until } from '../../../e2e/lab.ts';
import { create, serveOVN, startCluster, switchToOVN } from '../../../migrate/cluster.ts';
import { make } from '../../../migrate/snapshots.ts';
import { program } from '../../../program.ts';

const names = Array.from({ length: 12 }, (_, index) => `ns${index + 10}`);

const probes = ['--probe', 'http://echo.example.org/', '--probe-image', 'image'];

let started: Started;
let folder = '';
let plan = '';

const argv = (args: readonly string[], kubeconfig = started.kubeconfig): string[] => [
  ...program,
  'migrate',
  ...args,
  '--kubeconfig',
  kubeconfig,
];
const run = (...args: readonly string[]): Promise<RunResult> => exec(process.execPath, argv(args));

beforeAll(async () => {
  started = await startCluster();
  const { client } = started;
  await create(client, [
    make.node('n1', '192.168.7.11'),
    make.hostSubnet('n1', '192.168.7.11', { egressCIDRs: ['192.168.7.0/24'] }),
    ...names.flatMap((name, index) => [
      make.namespace(name),
      make.netNamespace(name, 10 + index, { egressIPs: [`192.168.7.${100 + index}`] }),
    ]),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-verify-'));
  plan = join(folder, 'plan');
  const network = ['--machine-network', '192.168.7.0/24'];
  expect((await run('plan', '--to', 'ovn', '--from-cluster', ...network, '--out', plan)).status).toBe(0);
  expect((await run('apply', '--plan', plan)).status).toBe(3);
  await switchToOVN(client);
  expect((await run('apply', '--plan', plan)).status).toBe(0);
  await serveOVN(client);
});
afterAll(async () => {
  await started.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Verifying {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>;
}

function verifying(args: readonly string[], kubeconfig = started.kubeconfig): Verifying {
  const child = spawn(process.execPath, argv(['verify', '--plan', plan, ...args], kubeconfig));
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (said.stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (said.stderr += text.toString()));
  return {
    child,
    ended: new Promise((resolve) => child.on('close', (status) => resolve({ status, ...said }))),
  };
}

const present = async (): Promise<readonly PodObject[]> => (await started.client.list<PodObject>(pods)).items;

/** Ends these pods with the right answer, as their kubelet would. */
async function answer(all: readonly PodObject[]): Promise<void> {
  for (const { metadata } of all) {
    const { name = '', namespace = '' } = metadata;
    const terminated = { exitCode: 0, message: `192.168.7.${100 + names.indexOf(namespace)}` };
    const status = { phase: 'Succeeded', containerStatuses: [{ name: 'probe', state: { terminated } }] };
    await started.client.patch(pods, { name, namespace }, { status }, { type: 'merge', subresource: 'status' });
  }
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s removes the pods; what was not asked is not well', async (signal) => {
  const { child, ended } = verifying(probes);
  await until('the first pods are there', async () => (await present()).length === 8);
  child.kill(signal);
  const { status, stdout, stderr } = await ended;
  expect([status, stderr]).toEqual([1, '']);
  expect(stdout).toMatch(/^Namespace ns1\d probe: it was not waited for: a signal ended the run$/m);
  expect(stdout.match(/^Namespace ns\d+ probe: it was not asked: a signal ended the run$/gm)).toHaveLength(4);
  expect(stdout).toMatch(/\n12 of 26 checks are not well\n$/);
  expect(await present()).toEqual([]);
});

test('a signal is no success though all that were asked are well', async () => {
  const { child, ended } = verifying(probes);
  await until('the first pods are there', async () => (await present()).length === 8);
  // the answers arrive at the same moment as the signal
  child.kill('SIGSTOP');
  await answer(await present());
  child.kill('SIGTERM');
  child.kill('SIGCONT');
  const { status, stdout } = await ended;
  expect([status, stdout]).toEqual([1, expect.not.stringContaining('all is well')]);
  expect(await present()).toEqual([]);
});

test('a signal while it reads the cluster ends it with one line', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const kubeconfig = join(folder, 'silent');
  const address = `http://127.0.0.1:${String(fieldOf(silent.address(), 'port'))}`;
  await writeFile(
    kubeconfig,
    (await readFile(started.kubeconfig, 'utf8')).replace(/server: \S+/, `server: ${address}`),
  );
  const { child, ended } = verifying(['--watch'], kubeconfig);
  await once(silent, 'request');
  child.kill('SIGTERM');
  expect(await ended).toEqual({
    status: 1,
    stdout: '',
    stderr: 'sdn-compat: stopped by a signal before the cluster was read\n',
  });
  silent.closeAllConnections();
  silent.close();
});
