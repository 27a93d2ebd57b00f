import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { crds } from '../../../api/crds.ts';
import { exec, type RunResult } from '../../../src/io/programs/exec.ts';
import { type Finding } from '../../../src/migrate/findings/finding.ts';
import { wanted } from '../../../src/migrate/targets.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { compareText } from '../../../src/model/values/names.ts';
import { start } from '../../apiserver/started.ts';
import { clusters } from '../../migrate/clusters.ts';
import { clusterCRDs } from '../../migrate/crds.ts';
import { make } from '../../migrate/snapshots.ts';
import { program } from '../../program.ts';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'migrate-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));

const migrate = (...args: string[]): Promise<RunResult> => exec(process.execPath, [...program, 'migrate', ...args]);

function dumped(name: string, objects: readonly KubeObject[]): string {
  const path = join(folder, name);
  writeFileSync(path, dump({ apiVersion: 'v1', kind: 'List', items: objects }, { noRefs: true }));
  return path;
}

function contents(dir: string): Readonly<Record<string, string>> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map(
        (entry) =>
          [
            join(entry.parentPath, entry.name).slice(dir.length + 1),
            readFileSync(join(entry.parentPath, entry.name), 'utf8'),
          ] as const,
      )
      .sort(([a], [b]) => compareText(a, b)),
  );
}

const manual = dumped('manual.yaml', clusters.manual.objects);
const broken = dumped('broken.yaml', clusters['outside in use'].objects);

test('a plan is a folder with all that the next steps and people need, the same bytes for the same input', async () => {
  const shuffled = dumped('shuffled.yaml', clusters.manual.objects.toReversed());
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  const [first] = await Promise.all([
    migrate('plan', '--to', 'ovn', '--out', one, '-f', manual),
    migrate('plan', '--to', 'ovn', '--out', other, '-f', shuffled),
  ]);
  expect(first.status).toBe(0);
  expect(first.stdout).toMatch(/0 blockers, 1 warning, \d+ infos; .*one\/report\.html/);
  const files = contents(one);
  expect(contents(other)).toEqual(files);
  expect(Object.keys(files)).toEqual(
    [
      'backup/HostSubnet-w0.yaml',
      'backup/HostSubnet-w1.yaml',
      'backup/NetNamespace-blue.yaml',
      'backup/NetNamespace-red.yaml',
      'backup/Node-w0.yaml',
      'backup/Node-w1.yaml',
      'findings.json',
      'objects/EgressIP-egressip-blue.yaml',
      'objects/EgressIP-egressip-red.yaml',
      'objects/Node-w0.yaml',
      'objects/Node-w1.yaml',
      'placement.json',
      'plan.yaml',
      'report.html',
      'report.md',
    ].sort(),
  );
  expect(load(files['objects/EgressIP-egressip-blue.yaml'] ?? '')).toMatchObject({
    kind: 'EgressIP',
    spec: { egressIPs: ['192.168.7.202'] },
  });
  expect(JSON.parse(files['placement.json'] ?? '')).toEqual({
    '192.168.7.200': { today: ['w0'], allowed: ['w0', 'w1'], expected: 'w0' },
    '192.168.7.201': { today: ['w1'], allowed: ['w0', 'w1'], expected: 'w1' },
    '192.168.7.202': { today: ['w0'], allowed: ['w0', 'w1'], expected: 'w0' },
  });
  const findings = JSON.parse(files['findings.json'] ?? '') as Finding[];
  for (const finding of findings)
    expect(Object.keys(finding).filter((key) => key !== 'namespace' && key !== 'lost')).toEqual([
      'severity',
      'code',
      'kind',
      'name',
      'today',
      'tomorrow',
      'action',
    ]);
  expect([statSync(one).mode & 0o777, statSync(join(one, 'plan.yaml')).mode & 0o777]).toEqual([0o700, 0o600]);
});

test('blockers give exit status 1, and the plan is written all the same', async () => {
  const out = join(folder, 'blocked');
  const { status, stdout } = await migrate('plan', '--to', 'ovn', '--out', out, '-f', broken);
  expect({ status, stdout }).toEqual({
    status: 1,
    stdout: expect.stringContaining('EgressIPOutsideNetwork') as string,
  });
  expect(readdirSync(out)).toContain('plan.yaml');
  expect(await migrate('plan', '--update', out, '-f', broken)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('The plan as it was is in') as string,
  });
});

