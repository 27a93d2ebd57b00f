import { spawn } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { egressIPs, netNamespaces } from '../../api/kinds.ts';
import { exec, type RunResult } from '../../src/io/programs/exec.ts';
import { readJournal } from '../../src/migrate/run/journal.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import type { Started } from '../apiserver/started.ts';
import { program } from '../program.ts';
import { create, dump, serveOVN, startCluster, switchToOVN } from './cluster.ts';
import { make } from './snapshots.ts';

const argv = (args: readonly string[]): string[] => [...program, 'migrate', ...args];
const count = 40;

const cluster: readonly KubeObject[] = [
  ...[1, 2, 3].flatMap((index) => [
    make.node(`n${index}`, `192.168.7.1${index}`),
    make.hostSubnet(`n${index}`, `192.168.7.1${index}`, { egressCIDRs: ['192.168.7.0/24'] }),
  ]),
  ...Array.from({ length: count }, (_, index) => [
    make.namespace(`ns${index}`),
    make.netNamespace(`ns${index}`, 10 + index, { egressIPs: [`192.168.7.${100 + index}`] }),
  ]).flat(),
];

/** The lines on standard error that are no progress, which long work tells. */
const complaints = ({ stderr }: Pick<RunResult, 'stderr'>): string[] =>
  stderr.split('\n').filter((line) => line !== '' && !/^[a-z -]+: \d+ of \d+$/.test(line));

let started: Started;
let folder = '';
let plan = '';

beforeAll(async () => {
  started = await startCluster();
  await create(started.client, cluster);
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-command-'));
  plan = join(folder, 'plan');
});
afterAll(async () => {
  await started.stop();
  await rm(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]): Promise<RunResult> =>
  exec(process.execPath, argv([...args, '--kubeconfig', started.kubeconfig]));

async function done(): Promise<readonly string[]> {
  const entries = await readJournal(plan);
  return entries.ok
    ? entries.value.filter(({ event }) => event === 'done').map(({ step, object }) => `${step ?? ''} ${object ?? ''}`)
    : [];
}

/** Runs apply and sends the signal when so many changes are done. Its exit status, or null when it was killed. */
async function interrupted(after: number, signal: NodeJS.Signals): Promise<number | null> {
  const child = spawn(process.execPath, argv(['apply', '--plan', plan, '--kubeconfig', started.kubeconfig]), {
    stdio: 'ignore',
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  while (child.exitCode === null && (await done()).length < after)
    await new Promise((resolve) => setTimeout(resolve, 1));
  child.kill(signal);
  return ended;
}

test('a whole migration and back by the command, killed on the way', async () => {
  const before = await dump(started.client, [netNamespaces]);
  const planned = await run(
    'plan',
    '--to',
    'ovn',
    '--from-cluster',
    '--machine-network',
    '192.168.7.0/24',
    '--out',
    plan,
  );
  expect([planned.status, planned.stdout]).toEqual([
    0,
    expect.stringMatching(/^1\. +label-nodes +3 changes\n2\. +switch +yours\n/),
  ]);

  const dry = await run('apply', '--plan', plan, '--dry-run');
  expect(dry.stdout).toContain('Node n1: would be changed');
  expect(await readdir(plan)).not.toContain('journal.ndjson');

  const waiting = await run('apply', '--plan', plan);
  expect(waiting.stdout).toContain('Now switch the network plugin to OVN-Kubernetes');
  expect(waiting.status).toBe(3);
  await switchToOVN(started.client);

  const first = (await done()).length;
  for (const [index, signal] of (['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGKILL'] as const).entries()) {
    const status = await interrupted(first + 1 + 8 * index, signal);
    expect([null, 1, 0]).toContain(status);
  }
  const resumed = await run('apply', '--plan', plan);
  expect(complaints(resumed)).toEqual([]);
  expect(resumed.status).toBe(0);
  const all = await done();
  expect(all).toHaveLength(new Set(all).size);
  const made = (await started.client.list(egressIPs)).items;
  expect(made).toHaveLength(count);
  expect(made.every(({ metadata }) => metadata.generation === 1)).toBe(true);

  const ill = await run('verify', '--plan', plan, '-o', 'json');
  expect(ill.status).toBe(1);
  expect(JSON.parse(ill.stdout)).toMatchObject({ well: false });
  const refused = await run('apply', '--plan', plan, '--finalize');
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('refused; nothing was written')]);
  await serveOVN(started.client);
  const well = await run('verify', '--plan', plan, '--watch');
  expect([well.status, well.stdout]).toEqual([
    0,
    expect.stringMatching(/egressip-ns0 +192\.168\.7\.100 +n1 +- +n1,n2,n3 +well\n[^]*all is well/),
  ]);
  expect((await run('apply', '--plan', plan, '--finalize')).status).toBe(0);

  const shown = await run('back', '--plan', plan, '--plan-only');
  expect([shown.status, shown.stdout]).toEqual([0, expect.stringContaining('NetNamespace ns0: would be restored')]);
  const back = await run('back', '--plan', plan);
  expect([back.status, complaints(back), back.stdout]).toEqual([
    0,
    [],
    expect.stringContaining('nothing of the migration is left'),
  ]);
  expect(await dump(started.client, [netNamespaces])).toEqual(before);
  expect((await started.client.list(egressIPs)).items).toEqual([]);
});

test('a way back from objects alone is a plan that apply runs', async () => {
  const out = join(folder, 'alone');
  const file = join(folder, 'ovn.yaml');
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        make.namespace('ns0'),
        make.any(
          'k8s.ovn.org/v1',
          'EgressIP',
          { name: 'e' },
          {
            spec: {
              egressIPs: ['192.168.7.100'],
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ns0' } },
              podSelector: { matchLabels: { a: 'b' } },
            },
          },
        ),
      ],
    }),
  );
  const result = await run('back', '-f', file, '--out', out);
  expect([result.status, result.stdout]).toEqual([0, expect.stringContaining('PodSelectorLost')]);
  expect(await readFile(join(out, 'objects/NetNamespace-ns0.yaml'), 'utf8')).toBe(
    'apiVersion: network.openshift.io/v1\nkind: NetNamespace\nmetadata:\n  name: ns0\negressIPs:\n  - "192.168.7.100"\n',
  );
});

