/**
 * EgressNetworkPolicy by packets: toward four addresses of the outside host, with names from a small DNS server there.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ovnDefinitions } from '../../src/lab/ovn/definitions.ts';
import { namespaceOf, outside, program, type Ran, run, TestLab, until } from './lab.ts';
import { Prober } from './prober.ts';

const one = '10.1.8.81';
const two = '10.1.8.82';
const far = '10.1.9.1';
const main = '10.1.8.72';
const everywhere = [one, two, far, main];
const resolver = `${main}:5300`;
const egressIP = '192.168.7.201';

/** Answers A queries: `name addresses... ttl` lines on standard input set what it knows; prints each name asked for. */
const dnsServer = String.raw`
const socket = require('dgram').createSocket('udp4');
const known = new Map();
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { name, addresses, ttl, broken } = JSON.parse(line);
  known.set(name, { addresses, ttl, broken });
}).on('close', () => process.exit(0));
socket.on('message', (query, from) => {
  const labels = [];
  let at = 12;
  while (query[at] !== 0) { labels.push(query.toString('latin1', at + 1, at + 1 + query[at])); at += query[at] + 1; }
  const question = query.subarray(12, at + 5);
  const name = labels.join('.').toLowerCase();
  const found = known.get(name);
  const addresses = found === undefined || found.broken ? [] : found.addresses;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(found === undefined ? 0x8183 : found.broken ? 0x8182 : 0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt32BE(0, 8);
  const answers = addresses.map((address) => {
    const record = Buffer.alloc(16);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(1, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(found.ttl, 6);
    record.writeUInt16BE(4, 10);
    address.split('.').forEach((byte, index) => record.writeUInt8(Number(byte), 12 + index));
    return record;
  });
  console.log(name);
  socket.send(Buffer.concat([header, question, ...answers]), from.port, from.address);
});
socket.bind(5300, '${main}', () => console.log('ready'));
`;

interface Rule {
  readonly type: 'Allow' | 'Deny';
  readonly to: { readonly cidrSelector: string } | { readonly dnsName: string };
}
const allow = (to: string): Rule => ({
  type: 'Allow',
  to: /^[0-9./]+$/.test(to) ? { cidrSelector: to } : { dnsName: to },
});
const deny = (to: string): Rule => ({ ...allow(to), type: 'Deny' });

let lab: TestLab;
let dns: ChildProcess;
let asked: string[] = [];
const probers = new Map<string, Prober>();

function know(name: string, ttl: number, addresses: readonly string[], broken = false): void {
  dns.stdin!.write(`${JSON.stringify({ name, addresses, ttl, broken })}\n`);
}

async function policy(rules: readonly Rule[], { name = 'policy', namespace = 'red' } = {}): Promise<void> {
  const object = {
    apiVersion: 'network.openshift.io/v1',
    kind: 'EgressNetworkPolicy',
    metadata: { namespace, name },
    spec: { egress: rules },
  };
  const exists = (await lab.kubectl(['get', 'egressnetworkpolicy', '-n', namespace, name])).status === 0;
  await lab.must([exists ? 'replace' : 'create', '-f', '-'], JSON.stringify(object));
}

/** The outside addresses that a pod reaches, by TCP and by UDP alike. */
async function reached(pod: string): Promise<string> {
  const targets = everywhere.flatMap((ip) => (['tcp', 'udp'] as const).map((protocol) => ({ protocol, ip, port: 80 })));
  const found = await probers.get(pod)!.reaches(targets, 300);
  return everywhere
    .filter((_, index) => {
      if (found[2 * index] !== found[2 * index + 1])
        throw new Error(`${pod}: TCP and UDP to ${everywhere[index]!} differ`);
      return found[2 * index];
    })
    .join(' ');
}

async function expectReached(pods: readonly string[], addresses: readonly string[], seconds = 5): Promise<void> {
  const wanted = everywhere.filter((address) => addresses.includes(address)).join(' ');
  for (const pod of pods) {
    let last = '';
    const look = async (): Promise<boolean> => (last = await reached(pod).catch(String)) === wanted;
    await until(`${pod} reaches ${wanted}`, look, seconds).catch(() =>
      expect(`${pod} ${last}`).toBe(`${pod} ${wanted}`),
    );
  }
}

const red = ['red/w0', 'red/w1'];

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '2', '--agent-option', `resolver=${resolver}`);
  for (const address of [one, two, far])
    await lab.inside('outside', 'ip', 'addr', 'add', `${address}/32`, 'dev', 'eth0');
  await lab.inside('router', 'ip', 'route', 'add', far, 'via', main);
  dns = spawn('ip', ['netns', 'exec', `sdnc.${lab.name}.outside`, process.execPath, '-e', dnsServer], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  dns.stdout!.on('data', (chunk: Buffer) => asked.push(...chunk.toString().split('\n').filter(Boolean)));
  await until('the DNS server listens', () => asked.includes('ready'));
  await Promise.all(['red', 'blue'].map((name) => lab.namespace(name)));
  await lab.pods(['red/w0', 'worker0'], ['red/w1', 'worker1'], ['blue/w0', 'worker0']);
  for (const pod of [...red, 'blue/w0']) probers.set(pod, await Prober.start(namespaceOf(lab, pod), []));
  probers.set('outside', await Prober.start(`sdnc.${lab.name}.outside`, [80], everywhere));
  await expectReached([...red, 'blue/w0'], everywhere);
});

