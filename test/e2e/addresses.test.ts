/**
 * Addresses of a node by packets: gratuitous ARP, egress IPs that it must refuse, its own address changed, MTU, VXLAN
 * untracked.
 */
import { nodes } from '../../api/kinds.ts';
import { openKube } from '../../src/io/kube/config.ts';
import { createLogger } from '../../src/io/log.ts';
import { TestLab, until } from './lab.ts';

const egressIP = '192.168.7.201';
let lab: TestLab;

beforeAll(async () => {
  lab = await TestLab.up();
  await Promise.all(['red', 'blue'].map((name) => lab.namespace(name)));
  await lab.pods(['red/w0', 'worker0'], ['red/w1', 'worker1'], ['blue/w2', 'worker2']);
  await lab.untilSource('red/w0', '192.168.7.11');
});
afterAll(() => lab.down());

async function clear(): Promise<void> {
  for (const name of ['red', 'blue']) await lab.patch('netnamespace', name, { egressIPs: null });
  for (const name of ['worker0', 'worker1', 'worker2']) await lab.patch('hostsubnet', name, { egressIPs: null });
}

test('gratuitous ARP, request and reply, is seen on the underlay at once and again 2 s later', async () => {
  const match = `arp saddr ip ${egressIP} arp daddr ip ${egressIP} counter`;
  await lab.pipe(
    'router',
    `table arp seen { chain in { type filter hook input priority 0; arp operation request ${match} comment "request"; arp operation reply ${match} comment "reply"; }; }\n`,
  );
  const counts = async (): Promise<string> => {
    const { stdout } = await lab.inside('router', 'nft', 'list', 'table', 'arp', 'seen');
    return [...stdout.matchAll(/operation (\w+) .*packets (\d+)/g)]
      .map(([, kind, count]) => `${kind!} ${count!}`)
      .join(', ');
  };
  expect(await counts()).toBe('request 0, reply 0');
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  await until('one of each', async () => (await counts()) === 'request 1, reply 1', 30);
  const first = performance.now();
  await until('two of each', async () => (await counts()) === 'request 2, reply 2', 30);
  const between = performance.now() - first;
  expect(between).toBeGreaterThan(1_500);
  expect(between).toBeLessThan(2_900);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await counts()).toBe('request 2, reply 2');
  await clear();
});

test("a node's address as egress IP is put nowhere: the namespace is dropped, the address stays as it was", async () => {
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.12'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.12'] });
  await lab.untilSource('red/w0', '');
  await lab.untilSource('red/w1', '');
  await lab.event('EgressIPIsNodeAddress', 'netnamespace/red');
  await lab.event('EgressIPIsNodeAddress', 'hostsubnet/worker1.ocp4.rober.lab');
  expect((await lab.node('worker1', 'ip', '-4', '-o', 'addr', 'show', 'to', '192.168.7.12')).stdout).not.toContain(
    ':eip',
  );
  await clear();
  await lab.untilSource('red/w1', '192.168.7.12');
  expect((await lab.node('worker1', 'ip', '-4', '-o', 'addr', 'show', 'to', '192.168.7.12')).stdout).toContain(
    '192.168.7.12/24',
  );
  // nor on another node, where it would cut off the one that has it
  await lab.patch('hostsubnet', 'worker2', { egressCIDRs: ['192.168.7.0/24'] });
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.12', egressIP] });
  await lab.untilSource('red/w0', egressIP);
  expect((await lab.node('worker2', 'ip', '-4', '-o', 'addr', 'show', 'to', '192.168.7.12')).stdout).toBe('');
  await lab.patch('hostsubnet', 'worker2', { egressCIDRs: null });
  await clear();
});

/** The row of an egress IP in `sdn-compat status`, with single spaces. */
async function rowOf(ip: string): Promise<string> {
  const { stdout } = await lab.sdnCompat('status');
  const row = stdout.split('\n').find((line) => line.startsWith(`${ip} `)) ?? '';
  return row.replace(/ +/g, ' ').trim();
}

