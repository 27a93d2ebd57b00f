/**
 * The field's acceptance cases for egress IPs, each by packets. Services are stood in for by a small nft table that
 * does what kube-proxy does: rewrite the destination, and mark for masquerade what comes from pods.
 */
import { outside, TestLab, until } from './lab.ts';

const node0 = '192.168.7.11';
const node1 = '192.168.7.12';
const egressIP = '192.168.7.201';
const second = '192.168.7.202';
let lab: TestLab;

beforeAll(async () => {
  lab = await TestLab.up();
  for (const name of ['red', 'blue']) await lab.namespace(name);
  await lab.pods(['red/w0', 'worker0'], ['red/w1', 'worker1'], ['blue/w0', 'worker0']);
});
afterAll(() => lab.down());
afterEach(async () => {
  for (const name of ['red', 'blue']) await lab.patch('netnamespace', name, { egressIPs: null });
  for (const name of ['worker0', 'worker1', 'worker2']) await lab.patch('hostsubnet', name, { egressIPs: null });
  await lab.untilSource('red/w0', node0);
});

const request = (...egressIPs: string[]): Promise<string> => lab.patch('netnamespace', 'red', { egressIPs });
const host = (worker: string, ...egressIPs: string[]): Promise<string> =>
  lab.patch('hostsubnet', worker, { egressIPs });

async function hasAddress(worker: string, address: string): Promise<boolean> {
  return (await lab.node(worker, 'ip', '-4', '-o', 'addr', 'show', 'br-ex')).stdout.includes(` ${address}/`);
}

/** What kube-proxy would do on a node for one Service: `match` goes to the pod's port. */
async function service(worker: string, match: string, target: string): Promise<void> {
  const rules = `table ip stand_in {}
delete table ip stand_in
table ip stand_in {
  chain in { type nat hook prerouting priority dstnat; ${match} meta mark set meta mark | 0x4000 dnat to ${target}; }
  chain out { type nat hook postrouting priority srcnat; meta mark & 0x4000 != 0 masquerade; }
}
`;
  const ran = await lab.pipe(worker, rules).then(() => '', String);
  expect(ran).toBe('');
}

async function serve(pod: string): Promise<string> {
  const [namespace, name] = pod.split('/');
  const ip = await lab.must(['get', 'pod', '-n', namespace!, name!, '-o', 'jsonpath={.status.podIP}']);
  const script = "require('http').createServer((q, r) => r.end('served to ' + q.socket.remoteAddress)).listen(8080)";
  void lab.exec(pod, process.execPath, '-e', script); // ends with the lab
  await until('it serves', async () =>
    (await lab.exec(pod, 'curl', '-s', '--max-time', '1', `http://${ip}:8080`)).stdout.startsWith('served'),
  );
  return ip;
}

/** How many packets of the namespace the agent of a node says were dropped there for that reason. */
async function droppedOn(worker: string, namespace: string, reason: string): Promise<number> {
  const { stdout } = await lab.node(worker, 'curl', '-s', 'http://127.0.0.1:9107/metrics');
  const name = `sdn_compat_agent_dropped_packets_total{namespace="${namespace}",reason="${reason}"} `;
  return Number(
    stdout
      .split('\n')
      .find((line) => line.startsWith(name))
      ?.slice(name.length) ?? 0,
  );
}

test('egress IP set on the namespace before the host, and after it', async () => {
  await request(egressIP);
  await lab.untilSource('red/w0', '');
  await host('worker1', egressIP);
  await lab.untilSource('red/w0', egressIP);
  await request();
  await lab.untilSource('red/w0', node0);
  await request(egressIP);
  await lab.untilSource('red/w0', egressIP);
});

test('pods made before and after the egress IP', async () => {
  await host('worker1', egressIP);
  await request(egressIP);
  await lab.untilSource('red/w0', egressIP);
  await lab.pods(['red/late', 'worker2']);
  await lab.untilSource('red/late', egressIP);
  expect(await lab.source('red/late')).toBe(egressIP);
  await lab.must(['delete', 'pod', '-n', 'red', 'late']);
});

test('the IP is put on the NIC when it is requested and hosted, and taken off when one of both ends', async () => {
  await host('worker1', egressIP, second);
  await request(egressIP);
  await until('it is on the NIC', () => hasAddress('worker1', egressIP));
  expect(await hasAddress('worker1', second)).toBe(false);
  await host('worker1');
  await until('it is off the NIC', async () => !(await hasAddress('worker1', egressIP)));
  await host('worker1', egressIP, second);
  await until('it is on the NIC', () => hasAddress('worker1', egressIP));
  await request();
  await until('it is off the NIC', async () => !(await hasAddress('worker1', egressIP)));
});

