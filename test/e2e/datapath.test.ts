import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { outside, TestLab, until } from './lab.ts';

const node0 = '192.168.7.11';
let lab: TestLab;

beforeAll(async () => {
  lab = await TestLab.up();
  await Promise.all(['red', 'blue', 'plain'].map((name) => lab.namespace(name)));
  await lab.pods(
    ['red/w0', 'worker0'],
    ['red/w1', 'worker1'],
    ['red/w2', 'worker2'],
    ['blue/w0', 'worker0'],
    ['plain/w0', 'worker0'],
    ['plain/w1', 'worker1'],
  );
});
afterAll(() => lab.down());
afterEach(async () => {
  for (const name of ['red', 'blue', 'plain']) await lab.patch('netnamespace', name, { egressIPs: null });
  for (const name of ['worker0', 'worker1', 'worker2']) await lab.patch('hostsubnet', name, { egressIPs: null });
  await lab.untilSource('red/w0', node0);
  await lab.untilSource('blue/w0', node0);
});

async function sources(pod: string, count: number): Promise<Map<string, number>> {
  const seen = new Map<string, number>();
  for (let i = 0; i < count; i += 1) {
    const source = await lab.source(pod, 2);
    seen.set(source, (seen.get(source) ?? 0) + 1);
  }
  return seen;
}

function accessLog(): string[] {
  return readFileSync(`${lab.dir}/access.log`, 'utf8').split('\n').filter(Boolean);
}

test('several egress IPs: connections are spread over the nodes, and each keeps its own', async () => {
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.201'] });
  await lab.patch('hostsubnet', 'worker2', { egressIPs: ['192.168.7.202'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.201', '192.168.7.202'] });
  await until(
    'both are in use',
    async () => (await sources('red/w0', 6)).size === 2 && !(await sources('red/w0', 3)).has(node0),
    30,
  );
  const spread = await sources('red/w0', 40);
  expect([...spread.keys()].sort()).toEqual(['192.168.7.201', '192.168.7.202']);
  for (let i = 0; i < 5; i += 1) {
    const { stdout } = await lab.exec('red/w0', 'curl', '-s', ...Array.from({ length: 8 }, () => `${outside}/ip`));
    const answers = stdout.trim().split('\n');
    expect(answers).toHaveLength(8);
    expect(new Set(answers).size).toBe(1);
  }
});

test("a pod on a hosting node always uses that node's egress IP", async () => {
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.201'] });
  await lab.patch('hostsubnet', 'worker2', { egressIPs: ['192.168.7.202'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.201', '192.168.7.202'] });
  await lab.untilSource('red/w1', '192.168.7.201');
  await lab.untilSource('red/w2', '192.168.7.202');
  expect(await sources('red/w1', 15)).toEqual(new Map([['192.168.7.201', 15]]));
  expect(await sources('red/w2', 15)).toEqual(new Map([['192.168.7.202', 15]]));
});

test('an egress IP in two NetNamespaces drops both, and frees one when the other gives it up', async () => {
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.201'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.201'] });
  await lab.untilSource('red/w0', '192.168.7.201');
  await lab.patch('netnamespace', 'blue', { egressIPs: ['192.168.7.201'] });
  await lab.untilSource('red/w0', '');
  await lab.untilSource('blue/w0', '');
  await lab.patch('netnamespace', 'red', { egressIPs: null });
  await lab.untilSource('blue/w0', '192.168.7.201');
  expect(await sources('plain/w0', 3)).toEqual(new Map([[node0, 3]]));
});

test('an egress IP that moves to another node takes the traffic along; the router learns it', async () => {
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.201'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.201'] });
  await lab.untilSource('red/w0', '192.168.7.201');
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [] });
  await lab.patch('hostsubnet', 'worker2', { egressIPs: ['192.168.7.201'] });
  await until('worker2 has it', async () =>
    (await lab.node('worker2', 'ip', 'addr')).stdout.includes('192.168.7.201/24'),
  );
  // until then a slow node may still send it by worker1
  await until(
    'worker1 has it no more',
    async () => !(await lab.node('worker1', 'ip', 'addr')).stdout.includes('192.168.7.201/24'),
  );
  await until('the router has learned it', async () =>
    (await lab.inside('router', 'ip', 'neigh', 'show', '192.168.7.201')).stdout.includes('52:54:00:a8:07:0d'),
  );
  await lab.untilSource('red/w0', '192.168.7.201');
});

