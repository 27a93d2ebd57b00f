/** `node --check` and `node --cleanup` on a worker of a lab. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program, type Ran, TestLab, until } from './lab.ts';

const worker = 'worker0';
const egressIP = '192.168.7.201';
let lab: TestLab;
/** Where the runtime's folders of CNI are on this node. */
const machine = mkdtempSync(join(tmpdir(), 'sdn-compat-check-'));

interface Finding {
  readonly what: string;
  readonly found: string;
  readonly fix?: string;
}

const runDir = (): string => `/run/sdn-compat-lab/${lab.name}/ovs/${worker}`;
const agentArgs = (...args: string[]): [string, ...string[]] => [
  program,
  'node',
  '--kubeconfig',
  `${lab.dir}/kubeconfig`,
  '--node-name',
  `${worker}.ocp4.rober.lab`,
  '--ovs-run-dir',
  runDir(),
  '--cni-socket',
  `/run/sdn-compat-lab/${lab.name}/cni/${worker}.sock`,
  '--cni-conf-dir',
  join(machine, 'net.d'),
  '--cni-bin-dir',
  join(machine, 'bin'),
  ...args,
];
const agent = (...args: string[]): Promise<Ran> => lab.node(worker, ...agentArgs(...args));

/** What is wrong, by what it is about; the exit status says whether anything is. */
async function wrong(...args: string[]): Promise<Readonly<Record<string, Finding>>> {
  const ran = await agent('--check', '-o', 'json', ...args);
  const bad = (JSON.parse(ran.stdout) as Finding[]).filter(({ fix }) => fix !== undefined);
  expect(ran.status).toBe(bad.length === 0 ? 0 : 1);
  return Object.fromEntries(bad.map((finding) => [finding.what, finding]));
}

const patchNetwork = (body: object): Promise<string> =>
  lab.must(['patch', 'clusternetwork', 'default', '--type=merge', '-p', JSON.stringify(body)]);

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '1');
  await lab.namespace('red');
  const annotations = { 'kubernetes.io/ingress-bandwidth': '100M' };
  await lab.must(
    ['create', '-f', '-'],
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'red', name: 'a', annotations },
      spec: { containers: [{ name: 'c', image: 'c' }] },
    }),
  );
  await lab.must(['wait', '--for=condition=Ready', '--timeout=30s', '-n', 'red', 'pod/a']);
});
afterAll(async () => {
  rmSync(machine, { recursive: true });
  await lab.down();
});

test('a node of the lab is fit, in text and in JSON', async () => {
  expect(await wrong()).toEqual({});
  const { stdout, status } = await agent('--check');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^ok {2}MTU: 1400, at most 1450 on br-ex$/m);
  expect(stdout).toMatch(/^ok {2}label of egress IPs: br-ex:eip$/m);
  expect(stdout).toMatch(/^ok {2}Open vSwitch version: \d+\.\d+\.\d+$/m);
  expect(stdout).not.toContain('BAD');
});

test('too large an MTU, and networks that overlap, are found with a way to fix them', async () => {
  await patchNetwork({ mtu: 1480, serviceNetwork: '192.168.0.0/16' });
  expect(await wrong()).toEqual({
    MTU: {
      what: 'MTU',
      found: 'ClusterNetwork "default" has mtu 1480, but br-ex carries at most 1450',
      fix: 'set mtu to 1450, or raise the MTU of br-ex to 1530',
    },
    networks: {
      what: 'networks',
      found: 'the service network 192.168.0.0/16 overlaps 192.168.7.0/24 of br-ex',
      fix: 'choose another network in ClusterNetwork "default", or for the nodes',
    },
  });
  await patchNetwork({ mtu: 1400, serviceNetwork: '172.30.0.0/16' });
});

