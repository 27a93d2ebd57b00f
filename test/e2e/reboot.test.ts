/**
 * A machine that was rebooted: Open vSwitch's database is as it was, the pods' interfaces are gone, and no runtime
 * sends a DEL for what it has forgotten. Sandboxes are made by the CNI plugin, as in cni.test.ts.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Ran, run, runningClockTest, TestLab, until } from './lab.ts';

const plugin = fileURLToPath(new URL('../../dist/sdn-compat-cni.js', import.meta.url));
const worker = 'worker0';
let lab: TestLab;
let counter = 0;

interface Sandbox {
  readonly id: string;
  readonly netns: string;
  readonly address: string;
}

const runDir = (): string => `/run/sdn-compat-lab/${lab.name}/ovs/${worker}`;

function call(command: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const input = JSON.stringify({
    cniVersion: '1.1.0',
    name: 'sdn',
    type: 'sdn-compat-cni',
    socket: `/run/sdn-compat-lab/${lab.name}/cni/${worker}.sock`,
  });
  return run(process.execPath, [plugin], {
    input,
    env: { CNI_COMMAND: command, CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin', ...env },
  });
}

/** A sandbox that was attached; with a limit when a Pod of its name has the annotation. */
async function attach(isLimited = false): Promise<Sandbox> {
  counter += 1;
  const id = `sandbox-${counter}`;
  const netns = `sdnc.${lab.name}.cni${counter}`;
  if (isLimited) {
    const metadata = { namespace: 'red', name: id, annotations: { 'kubernetes.io/ingress-bandwidth': '10M' } };
    await lab.must(
      ['create', '-f', '-'],
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata,
        spec: { nodeName: 'elsewhere', containers: [{ name: 'c', image: 'c' }] },
      }),
    );
  }
  await run('ip', ['netns', 'add', netns]);
  const ran = await call('ADD', {
    CNI_CONTAINERID: id,
    CNI_NETNS: `/run/netns/${netns}`,
    CNI_ARGS: `K8S_POD_NAMESPACE=red;K8S_POD_NAME=${id}`,
  });
  if (ran.status !== 0) throw new Error(`ADD ${id}: ${ran.stdout}${ran.stderr}`);
  const { ips } = JSON.parse(ran.stdout) as { ips: { address: string }[] };
  return { id, netns, address: ips[0]!.address.replace(/\/.*/, '') };
}

async function known(table: 'Interface' | 'QoS'): Promise<string[]> {
  const { stdout } = await run('ovs-vsctl', [
    `--db=unix:${runDir()}/db.sock`,
    '--no-wait',
    '--bare',
    '--columns=external_ids',
    'list',
    table,
  ]);
  return [...stdout.matchAll(/sandbox=(\S+)/g)].map(([, id]) => id!).sort();
}

const flows = async (): Promise<string> =>
  (await lab.node(worker, 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0')).stdout;
const answers = async ({ netns }: Sandbox): Promise<boolean> =>
  (await run('ip', ['netns', 'exec', netns, 'ping', '-c', '1', '-W', '1', '10.1.8.72'])).status === 0;
const names = (...all: readonly Sandbox[]): string[] => all.map(({ id }) => id).sort();

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '1', '--agent-option', 'resync=1');
  await lab.namespace('red');
});
afterAll(() => lab.down());
afterEach(async () => {
  for (const id of await known('Interface')) await call('DEL', { CNI_CONTAINERID: id });
});

test('a pod whose interface is gone is forgotten at the next look at everything, with its limit; the others stay', async () => {
  const [stays, goes] = [await attach(true), await attach(true)];
  await run('ip', ['-n', goes.netns, 'link', 'del', 'eth0']);
  await until('it is forgotten', async () => !(await known('Interface')).includes(goes.id), 30);
  expect(await known('Interface')).toEqual(names(stays));
  expect(await known('QoS')).toEqual(names(stays));
  await until('its flows are gone', async () => !(await flows()).includes(`${goes.address} `));
  expect(lab.log(`node-${worker}`)).toContain(`red/${goes.id} (${goes.address})`);
  expect(lab.log(`node-${worker}`)).not.toContain(`red/${stays.id} (${stays.address})`);
  await until('the other one reaches the outside', () => answers(stays));
  expect(await call('DEL', { CNI_CONTAINERID: goes.id })).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('after a reboot no pod of before is known, their addresses are free, and new pods are attached', async () => {
  const before = [await attach(true), await attach(), await attach()];
  await lab.command('fail', worker, '--mode', 'power');
  const database = lab.pid(`ovsdb-server-${worker}`);
  const argv = readFileSync(`/proc/${database}/cmdline`, 'utf8').split('\0').filter(Boolean);
  process.kill(database, 'SIGKILL');
  for (const { netns } of before) await run('ip', ['netns', 'del', netns]);
  const env = { OVS_RUNDIR: runDir(), OVS_LOGDIR: runDir(), OVS_DBDIR: runDir() };
  expect(await run('ip', ['netns', 'exec', `sdnc.${lab.name}.${worker}`, ...argv], { env })).toMatchObject({
    status: 0,
  });
  expect(await known('Interface')).toEqual(names(...before));
  await lab.command('heal', worker);
  await until('the agent is ready', async () => (await call('STATUS')).status === 0);
  expect(await known('Interface')).toEqual([]);
  expect(await known('QoS')).toEqual([]);
  for (const { address } of before) expect(await flows()).not.toContain(`${address} `);
  const after = await attach();
  await until('a new pod reaches the outside', () => answers(after));
});

// it fills four seconds with pods, which last for ever where they cost no time
runningClockTest('what is being attached while everything is looked at stays', async () => {
  const all: Sandbox[] = [];
  const end = Date.now() + 4_000;
  while (Date.now() < end) all.push(...(await Promise.all([attach(), attach(), attach()])));
  expect(await known('Interface')).toEqual(names(...all));
  expect(new Set(all.map(({ address }) => address)).size).toBe(all.length);
});