test("an open connection does not keep the node's address once the namespace asks for an egress IP", async () => {
  const client = `
    const http = require('http');
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    setInterval(() => http.get('${outside}/ip', { agent, headers: { 'user-agent': 'long-lived' } }, (answer) => answer.resume()).on('error', () => process.exit(3)), 20);
    setTimeout(() => process.exit(0), 4000);
  `;
  const running = lab.exec('red/w0', process.execPath, '-e', client);
  await until('the connection is in use', () => accessLog().some((line) => line.includes('long-lived')));
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.203'] });
  await lab.untilSource('red/w0', '');
  const then = accessLog().filter((line) => line.includes('long-lived')).length;
  await running;
  expect(accessLog().filter((line) => line.includes('long-lived'))).toHaveLength(then);
  expect(lab.log('node-worker0')).not.toContain('work failed');
});

test('new connections to an egress IP are refused, by TCP, UDP and ping; the node itself answers', async () => {
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.201'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.201'] });
  await lab.untilSource('red/w0', '192.168.7.201');
  const began = Date.now();
  expect((await lab.inside('outside', 'curl', '-s', '--max-time', '5', 'http://192.168.7.201:10250')).status).toBe(7);
  expect(Date.now() - began).toBeLessThan(3_000);
  expect((await lab.inside('outside', 'ping', '-c', '1', '-W', '1', '192.168.7.201')).stdout).toContain(
    'Packet filtered',
  );
  expect((await lab.inside('outside', 'ping', '-c', '1', '-W', '1', '192.168.7.12')).status).toBe(0);
});

test("a pod cannot take another namespace's egress IP by its MAC", async () => {
  await lab.patch('hostsubnet', 'worker0', { egressIPs: ['192.168.7.201'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.201'] });
  await lab.untilSource('red/w0', '192.168.7.201');
  const vnid = await lab.netid('red');
  const mac = `0a:fe:${(vnid & 255).toString(16).padStart(2, '0')}:${(vnid >> 8).toString(16).padStart(2, '0')}:00:00`;
  const own = (await lab.exec('plain/w0', 'cat', '/sys/class/net/eth0/address')).stdout.trim();
  await lab.exec('plain/w0', 'ip', 'link', 'set', 'eth0', 'address', mac);
  const taken = await sources('plain/w0', 4);
  await lab.exec('plain/w0', 'ip', 'link', 'set', 'eth0', 'address', own);
  expect(taken.has('192.168.7.201')).toBe(false);
  await lab.untilSource('plain/w0', node0);
});

test("an egress IP outside the node's network is not put on the interface, and its namespace is dropped", async () => {
  await lab.patch('hostsubnet', 'worker0', { egressIPs: ['192.168.99.1'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.99.1'] });
  await lab.untilSource('red/w0', '');
  await until('the reason is logged', () =>
    lab.log('node-worker0').includes('egress IP 192.168.99.1 lies outside 192.168.7.0/24, the network of br-ex'),
  );
  expect((await lab.node('worker0', 'ip', 'addr')).stdout).not.toContain('192.168.99.1');
  expect(await sources('red/w0', 2)).toEqual(new Map([['', 2]]));
});

test('an address of ours that somebody removes is put back within a second; one nobody wants is removed', async () => {
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.201'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.201'] });
  await lab.untilSource('red/w0', '192.168.7.201');
  const has = async (address: string) => (await lab.node('worker1', 'ip', 'addr')).stdout.includes(`${address}/24`);
  await lab.node('worker1', 'ip', 'addr', 'del', '192.168.7.201/24', 'dev', 'br-ex');
  await until('it is back', () => has('192.168.7.201'), 30);
  await lab.node('worker1', 'ip', 'addr', 'add', '192.168.7.222/24', 'dev', 'br-ex', 'label', 'br-ex:eip');
  await until('the other is gone', async () => !(await has('192.168.7.222')), 30);
});

test('an egress IP that goes while Open vSwitch hangs is taken off at once, and once', async () => {
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.201'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.201'] });
  await lab.untilSource('red/w1', '192.168.7.201');
  const has = async () => (await lab.node('worker1', 'ip', 'addr')).stdout.includes('192.168.7.201/24');
  const before = lab.log('node-worker1').length;
  const said = () => lab.log('node-worker1').slice(before);
  const pid = lab.pid('ovs-vswitchd-worker1');
  process.kill(pid, 'SIGSTOP');
  try {
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [] });
    await until('it is gone', async () => !(await has()), 30);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await until('the node follows', () => said().includes('"released":["192.168.7.201"]'));
  expect(said()).not.toContain('ExecError');
});

