/**
 * The data path on hosts that are not ours alone: for each kind of `lab up --host` the same cases with real packets.
 * Nothing of a namespace may leave in another way than on a plain host, and all that works there must work here.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type HostKind, hostKinds } from '../../src/lab/hosts/kinds.ts';
import { datapath, namespaceOf, pace, program, type Ran, run, TestLab, until, userspaceTest } from './lab.ts';
import { Prober } from './prober.ts';

const node0 = '192.168.7.11';
const node1 = '192.168.7.12';
const egressIP = '192.168.7.201';
const nobodys = '192.168.7.202';
const server = '10.1.8.72';
const udpPort = 7000;

/** How a node is told which pod a Service leads to, by the kind of its proxy. */
const endpointCommands: Readonly<Partial<Record<HostKind, (ip: string) => string[]>>> = {
  proxied: (ip) => ['nft', `add element ip lab_proxy endpoint { 80 : ${ip} . 8080, 30080 : ${ip} . 8080 }`],
  worst: (ip) => ['nft', `add element ip lab_proxy endpoint { 80 : ${ip} . 8080, 30080 : ${ip} . 8080 }`],
  'proxied-iptables': (ip) => [
    'iptables-nft',
    '-t',
    'nat',
    '-A',
    'LAB-ENDPOINT',
    '-p',
    'tcp',
    '-j',
    'DNAT',
    '--to-destination',
    `${ip}:8080`,
  ],
  'proxied-ipvs': (ip) => [
    'nft',
    `add element ip lab_ipvs address { 80 : ${ip}, 30080 : ${ip} }; add element ip lab_ipvs port { 80 : 8080, 30080 : 8080 }; add element ip lab_ipvs endpoint { ${ip} . 8080 }`,
  ],
};

/** Counts at the router what came from pods and from nodes on its way to the server. */
const watch = `table ip watch {
  counter pods { }
  counter nodes { }
  chain arriving {
    type filter hook prerouting priority raw;
    iifname "lan0" ip saddr 10.254.0.0/16 counter name pods
    iifname "lan0" ip saddr { 192.168.7.10, ${node0}, ${node1} } ip daddr 10.1.8.0/24 counter name nodes
  }
}
`;

/** Sends one datagram and prints what is answered within half a second, or more on a slow machine: the address it came from. */
const datagram = `
  const socket = require('dgram').createSocket('udp4');
  setTimeout(() => process.exit(1), ${500 * pace});
  socket.on('message', (text) => { console.log(text.toString().trim()); process.exit(0); }).send('?', ${udpPort}, '${server}');
`;

/** Answers every datagram with the address that it came from. */
const mirror = `
  const socket = require('dgram').createSocket('udp4');
  socket.on('message', (text, from) => socket.send(from.address, from.port, from.address)).bind(${udpPort}, '${server}', () => console.log('ready'));
`;

/** What the server sees of a pod, and whether it answers; '' and false where nothing comes. */
interface Seen {
  readonly tcp: string;
  readonly udp: string;
  readonly ping: boolean;
}

const as = (address: string): Seen => ({ tcp: address, udp: address, ping: address !== '' });
const kinds = Object.keys(hostKinds) as HostKind[];

