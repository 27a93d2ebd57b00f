/** What real clusters contain, by packets: no object stops a node, and none of them opens or takes what it should not. */
import { namespaceOf, TestLab, until } from './lab.ts';
import { Prober } from './prober.ts';

const egressIP = '192.168.7.201';
const node = (worker: string): string => `${worker}.ocp4.rober.lab`;
const pods = ['red/w0', 'red/w1', 'blue/w1', 'odd/w2'] as const;
const port = 5_001;
let lab: TestLab;
const probers = new Map<string, Prober>();

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '3');
  for (const namespace of ['red', 'blue', 'odd']) await lab.namespace(namespace);
  await lab.pods(['red/w0', 'worker0'], ['red/w1', 'worker1'], ['blue/w1', 'worker1'], ['odd/w2', 'worker2']);
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [egressIP] });
  for (const pod of ['red/w0', 'red/w1']) await lab.untilSource(pod, egressIP);
  for (const pod of pods) probers.set(pod, await Prober.start(namespaceOf(lab, pod), [port]));
  probers.set('worker0', await Prober.start(`sdnc.${lab.name}.worker0`, []));
});
afterAll(async () => {
  for (const prober of probers.values()) prober.stop();
  await lab.down();
});

const create = (object: object): Promise<string> => lab.must(['create', '-f', '-'], JSON.stringify(object));
const remove = (kind: string, name: string, ...where: string[]): Promise<unknown> =>
  lab.kubectl(['delete', kind, name, ...where]);

/** Whether a pod, or worker0 itself, reaches a pod. */
async function reaches(from: string, to: string): Promise<boolean> {
  const targets = [{ protocol: 'tcp', ip: await lab.podIP(to), port } as const];
  return (await probers.get(from)!.reaches(targets, 700))[0] === true;
}

/** A change on every node still arrives: an egress IP for a namespace that had none, and none again. */
async function everyNodeFollows(): Promise<void> {
  await lab.patch('hostsubnet', 'worker2', { egressIPs: ['192.168.7.202'] });
  await lab.patch('netnamespace', 'blue', { egressIPs: ['192.168.7.202'] });
  await lab.untilSource('blue/w1', '192.168.7.202');
  await lab.patch('netnamespace', 'blue', { egressIPs: [] });
  await lab.patch('hostsubnet', 'worker2', { egressIPs: [] });
  await lab.untilSource('blue/w1', '192.168.7.12');
  await lab.untilSource('red/w0', egressIP); // an agent that was started again made its node not Ready
}

test('a HostSubnet with a subnet of one address stops nobody', async () => {
  await create({
    apiVersion: 'network.openshift.io/v1',
    kind: 'HostSubnet',
    metadata: { name: 'edge' },
    host: 'edge',
    hostIP: '192.168.7.95',
    subnet: '10.254.77.5/32',
  });
  await everyNodeFollows();
  await lab.event('InvalidHostSubnet', 'HostSubnet/edge');
  await remove('hostsubnet', 'edge');
});

test('a live node with too wide a subnet, and an invalid ClusterNetwork, stop no other node', async () => {
  const subnetOf = (short: string): Promise<string> =>
    lab.must(['get', 'hostsubnet', node(short), '-o', 'jsonpath={.subnet}']);
  const own = await subnetOf('master0');
  await lab.patch('hostsubnet', 'master0', { subnet: '10.254.0.0/16' });
  await lab.event('SubnetInSeveralHostSubnets', `HostSubnet/${node('master0')}`);
  await everyNodeFollows();
  await lab.patch('hostsubnet', 'master0', { subnet: own });
  const plugin = (name: string): Promise<string> =>
    lab.must(['patch', 'clusternetwork', 'default', '--type=merge', '-p', JSON.stringify({ pluginName: name })]);
  await plugin('redhat/openshift-ovs-foo');
  await lab.event('InvalidClusterNetwork', 'ClusterNetwork/default');
  await everyNodeFollows();
  await lab.command('kill', 'agent', 'worker1');
  await lab.command('start', 'agent', 'worker1');
  await everyNodeFollows();
  await plugin('redhat/openshift-ovs-networkpolicy');
  await everyNodeFollows();
});