afterAll(async () => {
  for (const prober of probers.values()) prober.stop();
  dns.stdin!.end();
  await lab.down();
});

afterEach(async () => {
  for (const namespace of ['red', 'blue', 'default'])
    await lab.must(['delete', 'egressnetworkpolicy', '-n', namespace, '--all']);
  await lab.patch('netnamespace', 'red', { egressIPs: null });
  await expectReached([...red, 'blue/w0'], everywhere);
});

test('the first rule that matches decides, and no match allows', async () => {
  await policy([allow(`${one}/32`), deny('10.1.8.80/28'), allow(`${two}/32`)]);
  await expectReached(red, [one, far, main]);
  await policy([allow(`${two}/32`), deny('0.0.0.0/0'), allow(`${one}/32`)]);
  await expectReached(red, [two]);
  await policy([deny('10.1.0.0/16')]);
  await expectReached(red, []);
  await policy([]);
  await expectReached(red, everywhere);
  await policy([deny('10.1.8.0/24')]);
  await expectReached(red, [far]);
  expect(await reached('blue/w0')).toBe(everywhere.join(' '));
});

test('with an egress IP the same rules hold, from both nodes', async () => {
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  await lab.untilSource('red/w0', egressIP);
  await lab.untilSource('red/w1', egressIP);
  await policy([allow(`${main}/32`), deny('0.0.0.0/0')]);
  await expectReached(red, [main]);
  for (const pod of red) expect(await lab.source(pod, 2)).toBe(egressIP);
  await policy([deny(`${one}/32`), deny('example.test')]);
  await expectReached(red, [two, far, main]);
});

test('a policy is about the outside only: pods, Services of the node and its DNS stay', async () => {
  await policy([deny('0.0.0.0/0')]);
  await expectReached(red, []);
  const podIP = await lab.podIP('red/w1');
  expect((await lab.exec('red/w0', 'ping', '-c', '1', '-W', '2', podIP)).status).toBe(0);
  const onNode = await Prober.start(`sdnc.${lab.name}.worker0`, [53]);
  try {
    await until('DNS of the own node answers', () => probers.get('red/w0')!.reach('udp', '192.168.7.11', 53));
    expect(await probers.get('red/w0')!.reach('tcp', '192.168.7.11', 53)).toBe(true);
    expect(await probers.get('red/w1')!.reach('udp', '192.168.7.11', 53)).toBe(false);
  } finally {
    onNode.stop();
  }
});

test('two policies in a namespace drop all; without one of them the other holds', async () => {
  await policy([allow('0.0.0.0/0')]);
  await policy([allow('0.0.0.0/0')], { name: 'second' });
  await expectReached(red, []);
  for (const name of ['policy', 'second']) {
    await lab.event('SeveralPolicies', `egressnetworkpolicy/${name}`, 'red');
    const said = lab
      .log('node-worker0')
      .split('\n')
      .filter((line) => line.includes(`"policy":"red/${name}","reason":"several policies`));
    expect(said).toHaveLength(1);
  }
  expect(await reached('blue/w0')).toBe(everywhere.join(' '));
  await lab.must(['delete', 'egressnetworkpolicy', '-n', 'red', 'second']);
  await expectReached(red, everywhere);
});

test('0.0.0.0/32 is read as everything, and that is said', async () => {
  await policy([allow(`${far}/32`), deny('0.0.0.0/32')]);
  await expectReached(red, [far]);
  await lab.event('PolicyZeroSlash32', 'egressnetworkpolicy/policy', 'red');
});

test('a policy in a VNID that two namespaces share drops both; in the global one it is ignored', async () => {
  const own = await lab.must(['get', 'netnamespace', 'blue', '-o', 'jsonpath={.netid}']);
  const shared = await lab.must(['get', 'netnamespace', 'red', '-o', 'jsonpath={.netid}']);
  await policy([allow('0.0.0.0/0')]);
  await lab.patch('netnamespace', 'blue', { netid: Number(shared) });
  await expectReached([...red, 'blue/w0'], []);
  await lab.patch('netnamespace', 'blue', { netid: Number(own) });
  await expectReached([...red, 'blue/w0'], everywhere);
  await policy([deny('0.0.0.0/0')], { namespace: 'blue' });
  await expectReached(['blue/w0'], []);
  await lab.patch('netnamespace', 'blue', { netid: 0 });
  await expectReached(['blue/w0'], everywhere);
  await lab.patch('netnamespace', 'blue', { netid: Number(own) });
  await expectReached(['blue/w0'], []);
});

