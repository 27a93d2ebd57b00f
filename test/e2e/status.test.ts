/** What `status` says of a cluster whose agents run, are away, or never were: applied is what the agents published. */
import { type Ran, TestLab, until } from './lab.ts';

let lab: TestLab;
const egressIP = '192.168.7.210';

interface Seen {
  readonly egressIPs: readonly { readonly egressIP: string; readonly inUse: boolean | null }[];
  readonly nodes: readonly { readonly node: string; readonly agent: { readonly state: string } }[];
}

const states = ({ stdout }: Ran): string =>
  (JSON.parse(stdout) as Seen).nodes.map(({ node, agent }) => `${node.split('.')[0]} ${agent.state}`).join(', ');

const status = (...args: readonly string[]): Promise<Ran> => lab.sdnCompat('status', ...args);
const versions = (): Promise<string> =>
  lab.must([
    'get',
    'leases',
    '-A',
    '-l',
    'app.kubernetes.io/component=node',
    '-o',
    'jsonpath={.items[*].metadata.resourceVersion}',
  ]);

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '2', '--agent-option', 'resync=1');
  await lab.namespace('red');
});
afterAll(() => lab.down());

test('it waits until a patch is applied on every node, and then an egress IP is in use', async () => {
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  const before = await status();
  expect([before.status, before.stdout]).toEqual([1, expect.stringContaining('NoNodeHostsEgressIP')]);
  await lab.patch('hostsubnet', 'worker0', { egressIPs: [egressIP] });
  const waited = await status('--wait', '--timeout', '60s', '-o', 'json');
  expect(waited.status).toBe(0);
  expect(states(waited)).toBe('master0 applied, worker0 applied, worker1 applied');
  expect((JSON.parse(waited.stdout) as Seen).egressIPs).toMatchObject([{ egressIP, inUse: true }]);
});

test('agents write nothing when nothing of egress IPs changes, however often they look', async () => {
  const before = await versions();
  await lab.namespace('plain');
  await new Promise((resolve) => setTimeout(resolve, 4000));
  expect(await versions()).toBe(before);
});

test('a node whose agent is away is behind as soon as something changes, and not before', async () => {
  await lab.command('fail', 'worker1', '--mode', 'agent');
  try {
    expect(states(await status('-o', 'json'))).toContain('worker1 applied');
    await lab.patch('hostsubnet', 'worker0', { egressIPs: [egressIP, '192.168.7.211'] });
    const timely = async (): Promise<boolean> => states(await status('-o', 'json')).includes('worker0 applied');
    await until('the other agents have applied it', timely);
    const seen = await status('--wait', '--timeout', '1s');
    expect([seen.status, seen.stdout]).toEqual([
      1,
      expect.stringMatching(/Node worker1\.ocp4\.rober\.lab: its agent has not applied/),
    ]);
    expect((await status('--node', 'worker0.ocp4.rober.lab')).status).toBe(0);
    expect((await status('-n', 'red')).status).toBe(1);
  } finally {
    await lab.command('heal', 'worker1');
  }
  expect((await status('--wait', '--timeout', '60s')).status).toBe(0);
});

test('without its Lease it is not known what an agent applied, and it says so again at its next change', async () => {
  await lab.must(['delete', 'leases', '-A', '-l', 'app.kubernetes.io/component=node']);
  const seen = await status();
  expect([seen.status, seen.stdout]).toEqual([2, expect.stringContaining('no agent has said what it applied')]);
  expect((await status('--no-agents')).status).toBe(0);
  await lab.patch('hostsubnet', 'worker0', { egressIPs: [egressIP] });
  expect((await status('--wait', '--timeout', '60s')).status).toBe(0);
});

test('while the API server is away it waits for that, too', async () => {
  await lab.command('kill', 'apiserver');
  const waiting = status('--wait', '--timeout', '60s');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await lab.command('start', 'apiserver');
  expect((await waiting).status).toBe(0);
});
