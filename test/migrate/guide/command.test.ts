import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { networkConfigs } from '../../../api/kinds.ts';
import { exec, type RunResult } from '../../../src/io/programs/exec.ts';
import { start } from '../../apiserver/started.ts';
import { program } from '../../program.ts';
import { World } from './world.ts';

const argv = (args: readonly string[]): string[] => [...program, 'migrate', 'guide', ...args];
/** What the command says, without the progress of what takes longer than a second on a busy machine. */
const run = async (...args: readonly string[]): Promise<RunResult> => {
  const said = await exec(process.execPath, argv(args));
  return { ...said, stderr: said.stderr.replace(/^.+: \d+ of \d+\n/gm, '') };
};

test('a cluster that is not OpenShift is one clear line and status 1', async () => {
  const plain = await start();
  try {
    const said = await run('--kubeconfig', plain.kubeconfig);
    expect([said.status, said.stdout, said.stderr]).toEqual([
      1,
      '',
      expect.stringMatching(/^sdn-compat: the API server has neither [^\n]* so this is no OpenShift[^\n]*\n$/),
    ]);
  } finally {
    await plain.stop();
  }
});

test('the guide by the command: table, json, bad input, and a watch that follows, ends and survives', async () => {
  const world = await World.begin(16);
  const { kubeconfig, folder } = world.started;
  try {
    const table = await run('--kubeconfig', kubeconfig);
    expect([table.status, table.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^OpenShift 4\.16\.9, network plugin OpenShiftSDN: offline[^]*preflight +done[^]*plan +now[^]*Next command:\n {2}sdn-compat migrate plan --to ovn --from-cluster --out plan\n$/,
      ),
    ]);
    const json = await run('--kubeconfig', kubeconfig, '-o', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({ procedure: 'offline', next: { stage: 'plan', isWait: false } });
    for (const bad of [
      ['--back', '--to', 'ovn'],
      ['--mode', 'sideways'],
      ['--plan', join(folder, 'nowhere')],
    ])
      expect((await run('--kubeconfig', kubeconfig, ...bad)).status).toBe(2);

    // a live migration without --mode: its pods are asked for as well
    const annotations = { 'network.openshift.io/network-type-migration': '' };
    await world.client.patch(
      networkConfigs,
      { name: 'cluster' },
      { metadata: { annotations } },
      { type: 'merge', fieldManager: 'admin' },
    );
    const live = await run('--kubeconfig', kubeconfig);
    expect(live.stdout).toMatch(/: live /);
    expect(live.stdout).not.toContain('it was not asked for');
    await world.client.patch(
      networkConfigs,
      { name: 'cluster' },
      { metadata: { annotations: { 'network.openshift.io/network-type-migration': null } } },
      { type: 'merge', fieldManager: 'admin' },
    );

    // over in time: the stage is not finished
    const late = await run('--kubeconfig', kubeconfig, '--watch', '--timeout', '100ms');
    expect([late.status, late.stderr]).toEqual([1, expect.stringContaining('the time is over')]);

    // SIGTERM
    const child = spawn(process.execPath, argv(['--kubeconfig', kubeconfig, '--watch']));
    let [told, shown] = ['', ''];
    child.stderr.on('data', (text) => (told += String(text)));
    child.stdout.on('data', (text) => (shown += String(text)));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    while (!told.includes('stage: plan')) await new Promise((resolve) => setTimeout(resolve, 20));
    await world.status(networkConfigs, {
      conditions: [
        {
          type: 'NetworkTypeMigrationMTUReady',
          status: 'True',
          reason: 'AsExpected',
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    });
    while (!told.includes('MTUReady: True')) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGTERM');
    expect([await ended, shown, told]).toEqual([
      0,
      expect.stringContaining('Next command:'),
      expect.not.stringContaining('Error'),
    ]);

    // nobody answers
    await writeFile(
      join(folder, 'gone'),
      (await readFile(kubeconfig, 'utf8')).replace(/(server: https:\/\/127.0.0.1:)\d+/, '$11'),
    );
    const gone = await run('--kubeconfig', join(folder, 'gone'), '--watch', '--timeout', '2500ms');
    expect([gone.status, gone.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^the cluster cannot be read, trying again: [^\n]*ECONNREFUSED[^\n]*\nsdn-compat: [^\n]*ECONNREFUSED[^\n]*\n$/,
      ),
    ]);
  } finally {
    await world.stop();
  }
});

test('the way back of a live migration by the command, with its plan, at its begin and on the way', async () => {
  const world = await World.begin(16);
  try {
    await world.walk({ direction: { to: 'ovn' }, mode: 'live' });
    const { folder } = world.plan!;
    const look = async (): Promise<readonly [number | null, string, unknown]> => {
      const said = await run('--kubeconfig', world.started.kubeconfig, '--plan', folder, '--back', '-o', 'json');
      return [said.status, said.stderr, JSON.parse(said.stdout)];
    };
    // the server of tests has no ConfigMaps
    const unclear = ['ConfigMap openshift-network-operator/mtu: there is none'];
    expect(await look()).toMatchObject([1, '', { procedure: 'live-back', unclear }]);
    await world.walkTo('restore', { direction: 'back' });
    const command = `sdn-compat migrate back --plan ${folder}`;
    expect(await look()).toMatchObject([0, '', { procedure: 'live-back', next: { stage: 'restore', command } }]);
  } finally {
    await world.stop();
  }
});