test('migrate verify --probe sees with which address each namespace leaves, under its own policies, and removes its pods', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sdn-compat-test-'));
  const objects = ['red', 'blue'].map((name, index) => ({
    apiVersion: 'k8s.ovn.org/v1',
    kind: 'EgressIP',
    metadata: { name },
    spec: {
      egressIPs: [`192.168.7.${201 + index}`],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
    },
    status: { items: [] },
  }));
  // what the plan is made from is in the cluster, too: else verify cannot tell what was asked for since
  await lab.must(['create', '-f', '-'], ovnDefinitions.map((crd) => JSON.stringify(crd)).join('\n'));
  await lab.must(['create', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n'));
  const cluster = await lab.must(['get', 'nodes,namespaces', '-o', 'json']);
  writeFileSync(join(dir, 'cluster.json'), cluster);
  writeFileSync(join(dir, 'egressips.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  const plan = join(dir, 'plan');
  const made = await run(program, ['migrate', 'back', '--out', plan, '-f', dir]);
  expect([made.status, made.stderr]).toEqual([0, '']);
  const verify = (path: string): Promise<Ran> =>
    run(program, [
      ...['migrate', 'verify', '--plan', plan, '--kubeconfig', `${lab.dir}/kubeconfig`, '--probe', `${outside}${path}`],
      ...['--probe-image', 'any', '--probe-timeout', '6s'],
    ]);
  try {
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [egressIP, '192.168.7.202'] });
    await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
    await lab.patch('netnamespace', 'blue', { egressIPs: ['192.168.7.202'] });
    await lab.untilSource('blue/w0', '192.168.7.202');
    const well = await verify('/ip');
    expect(well.stdout).toMatch(/blue +192\.168\.7\.202 +well\nred +192\.168\.7\.201 +well\n\nall is well/);
    expect(well.status).toBe(0);
    // the node with the addresses is one of another namespace now, and a policy forbids the server
    await lab.patch('netnamespace', 'blue', { egressIPs: [] });
    await policy([deny(`${main}/32`)]);
    const ill = await verify('/ip');
    expect(ill.status).toBe(1);
    expect(ill.stdout).toMatch(
      /Namespace red probe: a pod got no answer, perhaps because of the namespace's own policies/,
    );
    expect((await lab.must(['get', 'pods', '-A', '-o', 'name'])).match(/probe/g)).toBeNull();
  } finally {
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [] });
    for (const name of ['red', 'blue']) await lab.patch('netnamespace', name, { egressIPs: [] });
    rmSync(dir, { recursive: true });
  }
});

test('1,000 rules: the last decides where no other matches', async () => {
  const rules = Array.from({ length: 997 }, (_, index) => deny(`10.${2 + (index >> 8)}.${index & 255}.0/24`));
  await policy([...rules, allow(`${one}/32`), allow(`${far}/32`), deny('10.1.0.0/16')]);
  await expectReached(red, [one, far], 10);
  const flows = (await lab.node('worker0', 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0', 'table=100')).stdout;
  expect(flows.match(/priority=\d+,ip,reg0=/g)!.length).toBe(1000);
});

describe('names', () => {
  test('a name is followed when its TTL has passed, and order among names and CIDRs holds', async () => {
    know('moving.test', 1, [one]);
    know('Both.test'.toLowerCase(), 1, [one, two]);
    await policy([allow('moving.test'), deny('Both.test.')]);
    await expectReached(red, [one, far, main]);
    know('moving.test', 1, [two]);
    await expectReached(red, [two, far, main]);
    know('moving.test', 1, [one, two]);
    await expectReached(red, everywhere);
  });

  test('a name is not asked for more often than its TTL says, and not at all without a policy', async () => {
    know('slow.test', 30, [one]);
    know('quick.test', 0, [two]);
    await policy([deny('slow.test'), deny('quick.test')]);
    await expectReached(red, [far, main]);
    asked = [];
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    // Three agents follow it: those of two workers and of the master.
    expect(asked.filter((name) => name === 'slow.test')).toEqual([]);
    const quick = asked.filter((name) => name === 'quick.test').length;
    expect(quick).toBeGreaterThanOrEqual(6);
    expect(quick).toBeLessThanOrEqual(12);
    await lab.must(['delete', 'egressnetworkpolicy', '-n', 'red', 'policy']);
    await expectReached(red, everywhere);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    asked = [];
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(asked).toEqual([]);
  });

  test('when the server fails, what is known stays; a name it does not know denies nothing and allows nothing', async () => {
    know('failing.test', 1, [one]);
    await policy([deny('failing.test'), allow('unknown.test'), deny(`${two}/32`)]);
    await expectReached(red, [far, main]);
    know('failing.test', 1, [], true);
    asked = [];
    await until('it was asked for and failed', () => asked.filter((name) => name === 'failing.test').length >= 3, 30);
    await expectReached(red, [far, main]);
    await lab.command('kill', 'agent', 'worker0');
    await lab.command('start', 'agent', 'worker0');
    await until(
      'the agent has made a pass',
      () => lab.log('node-worker0').split('the node is as the cluster says').length > 2,
    );
    await expectReached(red, [far, main]);
    know('failing.test', 1, [far]);
    await expectReached(red, [one, main], 12);
  });
});
