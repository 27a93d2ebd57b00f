/** The bundle of `sdn-compat gather`: whole, without secrets, and of use to who gets it, masked or not. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, program, type Ran, run, TestLab } from './lab.ts';

let lab: TestLab;
let folder: string;
const egressIP = '192.168.7.210';
const secret = 'hunter2-do-not-give-on';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-gather-'));
  lab = await TestLab.up('--nodes', '2');
  await lab.namespace('shop');
  await lab.must(
    ['create', '-f', '-'],
    JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', annotations: { secret } } },
      spec: {
        nodeName: 'worker1.ocp4.rober.lab',
        containers: [{ name: 'c', image: 'c', env: [{ name: 'PASSWORD', value: secret }] }],
      },
    }),
  );
  await lab.must(['wait', '--for=condition=Ready', '--timeout=60s', '-n', 'shop', 'pod/web']);
  await lab.patch('netnamespace', 'shop', { egressIPs: [egressIP, '192.168.7.250'] });
  await lab.patch('hostsubnet', 'worker0', { egressIPs: [egressIP] });
  await lab.untilSource('shop/web', egressIP);
  // the second address is on no node, and all agents know
  await lab.sdnCompat('status', '--wait', '--timeout', '10s');
}, 600_000);
afterAll(async () => {
  await lab.down();
  await rm(folder, { recursive: true });
});

/** The files of a bundle, by path. */
async function contents(bundle: string): Promise<ReadonlyMap<string, string>> {
  const paths = (await readdir(bundle, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
  const all = paths.map(async ({ parentPath, name }): Promise<readonly [string, string]> => {
    const path = join(parentPath, name);
    return [path.slice(bundle.length + 1), await readFile(path, 'utf8')];
  });
  return new Map(await Promise.all(all));
}

async function unpacked(archive: string): Promise<string> {
  const target = `${archive}.d`;
  await mkdir(target);
  await must('tar', ['-xzf', archive, '-C', target]);
  return target;
}

/** A Service that leads out of the cluster. */
const outer: readonly object[] = [
  {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'shop', name: 'outer' } },
    spec: { clusterIP: '172.30.0.10', ports: [{ port: 80 }] },
  },
  {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
    metadata: { namespace: 'shop', name: 'outer', labels: { 'kubernetes.io/service-name': 'outer' } },
    ports: [{ port: 80 }],
    endpoints: [{ addresses: ['198.51.100.9'] }],
  },
];

const status = (bundle: string): Promise<Ran> => run(program, ['status', '-f', bundle, '-o', 'json']);

test('of the cluster: what status, trace and plan say from it is what they say on the cluster', async () => {
  await lab.must(['create', '-f', '-'], outer.map((one) => JSON.stringify(one)).join('\n'));
  const bundle = join(folder, 'cluster');
  const ran = await lab.sdnCompat('gather', '--out', bundle);
  expect([ran.status, ran.stderr]).toEqual([0, expect.stringMatching(/^\d+ files written to /)]);
  const files = await contents(bundle);
  expect(files.get('version')).toMatch(/^sdn-compat /);
  expect(files.get('sdn-compat/status.txt')).toContain('NoNodeHostsEgressIP');
  expect(files.get('sdn-compat/events.yaml')).toContain('sdn-compat-controller');
  expect(files.get('sdn-compat/missing.txt')).toBe('');
  expect([...files.values()].join('')).not.toContain(secret);
  const live = await lab.sdnCompat('status', '-o', 'json');
  const rows = ({ stdout }: Ran): unknown => (JSON.parse(stdout) as { egressIPs: unknown }).egressIPs;
  expect(rows(await status(bundle))).toEqual(rows(live));
  const traced = await run(program, ['trace', 'shop/web', '10.1.8.72:8080', '-f', bundle]);
  expect(traced.stdout).toContain(`leaves as ${egressIP} from worker0`);
  const served = await run(program, ['trace', 'shop/web', '172.30.0.10:80', '-f', bundle]);
  expect([served.status, served.stdout]).toEqual([
    1,
    expect.stringContaining('Service shop/outer leads to an address'),
  ]);
  const inspected = await run(program, ['migrate', 'inspect', '-f', bundle, '-o', 'json']);
  expect([0, 1]).toContain(inspected.status);
});

