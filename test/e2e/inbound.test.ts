/**
 * Connections from outside to pods: their answers leave the way they came, and nobody else uses them. Not another pod
 * with an ICMP error about them, and not the next pod with the address of one that is gone.
 */
import { type ChildProcess } from 'node:child_process';
import { type About, sendErrors } from './icmp.ts';
import { namespaceOf, TestLab, until, userspaceTest } from './lab.ts';
import { script } from './packets.ts';
import { Prober } from './prober.ts';

const outsideHost = '10.1.8.72';
const [redIP, blueIP] = ['192.168.7.201', '192.168.7.202'];
/** The ways in: a route to pods, node ports as service proxies write them, with and without masquerading. */
const ways = ['a route', 'a node port', 'a node port that masquerades'] as const;
type Way = (typeof ways)[number];
let lab: TestLab;
let nextPort = 7_000;

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '3', '--host', 'systemd', '--agent-option', 'resync=600');
  await Promise.all(['red', 'blue', 'dark', 'plain', 'shut'].map((name) => lab.namespace(name)));
  // a subnet with five addresses, so that each is soon in use again
  await lab.patch('hostsubnet', 'worker2', { subnet: '10.254.200.0/29' });
  await lab.pods(
    ['red/w0', 'worker0'],
    ['red/w1', 'worker1'],
    ['blue/w1', 'worker1'],
    ['dark/w0', 'worker0'],
    ['dark/w1', 'worker1'],
    ['plain/w0', 'worker0'],
  );
  await lab.patch('hostsubnet', 'worker0', { egressIPs: [redIP, blueIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [redIP] });
  await lab.patch('netnamespace', 'blue', { egressIPs: [blueIP] });
  await lab.patch('netnamespace', 'dark', { egressIPs: ['192.168.7.203'] });
  await lab.untilSource('red/w0', redIP);
  await lab.untilSource('red/w1', redIP);
  await lab.untilSource('dark/w0', '');
  await lab.untilSource('plain/w0', '192.168.7.11');
});
afterAll(() => lab.down());

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const closed = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.on('close', resolve));

/** What arrives at the router for the outside host from now on: ICMP errors, and UDP to a port. */
async function watch(port: number): Promise<() => Promise<string[]>> {
  await lab.pipe(
    'router',
    `table ip inbound {}
delete table ip inbound
table ip inbound {
  set seen { type ipv4_addr . inet_proto; flags dynamic; size 1000; }
  chain look {
    type filter hook prerouting priority -310
    iifname "lan0" ip daddr ${outsideHost} icmp type destination-unreachable add @seen { ip saddr . ip protocol }
    iifname "lan0" ip daddr ${outsideHost} udp dport ${port} add @seen { ip saddr . ip protocol }
  }
}\n`,
  );
  return async () => {
    const { stdout } = await lab.inside('router', 'nft', 'list', 'set', 'ip', 'inbound', 'seen');
    return (/elements = \{([^}]*)\}/.exec(stdout)?.[1] ?? '').split(',').flatMap((one) => one.trim() || []);
  };
}

/** Opens a way to a pod's port 5001; resolves with where the outside sends to. */
async function open(way: Way, worker: number, pod: string): Promise<{ readonly to: string; readonly port: number }> {
  const nodeIP = `192.168.7.${11 + worker}`;
  await lab.inside('router', 'ip', 'route', 'replace', '10.254.0.0/16', 'via', nodeIP);
  await lab.pipe(
    `worker${worker}`,
    `table ip inbound {}
delete table ip inbound
table ip inbound {
  chain pre {
    type nat hook prerouting priority dstnat
    fib daddr type local meta l4proto { tcp, udp } th dport 30099 dnat to ${pod}:5001
    fib daddr type local udp dport 30098 meta mark set meta mark or 0x4000 dnat to ${pod}:5001
  }
  chain post {
    type nat hook postrouting priority srcnat
    meta mark & 0x4000 != 0 masquerade
  }
}\n`,
  );
  if (way === 'a route') return { to: pod, port: 5_001 };
  return { to: nodeIP, port: way === 'a node port' ? 30_099 : 30_098 };
}