test('without the agent: a lost nft table closes the node to the outside, pods and nodes still reach one another', async () => {
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.201'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.201'] });
  await lab.untilSource('red/w1', '192.168.7.201');
  const pid = lab.pid('node-worker1');
  process.kill(pid, 'SIGSTOP');
  try {
    const podIP = await lab.podIP('plain/w0');
    await until(
      'pods reach one another',
      async () => (await lab.exec('plain/w1', 'ping', '-c', '1', '-W', '1', podIP)).status === 0,
    );
    await lab.node('worker1', 'nft', 'flush', 'ruleset');
    const before = accessLog().length;
    for (const pod of ['red/w1', 'red/w0', 'plain/w1']) expect(await lab.source(pod, 1)).toBe('');
    expect(accessLog()).toHaveLength(before);
    expect((await lab.exec('plain/w1', 'ping', '-c', '1', '-W', '1', podIP)).status).toBe(0);
    expect((await lab.exec('plain/w1', 'ping', '-c', '1', '-W', '1', '192.168.7.11')).status).toBe(0);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});

test('restarting the agent changes nothing on the bridge and in nft, and packets flow on', async () => {
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.201'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.201'] });
  await lab.untilSource('red/w0', '192.168.7.201');
  const dump = async () =>
    (await lab.node('worker0', 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0', '--no-stats')).stdout
      .split('\n')
      .slice(1)
      .sort();
  const durations = async () =>
    [
      ...(await lab.node('worker0', 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0')).stdout.matchAll(
        /duration=(\d+)/g,
      ),
    ].map((found) => Number(found[1]));
  // Including handles: a recreated table or rule has a different one.
  const nft = async () =>
    (await lab.node('worker0', 'nft', '-a', 'list', 'table', 'ip', 'sdn_compat')).stdout.replace(
      /\s*elements = \{[^}]*\}/g,
      '',
    );
  const before = await dump();
  const table = await nft();
  const pinging = lab.exec('red/w0', 'ping', '-i', '0.05', '-c', '60', '-q', '10.254.1.1');
  const pid = lab.pid('node-worker0');
  const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  process.kill(pid, 'SIGKILL');
  const again = spawn('ip', ['netns', 'exec', `sdnc.${lab.name}.worker0`, ...argv], { stdio: 'ignore' });
  try {
    await until('the agent follows the cluster again', async () => {
      await lab.patch('netnamespace', 'blue', { egressIPs: ['192.168.7.204'] });
      return (await lab.source('blue/w0')) === '';
    });
    expect((await pinging).stdout).toMatch(/ 0% packet loss/);
    await lab.patch('netnamespace', 'blue', { egressIPs: null });
    await lab.untilSource('blue/w0', node0);
    expect(await dump()).toEqual(before);
    expect(await nft()).toBe(table);
    expect(Math.min(...(await durations()))).toBeGreaterThan(0);
    expect(await lab.source('red/w0', 2)).toBe('192.168.7.201');
  } finally {
    const stat = readFileSync(`/proc/${again.pid!}/stat`, 'utf8');
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    writeFileSync(`${lab.dir}/run/node-worker0.json`, JSON.stringify({ pid: again.pid, startTime }));
  }
});