test('masked it names no address of the cluster, and still says the same', async () => {
  const archive = join(folder, 'masked.tar.gz');
  expect((await lab.sdnCompat('gather', '--redact', '--out', archive)).status).toBe(0);
  const bundle = await unpacked(archive);
  const text = [...(await contents(bundle)).values()].join('\n');
  for (const part of ['192.168.7.', '10.254.', '172.30.']) expect(text).not.toContain(part);
  const { egressIPs, nodes } = JSON.parse((await status(bundle)).stdout) as {
    egressIPs: { egressIP: string; inUse: boolean; node: string | null; reason: string | null }[];
    nodes: { health: string; agent: { state: string } }[];
  };
  expect(egressIPs.map(({ inUse, node }) => [inUse, node])).toEqual([
    [true, 'worker0.ocp4.rober.lab'],
    [false, null],
  ]);
  expect(egressIPs[1]?.reason).toContain('NoNodeHostsEgressIP');
  const well = { health: 'online', agent: { state: 'applied' } };
  expect(nodes).toMatchObject([well, well, well]);
  const traced = await run(program, ['trace', 'shop/web', '203.0.113.7:443', '-f', bundle]);
  expect(traced.stdout).toContain(`leaves as ${egressIPs[0]?.egressIP} from worker0`);
  const simulated = await run(program, [
    'simulate',
    '-f',
    bundle,
    '--node-down',
    'worker0.ocp4.rober.lab',
    '-o',
    'json',
  ]);
  expect(JSON.parse(simulated.stdout)).toMatchObject({ drops: ['shop'] });
});

test('of a node: flows with their counters, groups, nft, routes and OVSDB, also to standard output', async () => {
  const archive = join(folder, 'node.tar.gz');
  const runDir = `/run/sdn-compat-lab/${lab.name}/ovs/worker0`;
  const flags = [
    '--node-only',
    '--node-name',
    'worker0',
    '--ovs-run-dir',
    runDir,
    '--kubeconfig',
    `${lab.dir}/kubeconfig`,
  ];
  const command = `"$@" > ${archive}`;
  const ran = await lab.node('worker0', 'sh', '-c', command, 'sh', program, 'gather', '--out', '-', ...flags);
  const files = await contents(await unpacked(archive));
  const of = (name: string): string => files.get(`nodes/worker0/${name}`) ?? '';
  expect(of('flows.txt')).toMatch(/n_packets=[1-9]\d*.*table=100|table=100.*n_packets=[1-9]/);
  expect(of('nft.txt')).toContain('table ip sdn_compat');
  expect(of('addresses.txt')).toContain(egressIP);
  expect(of('rules.txt')).toContain('lookup');
  expect(of('ovsdb.txt')).toContain('br0');
  expect(of('conntrack-count.txt')).toMatch(/^\d+\n$/);
  expect(JSON.parse(of('check.txt'))).toContainEqual(expect.objectContaining({ what: 'Open vSwitch database' }));
  // what this machine does not have is named, and nothing else is lost
  const missing = files.get('sdn-compat/missing.txt') ?? '';
  expect([ran.status, ran.stderr.match(/not read/g)?.length ?? 0]).toEqual([
    missing === '' ? 0 : 1,
    missing.split('\n').length - 1,
  ]);
});

test('what is there is not written over, and what cannot be read is listed', async () => {
  const occupied = join(folder, 'occupied');
  await mkdir(occupied);
  await writeFile(join(occupied, 'mine'), 'mine');
  const refused = await lab.sdnCompat('gather', '--out', occupied);
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('it is there already')]);
  const away = join(folder, 'away.tar.gz');
  const nobody = await run(program, [
    'gather',
    '--node-only',
    '--ovs-run-dir',
    '/nonexistent',
    '--kubeconfig',
    '/nonexistent',
    '--out',
    away,
  ]);
  expect(nobody.status).toBe(1);
  expect(nobody.stderr).toContain('not read: nodes/');
  expect(nobody.stderr).not.toMatch(/^ +at /m);
});
