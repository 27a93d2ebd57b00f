/**
 * The old API on OVN-Kubernetes with real packets: the stand-in assigns, and the agents forward by what it assigned
 * alone. NetNamespaces and HostSubnets of the cluster reach the packets only by way of EgressIPs and EgressFirewalls.
 */
import { egressIPs } from '../../api/kinds.ts';
import { run, TestLab, until } from './lab.ts';
import { Client } from './outage.ts';

const worker0 = '192.168.7.11';
const red = '192.168.7.200';
let lab: TestLab;

beforeAll(async () => {
  lab = await TestLab.up('--ovn', 'B', '--nodes', '3');
  await lab.namespace('red');
  await lab.pods(['red/client', 'worker0']);
});
afterAll(() => lab.down());

/** By address, the node that the status of the namespace's EgressIP names. */
async function assigned(namespace: string): Promise<string> {
  const path = 'jsonpath={range .status.items[*]}{.egressIP} {.node}{end}';
  const ran = await lab.kubectl(['get', egressIPs.plural, `egressip-${namespace}`, '-o', path]);
  return ran.stdout.replace('.ocp4.rober.lab', '');
}

/** The same object as the agents see it. */
function asAgentsSee(...args: readonly string[]): Promise<{ readonly stdout: string }> {
  return run('kubectl', ['--kubeconfig', `${lab.dir}/kubeconfig-underlay`, ...args]);
}

/** The sources that a pod was seen with while something happened, each once, without what failed. */
async function sourcesWhile(work: () => Promise<void>): Promise<readonly string[]> {
  const client = await Client.start(lab, 'red/client', 10);
  try {
    await until('the client has begun', () => client.attempts.length > 5);
    const from = Date.now();
    await work();
    const end = Date.now();
    await until('all attempts have ended', () => (client.attempts.at(-1)?.at ?? 0) > end);
    return [...new Set(client.between(from, end).map(({ source }) => source))].filter((one) => one !== '').sort();
  } finally {
    client.stop();
  }
}

test('a namespace without egress IPs leaves with the address of the node', () =>
  lab.untilSource('red/client', worker0));

test('one that asks for an address that nobody hosts is closed, with its EgressIP and by an EgressFirewall', async () => {
  await lab.patch('netnamespace', 'red', { egressIPs: [red] });
  await lab.untilSource('red/client', '');
  const rules = ['get', 'egressfirewall', '-n', 'red', 'default', '-o', 'jsonpath={.spec.egress[*].type}'];
  expect(await lab.must(rules)).toBe('Allow Deny');
});

test('when a node hosts it the pod leaves with it, and with no other address on the way', async () => {
  const sources = await sourcesWhile(async () => {
    await lab.patch('hostsubnet', 'worker2', { egressIPs: [`${red}/24`] });
    await lab.untilSource('red/client', red);
  });
  expect(sources).toEqual([red]);
  expect(await assigned('red')).toBe(`${red} worker2`);
});

test('the agents know of it by what OVN-Kubernetes assigned, under a VNID of their own', async () => {
  const seen = await asAgentsSee('get', 'netnamespace', 'red', '-o', 'jsonpath={.netid} {.egressIPs}');
  expect(seen.stdout).toMatch(new RegExp(`^1\\d{3} \\["${red}"\\]$`));
  expect(seen.stdout).not.toContain(String(await lab.netid('red')) + ' ');
  const hosts = await asAgentsSee('get', 'hostsubnet', 'worker2.ocp4.rober.lab', '-o', 'jsonpath={.egressIPs}');
  expect(hosts.stdout).toBe(`["${red}"]`);
  expect((await asAgentsSee('get', 'egressip')).stdout).toBe('');
});

test('patched to another node it moves there, and meanwhile the namespace is closed', async () => {
  const sources = await sourcesWhile(async () => {
    await lab.patch('hostsubnet', 'worker2', { egressIPs: [] });
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [red] });
    await until('it is there', async () => (await assigned('red')) === `${red} worker1`);
    await lab.untilSource('red/client', red);
  });
  expect(sources).toEqual([red]);
});

test('without the controller, and with the cluster manager started again, packets go on', async () => {
  await lab.command('kill', 'controller');
  await lab.command('kill', 'ovn');
  await lab.command('start', 'ovn');
  expect(await lab.source('red/client', 2)).toBe(red);
  await lab.command('start', 'controller');
  await lab.untilSource('red/client', red);
  expect(await assigned('red')).toBe(`${red} worker1`);
});

test('an EgressNetworkPolicy is enforced by way of an EgressFirewall', async () => {
  const policy = {
    apiVersion: 'network.openshift.io/v1',
    kind: 'EgressNetworkPolicy',
    metadata: { name: 'default', namespace: 'red' },
    spec: { egress: [{ type: 'Deny', to: { cidrSelector: '10.1.8.0/24' } }] },
  };
  await lab.must(['create', '-f', '-'], JSON.stringify(policy));
  await lab.untilSource('red/client', '');
  await lab.must(['delete', 'egressnetworkpolicy', '-n', 'red', 'default']);
  await lab.untilSource('red/client', red);
});

test('of a node that dies the address goes to another with egressCIDRs', async () => {
  await lab.patch('netnamespace', 'red', { egressIPs: [] });
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [], egressCIDRs: ['192.168.7.0/24'] });
  await lab.patch('hostsubnet', 'worker2', { egressCIDRs: ['192.168.7.0/24'] });
  await lab.untilSource('red/client', worker0);
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.201'] });
  await lab.untilSource('red/client', '192.168.7.201');
  const [, node = ''] = (await assigned('red')).split(' ');
  const other = node === 'worker1' ? 'worker2' : 'worker1';
  await lab.command('fail', node, '--mode', 'link');
  await until('it is elsewhere', async () => (await assigned('red')) === `192.168.7.201 ${other}`, 30);
  await lab.untilSource('red/client', '192.168.7.201');
  const shown = ['get', 'hostsubnet', `${other}.ocp4.rober.lab`, '-o', 'jsonpath={.egressIPs}'];
  await until('the HostSubnet shows it', async () => (await lab.must(shown)) === '["192.168.7.201"]');
  await lab.command('heal', node);
});

test('what asks for nothing any more leaves as nodes do, and nothing is left', async () => {
  await lab.patch('netnamespace', 'red', { egressIPs: null });
  await lab.untilSource('red/client', worker0);
  await until('all is gone', async () => {
    const left = await lab.must(['get', 'egressip,egressfirewall', '-A', '-o', 'name']);
    return left === '';
  });
});