test('settings that keep answers from pods are found; a filter on its own is not one', async () => {
  const set = (name: string, value: number) => lab.node('worker0', 'sysctl', '-q', '-w', `net.ipv4.${name}=${value}`);
  await set('conf.br-ex.rp_filter', 1);
  expect(await wrong()).toEqual({});
  // a running agent would put it right within seconds
  const pid = lab.pid(`node-${worker}`);
  process.kill(pid, 'SIGSTOP');
  try {
    await set('conf.all.src_valid_mark', 0);
    const found = await wrong();
    expect(Object.keys(found)).toEqual(['rp_filter']);
    expect(found['rp_filter']).toMatchObject({
      found: expect.stringContaining('on for br-ex, and net.ipv4.conf.all.src_valid_mark is 0') as string,
    });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await until('the agent has put it right', async () => Object.keys(await wrong()).length === 0);
  await set('conf.br-ex.rp_filter', 0);
  expect(await wrong()).toEqual({});
});

test('no Open vSwitch, no node of that name, no API server', async () => {
  expect(Object.keys(await wrong('--ovs-run-dir', '/nonexistent'))).toEqual(['Open vSwitch database', 'ovs-vswitchd']);
  expect(Object.keys(await wrong('--node-name', 'nobody'))).toEqual(['HostSubnet nobody']);
  const [unreachable] = Object.values(await wrong('--kubeconfig', '/nonexistent'));
  expect(unreachable).toMatchObject({ what: 'API server', fix: 'name a kubeconfig with --kubeconfig' });
  const kernel = (await wrong('--datapath', 'system'))['datapath'];
  const { status } = await lab.node(worker, 'genl', 'ctrl', 'get', 'name', 'ovs_datapath');
  expect(kernel === undefined).toBe(status === 0);
});

test("another program's tunnel at our port", async () => {
  await lab.node(
    worker,
    'ip',
    'link',
    'add',
    'flannel.1',
    'type',
    'vxlan',
    'id',
    '1',
    'dstport',
    '4789',
    'dev',
    'br-ex',
  );
  expect((await wrong())['VXLAN port']).toMatchObject({ found: 'flannel.1 uses UDP port 4789' });
  await lab.node(worker, 'ip', 'link', 'delete', 'flannel.1');
  expect(await wrong()).toEqual({});
});

test('a program that has our port', async () => {
  const other = spawn('ip', [
    'netns',
    'exec',
    `sdnc.${lab.name}.${worker}`,
    'socat',
    '-u',
    'UDP4-LISTEN:4789',
    'STDOUT',
  ]);
  try {
    await until('the program has the port', async () =>
      (await wrong())['VXLAN port']?.found.startsWith('socat (process '),
    );
  } finally {
    other.kill();
  }
  await until('the port is free', async () => (await wrong())['VXLAN port'] === undefined);
});

test('a firewall that drops what is forwarded, until it accepts what pods send', async () => {
  const iptables = (...args: string[]): Promise<Ran> => lab.node(worker, 'iptables-nft', ...args);
  await iptables('-P', 'FORWARD', 'DROP');
  expect(await lab.source('red/a', 2)).toBe('');
  const { forwarding } = await wrong();
  expect(forwarding?.found).toMatch(/^chain FORWARD of nft table ip filter drops what pods send outside/);
  for (const command of (forwarding?.fix ?? '').split(': ')[1]?.split('; ') ?? [])
    await iptables(...command.split(' ').slice(1));
  expect(await wrong()).toEqual({});
  expect(await lab.source('red/a', 5)).not.toBe('');
  await lab.node(worker, 'nft', 'delete', 'table', 'ip', 'filter');
});

test('an ovs-vswitchd that is dead or does not answer', async () => {
  const pid = lab.pid(`ovs-vswitchd-${worker}`);
  process.kill(pid, 'SIGSTOP');
  try {
    expect(await wrong()).toEqual({
      'ovs-vswitchd': expect.objectContaining({
        found: `nobody answers at ${runDir()}/ovs-vswitchd.${pid}.ctl`,
      }) as Finding,
    });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await lab.command('kill', 'ovs', worker);
  expect(Object.keys(await wrong())).toEqual(['ovs-vswitchd']);
  await lab.command('start', 'ovs', worker);
  await until('the agent has put all back', async () => (await lab.source('red/a')) !== '');
});

test('a masquerade bit that means something else is refused', async () => {
  for (const bit of ['15', '24', '31', '-2', 'x']) {
    const ran = await agent('--check', '--masquerade-bit', bit);
    expect(ran).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('it must be from 0 to 14 or from 16 to 23') as string,
    });
  }
});