test('a NetworkPolicy with fields that are null closes what it selects, and stops nobody', async () => {
  const metadata = { name: 'default-deny', namespace: 'odd' };
  await create({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata,
    spec: { podSelector: null, ingress: null, egress: null },
  });
  await until('the policy holds', async () => !(await reaches('blue/w1', 'odd/w2')));
  await everyNodeFollows();
  await remove('networkpolicy', 'default-deny', '-n', 'odd');
  await until('it is gone', () => reaches('blue/w1', 'odd/w2'));
});

test("a second NetNamespace with a namespace's VNID does not open what its policy closes", async () => {
  const allow = await lab.deny('odd', 'Ingress');
  await until('the policy holds', async () => !(await reaches('blue/w1', 'odd/w2')));
  const before = await lab.netid('blue');
  await lab.patch('netnamespace', 'blue', { netid: await lab.netid('odd') });
  await lab.event('VNIDInSeveralNamespaces', 'NetNamespace/odd');
  await lab.event('VNIDInSeveralNamespaces', 'NetNamespace/blue');
  for (let i = 0; i < 5; i += 1) expect(await reaches('blue/w1', 'odd/w2')).toBe(false);
  expect(await reaches('odd/w2', 'blue/w1')).toBe(true);
  await lab.patch('netnamespace', 'blue', { netid: before });
  await allow();
  await until('blue is reachable', () => reaches('red/w0', 'blue/w1'));
});

test('a policy that selects openshift-host-network lets the nodes in, and no pod', async () => {
  const hosts = { 'policy-group.network.openshift.io/host-network': '' };
  await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'openshift-host-network', labels: hosts } });
  const allow = await lab.deny('odd', 'Ingress');
  await until('the policy holds', async () => !(await reaches('worker0', 'odd/w2')));
  await create({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'from-nodes', namespace: 'odd' },
    spec: { podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: hosts } }] }] },
  });
  await until('a node gets in', () => reaches('worker0', 'odd/w2'));
  expect(await reaches('blue/w1', 'odd/w2')).toBe(false);
  await remove('networkpolicy', 'from-nodes', '-n', 'odd');
  await allow();
  await remove('namespace', 'openshift-host-network');
});

test('packets to a host with a fixed VNID have it as tunnel id, and the agent keeps it so', async () => {
  await create({
    apiVersion: 'network.openshift.io/v1',
    kind: 'HostSubnet',
    metadata: {
      name: 'balancer1',
      annotations: {
        'pod.network.openshift.io/fixed-vnid-host': '0',
        'pod.network.openshift.io/assign-subnet': 'true',
      },
    },
    host: 'balancer1',
    hostIP: '192.168.7.240',
  });
  const subnet = await until('its subnet', async () => {
    const text = await lab.must(['get', 'hostsubnet', 'balancer1', '-o', 'jsonpath={.subnet}']);
    return text === '' ? undefined : text;
  });
  const flows = async (): Promise<string[]> =>
    (await lab.node('worker0', 'ovs-ofctl', '-O', 'OpenFlow13', '--no-stats', 'dump-flows', 'br0')).stdout
      .split('\n')
      .filter((line) => line.includes(subnet));
  await until('its flows', async () => (await flows()).length === 2);
  for (const line of await flows())
    expect(line).toMatch(/set_field:0(x0)?->tun_id,set_field:192\.168\.7\.240->tun_dst/);
  const updates = (): number => lab.log('node-worker0').split('node brought up to date').length;
  await everyNodeFollows();
  const settled = updates();
  await lab.patch('hostsubnet', 'worker2', { egressIPs: [] });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(updates()).toBe(settled);
  await remove('hostsubnet', 'balancer1');
});