test('a plan that is not there is not updated, and an update that was killed says how it goes on', async () => {
  const folders = ['nowhere', 'halfway'].map((name) => join(folder, name));
  mkdirSync(`${folders[1]}.new`);
  writeFileSync(join(`${folders[1]}.new`, 'plan.yaml'), '');
  const said = ['holds no plan', `rename ${folders[1]}.new to ${folders[1]}`];
  for (const [index, path] of folders.entries())
    expect(await migrate('plan', '--update', path, '-f', manual)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(said[index]!) as string,
    });
});

test('with --strict warnings block too', async () => {
  const warned = dumped('warned.yaml', clusters['nothing offered'].objects);
  expect(await migrate('plan', '--to', 'ovn', '--out', join(folder, 'lax'), '-f', warned)).toMatchObject({ status: 0 });
  expect(await migrate('plan', '--to', 'ovn', '--out', join(folder, 'strict'), '-f', warned, '--strict')).toMatchObject(
    { status: 1 },
  );
  expect(await migrate('plan', '--update', join(folder, 'lax'), '-f', warned)).toMatchObject({ status: 0 });
  expect(await migrate('plan', '--update', join(folder, 'strict'), '-f', warned)).toMatchObject({ status: 1 });
});

test('a folder with other things in it is left alone; a plan in it is replaced', async () => {
  const foreign = join(folder, 'foreign');
  mkdirSync(foreign);
  writeFileSync(join(foreign, 'notes.txt'), 'mine');
  expect(await migrate('plan', '--to', 'ovn', '--out', foreign, '-f', manual)).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^sdn-compat: .*notes\.txt/m) as string,
  });
  expect(readdirSync(foreign)).toEqual(['notes.txt']);
  const again = join(folder, 'again');
  await migrate('plan', '--to', 'ovn', '--out', again, '-f', broken);
  const { status } = await migrate('plan', '--to', 'ovn', '--out', again, '-f', manual);
  expect(status).toBe(0);
  expect(readdirSync(join(again, 'objects'))).toHaveLength(4);
  expect(readdirSync(again)).not.toContain('.new');
});

test('the reports escape what comes from the cluster and need nothing from outside', async () => {
  const nasty = '<script>alert(1)</script>|`*';
  const out = join(folder, 'nasty');
  await migrate(
    'plan',
    '--to',
    'ovn',
    '--out',
    out,
    '-f',
    dumped('nasty.yaml', [...clusters.manual.objects, make.policy('red', 'default', [['Allow', `${nasty} /`]])]),
  );
  const { 'report.html': html = '', 'report.md': markdown = '' } = contents(out);
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(html).not.toMatch(/<script|<link|src=|url\(|@import/);
  expect(markdown).toContain('\\<script\\>alert(1)\\</script\\>\\|\\`\\*');
  expect(html).toContain('<meta name="color-scheme" content="light dark">');
});

test('--diff says which objects the cluster has already', async () => {
  const objects = dumped('there.yaml', clusters['objects there already'].objects);
  const { stdout } = await migrate('plan', '--to', 'ovn', '--out', join(folder, 'diff'), '-f', objects, '--diff');
  const diff = stdout.split('\n').filter((line) => /^[-+~?] /.test(line));
  expect(diff).toEqual([
    '~ EgressFirewall red/default spec.egress: [{"type":"Allow","to":{"cidrSelector":"0.0.0.0/0"}}] -> [{"type":"Deny","to":{"cidrSelector":"198.51.100.0/24"}}]',
    '+ EgressIP egressip-blue',
    expect.stringMatching(/^\+ EgressIP egressip-red metadata\.labels: /) as string,
    '~ EgressIP egressip-red spec.egressIPs: ["192.168.7.1"] -> ["192.168.7.200","192.168.7.201"]',
    '+ EgressIP egressip-red spec.namespaceSelector.matchLabels: {"kubernetes.io/metadata.name":"red"}',
    '+ Node w0 metadata.labels: {"k8s.ovn.org/egress-assignable":""}',
    '+ Node w1 metadata.labels: {"k8s.ovn.org/egress-assignable":""}',
    '? EgressIP rival',
  ]);
});

test('inspect prints inventory and findings in three formats', async () => {
  const json = await migrate('inspect', '-f', broken, '-o', 'json');
  expect(json.status).toBe(1);
  const inspection = JSON.parse(json.stdout) as { inventory: object[]; findings: Finding[] };
  expect(inspection.inventory).toContainEqual({
    kind: 'NetNamespace',
    apiVersion: 'network.openshift.io/v1',
    count: 2,
  });
  expect(inspection.findings.map(({ code }) => code)).toContain('EgressIPOutsideNetwork');
  expect(load((await migrate('inspect', '-f', broken, '-o', 'yaml')).stdout)).toEqual(inspection);
  const table = await migrate('inspect', '-f', manual);
  expect(table).toMatchObject({ status: 0, stdout: expect.stringMatching(/^KIND +VERSION +OBJECTS\n/) as string });
});

test('a cluster is planned as its dump is, and one that cannot be reached is said', async () => {
  const server = await start({ crds: [...crds, ...clusterCRDs] });
  try {
    for (const object of clusters.automatic.objects.filter(
      ({ metadata, kind }) => kind !== 'Namespace' || !['default', 'kube-system'].includes(metadata.name ?? ''),
    ))
      await server.client.create(
        wanted.kinds.find(({ kind }) => kind === object.kind)!,
        object,
      );
    const out = join(folder, 'cluster');
    expect(
      await migrate('plan', '--to', 'ovn', '--out', out, '--from-cluster', '--kubeconfig', server.kubeconfig),
    ).toMatchObject({ status: 0 });
    const files = join(folder, 'automatic');
    await migrate('plan', '--to', 'ovn', '--out', files, '-f', dumped('automatic.yaml', clusters.automatic.objects));
    for (const name of readdirSync(join(files, 'objects')))
      expect(readFileSync(join(out, 'objects', name), 'utf8')).toBe(readFileSync(join(files, 'objects', name), 'utf8'));
    expect(readFileSync(join(out, 'placement.json'), 'utf8')).toBe(readFileSync(join(files, 'placement.json'), 'utf8'));
  } finally {
    await server.stop();
  }
  const nobody = join(folder, 'nobody');
  writeFileSync(
    nobody,
    dump({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'x',
      clusters: [{ name: 'x', cluster: { server: 'http://127.0.0.1:9' } }],
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
      users: [{ name: 'x', user: {} }],
    }),
  );
  expect(await migrate('inspect', '--from-cluster', '--kubeconfig', nobody)).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(/^sdn-compat: cannot read [a-z.]+: /m) as string,
  });
});

