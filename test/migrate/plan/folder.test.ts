import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { namespaces, netNamespaces } from '../../../api/kinds.ts';
import { exec } from '../../../src/io/programs/exec.ts';
import { makeSnapshot } from '../../../src/migrate/input/make-snapshot.ts';
import { fileNames, writePlan } from '../../../src/migrate/plan/folder.ts';
import { planOf } from '../../../src/migrate/plan/make.ts';
import { type Plan } from '../../../src/migrate/plan/plan.ts';
import { readPlan } from '../../../src/migrate/plan/read-folder.ts';
import { type ObjectRef } from '../../../src/migrate/ref.ts';
import { snapshotKey } from '../../../src/migrate/snapshot.ts';
import type { Change } from '../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { rounds } from '../../rounds.ts';

let folder = '';
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'sdn-compat-plan-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const netNamespace = (name: string, egressIPs: unknown): KubeObject =>
  ({
    apiVersion: 'network.openshift.io/v1',
    kind: 'NetNamespace',
    metadata: { name, uid: 'u' },
    netname: name,
    netid: 10,
    egressIPs,
  }) as KubeObject;
const refOfNet = (name: string): ObjectRef => ({ apiVersion: 'network.openshift.io/v1', kind: 'NetNamespace', name });
const eip = (name: string): Change => ({
  action: 'apply',
  step: 'egress-ips',
  object: {
    apiVersion: 'k8s.ovn.org/v1',
    kind: 'EgressIP',
    metadata: { name: `egressip-${name}` },
    spec: { egressIPs: ['1.2.3.4'] },
  } as KubeObject,
  from: [refOfNet(name)],
});
const clear = (name: string): Change => ({
  action: 'clear',
  step: 'finalize',
  object: refOfNet(name),
  patch: { egressIPs: null },
});

function plan(objects: readonly KubeObject[], changes: readonly Change[]): Plan {
  const snapshot = makeSnapshot(new Map([[snapshotKey(netNamespaces), objects]]), [
    { kind: namespaces, reason: 'forbidden', right: 'list namespaces' },
  ]);
  const translation = {
    changes,
    findings: [
      {
        severity: 'info',
        code: 'PinningLost',
        kind: 'NetNamespace',
        name: 'a',
        today: 'x',
        tomorrow: 'y',
        action: 'z',
      },
    ] as const,
    placement: new Map([['1.2.3.4', { today: ['n1'], allowed: ['n1', 'n2'] }]]),
  };
  return planOf({
    tool: 'sdn-compat 0',
    target: 'ovn',
    options: { prefix: 'egressip' },
    strict: false,
    snapshot,
    translation,
  });
}

async function bytes(): Promise<Record<string, string>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const read = files.map(
    async ({ parentPath, name }) =>
      [join(parentPath, name).slice(folder.length), await readFile(join(parentPath, name), 'utf8')] as const,
  );
  return Object.fromEntries(await Promise.all(read));
}

test('a plan reads back as it was written, in the same bytes whatever the order of input, for its owner only', async () => {
  const a = plan(
    [netNamespace('a', ['1.2.3.4']), netNamespace('b', null), netNamespace('c', [])],
    [eip('a'), eip('b'), clear('a'), clear('b')],
  );
  expect(await writePlan(folder, a)).toEqual({ ok: true, value: undefined });
  expect(await readPlan(folder)).toEqual({ ok: true, value: a });
  expect([...a.backup.keys()]).toEqual([
    'network.openshift.io/v1/NetNamespace//a',
    'network.openshift.io/v1/NetNamespace//b',
  ]);
  const first = await bytes();
  expect(Object.keys(first).sort()).toContain('/objects/EgressIP-egressip-a.yaml');
  const again = plan(
    [netNamespace('b', null), netNamespace('a', ['1.2.3.4'])],
    [clear('b'), eip('b'), clear('a'), eip('a')],
  );
  await writePlan(folder, again);
  expect(await bytes()).toEqual(first);
  expect((await stat(join(folder, 'backup', 'NetNamespace-a.yaml'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'backup'))).mode & 0o777).toBe(0o700);
});