test('flows, NAT and addresses are gone after removal', async () => {
  const state = (worker: string): Promise<string[]> =>
    Promise.all([
      lab
        .node(worker, 'ovs-ofctl', '-O', 'OpenFlow13', '--no-stats', 'dump-flows', 'br0')
        .then(({ stdout }) => stdout.split('\n').sort().join('\n')),
      lab
        .node(worker, 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-groups', 'br0')
        .then(({ stdout }) => stdout.replace(/xid=\S+/, '')),
      lab
        .node(worker, 'nft', 'list', 'table', 'ip', 'sdn_compat')
        .then(({ stdout }) => stdout.replace(/counter packets \d+ bytes \d+/g, '').replace(/written_\w+/g, '')),
      lab.node(worker, 'ip', '-4', '-o', 'addr', 'show', 'br-ex').then(({ stdout }) => stdout),
    ]);
  const workers = ['worker0', 'worker1'];
  const before = await Promise.all(workers.map(state));
  await host('worker1', egressIP);
  await request(egressIP);
  await lab.untilSource('red/w0', egressIP);
  for (const [index, during] of (await Promise.all(workers.map(state))).entries())
    expect(during).not.toEqual(before[index]);
  await request();
  await host('worker1');
  await lab.untilSource('red/w0', node0);
  await until(
    'all is as before',
    async () => JSON.stringify(await Promise.all(workers.map(state))) === JSON.stringify(before),
  );
});

test('an unused IP is removed from the HostSubnet without harm to the other', async () => {
  await host('worker1', egressIP);
  await host('worker2', second);
  await request(egressIP);
  await lab.untilSource('red/w0', egressIP);
  await host('worker2');
  expect(await lab.source('red/w0', 2)).toBe(egressIP);
});

test('EgressNetworkPolicy with an egress IP', async () => {
  await host('worker1', egressIP);
  await request(egressIP);
  await lab.untilSource('red/w0', egressIP);
  const policy = {
    apiVersion: 'network.openshift.io/v1',
    kind: 'EgressNetworkPolicy',
    metadata: { name: 'closed', namespace: 'red' },
    spec: { egress: [{ type: 'Deny', to: { cidrSelector: '10.1.8.0/24' } }] },
  };
  await lab.must(['create', '-f', '-'], JSON.stringify(policy));
  await lab.untilSource('red/w0', '');
  expect(await lab.source('blue/w0', 2)).toBe(node0);
  await until('it is counted', async () => (await droppedOn('worker0', 'red', 'EgressNetworkPolicy')) > 0, 30);
  await lab.must(['delete', 'egressnetworkpolicy', '-n', 'red', 'closed']);
  await lab.untilSource('red/w0', egressIP);
});

test('it still works after a reboot of the hosting node', async () => {
  await host('worker2', egressIP);
  await request(egressIP);
  await lab.untilSource('red/w0', egressIP);
  await lab.command('fail', 'worker2', '--mode', 'power');
  await lab.node('worker2', 'ip', 'addr', 'del', `${egressIP}/24`, 'dev', 'br-ex');
  await lab.node('worker2', 'nft', 'delete', 'table', 'ip', 'sdn_compat');
  await lab.node('worker2', 'ip', 'rule', 'del', 'pref', '91');
  expect(await lab.source('red/w0', 1)).toBe('');
  await lab.command('heal', 'worker2');
  await lab.untilSource('red/w0', egressIP);
});

test('an outside host that does not answer makes nobody offline', async () => {
  const workers = ['worker0', 'worker1', 'worker2'];
  await host('worker1', egressIP);
  await host('worker2', second);
  await request(egressIP, second);
  const isUsed = async () => [egressIP, second].includes(await lab.source('red/w0'));
  await until('they are used', isUsed);
  const peers = async () =>
    (await lab.node('worker0', 'curl', '-s', 'http://127.0.0.1:9107/metrics')).stdout
      .split('\n')
      .filter((line) => line.startsWith('sdn_compat_agent_peer_online{'))
      .sort();
  const online = [
    `sdn_compat_agent_peer_online{node_ip="${node1}"} 1`,
    'sdn_compat_agent_peer_online{node_ip="192.168.7.13"} 1',
  ];
  await until('both are watched', async () => (await peers()).join() === online.join());
  const before = workers.map((worker) => lab.log(`node-${worker}`).length);
  await lab.inside('router', 'ip', 'link', 'set', 'wan0', 'down');
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect(await lab.source('red/w0')).toBe('');
  expect(await peers()).toEqual(online);
  await lab.inside('router', 'ip', 'link', 'set', 'wan0', 'up');
  await until('they are used', isUsed);
  for (const [index, worker] of workers.entries())
    expect(lab.log(`node-${worker}`).slice(before[index])).not.toContain('node is offline');
});

test("a Service's external IP is reached from a namespace with an egress IP", async () => {
  await host('worker0', egressIP);
  await request(egressIP);
  await lab.untilSource('red/w0', egressIP);
  const ip = await serve('blue/w0');
  await service('worker0', 'ip daddr 10.1.8.99 tcp dport 80', `${ip}:8080`);
  await until('it answers', async () =>
    (await lab.exec('red/w0', 'curl', '-s', '--max-time', '2', 'http://10.1.8.99')).stdout.startsWith('served to'),
  );
});

test('NodePort of a pod in a namespace with an egress IP', async () => {
  await host('worker1', egressIP);
  await request(egressIP);
  await lab.untilSource('red/w0', egressIP);
  const ip = await serve('red/w0');
  await service('worker0', 'ip daddr 192.168.7.11 tcp dport 30080', `${ip}:8080`);
  await until('it answers', async () =>
    (await lab.inside('outside', 'curl', '-s', '--max-time', '2', `http://${node0}:30080`)).stdout.startsWith(
      'served to',
    ),
  );
  expect(await lab.source('red/w0', 2)).toBe(egressIP);
});

test('NetworkPolicy with an egress IP: denied ingress, and egress as before', async () => {
  await host('worker1', egressIP);
  await request(egressIP);
  await lab.untilSource('red/w0', egressIP);
  const ip = await serve('red/w1');
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'deny', namespace: 'red' },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  };
  const reach = async () =>
    (await lab.exec('blue/w0', 'curl', '-s', '--max-time', '1', `http://${ip}:8080`)).stdout.startsWith('served');
  await until('it is reached', reach);
  await lab.must(['create', '-f', '-'], JSON.stringify(policy));
  await until('it is closed', async () => !(await reach()));
  expect(await lab.source('red/w0', 2)).toBe(egressIP);
  await until('it is counted', async () => (await droppedOn('worker1', 'red', 'NetworkPolicyIngress')) > 0, 30);
  expect(await droppedOn('worker1', 'blue', 'NetworkPolicyIngress')).toBe(0);
  await lab.must(['delete', 'networkpolicy', '-n', 'red', 'deny']);
});

