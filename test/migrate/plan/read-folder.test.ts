import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePlan } from '../../../src/migrate/plan/folder.ts';
import { planOf } from '../../../src/migrate/plan/make.ts';
import { readPlan } from '../../../src/migrate/plan/read-folder.ts';
import type { Change } from '../../../src/migrate/translation.ts';
import { make, snapshotOf } from '../snapshots.ts';

const made = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'e' }, { spec: { egressIPs: [] } });
const changes: readonly Change[] = [
  { action: 'apply', step: 'egress-ips', object: made, from: [] },
  {
    action: 'clear',
    step: 'finalize',
    object: { apiVersion: 'network.openshift.io/v1', kind: 'NetNamespace', name: 'shop' },
    patch: { egressIPs: null },
  },
];
const plan = planOf({
  tool: 'test',
  target: 'ovn',
  options: {},
  strict: false,
  snapshot: snapshotOf([make.netNamespace('shop', 10)]),
  translation: { changes, findings: [], placement: new Map([['192.168.7.101', { today: [], allowed: ['n1'] }]]) },
});

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-read-'));
  await writePlan(folder, plan);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function refusal(): Promise<string> {
  const read = await readPlan(folder);
  return read.ok ? '' : read.error.replaceAll(`${folder}/`, '').replaceAll(folder, 'FOLDER');
}
const at = (name: string): string => join(folder, name);

describe('a folder', () => {
  it('is read as a whole, and tells each file of an object', async () => {
    const told: string[] = [];
    expect(await readPlan(folder, (what) => told.push(what))).toEqual({ ok: true, value: plan });
    expect(told).toEqual(
      ['objects/EgressIP-e.yaml', 'backup/NetNamespace-shop.yaml'].map((name) => `reading ${at(name)}`),
    );
  });

  it('is read without findings and placement where nobody needs them', async () => {
    await rm(at('findings.json'));
    const read = await readPlan(folder, () => undefined, 'steps');
    expect(read).toEqual({ ok: true, value: { ...plan, findings: [], placement: new Map() } });
    expect(await refusal()).toMatch(/^findings.json: .*ENOENT/);
  });

  it('has objects that were otherwise at the last update, if there are some', async () => {
    await writePlan(folder, { ...plan, seen: plan.backup });
    expect(await readPlan(folder)).toMatchObject({ ok: true, value: { seen: plan.backup } });
    const gone = new Set(plan.backup.keys());
    await writePlan(folder, { ...plan, gone });
    expect(await readPlan(folder)).toMatchObject({ ok: true, value: { gone } });
  });

  it('holds no plan without plan.yaml', async () => {
    await rm(at('plan.yaml'));
    expect(await refusal()).toMatch(/^plan.yaml: FOLDER holds no plan: .*ENOENT/);
  });

  it('is refused without a subfolder', async () => {
    await rm(at('backup'), { recursive: true });
    expect(await refusal()).toMatch(/^backup: .*ENOENT/);
  });

  it('is refused with a link or a folder for a file', async () => {
    await rm(at('plan.yaml'));
    await symlink('/etc/hostname', at('plan.yaml'));
    expect(await refusal()).toBe('plan.yaml: is no file');
    await rm(at('plan.yaml'));
    await mkdir(at('plan.yaml'));
    expect(await refusal()).toBe('plan.yaml: is no file');
  });

  it('is refused with an object that no step names', async () => {
    await writeFile(at('objects/other.yaml'), 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n');
    expect(await refusal()).toBe('objects/other.yaml: no step of plan.yaml names it');
  });

  it('is refused with two files for one object', async () => {
    await writeFile(at('backup/a.yaml'), 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n');
    await writeFile(at('backup/b.yaml'), 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n');
    expect(await refusal()).toBe('backup/b.yaml: another file holds Node n1 too');
  });
});

describe('a file of the folder', () => {
  it.each([
    ['plan.yaml', 'formatVersion: [', /^plan.yaml:\d+: /],
    ['plan.yaml', 'x', /^plan.yaml: ?.*none is not known: this program reads plans of format versions 1 to 2/],
    ['plan.yaml', 'formatVersion: 3', /^plan.yaml:1: formatVersion: 3 is not known/],
    ['plan.yaml', 'formatVersion: 2', /^plan.yaml.*strict: none is neither true nor false/],
    ['objects/EgressIP-e.yaml', '- a', /^objects\/EgressIP-e.yaml/],
    ['objects/EgressIP-e.yaml', 'kind: EgressIP\nmetadata: {name: e}', /apiVersion: is missing/],
    ['objects/EgressIP-e.yaml', 'apiVersion: ""\nkind: EgressIP\nmetadata: {name: e}', /:1: apiVersion: is missing/],
    ['objects/EgressIP-e.yaml', 'apiVersion: v1\nmetadata: {name: e}', /kind: is missing/],
    ['objects/EgressIP-e.yaml', 'apiVersion: v1\nkind: X\nmetadata:\n  name: ""', /:4: metadata.name: is empty/],
    ['findings.json', '{', /^findings.json: /],
    ['findings.json', '{}', /^findings.json.* is no list/],
    ['placement.json', '[]', /^placement.json.* is no mapping/],
  ])('is refused where it is wrong: %s with %j', async (name, text, reason) => {
    await writeFile(at(name), text);
    expect(await refusal()).toMatch(reason);
  });
});