test('a plan stays bound to its cluster, and says what it lacks, if it lacks something', async () => {
  const made = plan([netNamespace('a', ['1.2.3.4'])], [eip('a'), clear('a')]);
  for (const variant of [
    { ...made, cluster: 'c9f0f895' },
    { ...made, cluster: undefined },
    { ...made, incomplete: [] },
    { ...made, incomplete: ['nodes: forbidden'] },
  ]) {
    expect(await writePlan(folder, variant)).toEqual({ ok: true, value: undefined });
    expect(await readPlan(folder)).toEqual({ ok: true, value: variant });
    const text = (await bytes())['/plan.yaml'] ?? '';
    expect(text.includes('\ncluster:')).toBe(variant.cluster !== undefined);
    expect(text.includes('\nincomplete:')).toBe(variant.incomplete.length > 0);
  }
});

test('what a backup holds reads back the same, whatever it is', async () => {
  const value = fc.jsonValue({ maxDepth: 3 }).map((any) => JSON.parse(JSON.stringify(any)) as unknown);
  await fc.assert(
    fc.asyncProperty(fc.array(value, { maxLength: 4 }), async (values) => {
      const objects = values.map((one, index) => netNamespace(`n${index}`, one));
      const made = plan(
        objects,
        objects.map((_, index) => clear(`n${index}`)),
      );
      await writePlan(folder, made);
      expect(await readPlan(folder)).toEqual({ ok: true, value: made });
    }),
    { numRuns: rounds(200) },
  );
});

test('a plan of format version 1 is read, which has no id and no cluster', async () => {
  await writePlan(folder, plan([netNamespace('a', [])], [eip('a'), clear('a')]));
  const text = await readFile(join(folder, 'plan.yaml'), 'utf8');
  await writeFile(join(folder, 'plan.yaml'), text.replace(/formatVersion: 2\nid: .*\n/, 'formatVersion: 1\n'));
  expect(await readPlan(folder)).toMatchObject({ ok: true, value: { id: '', cluster: undefined } });
});

test.each([
  [
    'an unknown version',
    'plan.yaml',
    /formatVersion: 2/,
    'formatVersion: 3',
    /plan.yaml:1: formatVersion: 3 is not known/,
  ],
  ['an id that is none', 'plan.yaml', /id: "?[0-9a-f]+"?/, 'id: ../x', /plan.yaml:2: id: "..\/x" is no id of a plan/],
  [
    'a step that is none',
    'plan.yaml',
    /name: egress-ips/,
    'name: egress-cows',
    /plan.yaml:\d+: steps\[1\].name: "egress-cows" is none of/,
  ],
  [
    'a file that is not there',
    'plan.yaml',
    /EgressIP-egressip-a.yaml/,
    'EgressIP-x.yaml',
    /steps\[1\].changes\[0\].file: there is no "objects\/EgressIP-x.yaml"/,
  ],
  [
    'a file outside the folder',
    'plan.yaml',
    /objects\/EgressIP-egressip-a.yaml/,
    '../../etc/passwd',
    /there is no "..\/..\/etc\/passwd" in the folder/,
  ],
  ['a step twice', 'plan.yaml', /name: finalize/, 'name: egress-ips', /steps\[2\]/],
  ['a field that is none', 'plan.yaml', /tool:/, 'tol: x\ntool:', /tol: there is no such field/],
  ['no YAML', 'plan.yaml', /steps:/, 'steps: [', /plan.yaml:\d+: /],
  [
    'an object that is none',
    'objects/EgressIP-egressip-a.yaml',
    /kind: EgressIP/,
    'kind: 7',
    /EgressIP-egressip-a.yaml:2: kind: is missing/,
  ],
  [
    'a finding that is none',
    'findings.json',
    /PinningLost/,
    'Pinning',
    /findings.json:4: \[0\].code: "Pinning" is none of/,
  ],
])('%s is refused, naming it', async (_what, file, from, to, message) => {
  await writePlan(folder, plan([netNamespace('a', [])], [eip('a'), clear('a')]));
  const text = await readFile(join(folder, file), 'utf8');
  expect(text).toMatch(from);
  await writeFile(join(folder, file), text.replace(from, to));
  const read = await readPlan(folder);
  expect(read.ok ? '' : read.error).toMatch(message);
});

test('without the backup of what a step clears the plan is refused, naming it', async () => {
  await writePlan(folder, plan([netNamespace('a', ['1.2.3.4'])], [eip('a'), clear('a')]));
  await rm(join(folder, 'backup/NetNamespace-a.yaml'));
  expect(await readPlan(folder)).toEqual({
    ok: false,
    error: expect.stringMatching(
      /backup: NetNamespace a is missing: step finalize would clear it, and there would be no way back$/,
    ) as string,
  });
});