test('the agent tells what it hosts and refuses, by metrics and by status, and that it is ready', async () => {
  const status = async (path: string): Promise<string> =>
    (await lab.node('worker1', 'curl', '-s', `http://127.0.0.1:9107${path}`)).stdout;
  expect(await status('/readyz')).toBe('ok\n');
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [egressIP, '192.168.9.1'] });
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'blue', { egressIPs: ['192.168.9.1'] });
  await until('one hosted, one refused', async () =>
    /agent_egressips_hosted 1\n[^]*agent_egressips_refused 1\n/.test(await status('/metrics')),
  );
  expect(await status('/metrics')).toMatch(/sdn_compat_agent_change_to_flows_seconds_count [1-9]/);
  await until('status shows what the agent refuses', async () =>
    (await rowOf('192.168.9.1')).includes(
      'dropped worker1.ocp4.rober.lab RefusedByNode: worker1.ocp4.rober.lab does not carry it: egress IP 192.168.9.1 lies outside 192.168.7.0/24',
    ),
  );
  expect(await rowOf(egressIP)).toMatch(/ via worker1\.ocp4\.rober\.lab$/);
  await lab.patch('netnamespace', 'blue', { egressIPs: null });
  await clear();
  await until('nothing is refused any more', async () => {
    const lease = [
      'get',
      'lease',
      '-n',
      'kube-system',
      'sdn-compat-node-worker1.ocp4.rober.lab',
      '-o',
      'jsonpath={.metadata.annotations}',
    ];
    return (await lab.must(lease)).includes('"sdn-compat/refused-egress-ips":"{}"');
  });
});

test.each(['1', '0'])(
  "the node's address removed and added again, with promote_secondaries=%s: it comes first again, and node and pods leave with it",
  async (promote) => {
    await lab.patch('hostsubnet', 'worker2', { egressIPs: [egressIP] });
    await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
    await lab.untilSource('red/w0', egressIP);
    await lab.node('worker2', 'sysctl', '-q', '-w', `net.ipv4.conf.br-ex.promote_secondaries=${promote}`);
    await lab.node('worker2', 'ip', 'addr', 'del', '192.168.7.13/24', 'dev', 'br-ex');
    await lab.node('worker2', 'ip', 'addr', 'add', '192.168.7.13/24', 'brd', '+', 'dev', 'br-ex');
    await lab.node('worker2', 'ip', 'route', 'replace', 'default', 'via', '192.168.7.1');
    const first = async (): Promise<string> =>
      (await lab.node('worker2', 'ip', '-4', '-o', 'addr', 'show', 'dev', 'br-ex')).stdout.split('\n')[0] ?? '';
    const own = async (): Promise<string> =>
      (await lab.node('worker2', 'curl', '-s', '--max-time', '2', 'http://10.1.8.72:8080/ip')).stdout.trim();
    await until('the address of the node comes first', async () => (await first()).includes('192.168.7.13/24'), 30);
    expect(await own()).toBe('192.168.7.13');
    for (let i = 0; i < 5; i += 1) expect(await lab.source('blue/w2', 2)).toBe('192.168.7.13');
    await lab.untilSource('red/w0', egressIP);
    expect((await lab.node('worker2', 'cat', '/proc/sys/net/ipv4/conf/br-ex/promote_secondaries')).stdout.trim()).toBe(
      promote,
    );
    await clear();
  },
);