describe.each(kinds)('on a %s host', (kind) => {
  let lab: TestLab;
  let probers: Readonly<Record<'plain0' | 'plain1' | 'red0' | 'shut0' | 'outside' | 'node0', Prober>>;
  let address: Readonly<Record<'w0' | 'w1', string>>;
  let checking: Promise<Ran>;
  const endpoint = endpointCommands[kind];

  const inPod = (pod: string, ...argv: string[]): Promise<Ran> =>
    run('ip', ['netns', 'exec', namespaceOf(lab, pod), ...argv]);

  async function seen(pod: string): Promise<Seen> {
    const [tcp, udp, ping] = await Promise.all([
      inPod(pod, 'curl', '-s', '--max-time', String(0.7 * pace), `http://${server}:8080/ip`),
      inPod(pod, process.execPath, '-e', datagram),
      inPod(pod, 'ping', '-c', '2', '-i', '0.2', '-W', String(0.5 * pace), server),
    ]);
    return { tcp: tcp.stdout.trim(), udp: udp.stdout.trim(), ping: ping.status === 0 };
  }

  async function counted(): Promise<Readonly<Record<'pods' | 'nodes', number>>> {
    const { stdout } = await lab.inside('router', 'nft', 'list', 'counters', 'table', 'ip', 'watch');
    const [pods, nodes] = ['pods', 'nodes'].map((name) =>
      Number(new RegExp(`counter ${name} \\{\\s+packets (\\d+)`).exec(stdout)?.[1]),
    );
    return { pods: pods!, nodes: nodes! };
  }

  /** Nothing may reach the router while those pods try; what they see goes back to the caller. */
  async function silently(...pods: string[]): Promise<Seen[]> {
    const before = await counted();
    const all = await Promise.all(pods.map(seen));
    expect(await counted()).toEqual(before);
    return all;
  }

  async function restarted(worker: string): Promise<void> {
    const ready = (): number => lab.log(`node-${worker}`).split('the node is as the cluster says').length;
    const before = ready();
    await lab.command('kill', 'agent', worker);
    await lab.command('start', 'agent', worker);
    await until('the agent is ready', () => ready() > before);
  }

  beforeAll(async () => {
    lab = await TestLab.up('--nodes', '2', '--host', kind);
    await lab.pipe('router', watch);
    await Promise.all(['plain', 'red', 'shut'].map((name) => lab.namespace(name)));
    await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
    await lab.patch('netnamespace', 'shut', { egressIPs: [nobodys] });
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [egressIP] });
    await lab.pods(
      ['plain/w0', 'worker0'],
      ['plain/w1', 'worker1'],
      ['red/w0', 'worker0'],
      ['red/w1', 'worker1'],
      ['shut/w0', 'worker0'],
    );
    const ips = await Promise.all(['w0', 'w1'].map((name) => lab.podIP(`plain/${name}`)));
    address = { w0: ips[0]!, w1: ips[1]! };
    const mirroring = spawn('ip', ['netns', 'exec', `sdnc.${lab.name}.outside`, process.execPath, '-e', mirror], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(mirroring.stdout, 'data');
    const places = [
      namespaceOf(lab, 'plain/w0'),
      namespaceOf(lab, 'plain/w1'),
      namespaceOf(lab, 'red/w0'),
      namespaceOf(lab, 'shut/w0'),
      `sdnc.${lab.name}.outside`,
      `sdnc.${lab.name}.worker0`,
    ];
    const [plain0, plain1, red0, shut0, outside, onNode] = await Promise.all(
      places.map((netns, index) => Prober.start(netns, index < 2 ? [8080] : [])),
    );
    probers = { plain0: plain0!, plain1: plain1!, red0: red0!, shut0: shut0!, outside: outside!, node0: onNode! };
    for (const worker of endpoint === undefined ? [] : ['worker0', 'worker1']) {
      expect(await lab.node(worker, ...endpoint!(address.w1))).toMatchObject({ status: 0, stderr: '' });
    }
    await until('worker1 has the egress IP', async () =>
      (await lab.node('worker1', 'ip', '-4', '-o', 'addr')).stdout.includes(`${egressIP}/`),
    );
    await lab.source('plain/w0'); // the first packet waits for ARP
    await lab.untilSource('red/w0', egressIP); // a node that has just become Ready is used once it has answered
    const options = [
      '--kubeconfig',
      `${lab.dir}/kubeconfig`,
      '--node-name',
      'worker0.ocp4.rober.lab',
      '--datapath',
      datapath,
      '--ovs-run-dir',
      `/run/sdn-compat-lab/${lab.name}/ovs/worker0`,
    ];
    checking = lab.node('worker0', program, 'node', '--check', '-o', 'json', ...options); // takes seconds
  });
  afterAll(() => lab.down()); // which ends the probers too

  const all = ['plain/w0', 'plain/w1', 'red/w0', 'red/w1', 'shut/w0'] as const;
  const wanted = [as(node0), as(node1), as(egressIP), as(egressIP), as('')];

  test("a pod leaves with its node's address", async () => {
    expect([await seen('plain/w0'), await seen('plain/w1')]).toEqual([as(node0), as(node1)]);
  });

  test('a pod leaves with the egress IP that another node hosts', async () => {
    expect(await seen('red/w0')).toEqual(as(egressIP));
  });

  test('a pod leaves with the egress IP that its own node hosts', async () => {
    expect(await seen('red/w1')).toEqual(as(egressIP));
  });

  test('nothing of a namespace whose egress IP nobody hosts reaches the router', async () => {
    expect(await silently('shut/w0')).toEqual([as('')]);
  });

  test('pods of two nodes reach one another, by TCP and UDP, both ways', async () => {
    const { plain0, plain1 } = probers;
    const targets = (ip: string) => (['tcp', 'udp'] as const).map((protocol) => ({ protocol, ip, port: 8080 }));
    expect(await plain0.reaches(targets(address.w1), 1_000)).toEqual([true, true]);
    expect(await plain1.reaches(targets(address.w0), 1_000)).toEqual([true, true]);
  });

  if (endpoint !== undefined)
    test('a Service is reached from pods, with and without an egress IP, also one that nobody hosts', async () => {
      const from = [probers.plain0, probers.red0, probers.shut0];
      expect(await Promise.all(from.map((prober) => prober.reach('tcp', '172.30.0.10', 80, 1_000)))).toEqual([
        true,
        true,
        true,
      ]);
    });

  if (endpoint !== undefined && kind !== 'proxied-ipvs')
    test('a Service is reached from a node', async () => {
      expect(await probers.node0.reach('tcp', '172.30.0.10', 80, 1_000)).toBe(true);
    });

  if (endpoint !== undefined)
    test('a node port answers the outside, by the node of its pod and by another', async () => {
      const targets = [node0, node1].map((ip) => ({ protocol: 'tcp', ip, port: 30080 }) as const);
      expect(await probers.outside.reaches(targets, 1_000)).toEqual([true, true]);
    });

  test('with the flows open, nft lets nothing of the namespace out; with nft lost, routing lets nothing out', async () => {
    const ofctl = (...args: string[]): Promise<Ran> => lab.node('worker0', 'ovs-ofctl', '-O', 'OpenFlow13', ...args);
    const pid = lab.pid('node-worker0');
    process.kill(pid, 'SIGSTOP');
    try {
      const flows = (await ofctl('--no-stats', 'dump-flows', 'br0', 'table=101')).stdout;
      const toTun = /priority=0,ip actions=(\S+)$/m.exec(flows)?.[1] ?? '';
      expect(toTun).toContain('output:2');
      expect(await ofctl('add-flow', 'br0', `table=101,priority=65535,ip,actions=${toTun}`)).toMatchObject({
        status: 0,
        stderr: '',
      });
      // Open vSwitch may still use what it had cached of the flows
      expect((await lab.node('worker0', 'ovs-appctl', 'revalidator/purge')).status).toBe(0);
      expect(await silently('shut/w0', 'red/w0')).toEqual([as(''), as('')]);
      expect(await lab.node('worker0', 'nft', 'delete', 'table', 'ip', 'sdn_compat')).toMatchObject({ status: 0 });
      expect(await silently('shut/w0', 'red/w0', 'plain/w0')).toEqual([as(''), as(''), as('')]);
    } finally {
      await ofctl('--strict', 'del-flows', 'br0', 'table=101,priority=65535,ip');
      process.kill(pid, 'SIGCONT');
    }
    await until(
      'the table is back',
      async () => (await lab.node('worker0', 'nft', 'list', 'table', 'ip', 'sdn_compat')).status === 0,
    );
  });

  if (kind === 'worst')
    userspaceTest('with more flows than Open vSwitch can track, all leave as they should', async () => {
      const flood = `const u = require('dgram').createSocket('udp4'); let n = 0; const timer = setInterval(() => { for (let i = 0; i < 50; i += 1) u.send('x', 10000 + n++, '${server}', () => {}); if (n >= 1500) { clearInterval(timer); setTimeout(() => process.exit(0), 200); } }, 10);`;
      await Promise.all(['plain/w0', 'red/w0', 'red/w1'].map((pod) => inPod(pod, process.execPath, '-e', flood)));
      for (const worker of ['worker0', 'worker1']) {
        const dump = (await lab.node(worker, 'ovs-appctl', 'dpctl/ct-get-nconns')).stdout;
        expect(Number(dump)).toBeGreaterThan(400); // of 500
      }
      expect(await Promise.all(all.map(seen))).toEqual(wanted);
    });

  test('all is the same after a restart of the agent', async () => {
    await restarted('worker0');
    expect(await Promise.all(all.map(seen))).toEqual(wanted);
  });

  test('--check is content with the node', async () => {
    const { status, stdout } = await checking;
    expect((JSON.parse(stdout) as { fix?: string }[]).filter(({ fix }) => fix !== undefined)).toEqual([]);
    expect(status).toBe(0);
  });

  test('no packet with the address of a pod ever reached the router', async () => {
    expect(await counted()).toMatchObject({ pods: 0 });
  });
});