async function close(worker: number): Promise<void> {
  await lab.inside('router', 'ip', 'route', 'del', '10.254.0.0/16');
  await lab.node(`worker${worker}`, 'nft', 'delete', 'table', 'ip', 'inbound');
}

const gatewayOf = (subnetOf: string, subnet: 'large' | 'small'): string =>
  subnet === 'small' ? '10.254.200.1' : subnetOf.replace(/\d+$/, '1');

/** The outside sends to a pod from a port of its own, for so long, and tells how many answers came. */
function knock(from: number, { to, port }: { readonly to: string; readonly port: number }, milliseconds: number) {
  const child = script(
    `sdnc.${lab.name}.outside`,
    `
    const u = require('dgram').createSocket('udp4'); let answers = 0;
    u.on('message', () => { answers += 1; });
    u.bind(${from}, '${outsideHost}', () => setInterval(() => u.send('knock', ${port}, '${to}', () => {}), 40));
    setTimeout(() => { console.log(answers); process.exit(0); }, ${milliseconds});
  `,
  );
  let said = '';
  child.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return closed(child).then(() => Number(said));
}

/** An echo server on UDP port 5001 of a pod. */
async function echo(pod: string): Promise<ChildProcess> {
  return script(
    await lab.podNamespace(pod),
    `const u = require('dgram').createSocket('udp4'); u.on('message', (m, r) => u.send(m, r.port, r.address)).bind(5001);`,
  );
}

describe.each(ways)('an ICMP error about a connection that came in by %s', (way) => {
  test("does not leave when it is another pod's, and harms the connection not", async () => {
    const target = await lab.podIP('plain/w0');
    const from = (nextPort += 1);
    const server = await echo('plain/w0');
    try {
      const knocking = knock(from, await open(way, 0, target), 4_000);
      await sleep(700);
      const seen = await watch(1);
      const isHidden = way === 'a node port that masquerades';
      const opener = isHidden ? gatewayOf(target, 'large') : outsideHost;
      const about: About = { source: opener, sourcePort: from, destination: target, destinationPort: 5_001 };
      for (const pod of ['red/w0', 'dark/w0', 'red/w1', 'blue/w1']) await sendErrors(lab, pod, opener, about);
      await sleep(300);
      expect(await seen()).toEqual([]);
      expect(await knocking).toBeGreaterThan(50);
    } finally {
      server.kill('SIGKILL');
      await close(0);
    }
  });

  test("leaves when it is the pod's own", async () => {
    for (const pod of ['red/w0', 'dark/w0', 'plain/w0']) {
      const target = await lab.podIP(pod);
      const from = (nextPort += 1);
      const seen = await watch(1);
      // nobody listens there, so the pod's kernel says so
      await knock(from, await open(way, 0, target), 600);
      expect(await seen()).toEqual([`${way === 'a route' ? target : '192.168.7.11'} . icmp`]);
      await close(0);
    }
  });
});

/** Creates pods of a namespace on the small subnet until one has that address; the others go. */
async function takeAddress(namespace: string, address: string): Promise<string> {
  for (let i = 1; i <= 6; i += 1) {
    const pod = `${namespace}/y${(nextPort += 1)}`;
    await lab.pods([pod, 'worker2']);
    if ((await lab.podIP(pod)) === address) return pod;
    if (i === 6) break;
  }
  throw new Error(`nobody got ${address}`);
}

async function removePods(namespace: string): Promise<void> {
  await lab.must(['delete', 'pod', '-n', namespace, '--all', '--grace-period=0', '--force']);
}

/** The entries of an address in the kernel's conntrack and in Open vSwitch's, as they print them. */
async function entriesOf(worker: string, address: string): Promise<string[]> {
  const listings = await Promise.all([
    lab.node(worker, 'conntrack', '-L', '-f', 'ipv4'),
    lab.node(worker, 'ovs-appctl', 'dpctl/dump-conntrack'),
  ]);
  return listings.flatMap(({ stdout }) =>
    stdout.split('\n').filter((line) => line.includes(`=${address} `) || line.includes(`=${address},`)),
  );
}