test('an arping that is not that of iputils', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'check-'));
  await writeFile(join(dir, 'arping'), '#!/bin/sh\necho "ARPing 2.23, by Thomas Habets <thomas@habets.se>"\n', {
    mode: 0o755,
  });
  const ran = await lab.node(
    worker,
    'env',
    `PATH=${dir}:${process.env['PATH']!}`,
    program,
    'node',
    '--check',
    '-o',
    'json',
    '--node-name',
    'x',
    '--ovs-run-dir',
    runDir(),
  );
  expect((JSON.parse(ran.stdout) as Finding[]).find(({ what }) => what === 'arping')).toMatchObject({
    found: 'is not that of iputils',
    fix: 'install the package iputils-arping instead',
  });
});

test('programs that are missing are named with their packages', async () => {
  const argv = [
    process.execPath,
    new URL('../../dist/sdn-compat.js', import.meta.url).pathname,
    'node',
    '--check',
    '-o',
    'json',
    '--kubeconfig',
    `${lab.dir}/kubeconfig`,
    '--node-name',
    `${worker}.ocp4.rober.lab`,
    '--ovs-run-dir',
    runDir(),
  ];
  const ran = await lab.node(worker, 'env', 'PATH=/nonexistent', ...argv);
  const bad = (JSON.parse(ran.stdout) as Finding[]).filter(({ fix }) => fix !== undefined);
  expect(ran.status).toBe(1);
  expect(bad.find(({ what }) => what === 'program nft')).toMatchObject({
    found: 'not installed',
    fix: 'install the package nftables',
  });
  expect(bad.filter(({ what }) => what.startsWith('program '))).toHaveLength(9);
  expect(bad.find(({ what }) => what === 'uplink')).toMatchObject({ found: 'ip cannot be run' });
});

/** What of ours is on the node. */
async function left(): Promise<string[]> {
  const ask = async (...argv: [string, ...string[]]): Promise<string> => (await lab.node(worker, ...argv)).stdout;
  const vsctl = (...argv: string[]): Promise<string> => ask('ovs-vsctl', `--db=unix:${runDir()}/db.sock`, ...argv);
  const parts: readonly (readonly [string, boolean])[] = [
    ['bridge', (await vsctl('list-br')).includes('br0')],
    ['QoS', (await vsctl('list', 'QoS')) !== ''],
    ['nft', (await ask('nft', 'list', 'tables')).includes('sdn_compat')],
    ['rules', /^9[0-2]:/m.test(await ask('ip', 'rule'))],
    ['routes', (await ask('ip', 'route', 'show', 'table', 'all', 'proto', '157')) !== ''],
    ['egress IP', (await ask('ip', 'addr')).includes(':eip')],
    ['tun0', (await ask('ip', '-o', 'link')).includes(' tun0:')],
    ['veth', (await ask('ip', '-o', 'link')).includes(' veth')],
  ];
  return parts.filter(([, is]) => is).map(([name]) => name);
}

/** What the agent's first container leaves for the runtime, beside what is of others. */
function install(): void {
  for (const folder of ['net.d', 'bin', 'bin/sdn-compat']) mkdirSync(join(machine, folder), { recursive: true });
  for (const file of ['net.d/10-sdn-compat.conflist', 'net.d/99-loopback.conf', 'bin/portmap', 'bin/sdn-compat-cni'])
    writeFileSync(join(machine, file), '');
  writeFileSync(join(machine, 'bin/sdn-compat/plugin.mjs'), '');
}
const filesLeft = (): readonly string[] => [
  ...readdirSync(machine, { recursive: true, encoding: 'utf8' }).sort(),
  ...readdirSync(`/run/sdn-compat-lab/${lab.name}/cni`).filter((name) => name.startsWith(worker)),
];