test('a node that reports the egress IP it hosts as its first InternalIP keeps its pod network', async () => {
  const report = (addresses: object[]): Promise<string> =>
    lab.must([
      'patch',
      'node',
      node('worker1'),
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status: { addresses } }),
    ]);
  const internal = (address: string): object => ({ type: 'InternalIP', address });
  for (const addresses of [
    [internal(egressIP), { type: 'ExternalIP', address: '192.168.7.12' }],
    [internal('fd00::7'), internal(egressIP), internal('192.168.7.12')],
  ]) {
    await report(addresses);
    await everyNodeFollows();
    expect(await lab.must(['get', 'hostsubnet', node('worker1'), '-o', 'jsonpath={.hostIP}'])).toBe('192.168.7.12');
    expect(await reaches('red/w0', 'red/w1')).toBe(true);
    expect(await lab.source('red/w1', 1)).toBe(egressIP);
  }
});

test('an address that a machine outside has is not taken from it, and comes once that has left it', async () => {
  const taken = '192.168.7.230';
  const links = JSON.parse((await lab.inside('router', 'ip', '-j', 'addr', 'show')).stdout) as {
    ifname: string;
    address: string;
    addr_info: { local: string }[];
  }[];
  const shown = links.find(({ addr_info }) => addr_info.some(({ local }) => local === '192.168.7.1'))!;
  await lab.inside('router', 'ip', 'addr', 'add', `${taken}/24`, 'dev', shown.ifname);
  await lab.patch('hostsubnet', 'worker2', { egressIPs: [taken] });
  await lab.patch('netnamespace', 'odd', { egressIPs: [taken] });
  await lab.event('EgressIPRefused', `HostSubnet/${node('worker2')}`);
  const events = await lab.must(['get', 'events', '-o', 'jsonpath={range .items[*]}{.message}{"\\n"}{end}']);
  expect(events).toContain(`egress IP ${taken} is in use by another machine: ${shown.address} answers for it`);
  expect(await lab.source('odd/w2')).toBe('');
  expect((await lab.node('worker2', 'ip', '-4', 'addr', 'show')).stdout).not.toContain(taken);
  // nor does it come to the next node: worker2 never carried it
  await lab.patch('hostsubnet', 'worker2', { egressIPs: [] });
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [taken] });
  await lab.event('EgressIPRefused', `HostSubnet/${node('worker1')}`);
  expect((await lab.node('worker1', 'ip', '-4', 'addr', 'show')).stdout).not.toContain(taken);
  expect(await lab.source('odd/w2')).toBe('');
  await lab.inside('router', 'ip', 'addr', 'del', `${taken}/24`, 'dev', shown.ifname);
  await lab.untilSource('odd/w2', taken);
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [] });
  await lab.patch('netnamespace', 'odd', { egressIPs: [] });
  await lab.untilSource('odd/w2', '192.168.7.13');
});

test('a virtual IP that a node has on its interface is neither taken from it nor carried by it', async () => {
  const virtual = '192.168.7.231';
  await lab.node('worker0', 'ip', 'addr', 'add', `${virtual}/32`, 'dev', 'br-ex');
  await lab.patch('netnamespace', 'odd', { egressIPs: [virtual] });
  for (const short of ['worker1', 'worker0'] as const) {
    await lab.patch('hostsubnet', short, { egressIPs: [virtual] });
    await until(`${short} refuses it`, async () =>
      /RefusedByNode: \S+ does not carry it: egress IP 192\.168\.7\.231 is (in use by another machine|on br-ex already)/.test(
        (await lab.sdnCompat('status')).stdout,
      ),
    );
    expect((await lab.node('worker1', 'ip', '-4', 'addr', 'show')).stdout).not.toContain(virtual);
    expect(await lab.source('odd/w2')).toBe('');
    await lab.patch('hostsubnet', short, { egressIPs: [] });
  }
  expect((await lab.node('worker0', 'ip', '-4', 'addr', 'show')).stdout).toContain(`${virtual}/32`);
  await lab.node('worker0', 'ip', 'addr', 'del', `${virtual}/32`, 'dev', 'br-ex');
  await lab.patch('netnamespace', 'odd', { egressIPs: [] });
  await lab.untilSource('odd/w2', '192.168.7.13');
});

