/**
 * What an adversary, or a host's ordinary life, does to the data path, by packets: none of it lends a pod another's
 * address, or cuts one off.
 */
import { tablesOf } from '../../src/node/nft/ruleset.ts';
import { sendErrors } from './icmp.ts';
import { datapath, TestLab, until, userspaceTest } from './lab.ts';
import { echoServer, type RouterWatch, script, watchRouter } from './packets.ts';

const outsideHost = '10.1.8.72';
const [redIP, blueIP] = ['192.168.7.201', '192.168.7.202'];
let lab: TestLab;
let router: RouterWatch;
const ended: (() => unknown)[] = [];

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '2', '--host', 'systemd', '--agent-option', 'resync=600');
  await Promise.all(['red', 'blue', 'dark', 'plain'].map((name) => lab.namespace(name)));
  await lab.pods(
    ['red/w0', 'worker0'],
    ['red/w1', 'worker1'],
    ['blue/w0', 'worker0'],
    ['plain/w0', 'worker0'],
    ['plain/w1', 'worker1'],
  );
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [redIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [redIP] });
  await lab.patch('netnamespace', 'dark', { egressIPs: ['192.168.7.203'] });
  ended.push(echoServer(lab));
  router = await watchRouter(lab);
  await calm();
});
afterAll(async () => {
  for (const end of ended) end();
  await lab.down();
});