test('an IP is used again after its namespace is deleted', async () => {
  await host('worker1', egressIP);
  await lab.namespace('short');
  await lab.pods(['short/p', 'worker0']);
  await lab.patch('netnamespace', 'short', { egressIPs: [egressIP] });
  await lab.untilSource('short/p', egressIP);
  await lab.must(['delete', 'namespace', 'short']);
  await lab.patch('netnamespace', 'blue', { egressIPs: [egressIP] });
  await lab.untilSource('blue/w0', egressIP);
});

test('removed and added again', async () => {
  for (let round = 0; round < 3; round += 1) {
    await host('worker1', egressIP);
    await request(egressIP);
    await lab.untilSource('red/w0', egressIP);
    await request();
    await host('worker1');
    await lab.untilSource('red/w0', node0);
  }
});

test('the same IP on two HostSubnets: dropped, and on no NIC', async () => {
  await host('worker1', egressIP);
  await host('worker2', egressIP);
  await request(egressIP);
  await lab.untilSource('red/w0', '');
  await until(
    'it is nowhere',
    async () => !(await hasAddress('worker1', egressIP)) && !(await hasAddress('worker2', egressIP)),
  );
  await until('it is counted', async () => (await droppedOn('worker0', 'red', 'EgressIPNotInUse')) > 0, 30);
  await host('worker2');
  await lab.untilSource('red/w0', egressIP);
});

test('a pod on the hosting node uses the local IP; other namespaces and nodes are untouched', async () => {
  await host('worker0', egressIP);
  await host('worker1', second);
  await request(egressIP, second);
  await lab.untilSource('red/w0', egressIP);
  await lab.untilSource('red/w1', second);
  for (let i = 0; i < 5; i += 1) {
    expect(await lab.source('red/w0', 2)).toBe(egressIP);
    expect(await lab.source('red/w1', 2)).toBe(second);
    expect(await lab.source('blue/w0', 2)).toBe(node0);
  }
});

test('node address after removal, on every node', async () => {
  await host('worker1', egressIP);
  await request(egressIP);
  await lab.untilSource('red/w1', egressIP);
  await request();
  await lab.untilSource('red/w0', node0);
  await lab.untilSource('red/w1', node1);
  expect((await lab.exec('red/w1', 'curl', '-s', `${outside}/`)).stdout).toBe('OK\n');
});