test('--cleanup touches nothing while an agent answers', async () => {
  await lab.patch('hostsubnet', worker, { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  await lab.untilSource('red/a', egressIP);
  install();
  const before = await left();
  const beside = await agent('--cleanup');
  expect(beside).toMatchObject({ status: 1, stdout: '' });
  expect(beside.stderr).toMatch(/an agent runs on this node and answers at \S+: end it first/);
  expect(await left()).toEqual(before);
  expect(filesLeft()).toContain('net.d/10-sdn-compat.conflist');
});

test('--cleanup leaves nothing of ours; twice is no error; the agent starts again from nothing', async () => {
  await lab.patch('hostsubnet', worker, { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  await lab.untilSource('red/a', egressIP);
  expect(await left()).toEqual(['bridge', 'QoS', 'nft', 'rules', 'routes', 'egress IP', 'tun0', 'veth']);
  await lab.command('kill', 'agent', worker);
  const withoutSwitch = await agent('--cleanup', '--ovs-run-dir', '/nonexistent');
  expect(withoutSwitch).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /^sdn-compat: not all could be removed: br0: start Open vSwitch, .*\/nonexistent\/db\.sock; nft tables .* tun0 .*\n$/,
    ) as string,
  });
  for (const what of [`address ${egressIP} of br-ex`, 'of a pod of red (10.254.', 'file /'])
    expect(withoutSwitch.stdout).toContain(what);
  // the bridge would send what it gets from other nodes
  expect(await left()).toEqual(['bridge', 'QoS', 'nft', 'rules', 'routes', 'tun0']);
  const whole = await agent('--cleanup');
  expect(whole).toMatchObject({ status: 0, stderr: '' });
  for (const what of ['bridge br0', 'nft table ip sdn_compat', 'ip rule 90', 'ip rule 91', 'ip rule 92'])
    expect(whole.stdout).toContain(what);
  expect(await left()).toEqual([]);
  expect(filesLeft()).toEqual(['bin', 'bin/portmap', 'net.d', 'net.d/99-loopback.conf']);
  expect((await lab.node(worker, 'ping', '-c', '1', '-W', '2', '10.1.8.72')).status).toBe(0);
  expect(await agent('--cleanup')).toEqual({ status: 0, stdout: '', stderr: '' });
  await lab.command('start', 'agent', worker);
  await lab.must(['delete', 'pod', '-n', 'red', 'a']);
  await until('the pod is gone', async () => (await lab.kubectl(['get', 'pod', '-n', 'red', 'a'])).status !== 0);
  await lab.pods(['red/b', worker]);
  await lab.untilSource('red/b', egressIP);
});

test('--cleanup says what it may not remove', async () => {
  await lab.command('kill', 'agent', worker);
  const less = ['--bounding-set', '-net_admin', '--inh-caps', '-net_admin'];
  const poor = await lab.node(worker, 'setpriv', ...less, ...agentArgs('--cleanup'));
  expect(poor.status).toBe(1);
  expect(poor.stdout).not.toMatch(/removed (interface|nft|ip rule)/);
  expect(poor.stderr).toMatch(/interface veth\w+ cannot be removed/);
  expect(poor.stderr).toMatch(/nft delete table ip sdn_compat: .*Operation not permitted/);
  expect(poor.stderr).toMatch(/ip rule del pref 90 .*Operation not permitted/);
  expect(await left()).toEqual(expect.arrayContaining(['nft', 'rules', 'veth']));
  expect((await agent('--cleanup')).status).toBe(0);
  expect(await left()).toEqual([]);
});