async function calm(): Promise<void> {
  await lab.untilSource('red/w0', redIP);
  await lab.untilSource('red/w1', redIP);
  await lab.untilSource('plain/w0', '192.168.7.11');
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * A pod opens flows to the outside, which answers each once and is then silent; `between` happens; then the outside
 * speaks first, and the pod answers. Resolves with how many answers came of so many flows.
 */
async function serverFirst(pod: string, protocol: 'udp' | 'tcp', between: () => Promise<unknown>): Promise<number> {
  const port = protocol === 'udp' ? 21_000 : 21_001;
  const count = 8;
  const server = script(
    `sdnc.${lab.name}.outside`,
    protocol === 'udp'
      ? `
    const u = require('dgram').createSocket('udp4'), peers = new Map();
    let speaking = false, answers = new Set();
    u.on('message', (m, r) => { const key = r.address + r.port; if (speaking) { if (String(m) === 'answer') answers.add(key); } else { peers.set(key, r); u.send('hello', r.port, r.address); } });
    u.bind(${port}, '${outsideHost}', () => console.log('ready'));
    process.on('SIGUSR2', () => { speaking = true; for (const r of peers.values()) u.send('speak', r.port, r.address); setTimeout(() => { console.log('answers ' + answers.size); process.exit(0); }, 1500); });
  `
      : `
    const sockets = []; let answers = 0;
    require('net').createServer((s) => { sockets.push(s); s.on('error', () => {}).on('data', (m) => { if (String(m) === 'answer') answers += 1; else s.write('hello'); }); }).listen(${port}, '${outsideHost}', () => console.log('ready'));
    process.on('SIGUSR2', () => { for (const s of sockets) s.write('speak'); setTimeout(() => { console.log('answers ' + answers); process.exit(0); }, 2500); });
  `,
  );
  let said = '';
  server.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until('the server listens', () => said.includes('ready'));
  const client = script(
    await lab.podNamespace(pod),
    protocol === 'udp'
      ? `
    let open = 0;
    for (let i = 0; i < ${count}; i += 1) { const u = require('dgram').createSocket('udp4'); u.on('message', (m) => { if (String(m) === 'speak') u.send('answer', ${port}, '${outsideHost}'); else if (++open === ${count}) console.log('open'); }); u.send('first', ${port}, '${outsideHost}'); }
  `
      : `
    let open = 0;
    for (let i = 0; i < ${count}; i += 1) { const s = require('net').connect(${port}, '${outsideHost}', () => s.write('first')); s.on('error', () => {}).on('data', (m) => { if (String(m) === 'speak') s.write('answer'); else if (++open === ${count}) console.log('open'); }); }
  `,
  );
  let opened = '';
  client.stdout!.on('data', (chunk: Buffer) => (opened += chunk.toString()));
  try {
    await until('all flows are open', () => opened.includes('open'));
    await between();
    server.kill('SIGUSR2');
    await until('the server has counted', () => said.includes('answers'), 30);
    return Number(/answers (\d+)/.exec(said)![1]);
  } finally {
    client.kill('SIGKILL');
    // the next one has the same port
    const gone = new Promise((resolve) => server.once('exit', resolve));
    if (server.kill('SIGKILL')) await gone;
  }
}

describe('a server that speaks first is answered', () => {
  /** Only the userspace datapath can forget alone: the kernel's connections are the node's, with their NAT. */
  const forget = async (): Promise<void> => {
    if (datapath === 'netdev')
      for (const worker of ['worker0', 'worker1']) await lab.node(worker, 'ovs-appctl', 'dpctl/flush-conntrack');
  };
  userspaceTest('by UDP, when Open vSwitch has forgotten the flow', async () => {
    for (const pod of ['red/w1', 'red/w0', 'plain/w0'])
      expect([pod, await serverFirst(pod, 'udp', forget)]).toEqual([pod, 8]);
  });
  test.each(['red/w1', 'red/w0', 'plain/w0'])(
    '%s by TCP, after ovs-vswitchd was started again on both nodes',
    async (pod) => {
      expect(
        await serverFirst(pod, 'tcp', async () => {
          for (const worker of ['worker0', 'worker1']) {
            await lab.command('kill', 'ovs', worker);
            await lab.command('start', 'ovs', worker);
          }
          await calm();
        }),
      ).toBe(8);
    },
  );
  test('where a NetworkPolicy lets nobody in', async () => {
    const allow = await lab.deny('red', 'Ingress');
    try {
      await until(
        'the policy is there',
        async () =>
          (await lab.node('worker1', 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0', 'table=80')).stdout.match(
            /reg1=0x[0-9a-f]+ actions=goto_table:81/g,
          )?.length !== 3,
      );
      expect(await serverFirst('red/w1', 'udp', forget)).toBe(8);
      // on the userspace datapath nothing tells the pod's own node who opened what comes by another one
      expect(await serverFirst('red/w0', 'udp', forget)).toBe(datapath === 'netdev' ? 0 : 8);
      await lab.untilSource('red/w0', redIP);
    } finally {
      await allow();
    }
  });
});

test('a connection that ingress policy dropped opens no way through a deny-all egress policy', async () => {
  const allow = await lab.deny('plain', 'Ingress', 'Egress');
  const target = await lab.podIP('plain/w0');
  try {
    await until('it is closed', async () => (await lab.source('plain/w0')) === '');
    // from another pod, and from outside by the node: what was dropped is answered by its own five values
    const heard = script(
      await lab.podNamespace('blue/w0'),
      `
      const u = require('dgram').createSocket('udp4');
      u.on('message', (m) => console.log('heard ' + m)).bind(5000, () => { setInterval(() => u.send('knock', 5001, '${target}'), 50); });
      setTimeout(() => process.exit(0), 2500);
    `,
    );
    await lab.inside('router', 'ip', 'route', 'replace', '10.254.0.0/16', 'via', '192.168.7.11');
    const outside = script(
      `sdnc.${lab.name}.outside`,
      `
      const u = require('dgram').createSocket('udp4');
      u.on('message', (m) => console.log('heard ' + m)).bind(5000, '${outsideHost}', () => { setInterval(() => u.send('knock', 5001, '${target}'), 50); });
      setTimeout(() => process.exit(0), 2500);
    `,
    );
    let said = '';
    for (const child of [heard, outside]) child.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const over = [heard, outside].map((child) => new Promise((resolve) => child.on('close', resolve)));
    await sleep(500);
    const source = await lab.podIP('blue/w0');
    const answer = script(
      await lab.podNamespace('plain/w0'),
      `
      const u = require('dgram').createSocket('udp4');
      u.bind(5001, () => { setInterval(() => { for (const to of ['${source}', '${outsideHost}']) u.send('through', 5000, to, () => {}); }, 50); });
      setTimeout(() => process.exit(0), 1500);
    `,
    );
    await new Promise((resolve) => answer.on('close', resolve));
    await Promise.all(over);
    expect(said).toBe('');
    expect((await router.seen()).wrong).toEqual([]);
  } finally {
    await lab.inside('router', 'ip', 'route', 'del', '10.254.0.0/16');
    await allow();
    await calm();
  }
});

test('nobody forges VXLAN through a Service whose endpoint is a node', async () => {
  const before = await router.seen();
  // a ClusterIP, and a node port of worker0, as a service proxy writes them
  await lab.pipe(
    'worker0',
    `table ip forge {
      chain pre { type nat hook prerouting priority dstnat;
        ip daddr 172.30.0.99 udp dport { 53, 4789 } dnat to 192.168.7.12:4789
        fib daddr type local udp dport 30089 meta mark set meta mark or 0x4000 dnat to 192.168.7.12:4789
      }
      chain post { type nat hook postrouting priority srcnat;
        oifname "br-ex" masquerade
      }
    }\n`,
  );
  const victim = await lab.podIP('red/w0');
  const vnid = await lab.netid('red');
  // it is sent to blue's port: whatever arrives there with red's address is wrong
  const forge = (to: string, ports: readonly number[]): string => `
    const ip = (text) => Buffer.from(text.split('.').map(Number));
    const sum = (b) => { let s = 0; for (let i = 0; i < b.length; i += 2) s += b.readUInt16BE(i); while (s >> 16) s = (s & 0xffff) + (s >> 16); return ~s & 0xffff; };
    const data = Buffer.from('forged'), udp = Buffer.alloc(8 + data.length);
    udp.writeUInt16BE(7777, 0); udp.writeUInt16BE(20001, 2); udp.writeUInt16BE(udp.length, 4); data.copy(udp, 8);
    const head = Buffer.alloc(20); head[0] = 0x45; head.writeUInt16BE(20 + udp.length, 2); head[8] = 64; head[9] = 17; ip('${victim}').copy(head, 12); ip('${outsideHost}').copy(head, 16); head.writeUInt16BE(sum(head), 10);
    const vxlan = Buffer.from([8, 0, 0, 0, ${vnid >> 16}, ${(vnid >> 8) & 255}, ${vnid & 255}, 0]);
    const ethernet = Buffer.from([0x0a, 0x58, 10, 254, 2, 1, 0x0a, 0x58, 10, 254, 1, 2, 8, 0]);
    const frame = Buffer.concat([vxlan, ethernet, head, udp]);
    const u = require('dgram').createSocket('udp4');
    setInterval(() => { for (const port of ${JSON.stringify(ports)}) u.send(frame, port, '${to}', () => {}); }, 20);
    setTimeout(() => process.exit(0), 1000);
  `;
  // each is heard from its begin on: the first may have ended before the last has begun
  const sending = (netns: string, to: string, ports: readonly number[]): Promise<unknown> => {
    const child = script(netns, forge(to, ports));
    return new Promise((resolve) => child.on('close', resolve));
  };
  await Promise.all([
    sending(await lab.podNamespace('plain/w0'), '172.30.0.99', [53, 4789]),
    sending(await lab.podNamespace('plain/w0'), '192.168.7.11', [30089]),
    sending(await lab.podNamespace('plain/w1'), '192.168.7.11', [30089]),
    sending(`sdnc.${lab.name}.outside`, '192.168.7.11', [30089]),
  ]);
  expect((await router.seen()).wrong).toEqual(before.wrong);
  await lab.node('worker0', 'nft', 'delete', 'table', 'ip', 'forge');
});

test("a pod's message about another's connection does not leave with the other's egress IP, and harms it not", async () => {
  const client = script(
    await lab.podNamespace('red/w0'),
    `
    const u = require('dgram').createSocket('udp4'); let answers = 0;
    u.on('message', () => { answers += 1; });
    u.bind(6000, () => { const sending = setInterval(() => u.send('x', 20000, '${outsideHost}'), 100); setTimeout(() => clearInterval(sending), 4000); });
    // an answer after its end would have the pod itself send such an error
    setTimeout(() => { console.log('answers ' + answers); process.exit(0); }, 6000);
  `,
  );
  const over = new Promise((resolve) => client.on('close', resolve));
  let said = '';
  client.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await lab.pipe(
    'router',
    `table ip errors {\n counter from_red { }\n chain look {\n type filter hook prerouting priority -310\n ip saddr ${redIP} icmp type { destination-unreachable, time-exceeded } counter name from_red\n }\n}\n`,
  );
  await sleep(500);
  // about a packet of the server to the victim
  const about = {
    source: outsideHost,
    sourcePort: 20_000,
    destination: await lab.podIP('red/w0'),
    destinationPort: 6_000,
  };
  for (const pod of ['plain/w1', 'plain/w0', 'blue/w0']) await sendErrors(lab, pod, outsideHost, about);
  await over;
  const { stdout } = await lab.inside('router', 'nft', 'list', 'table', 'ip', 'errors');
  expect(stdout).toMatch(/packets 0 /);
  expect(Number(/answers (\d+)/.exec(said)![1])).toBeGreaterThan(25);
  await lab.inside('router', 'nft', 'delete', 'table', 'ip', 'errors');
});

test('an agent that can start no program closes a namespace that asks for an egress IP', async () => {
  const pid = String(lab.pid('node-worker0'));
  const files = async (limit: string): Promise<unknown> =>
    lab.inside('router', 'prlimit', '--pid', pid, `--nofile=${limit}:`);
  const { stdout: before } = await lab.inside(
    'router',
    'prlimit',
    '--pid',
    pid,
    '--nofile',
    '-o',
    'SOFT',
    '--noheadings',
  );
  await lab.untilSource('blue/w0', '192.168.7.11');
  await files('3');
  try {
    // what is known of links and addresses is doubtful from now on
    await lab.node('worker0', 'ip', 'link', 'set', 'lo', 'mtu', '60000');
    await lab.node('worker0', 'ip', 'address', 'add', '10.9.9.9/32', 'dev', 'lo');
    await until('it can start none', () => lab.log('node-worker0').includes('spawn ip EMFILE'));
    await lab.patch('netnamespace', 'blue', { egressIPs: ['192.168.7.204'] });
    await lab.untilSource('blue/w0', '');
  } finally {
    await files(before.trim());
    await lab.node('worker0', 'ip', 'address', 'delete', '10.9.9.9/32', 'dev', 'lo');
    await lab.patch('netnamespace', 'blue', { egressIPs: null });
  }
  await lab.untilSource('blue/w0', '192.168.7.11');
  await calm();
});

test("without the nft tables pods reach nodes, and no other host of the nodes' network", async () => {
  const pid = lab.pid('node-worker1');
  process.kill(pid, 'SIGSTOP');
  try {
    await lab.removeTables('worker1');
    await lab.exec('plain/w1', 'ping', '-c', '2', '-W', '1', '192.168.7.1');
    expect((await router.seen()).wrong).toEqual([]);
    expect((await lab.exec('plain/w1', 'ping', '-c', '1', '-W', '1', '192.168.7.11')).status).toBe(0);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await until('the log says that the tables were written again', () =>
    lab.log('node-worker1').includes('somebody removed or changed our nft tables'),
  );
  await calm();
});

test('what a removed pod network left behind goes: routes, and what the guard lets by', async () => {
  const patch = (clusterNetworks: object[]) =>
    lab.must(['patch', 'clusternetwork', 'default', '--type=merge', '-p', JSON.stringify({ clusterNetworks })]);
  const before = JSON.parse(await lab.must(['get', 'clusternetwork', 'default', '-o', 'json'])) as {
    clusterNetworks?: object[];
  };
  const shown = async (): Promise<string> =>
    (await lab.node('worker1', 'sh', '-c', 'ip route show dev tun0; ip route show table 10490')).stdout;
  await patch([...before.clusterNetworks!, { CIDR: '10.220.0.0/16', hostSubnetLength: 8 }]);
  await until('it is reached by tun0', async () => (await shown()).match(/10\.220\.0\.0\/16/g)?.length === 2);
  await patch(before.clusterNetworks!);
  await until('it is gone', async () => !(await shown()).includes('10.220.0.0'));
  await calm();
});

test("egress IPs that are the gateway's, the network's or the broadcast address are refused, with an Event", async () => {
  const wanted = {
    '192.168.7.1': "the address of the node's gateway",
    '192.168.7.0': 'the address of the network of br-ex',
    '192.168.7.255': 'the broadcast address of the network of br-ex',
  };
  for (const [ip, what] of Object.entries(wanted)) {
    await lab.patch('netnamespace', 'blue', { egressIPs: [ip] });
    await lab.patch('hostsubnet', 'worker0', { egressIPs: [ip] });
    await lab.untilSource('blue/w0', '');
    await until('the reason is logged', () => lab.log('node-worker0').includes(`egress IP ${ip} is ${what}`));
    expect((await lab.node('worker0', 'ip', '-4', '-o', 'addr', 'show', 'label', '*:eip')).stdout).toBe('');
    expect(await lab.source('plain/w0', 2)).toBe('192.168.7.11');
  }
  await lab.patch('netnamespace', 'blue', { egressIPs: null });
  await lab.patch('hostsubnet', 'worker0', { egressIPs: null });
  await lab.untilSource('blue/w0', '192.168.7.11');
});

// on the userspace datapath, pods without egress IPs do: nothing there tells the kernel what policies let in
test.each(['red/w0', 'red/w1', 'plain/w0', ...(datapath === 'system' ? ['plain/w1'] : [])])(
  '%s answers nobody whom policies did not let in, with its own address',
  async (name) => {
    const [namespace = ''] = name.split('/');
    const allow = await lab.deny(namespace, 'Ingress');
    const port = namespace === 'red' ? 20001 : 20003;
    // an outside that knows the way to pods, by the node that hosts red's egress IP
    await lab.inside('router', 'ip', 'route', 'replace', '10.254.0.0/16', 'via', '192.168.7.12');
    const before = await router.seen();
    try {
      const [target, pod] = [await lab.podIP(name), await lab.podNamespace(name)];
      // beside the echo server, which has the port too: what comes to it goes to the last who took it
      const knock = script(
        `sdnc.${lab.name}.outside`,
        `
        const u = require('dgram').createSocket({ type: 'udp4', reuseAddr: true }).on('error', (error) => { throw error; });
        u.bind(${port}, '${outsideHost}', () => { console.log('knocking'); setInterval(() => u.send('knock', 5001, '${target}'), 20); });
        setTimeout(() => process.exit(0), 2000);
      `,
      );
      await new Promise((resolve) => knock.stdout!.once('data', resolve));
      await sleep(500);
      const answer = script(
        pod,
        `const u = require('dgram').createSocket('udp4'); u.bind(5001, () => setInterval(() => u.send('answer', ${port}, '${outsideHost}', () => {}), 20)); setTimeout(() => process.exit(0), 1000);`,
      );
      await Promise.all([knock, answer].map((child) => new Promise((resolve) => child.on('close', resolve))));
      // red to blue's port: whatever arrives there of it would be wrong, but for its own egress IP
      const isOwn = (one: string): boolean => one.startsWith(`${redIP} . 20001`);
      expect((await router.seen()).wrong.filter((one) => !isOwn(one))).toEqual(
        before.wrong.filter((one) => !isOwn(one)),
      );
    } finally {
      await lab.inside('router', 'ip', 'route', 'del', '10.254.0.0/16');
      await allow();
      router = await watchRouter(lab);
      await calm();
    }
  },
);

describe('what a Service sends on leaves with the address of the node', () => {
  /** Services as a proxy writes them: of each kind one whose endpoint is a node, and one whose endpoint is outside. */
  const services = (endpoint: string): string => `table ip services {
      chain pre { type nat hook prerouting priority dstnat;
        ip daddr 172.30.0.50 tcp dport 80 dnat to ${endpoint}:8088
        ip daddr 172.30.0.51 tcp dport 80 dnat to ${outsideHost}:8080
        fib daddr type local tcp dport 30090 meta mark set meta mark or 0x4000 dnat to ${endpoint}:8088
        fib daddr type local tcp dport 30091 meta mark set meta mark or 0x4000 dnat to ${outsideHost}:8080
      }
      chain post { type nat hook postrouting priority srcnat;
        meta mark & 0x4000 != 0 masquerade
      }
    }\n`;
  const reached = async (pod: string, url: string): Promise<string> =>
    (await lab.exec(pod, 'curl', '-s', '--max-time', '1', `http://${url}/ip`)).stdout.trim();
  const server = (node: string) =>
    script(
      `sdnc.${lab.name}.${node}`,
      "require('http').createServer((q, r) => r.end(q.socket.remoteAddress.replace('::ffff:', ''))).listen(8088)",
    );

  test('if the endpoint is a node, and not outside the cluster for a namespace with an egress IP', async () => {
    await lab.pipe('worker0', services('192.168.7.12'));
    await lab.pipe('worker1', services('192.168.7.11'));
    const servers = ['worker0', 'worker1'].map(server);
    try {
      await until('the servers answer', async () => (await reached('plain/w0', '192.168.7.12:8088')) !== '');
      const found: Record<string, string> = {};
      for (const pod of ['red/w0', 'red/w1', 'plain/w0', 'plain/w1']) {
        const urls = ['172.30.0.50', '172.30.0.51', '192.168.7.12:30090', '192.168.7.12:30091'];
        found[pod] = (await Promise.all(urls.map((url) => reached(pod, url)))).join(' ');
      }
      expect(found).toEqual({
        'red/w0': '192.168.7.11  192.168.7.12 ',
        'red/w1': '192.168.7.12  192.168.7.12 ',
        'plain/w0': '192.168.7.11 192.168.7.11 192.168.7.12 192.168.7.12',
        'plain/w1': '192.168.7.12 192.168.7.12 192.168.7.12 192.168.7.12',
      });
    } finally {
      for (const child of servers) child.kill('SIGKILL');
      for (const node of ['worker0', 'worker1']) await lab.node(node, 'nft', 'delete', 'table', 'ip', 'services');
      await calm();
    }
  });
});

test('tun0 deleted: it is created again, and all is as before', async () => {
  await lab.node('worker1', 'ip', 'link', 'del', 'tun0');
  await until('tun0 is there', async () => (await lab.node('worker1', 'ip', 'link', 'show', 'tun0')).status === 0, 30);
  await calm();
  await lab.untilSource('plain/w1', '192.168.7.12');
});

test('nft flushed again and again: the tables are there in the end', async () => {
  const tables = tablesOf(datapath);
  for (let round = 0; round < 25; round += 1) {
    await lab.removeTables('worker1');
    await sleep((round * 37) % 150);
  }
  await until(
    'they are there',
    async () =>
      (
        await Promise.all(tables.map((table) => lab.node('worker1', 'nft', 'list', 'table', ...table.split(' '))))
      ).every(({ status }) => status === 0),
    30,
  );
  await calm();
});

test('elements of nft that somebody removes or adds are put right at once', async () => {
  const nft = async (...args: string[]): Promise<string> => {
    const ran = await lab.node('worker1', 'nft', ...args);
    if (ran.status !== 0) throw new Error(ran.stderr);
    return ran.stdout;
  };
  const tables = async (): Promise<string> =>
    (await Promise.all(['sdn_compat', 'sdn_compat_guard'].map((name) => nft('list', 'table', 'ip', name)))).join('');
  const before = await tables();
  expect(before).toContain(redIP);
  for (const change of [
    'flush map ip sdn_compat egress_snat',
    'flush set ip sdn_compat_guard egress_hosted',
    'flush set ip sdn_compat pod_answers',
    'add element ip sdn_compat_guard restricted_pods { 10.254.1.200 comment "mine" }',
    'add element ip sdn_compat inside { 10.1.8.0/24 }',
  ]) {
    await nft(...change.split(' '));
    await until(`repaired: ${change}`, async () => (await tables()) === before, 30);
  }
});

test('an agent that is told to end does so at once, and one that is killed leaves no program behind', async () => {
  const monitors = async (): Promise<string[]> => {
    const { stdout } = await lab.inside(
      'worker0',
      'sh',
      '-c',
      `for p in $(ip netns pids sdnc.${lab.name}.worker0); do tr '\\0' ' ' < /proc/$p/cmdline; echo; done`,
    );
    return stdout.split('\n').filter((line) => / monitor /.test(line));
  };
  expect((await monitors()).length).toBe(4);
  await lab.command('kill', 'agent', 'worker0');
  await until('nothing is left', async () => (await monitors()).length === 0, 30);
  await lab.command('start', 'agent', 'worker0');
  await calm();
  const pid = lab.pid('node-worker0');
  process.kill(pid, 'SIGTERM');
  await until(
    'it has ended',
    () => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    },
    30,
  );
  await lab.command('start', 'agent', 'worker0');
  await calm();
});

test('source routing gets nobody out, whatever the host allows', async () => {
  await lab.node('worker0', 'sysctl', '-q', '-w', 'net.ipv4.conf.all.accept_source_route=1');
  expect((await lab.node('worker0', 'cat', '/proc/sys/net/ipv4/conf/tun0/accept_source_route')).stdout).toBe('0\n');
});

test('forwarding that somebody turns off is on again at once, and not for the interfaces of pods', async () => {
  await lab.node('worker0', 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=0');
  const read = async (name: string): Promise<string> =>
    (await lab.node('worker0', 'sh', '-c', `cat /proc/sys/net/ipv4/${name}`)).stdout;
  await until('it is on', async () => (await read('ip_forward')) === '1\n', 30);
  await calm();
  // on the kernel's datapath what a pod sends never comes to the node's own routing
  const ofPods = async (): Promise<string> =>
    datapath === 'netdev' ? [...new Set((await read('conf/veth*/forwarding')).trim().split('\n'))].join() : '0';
  await until('pods do not forward', async () => (await ofPods()) === '0', 30);
  await lab.node(
    'worker0',
    'sh',
    '-c',
    'echo 0 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv4/ip_forward',
  );
  await until('nor when somebody turns it off and on', async () => (await ofPods()) === '0', 30);
  await until('it is on, too', async () => (await read('ip_forward')) === '1\n', 30);
  // and where a host lets everything by, the node's kernel still takes nothing from pods themselves
  await lab.node('worker0', 'sh', '-c', 'for f in /proc/sys/net/ipv4/conf/veth*; do echo 0 > $f/rp_filter; done');
  const [, mac = ''] =
    /link\/ether (\S+)/.exec((await lab.node('worker0', 'ip', 'link', 'show', 'dev', 'tun0')).stdout) ?? [];
  const veth = (await lab.node('worker0', 'sh', '-c', 'basename -a /sys/class/net/veth*')).stdout.trim().split('\n');
  expect(
    (await Promise.all(veth.map((device) => lab.node('worker0', 'cat', `/sys/class/net/${device}/netdev_group`)))).map(
      ({ stdout }) => stdout,
    ),
  ).toEqual(veth.map(() => '157\n'));
  expect(mac).not.toBe('');
});

test('a setting whose change the kernel does not report is right again within seconds', async () => {
  await lab.node('worker0', 'sysctl', '-q', '-w', 'net.ipv4.conf.all.src_valid_mark=0');
  const read = async (): Promise<string> =>
    (await lab.node('worker0', 'cat', '/proc/sys/net/ipv4/conf/all/src_valid_mark')).stdout;
  await until('it is on', async () => (await read()) === '1\n', 30);
  await calm();
});

describe('connections that must end', () => {
  /**
   * Sends from the pod's port 4000 without pause, and writes down which source answers came back for: the server tells.
   */
  async function kept(pod: string, act: () => Promise<unknown>, wanted: string): Promise<void> {
    const server = script(
      `sdnc.${lab.name}.outside`,
      `
      const u = require('dgram').createSocket('udp4');
      u.on('message', (m, r) => u.send(r.address, r.port, r.address)).bind(22000, '${outsideHost}', () => console.log('ready'));
    `,
    );
    let ready = '';
    server.stdout!.on('data', (chunk: Buffer) => (ready += chunk.toString()));
    await until('the server listens', () => ready.includes('ready'));
    const client = script(
      await lab.podNamespace(pod),
      `
      const u = require('dgram').createSocket('udp4');
      u.on('message', (m) => console.log(String(m))).bind(4000, () => setInterval(() => u.send('x', 22000, '${outsideHost}', () => {}), 20));
    `,
    );
    let last = '';
    client.stdout!.on('data', (chunk: Buffer) => (last = chunk.toString().trim().split('\n').at(-1) ?? last));
    try {
      await until('it flows', () => last !== '');
      await act();
      last = '';
      await until(`the kept flow of ${pod} leaves as ${wanted}, was ${last}`, () => last === wanted, 30);
    } finally {
      client.kill('SIGKILL');
      server.kill('SIGKILL');
    }
  }

  test.each(['plain/w1', 'red/w0', 'red/w1'])(
    'a kept UDP flow of %s follows a namespace that changes its VNID, while both egress IPs are on one node',
    async (pod) => {
      const [namespace = ''] = pod.split('/');
      const own = await lab.netid(namespace);
      const other = await lab.netid('blue');
      await lab.patch('hostsubnet', 'worker1', { egressIPs: [redIP, blueIP] });
      await lab.patch('netnamespace', 'blue', { egressIPs: [blueIP] });
      await lab.untilSource('blue/w0', blueIP);
      try {
        // red's egress IP stays red's: another namespace of its VNID asks for it
        await lab.patch('netnamespace', 'dark', { egressIPs: namespace === 'red' ? [redIP] : null, netid: own });
        if (namespace === 'red') await lab.patch('netnamespace', 'red', { egressIPs: null });
        await kept(pod, () => lab.patch('netnamespace', namespace, { netid: other }), blueIP);
        await kept(
          pod,
          () => lab.patch('netnamespace', namespace, { netid: own }),
          namespace === 'red' ? redIP : '192.168.7.12',
        );
      } finally {
        await lab.patch('netnamespace', 'blue', { egressIPs: null });
        await lab.patch('netnamespace', 'dark', { egressIPs: ['192.168.7.203'], netid: await freeNetid() });
        await lab.patch('netnamespace', 'red', { egressIPs: [redIP] });
        await lab.patch('hostsubnet', 'worker1', { egressIPs: [redIP] });
        await calm();
      }
    },
  );

  const freeNetid = async (): Promise<number> =>
    1 + Math.max(...(await Promise.all(['red', 'blue', 'dark', 'plain'].map((name) => lab.netid(name)))));

  test('connections whose owner another program wrote over, when two namespaces of other nodes swap their egress IPs', async () => {
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [redIP, blueIP] });
    await lab.patch('netnamespace', 'blue', { egressIPs: [blueIP] });
    await lab.untilSource('blue/w0', blueIP);
    await lab.pipe(
      'worker1',
      'table ip other {\n chain marks {\n type filter hook postrouting priority 300\n ct mark set 5\n }\n}\n',
    );
    try {
      const swap = (red: string, blue: string): Promise<unknown> =>
        Promise.all([
          lab.patch('netnamespace', 'red', { egressIPs: [red] }),
          lab.patch('netnamespace', 'blue', { egressIPs: [blue] }),
        ]);
      await kept('red/w0', () => swap(blueIP, redIP), blueIP);
      await kept('blue/w0', () => swap(redIP, blueIP), blueIP);
    } finally {
      await lab.node('worker1', 'nft', 'delete', 'table', 'ip', 'other');
      await lab.patch('netnamespace', 'blue', { egressIPs: null });
      await lab.patch('netnamespace', 'red', { egressIPs: [redIP] });
      await lab.patch('hostsubnet', 'worker1', { egressIPs: [redIP] });
      await calm();
    }
  });

  test('an egress IP given back to another namespace while the agent of its node is dead', async () => {
    await kept(
      'red/w0',
      async () => {
        await lab.command('kill', 'agent', 'worker1');
        await lab.patch('netnamespace', 'red', { egressIPs: null });
        await lab.patch('netnamespace', 'blue', { egressIPs: [redIP] });
        await lab.command('start', 'agent', 'worker1');
      },
      '192.168.7.11',
    );
    await lab.untilSource('blue/w0', redIP);
    await lab.patch('netnamespace', 'blue', { egressIPs: null });
    await lab.patch('netnamespace', 'red', { egressIPs: [redIP] });
    await calm();
  });

  test('ten thousand of a namespace end in one pass, and another namespace waits for nothing', async () => {
    const count = 10_000;
    // each twice, since a busy machine loses some
    const client = script(
      await lab.podNamespace('plain/w1'),
      `
      const u = require('dgram').createSocket('udp4');
      let next = 1;
      u.bind(4001, () => { const timer = setInterval(() => { for (let i = 0; i < 100; i += 1) { if (next > ${count * 2}) { clearInterval(timer); setTimeout(() => { console.log('sent'); process.exit(0); }, 300); return; } const at = 1 + (next - 1) % ${count}; u.send('x', 30000 + (at % 250) * 100 + Math.floor(at / 250), '10.1.8.' + (100 + at % 100), () => {}); next += 1; } }, 10); });
    `,
    );
    let said = '';
    client.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until('all were sent', () => said.includes('sent'), 30);
    const from = await lab.podIP('plain/w1');
    const left = async (): Promise<number> =>
      (await lab.node('worker1', 'conntrack', '-L', '-f', 'ipv4', '-s', from)).stdout
        .split('\n')
        .filter((line) => line.includes('dst=10.1.8.1')).length;
    expect(await left()).toBeGreaterThan(count * 0.9);
    const began = performance.now();
    await lab.patch('netnamespace', 'plain', { egressIPs: ['192.168.7.209'] });
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [redIP, blueIP] });
    await lab.patch('netnamespace', 'blue', { egressIPs: [blueIP] });
    await lab.untilSource('blue/w0', blueIP);
    const other = performance.now() - began;
    await until('all have ended', async () => (await left()) === 0, 30);
    console.log(
      `10,000 connections ended and seen to be after ${Math.round(performance.now() - began)} ms; another namespace had its egress IP after ${Math.round(other)} ms`,
    );
    const swept = lab
      .log('node-worker1')
      .split('\n')
      .filter((line) => line.includes('connections ended'))
      .map((line) => JSON.parse(line) as { connections: number; passes: number });
    expect(swept.find(({ connections }) => connections > count * 0.9)?.passes).toBeLessThanOrEqual(2);
    await lab.patch('netnamespace', 'plain', { egressIPs: null });
    await lab.patch('netnamespace', 'blue', { egressIPs: null });
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [redIP] });
    await calm();
  });
});

