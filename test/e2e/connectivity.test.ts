/** `test` and `echo` in the lab: pods of every node ask a server outside, which tells them their address. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Ran, TestLab, until } from './lab.ts';

let lab: TestLab;
const egressIP = '192.168.7.210';
const program = join(import.meta.dirname, '../../bin/sdn-compat');
const url = 'http://10.1.8.72:8099/';

const test_ = (...args: readonly string[]): Promise<Ran> =>
  lab.sdnCompat('test', '--image', 'curl', '--timeout', '20s', ...args);
const leftPods = (): Promise<string> => lab.must(['get', 'pods', '-A', '-o', 'name']);

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '2');
  for (const name of ['red', 'blue', 'none']) await lab.namespace(name);
  await lab.patch('hostsubnet', 'worker0', { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'none', { egressIPs: ['192.168.7.77'] });
  await lab.sdnCompat('status', '--wait', '-n', 'red', '--timeout', '60s');
});
afterAll(() => lab.down());

async function withEcho(work: () => Promise<void>): Promise<void> {
  const argv = ['netns', 'exec', `sdnc.${lab.name}.outside`, program, 'echo', '--listen', '10.1.8.72:8099'];
  const echo = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(echo.stdout, 'data');
    await work();
  } finally {
    echo.kill('SIGTERM');
    const [code] = (await once(echo, 'exit')) as [number | null];
    expect(code).toBe(0);
  }
}

test('namespaces leave as status says, from every node, and no pod stays', async () => {
  await withEcho(async () => {
    const all = await test_('--to', url, '--per-node', '-n', 'red', '-n', 'blue', '-n', 'none', '-o', 'json');
    const results = JSON.parse(all.stdout) as { namespace: string; node: string; address: string; state: string }[];
    expect(
      results.map(({ namespace, node, address, state }) => [namespace, node.split('.')[0], address, state]),
    ).toEqual([
      ['blue', 'master0', '192.168.7.10', 'well'],
      ['blue', 'worker0', '192.168.7.11', 'well'],
      ['blue', 'worker1', '192.168.7.12', 'well'],
      ['none', 'master0', null, 'well'],
      ['none', 'worker0', null, 'well'],
      ['none', 'worker1', null, 'well'],
      ['red', 'master0', egressIP, 'well'],
      ['red', 'worker0', egressIP, 'well'],
      ['red', 'worker1', egressIP, 'well'],
    ]);
    expect(all.status).toBe(0);
    expect((await test_('--to', url)).stdout).toMatch(/^red +\S+ +192\.168\.7\.210 +192\.168\.7\.210 +well$/m);
  });
  expect(await leftPods()).toBe('');
}, 600_000);

test('where a policy cuts a namespace off, that is a failure in every form', async () => {
  const undo = await lab.deny('red', 'Egress');
  await withEcho(async () => {
    await until('the policy holds', async () => (await test_('--to', url, '-n', 'red')).status === 2, 60);
    const both = await test_('--to', url, '-n', 'red', '-n', 'blue', '-o', 'junit');
    expect(both.status).toBe(1);
    expect(both.stdout).toContain('<testsuite name="sdn-compat test" tests="2" failures="1" errors="0">');
    expect(both.stdout).toMatch(/<testcase classname="red".*>\n {4}<failure message="a pod got no answer/);
  });
  await undo();
}, 600_000);

test('a server that is silent proves nothing, and mistakes are told', async () => {
  const silent = await test_('--to', url, '-n', 'blue');
  expect([silent.status, silent.stdout]).toEqual([2, expect.stringContaining('a pod got no answer')]);
  for (const [args, text] of [
    [['--to', 'ftp://x'], 'it is no http or https URL'],
    [['--to', url, '-n', 'nosuch'], 'there is no valid NetNamespace of that name'],
  ] as const) {
    const { status, stderr } = await test_(...args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(text)]);
  }
  expect(await leftPods()).toBe('');
});

describe('while a node is cut off', () => {
  const first = '192.168.7.220';
  const second = '192.168.7.221';
  beforeAll(async () => {
    for (const name of ['moves', 'waits', 'sdn-compat']) await lab.namespace(name);
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [first, '192.168.7.222'] });
    await lab.patch('hostsubnet', 'worker0', { egressIPs: [egressIP, second] });
    await lab.patch('netnamespace', 'moves', { egressIPs: [first, second] });
    await lab.patch('netnamespace', 'waits', { egressIPs: ['192.168.7.222'] });
    for (const name of ['moves', 'waits']) await lab.sdnCompat('status', '--wait', '-n', name, '--timeout', '60s');
  });
  const worker1 = 'worker1.ocp4.rober.lab';
  const cutOff = (...args: readonly string[]): Promise<Ran> =>
    test_('--to', url, '--disruptive', worker1, '--node-image', 'nft', '--outage', '12s', ...args);

  test('who has another egress IP goes on with it, and who has none waits for the node', async () => {
    await withEcho(async () => {
      const { status, stdout, stderr } = await cutOff('-o', 'json');
      const results = JSON.parse(stdout) as { namespace: string; address: string; state: string; without: number }[];
      expect([status, stderr]).toEqual([0, expect.stringContaining(`${worker1} is cut off for 12 s`)]);
      expect(results.map(({ namespace, state }) => [namespace, state])).toEqual([
        ['moves', 'well'],
        ['waits', 'well'],
      ]);
      const [moves, waits] = results;
      expect(moves?.address.split(', then ').every((one) => [first, second].includes(one))).toBe(true);
      expect(moves?.without).toBeLessThan(12);
      expect(waits?.address).toBe('192.168.7.222');
      expect(waits?.without).toBeGreaterThan(5);
    });
    expect(await leftPods()).toBe('');
    const { stdout } = await lab.node('worker1', 'nft', 'list', 'tables');
    expect(stdout).not.toContain('sdn_compat_outage');
  }, 600_000);

  test('of two runs at once one cuts off, and the other says that it cannot', async () => {
    await withEcho(async () => {
      const both = await Promise.all([cutOff('--outage', '25s'), cutOff('--outage', '25s')]);
      expect(both.map(({ status }) => status).sort()).toEqual([0, 2]);
      expect(both.find(({ status }) => status === 2)?.stderr).toMatch(/could not be cut off: .*File exists/s);
    });
    expect(await leftPods()).toBe('');
    const { stdout } = await lab.node('worker1', 'nft', 'list', 'tables');
    expect(stdout).not.toContain('sdn_compat_outage');
  }, 600_000);

  test('mistakes are told before anything is cut off', async () => {
    for (const [args, text] of [
      [['--disruptive', worker1], '--node-image must name an image with nft'],
      [['--disruptive', 'master0.ocp4.rober.lab', '--node-image', 'nft'], 'leaves by that node now'],
      [['--disruptive', worker1, '--node-image', 'nft', '-n', 'red'], 'leaves by that node now'],
    ] as const) {
      const { status, stderr } = await test_('--to', url, ...args);
      expect([status, stderr]).toEqual([2, expect.stringContaining(text)]);
    }
  });
});