/** Sends UDP from port 5001 of a pod, and returns what arrived at the router for that port. */
async function sendAs(pod: string, to: string, port: number): Promise<string[]> {
  const seen = await watch(port);
  await closed(
    script(
      await lab.podNamespace(pod),
      `const u = require('dgram').createSocket('udp4'); u.bind(5001, () => setInterval(() => u.send('secret', ${port}, '${to}', () => {}), 30)); setTimeout(() => process.exit(0), 900);`,
    ),
  );
  return seen();
}

describe.each(ways)('the address of a pod that is gone, to which a connection came in by %s', (way) => {
  test.each(['dark', 'shut'])('lets the next pod with it, of %s, send nothing by it', async (namespace) => {
    const allow = namespace === 'shut' ? await lab.deny('shut', 'Ingress', 'Egress') : undefined;
    try {
      await lab.pods(['plain/x', 'worker2']);
      const address = await lab.podIP('plain/x');
      const from = (nextPort += 1);
      const server = await echo('plain/x');
      const answers = await knock(from, await open(way, 2, address), 1_000);
      expect(answers).toBeGreaterThan(10);
      expect((await entriesOf('worker2', address)).length).toBeGreaterThan(1);
      server.kill('SIGKILL');
      await removePods('plain').then(() => lab.pods(['plain/w0', 'worker0']));
      const pod = await takeAddress(namespace, address);
      const opener = way === 'a node port that masquerades' ? gatewayOf(address, 'small') : outsideHost;
      expect(await sendAs(pod, opener, from)).toEqual([]);
    } finally {
      await close(2);
      await removePods(namespace);
      await allow?.();
      if (namespace === 'dark') await lab.pods(['dark/w0', 'worker0'], ['dark/w1', 'worker1']);
    }
  });

  test('has no entry in either conntrack table soon after', async () => {
    await lab.pods(['plain/x', 'worker2']);
    const address = await lab.podIP('plain/x');
    const server = await echo('plain/x');
    await knock((nextPort += 1), await open(way, 2, address), 600);
    await lab.exec('plain/x', 'curl', '-s', '--max-time', '2', `http://${outsideHost}:8080/ip`);
    server.kill('SIGKILL');
    await close(2);
    await lab.must(['delete', 'pod', '-n', 'plain', 'x', '--grace-period=0', '--force']);
    await until('its entries are gone', async () => (await entriesOf('worker2', address)).length === 0, 30);
  });
});

test('the address that was freed last is not the first to be given out by a new agent', async () => {
  await lab.pods(['plain/a', 'worker2'], ['plain/b', 'worker2']);
  const address = await lab.podIP('plain/b');
  await lab.must(['delete', 'pod', '-n', 'plain', 'b', '--grace-period=0', '--force']);
  await lab.command('kill', 'agent', 'worker2');
  await lab.command('start', 'agent', 'worker2');
  await lab.pods(['plain/c', 'worker2']);
  expect(await lab.podIP('plain/c')).not.toBe(address);
  for (const name of ['a', 'c']) await lab.must(['delete', 'pod', '-n', 'plain', name, '--grace-period=0', '--force']);
});

describe.each(['a node port', 'a route'] as const)('a connection that came in by %s', (way) => {
  test('is answered, also if the namespace may open none to the outside', async () => {
    const policy = (namespace: string) =>
      JSON.stringify({
        apiVersion: 'network.openshift.io/v1',
        kind: 'EgressNetworkPolicy',
        metadata: { namespace, name: 'nothing' },
        spec: { egress: [{ type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } }] },
      });
    try {
      for (const namespace of ['plain', 'red']) await lab.must(['create', '-f', '-'], policy(namespace));
      for (const pod of ['plain/w0', 'red/w0']) {
        await lab.untilSource(pod, '');
        const server = await echo(pod);
        expect(await knock((nextPort += 1), await open(way, 0, await lab.podIP(pod)), 600)).toBeGreaterThan(5);
        expect(await lab.source(pod)).toBe('');
        server.kill('SIGKILL');
        await close(0);
      }
    } finally {
      for (const namespace of ['plain', 'red'])
        await lab.kubectl(['delete', 'egressnetworkpolicy', '-n', namespace, 'nothing']);
      await lab.untilSource('plain/w0', '192.168.7.11');
    }
  });
});