test('a connection by a Service to a node costs no pass for each of the others', async () => {
  const count = 3_000;
  await lab.pipe(
    'worker0',
    'table ip services {\n chain pre {\n type nat hook prerouting priority dstnat\n ip daddr 172.30.0.1 udp dport 443 dnat to 192.168.7.12:6443\n }\n}\n',
  );
  const swept = (): { readonly connections: number; readonly passes: number }[] =>
    lab
      .log('node-worker0')
      .split('\n')
      .filter((line) => line.includes('connections ended'))
      .map((line) => JSON.parse(line) as { connections: number; passes: number });
  const from = await lab.podIP('plain/w0');
  const left = async (): Promise<number> =>
    (await lab.node('worker0', 'conntrack', '-L', '-f', 'ipv4', '-s', from)).stdout
      .split('\n')
      .filter((line) => line.includes('dst=10.1.8.1')).length;
  try {
    const client = script(
      await lab.podNamespace('plain/w0'),
      `
      const u = require('dgram').createSocket('udp4');
      let next = 1;
      u.bind(4002, () => { u.send('s', 443, '172.30.0.1', () => {}); const timer = setInterval(() => { for (let i = 0; i < 50; i += 1) { if (next > ${count}) { clearInterval(timer); setTimeout(() => process.exit(0), 200); return; } u.send('x', 30000 + (next % 250) * 100 + Math.floor(next / 250), '10.1.8.' + (100 + next % 100), () => {}); next += 1; } }, 10); });
    `,
    );
    await new Promise((resolve) => client.on('close', resolve));
    expect(await left()).toBeGreaterThan(count * 0.9);
    const before = swept().length;
    const began = performance.now();
    await lab.patch('netnamespace', 'plain', { egressIPs: ['192.168.7.209'] });
    await until('all have ended', async () => (await left()) === 0, 30);
    console.log(`${count} connections beside one of a Service ended after ${Math.round(performance.now() - began)} ms`);
    await until('it is in the log', () => swept().length > before);
    expect(
      swept()
        .slice(before)
        .reduce((sum, { passes }) => sum + passes, 0),
    ).toBeLessThanOrEqual(2);
    const kept = await lab.node('worker0', 'conntrack', '-L', '-f', 'ipv4', '-s', from, '-d', '172.30.0.1');
    expect(kept.stdout).toContain('dport=443');
  } finally {
    await lab.node('worker0', 'nft', 'delete', 'table', 'ip', 'services');
    await lab.patch('netnamespace', 'plain', { egressIPs: null });
    await calm();
  }
});

test('after all of it, nothing left with a wrong source', async () => {
  expect((await router.seen()).wrong).toEqual([]);
});