test('an egress IP that moves comes at once, although its former node still answers for it', async () => {
  await lab.command('stall', 'agent', 'worker1');
  try {
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [] });
    await lab.patch('hostsubnet', 'worker2', { egressIPs: [egressIP] });
    await lab.untilSource('red/w0', egressIP);
    expect((await lab.node('worker2', 'ip', '-4', 'addr', 'show')).stdout).toContain(egressIP);
  } finally {
    await lab.command('resume', 'agent', 'worker1');
  }
});

test('an interface with a long name carries egress IPs without label; a new agent knows them', async () => {
  const long = 'enp134s0f0np0';
  const inside = async (...argv: [string, ...string[]]): Promise<void> =>
    expect((await lab.node('worker2', ...argv)).stderr).toBe('');
  const move = async (from: string, to: string): Promise<void> => {
    await inside('ip', 'addr', 'del', '192.168.7.13/24', 'dev', from);
    await inside('ip', 'addr', 'add', '192.168.7.13/24', 'dev', to);
    await inside('ip', 'route', 'replace', 'default', 'via', '192.168.7.1');
  };
  const has = async (ip: string): Promise<boolean> =>
    (await lab.node('worker2', 'ip', '-4', 'addr', 'show', 'dev', long)).stdout.includes(ip);
  await inside('ovs-vsctl', 'add-port', 'br-ex', long, '--', 'set', 'interface', long, 'type=internal');
  await inside('ip', 'link', 'set', long, 'up');
  await move('br-ex', long);
  const carried = ['192.168.7.226', '192.168.7.227'] as const;
  await lab.patch('hostsubnet', 'worker2', { egressIPs: [carried[0]] });
  await lab.patch('netnamespace', 'odd', { egressIPs: [carried[0]] });
  await lab.untilSource('odd/w2', carried[0]);
  await lab.command('kill', 'agent', 'worker2');
  await lab.patch('hostsubnet', 'worker2', { egressIPs: [carried[1]] });
  await lab.patch('netnamespace', 'odd', { egressIPs: [carried[1]] });
  await lab.command('start', 'agent', 'worker2');
  await lab.untilSource('odd/w2', carried[1]);
  await until('the first is gone', async () => !(await has(carried[0])));
  await lab.patch('netnamespace', 'odd', { egressIPs: [] });
  await lab.patch('hostsubnet', 'worker2', { egressIPs: [] });
  await until('the second is gone', async () => !(await has(carried[1])));
  await move(long, 'br-ex');
  await inside('ovs-vsctl', 'del-port', 'br-ex', long);
  await lab.untilSource('odd/w2', '192.168.7.13');
});

test('the network of a cloud counts on a node whose address has 32 bits', async () => {
  const taken = '192.168.7.224';
  const run = async (...argv: string[]): Promise<void> =>
    expect((await lab.node('worker2', 'ip', ...argv)).stderr).toBe('');
  await run('addr', 'add', '192.168.7.13/32', 'dev', 'br-ex');
  await run('addr', 'del', '192.168.7.13/24', 'dev', 'br-ex');
  await run('route', 'replace', '192.168.7.0/24', 'dev', 'br-ex', 'src', '192.168.7.13');
  await run('route', 'replace', 'default', 'via', '192.168.7.1', 'dev', 'br-ex');
  const limits = JSON.stringify([{ interface: 'nic0', ifaddr: { ipv4: '192.168.7.0/24' }, capacity: { ip: 10 } }]);
  await lab.must(['annotate', 'node', node('worker2'), `cloud.network.openshift.io/egress-ipconfig=${limits}`]);
  await lab.patch('hostsubnet', 'worker2', { egressIPs: [taken] });
  await lab.patch('netnamespace', 'odd', { egressIPs: [taken] });
  await lab.untilSource('odd/w2', taken);
});