test('a pod whose VNID changes answers nobody who came in before, until they send again', async () => {
  await lab.pods(['plain/z', 'worker0']);
  const [target, plain, dark] = [await lab.podIP('plain/z'), await lab.netid('plain'), await lab.netid('dark')];
  const from = (nextPort += 1);
  const server = await echo('plain/z');
  try {
    expect(await knock(from, await open('a node port', 0, target), 600)).toBeGreaterThan(5);
    server.kill('SIGKILL');
    await lab.patch('netnamespace', 'plain', { netid: dark });
    await lab.untilSource('plain/z', '');
    expect(await sendAs('plain/z', outsideHost, from)).toEqual([]);
    const again = await echo('plain/z');
    expect(await knock(from, await open('a node port', 0, target), 600)).toBeGreaterThan(5);
    again.kill('SIGKILL');
  } finally {
    server.kill('SIGKILL');
    await close(0);
    await lab.patch('netnamespace', 'plain', { netid: plain });
    await lab.untilSource('plain/w0', '192.168.7.11');
  }
});

const patchNetwork = (network: object): Promise<string> =>
  lab.must(['patch', 'clusternetwork', 'default', '--type=merge', '-p', JSON.stringify(network)]);

test('pods that their namespace restricts answer another node that has pods of it, in every mode', async () => {
  const nodes = ['worker0', 'worker1'] as const;
  // red's egress IP is on worker0, dark's nowhere
  const pairs = [
    ['worker0', 'red/w1'],
    ['worker1', 'red/w0'],
    ['worker0', 'dark/w1'],
    ['worker1', 'dark/w0'],
  ] as const;
  const servers = await Promise.all(pairs.map(([, pod]) => Prober.start(namespaceOf(lab, pod), [5_002])));
  const clients = await Promise.all(nodes.map((node) => Prober.start(`sdnc.${lab.name}.${node}`, [])));
  const reached = async (): Promise<string[]> => {
    const all = pairs.map(async ([node, pod]) => {
      const ip = await lab.podIP(pod);
      const targets = (['tcp', 'udp'] as const).map((protocol) => ({ protocol, ip, port: 5_002 }));
      const found = await clients[nodes.indexOf(node)]!.reaches(targets, 700);
      return targets.flatMap(({ protocol }, at) => (found[at] === true ? [`${node} ${pod} ${protocol}`] : []));
    });
    // one at a time: a node's prober tries one list
    const lines: string[] = [];
    for (const one of all) lines.push(...(await one));
    return lines;
  };
  const wanted = pairs.flatMap(([node, pod]) => ['tcp', 'udp'].map((protocol) => `${node} ${pod} ${protocol}`));
  try {
    for (const [number, mode] of ['subnet', 'multitenant', 'networkpolicy'].entries()) {
      await patchNetwork({ pluginName: `redhat/openshift-ovs-${mode}` });
      for (const node of nodes) {
        const note = async (): Promise<string> =>
          (await lab.node(node, 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0', 'table=253')).stdout;
        await until(`${node} has mode ${mode}`, async () => (await note()).includes(`note:0${number}.`));
      }
      expect([mode, await reached()]).toEqual([mode, wanted]);
    }
  } finally {
    await patchNetwork({ pluginName: 'redhat/openshift-ovs-networkpolicy' });
    for (const one of [...servers, ...clients]) one.stop();
  }
});

/**
 * The outside opens UDP and TCP to a pod, which answers and is then silent; Open vSwitch forgets all; then the pod
 * speaks first. Resolves with how many of four messages arrived by each, and whose packets the router saw from the
 * pod's UDP.
 */
async function podFirst(way: Way, worker: number, pod: string): Promise<{ udp: number; tcp: number; seen: string[] }> {
  const server = script(
    await lab.podNamespace(pod),
    `
    const u = require('dgram').createSocket('udp4'), peers = [], sockets = [];
    u.on('message', (m, r) => { peers.push(r); u.send('echo', r.port, r.address); }).bind(5001);
    require('net').createServer((s) => { sockets.push(s); s.on('error', () => {}).on('data', () => s.write('echo')); }).listen(5001, () => console.log('ready'));
    process.on('SIGUSR2', () => { let n = 0; const t = setInterval(() => { u.send('push', peers[0].port, peers[0].address, () => {}); sockets[0].write('push'); if (++n === 4) clearInterval(t); }, 150); });
  `,
  );
  let said = '';
  server.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const from = (nextPort += 1);
  const { to, port } = await open(way, worker, await lab.podIP(pod));
  await until('the pod listens', () => said.includes('ready'));
  const client = script(
    `sdnc.${lab.name}.outside`,
    `
    const n = { udp: 0, tcp: 0 }, open = new Set();
    const heard = (which, m) => { const pushes = (String(m).match(/push/g) ?? []).length; n[which] += pushes; if (pushes === 0) { open.add(which); if (open.size === 2) console.log('open'); } else console.log(JSON.stringify(n)); };
    const u = require('dgram').createSocket('udp4');
    u.on('message', (m, r) => { if (r.address === '${to}') heard('udp', m); }).bind(${from}, '${outsideHost}', () => u.send('x', ${port}, '${to}'));
    const s = require('net').connect(${port}, '${to}', () => s.write('x'));
    s.on('error', () => {}).on('data', (m) => heard('tcp', m));
  `,
  );
  let lines = '';
  client.stdout!.on('data', (chunk: Buffer) => (lines += chunk.toString()));
  try {
    await until('both are open', () => lines.includes('open'), 30);
    await lab.node(`worker${worker}`, 'ovs-appctl', 'dpctl/flush-conntrack');
    const seen = await watch(from);
    server.kill('SIGUSR2');
    await sleep(1_500);
    const last = lines.trim().split('\n').at(-1)!;
    const { udp, tcp } = last === 'open' ? { udp: 0, tcp: 0 } : (JSON.parse(last) as { udp: number; tcp: number });
    return { udp, tcp, seen: await seen() };
  } finally {
    server.kill('SIGKILL');
    client.kill('SIGKILL');
    await close(worker);
  }
}

describe.each(['a route', 'a node port'] as const)('a pod to which the outside came in by %s', (way) => {
  // the kernel has one conntrack table for Open vSwitch and the node
  userspaceTest('speaks first after Open vSwitch forgot the connection, if it leaves by its own node', async () => {
    for (const pod of ['plain/w0', 'red/w0']) {
      const source = way === 'a route' ? await lab.podIP(pod) : '192.168.7.11';
      expect([pod, await podFirst(way, 0, pod)]).toEqual([pod, { udp: 4, tcp: 4, seen: [`${source} . udp`] }]);
    }
  });

  // only its own node knows who opened the connection, and nothing tells Open vSwitch there
  test('does not reach it, and leaves as what it begins itself, if its egress IP is on another node', async () => {
    expect(await podFirst(way, 1, 'red/w1')).toEqual({ udp: 0, tcp: 0, seen: [`${redIP} . udp`] });
  });
});

test('connections that came in go on while their namespace begins or ceases to request, and no pass can be made', async () => {
  const target = await lab.podIP('plain/w0');
  const server = await echo('plain/w0');
  const asking = async (): Promise<boolean> =>
    (await lab.node('worker0', 'nft', 'list', 'set', 'ip', 'sdn_compat', 'asking_pods')).stdout.includes(target);
  let repair = (): Promise<unknown> => Promise.resolve();
  const request = async (egressIPs: readonly string[] | null): Promise<void> => {
    await lab.patch('netnamespace', 'plain', { egressIPs });
    await until('it is restricted', asking, 30);
  };
  try {
    for (const [before, after] of [
      [null, ['192.168.7.204']],
      [['192.168.7.204'], null],
    ]) {
      await lab.patch('netnamespace', 'plain', { egressIPs: before });
      await until('it is known', async () => (await asking()) === (before !== null), 30);
      const knocking = knock((nextPort += 1), await open('a node port', 0, target), 4_000);
      await sleep(700);
      repair = await lab.breakHostSubnet('worker0');
      await sleep(300);
      await request(after!);
      // of a hundred; it was cut off after about thirty
      expect(await knocking).toBeGreaterThan(75);
      await repair();
      await close(0);
    }
  } finally {
    server.kill('SIGKILL');
    await repair();
    await lab.patch('netnamespace', 'plain', { egressIPs: null });
    await lab.untilSource('plain/w0', '192.168.7.11');
  }
});