test('bad input is one clear line and status 2; an API server that is gone is one line and status 1', async () => {
  const none = await run('apply', '--plan', join(folder, 'nowhere'));
  expect([none.status, none.stderr]).toEqual([
    2,
    expect.stringMatching(/^sdn-compat: .*nowhere holds no plan: ENOENT[^\n]*\n$/),
  ]);
  expect(await run('back')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('give either --plan DIR, or --out DIR') as string,
  });
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  const blocked = await run('plan', '--to', 'ovn', '--from-cluster', '--out', file);
  expect([blocked.status, blocked.stderr]).toEqual([
    2,
    expect.stringMatching(
      /^([\d.]+ s: [^\n]*\n)*sdn-compat: [^\n]*a-file cannot be the plan's folder: EEXIST[^\n]*\n$/,
    ),
  ]);
  await writeFile(
    join(folder, 'gone'),
    (await readFile(started.kubeconfig, 'utf8')).replace(/(server: https:\/\/127.0.0.1:)\d+/, '$11'),
  );
  const gone = await exec(process.execPath, argv(['verify', '--plan', plan, '--kubeconfig', join(folder, 'gone')]));
  expect([gone.status, gone.stderr]).toEqual([1, expect.stringMatching(/^sdn-compat: [^\n]*ECONNREFUSED[^\n]*\n$/)]);
  const watched = await exec(
    process.execPath,
    argv(['verify', '--plan', plan, '--kubeconfig', join(folder, 'gone'), '--watch', '--timeout', '2500ms']),
  );
  expect([watched.status, watched.stderr]).toEqual([
    1,
    expect.stringMatching(
      /^the cluster cannot be read, trying again: [^\n]*ECONNREFUSED[^\n]*\nsdn-compat: [^\n]*ECONNREFUSED[^\n]*\n$/,
    ),
  ]);
  await writeFile(join(folder, 'torn'), 'token: secret: x\n');
  const torn = await exec(process.execPath, argv(['verify', '--plan', plan, '--kubeconfig', join(folder, 'torn')]));
  expect([torn.status, torn.stderr]).toEqual([
    2,
    expect.stringMatching(/^sdn-compat: [^\n]*torn cannot be used: (?![^\n]*secret)[^\n]*\n$/),
  ]);
  await appendFile(join(plan, 'journal.ndjson'), '{"event":"unheard of"}\n');
  for (const command of ['apply', 'back', 'verify']) {
    const damaged = await run(command, '--plan', plan);
    expect([command, damaged.status, damaged.stderr]).toEqual([
      command,
      2,
      expect.stringMatching(/^sdn-compat: [^\n]*journal\.ndjson:\d+: this is no entry of a journal\n$/),
    ]);
  }
});