test("while the node's own address is off, the node does not leave with an egress IP", async () => {
  await lab.patch('hostsubnet', 'worker2', { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  await lab.untilSource('red/w0', egressIP);
  await lab.node('worker2', 'sysctl', '-q', '-w', 'net.ipv4.conf.br-ex.promote_secondaries=1');
  await lab.node('worker2', 'ip', 'addr', 'del', '192.168.7.13/24', 'dev', 'br-ex');
  await until(
    'the egress IP is withdrawn',
    async () => !(await lab.node('worker2', 'ip', '-4', '-o', 'addr', 'show', 'br-ex')).stdout.includes(egressIP),
    30,
  );
  await lab.node('worker2', 'ip', 'addr', 'add', '192.168.7.13/24', 'brd', '+', 'dev', 'br-ex');
  await lab.node('worker2', 'ip', 'route', 'replace', 'default', 'via', '192.168.7.1');
  await lab.untilSource('red/w0', egressIP);
  await lab.untilSource('blue/w2', '192.168.7.13');
  await clear();
});

test('large packets pass between pods of two nodes with DF set, up to the MTU of pods and no further', async () => {
  const to = await lab.podIP('red/w1');
  const ping = (size: number) =>
    lab.exec('red/w0', 'ping', '-c', '2', '-W', '2', '-M', 'do', '-s', String(size - 28), to);
  expect((await ping(1400)).status).toBe(0);
  expect((await ping(1401)).stdout + (await ping(1401)).stderr).toMatch(/message too long/i);
});

test("without an MTU in ClusterNetwork it is the uplink's less 50, for tun0 and new pods, and packets of that size pass", async () => {
  await lab.must(['patch', 'clusternetwork', 'default', '--type=merge', '-p', '{"mtu":null}']);
  for (const worker of ['worker0', 'worker1'])
    await until(`tun0 of ${worker}`, async () =>
      (await lab.node(worker, 'ip', 'link', 'show', 'tun0')).stdout.includes('mtu 1450'),
    );
  await lab.pods(['red/large0', 'worker0'], ['red/large1', 'worker1']);
  expect((await lab.exec('red/large0', 'cat', '/sys/class/net/eth0/mtu')).stdout.trim()).toBe('1450');
  const to = await lab.podIP('red/large1');
  expect(
    (await lab.exec('red/large0', 'ping', '-c', '2', '-W', '2', '-M', 'do', '-s', String(1450 - 28), to)).status,
  ).toBe(0);
  await lab.must(['patch', 'clusternetwork', 'default', '--type=merge', '-p', '{"mtu":1480}']);
  await until('too much is said', () => lab.log('node-worker0').includes('is more than the uplink carries'));
  await lab.must(['patch', 'clusternetwork', 'default', '--type=merge', '-p', '{"mtu":1400}']);
});

test('VXLAN is not tracked by conntrack; other UDP is', async () => {
  const send = `const s = require('dgram').createSocket('udp4'); let left = 2; for (const port of [4789, 4790]) s.send('x', port, '192.168.7.13', () => { if (--left === 0) s.close(); });`;
  await lab.node('worker0', process.execPath, '-e', send);
  expect((await lab.exec('red/w0', 'ping', '-c', '1', '-W', '2', await lab.podIP('red/w1'))).status).toBe(0);
  const tracked = (await lab.node('worker0', 'conntrack', '-L', '-p', 'udp')).stdout;
  expect(tracked).toContain('dport=4790');
  expect(tracked).not.toContain('port=4789');
});

test('a node whose address changes: tunnels, flows and sources follow', async () => {
  await lab.patch('hostsubnet', 'worker0', { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'blue', { egressIPs: [egressIP] });
  await lab.untilSource('blue/w2', egressIP);
  const to = await lab.podIP('red/w1');
  await lab.node('worker0', 'ip', 'addr', 'add', '192.168.7.111/24', 'brd', '+', 'dev', 'br-ex');
  await lab.node('worker0', 'ip', 'addr', 'del', '192.168.7.11/24', 'dev', 'br-ex');
  await lab.node('worker0', 'ip', 'addr', 'add', '192.168.7.111/24', 'brd', '+', 'dev', 'br-ex');
  await lab.node('worker0', 'ip', 'route', 'replace', 'default', 'via', '192.168.7.1');
  const client = await openKube({
    kubeconfig: `${lab.dir}/kubeconfig`,
    logger: createLogger({ level: 'silent', name: 'test' }),
    userAgent: 'test',
  });
  const addresses = [
    { type: 'InternalIP', address: '192.168.7.111' },
    { type: 'Hostname', address: 'worker0.ocp4.rober.lab' },
  ];
  await client.patch(
    nodes,
    { name: 'worker0.ocp4.rober.lab' },
    { status: { addresses } },
    { type: 'merge', subresource: 'status' },
  );
  client.close();
  await until(
    'the HostSubnet follows',
    async () =>
      (await lab.must(['get', 'hostsubnet', 'worker0.ocp4.rober.lab', '-o', 'jsonpath={.hostIP}'])) === '192.168.7.111',
  );
  await lab.untilSource('red/w0', '192.168.7.111');
  await until(
    'pods of two nodes reach one another',
    async () => (await lab.exec('red/w0', 'ping', '-c', '1', '-W', '1', to)).status === 0,
  );
  await lab.untilSource('blue/w2', egressIP);
  const flows = (await lab.node('worker1', 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0')).stdout;
  expect(flows).toContain('tun_src=192.168.7.111');
  expect(flows).not.toMatch(/192\.168\.7\.11\b/);
  expect((await lab.node('worker0', 'ip', '-4', '-o', 'addr', 'show', 'br-ex')).stdout).toContain(`${egressIP}/24`);
  await clear();
});