test('a folder with other things in it, or whose plan was begun, is not written to', async () => {
  await writeFile(join(folder, 'letter.txt'), 'x');
  expect(await writePlan(folder, plan([], []))).toEqual({
    ok: false,
    error: expect.stringContaining('letter.txt') as string,
  });
  await rm(join(folder, 'letter.txt'));
  await writeFile(join(folder, 'journal.ndjson'), '');
  expect(await writePlan(folder, plan([], []))).toEqual({
    ok: false,
    error: expect.stringContaining('begun') as string,
  });
  expect(await readdir(folder)).toEqual(['journal.ndjson']);
  await chmod(folder, 0o700);
});

test('two objects never share a file name', () => {
  const ref = (kind: string, name: string, namespace?: string): ObjectRef => ({
    apiVersion: 'v1',
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
  });
  const refs = [
    ref('A', 'd', 'b-c'),
    ref('A', 'c-d', 'b'),
    ref('A', 'x', 'y'),
    ref('a', 'x', 'y'),
    ref('A', '../../x'),
    ref('A', 'y'.repeat(250), 'z'),
  ];
  const names = [...fileNames(refs).values()];
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(refs.length);
  expect(names.every((name) => !name.includes('/') && name.length < 220)).toBe(true);
  expect(fileNames([ref('EgressFirewall', 'default', 'shop'), ref('Node', 'n1')])).toEqual(
    new Map([
      ['v1/EgressFirewall/shop/default', 'EgressFirewall-shop-default.yaml'],
      ['v1/Node//n1', 'Node-n1.yaml'],
    ]),
  );
});

test('an object has the same file name in every plan', () => {
  const refs = ['A', 'a'].map((kind): ObjectRef => ({ apiVersion: 'v1', kind, namespace: 'y', name: 'x' }));
  expect([...fileNames(refs).values()]).toEqual(['A-y-x~d1352af0e94c.yaml', 'a-y-x~bc9ed842a469.yaml']);
});

test('only the steps of a plan are read for who needs no findings and placement', async () => {
  const made = plan([netNamespace('a', ['1.2.3.4'])], [eip('a'), clear('a')]);
  expect(await writePlan(folder, made)).toMatchObject({ ok: true });
  await writeFile(join(folder, 'placement.json'), 'not read');
  const steps = await readPlan(folder, () => undefined, 'steps');
  expect(steps).toMatchObject({ ok: true, value: { id: made.id, findings: [], placement: new Map() } });
  expect(await readPlan(folder)).toMatchObject({ ok: false });
});

/** What a program prints that writes plans and may write no file of more than 1,000 bytes. */
async function onFullDisk(work: string): Promise<string> {
  const module = join(import.meta.dirname, '../../../src/migrate/plan/folder.ts');
  const script = `
    import { replacePlan, writePlan } from ${JSON.stringify(module)};
    const plan = { id: '', tool: 't', target: 'ovn', options: {}, strict: false, incomplete: [], steps: [],
      findings: [], placement: new Map(), backup: new Map(), seen: new Map() };
    const reports = new Map([['report.md', 'x'.repeat(5000)]]);
    const folder = ${JSON.stringify(folder)};
    ${work}`;
  const argv = ['--fsize=1000', process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module'];
  const ran = await exec('prlimit', [...argv, '-e', script]);
  expect(ran.stderr).toBe('');
  return ran.stdout;
}

test('a full disk is said of the folder, which then holds no plan and nothing else', async () => {
  const said = await onFullDisk('await writePlan(folder, plan, reports).catch(({ message }) => console.log(message));');
  expect(said).toBe(`${folder} cannot be written: EFBIG: file too large, write\n`);
  expect(await readPlan(folder)).toMatchObject({ ok: false });
  expect(await readdir(folder)).toEqual([]);
});

test('an update for which there is no room leaves the plan and nothing beside it', async () => {
  const made = plan([netNamespace('a', ['1.2.3.4'])], [eip('a'), clear('a')]);
  expect(await writePlan(folder, made)).toMatchObject({ ok: true });
  const said = await onFullDisk(`
    const update = await replacePlan(folder, { ...plan, id: 'new' }, { reports, journal: '' }).catch((error) => error);
    console.log(update.error ?? update.message);`);
  expect(said).toMatch(/ cannot be written: EFBIG: file too large, write\n$/);
  expect(await readPlan(folder)).toMatchObject({ ok: true, value: { id: made.id } });
  const beside = (await readdir(dirname(folder))).filter((name) => name.startsWith(basename(folder)));
  expect(beside).toEqual([basename(folder)]);
});