test.each([
  ['no source', ['inspect'], /give either --from-cluster or -f PATH/],
  ['two sources', ['inspect', '--from-cluster', '-f', manual], /give either --from-cluster or -f PATH/],
  ['a file that is not there', ['inspect', '-f', join(folder, 'absent')], /absent: .*no such file/],
  [
    'a concern that is none',
    ['plan', '--to', 'ovn', '--out', 'x', '-f', manual, '--only', 'egressip,dns'],
    /"dns" is none of egressip, firewall/,
  ],
  ['another target', ['plan', '--to', 'calico', '--out', 'x', '-f', manual], /ovn/],
  [
    'a namespace that is not there',
    ['plan', '--to', 'ovn', '--out', join(folder, 'never'), '-f', manual, '--namespace', 'rde'],
    /--namespace rde: the input has neither/,
  ],
  [
    'a prefix that no name may have',
    ['plan', '--to', 'ovn', '--out', 'x', '-f', manual, '--prefix', 'A_b'],
    /lower case/,
  ],
  [
    'a machine network that is none',
    ['inspect', '-f', manual, '--machine-network', '10.0.0.1/24'],
    /has host bits set/,
  ],
  ['a prediction of nothing', ['predict', '-f', join(folder, 'absent')], /absent: /],
])('%s is bad input', async (_, args, message) => {
  expect(await migrate(...args)).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(message) as string,
  });
});

test('predict answers line by line, and names the line that is wrong', async () => {
  const lines = readFileSync(join(root, 'test/conformance/ovn-placement.ndjson'), 'utf8').trim().split('\n');
  const path = join(folder, 'clusters.ndjson');
  writeFileSync(
    path,
    `${lines.join('\n')}\n{"name": "odd", "nodes": [{"name": "a", "primaryIfAddr": "10.0.0.300/24", "assignable": true, "ready": true}], "egressIPs": []}\n`,
  );
  const { status, stdout, stderr } = await migrate('predict', '-f', path, '-o', 'ndjson');
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: `sdn-compat: ${path}:17: nodes[0].primaryIfAddr: "10.0.0.300/24" is not an address with a prefix length\n`,
  });
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; allowed: object; assignedCount: number[] });
  expect(answers.map(({ name, assignedCount }) => ({ name, assignedCount }))).toEqual(
    lines
      .map((line) => JSON.parse(line) as { name: string; assignedCount: number[] })
      .map(({ name, assignedCount }) => ({ name, assignedCount })),
  );
  expect(answers[1]?.allowed).toEqual({ '172.18.0.101': ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'] });
});
