/**
 * The first law under faults: pods with egress IPs send without pause while agents, switches, the API server and the
 * controller are killed and stalled and IPs move; the router looks at every packet. Each namespace has its own port,
 * so that a packet tells whose it is.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { generator } from '../random.ts';
import { rounds } from '../rounds.ts';
import { type Ran, TestLab, until } from './lab.ts';

const count = 10;
const namespaces = Array.from({ length: count }, (_, index) => `tenant${index}`);
const portOf = (index: number): number => 20_000 + index;
const ipsOf = (index: number): readonly [string, string] => [`192.168.7.${100 + index}`, `192.168.7.${140 + index}`];
const workers = ['worker0', 'worker1', 'worker2'] as const;

/** TCP and UDP echo on every namespace's port. */
const server = `
  const net = require('net'), dgram = require('dgram');
  for (let i = 0; i < ${count}; i += 1) {
    net.createServer((s) => { s.on('error', () => {}); s.pipe(s); }).listen(${portOf(0)} + i, '10.1.8.72');
    const u = dgram.createSocket('udp4');
    u.on('message', (m, r) => u.send(m, r.port, r.address));
    u.bind(${portOf(0)} + i, '10.1.8.72');
  }
`;

/** One long connection, new ones all the time, and UDP from old and new sockets. */
const client = (port: number): string => `
  const net = require('net'), dgram = require('dgram');
  const long = () => {
    const s = net.connect(${port}, '10.1.8.72');
    const timer = setInterval(() => s.write('x'), 150);
    s.on('data', () => {}).on('error', () => {}).on('close', () => { clearInterval(timer); setTimeout(long, 300); });
    s.setTimeout(4000, () => s.destroy());
  };
  long();
  setInterval(() => {
    const s = net.connect(${port}, '10.1.8.72', () => s.end('y'));
    s.on('data', () => {}).on('error', () => {});
    s.setTimeout(2000, () => s.destroy());
  }, 400);
  const old = dgram.createSocket('udp4');
  setInterval(() => old.send('u', ${port}, '10.1.8.72', () => {}), 200);
  setInterval(() => { const u = dgram.createSocket('udp4'); u.send('v', ${port}, '10.1.8.72', () => {}); setTimeout(() => u.close(), 300); }, 500);
`;

/** What the router counts: allowed packets by namespace, and every other one by source, port and protocol. */
function capture(): string {
  const rules = namespaces.flatMap((_, index) => {
    const match = `meta l4proto { tcp, udp } th dport ${portOf(index)}`;
    const [a, b] = ipsOf(index);
    return [
      `${match} ip saddr { ${a}, ${b} } counter name good${index} accept`,
      `${match} add @bad { ip saddr . th dport . meta l4proto } drop`,
    ];
  });
  return `table ip capture {
    set bad { type ipv4_addr . inet_service . inet_proto; flags dynamic; size 65535; }
    set strange { type ipv4_addr . inet_proto; flags dynamic; size 65535; }
    ${namespaces.map((_, index) => `counter good${index} { }`).join('\n    ')}
    chain look { type filter hook prerouting priority -300; policy accept;
      iifname "lan0" ip daddr 10.1.8.72 jump each
      iifname "lan0" ip saddr 10.254.0.0/16 add @strange { ip saddr . meta l4proto } drop
    }
    chain each {
      ${rules.join('\n      ')}
    }
  }\n`;
}

let lab: TestLab;
const children: ChildProcess[] = [];
const hosting = new Map<string, string>();

function background(netns: string, script: string): void {
  children.push(spawn('ip', ['netns', 'exec', netns, process.execPath, '-e', script], { stdio: 'ignore' }));
}

/** Writes the IPs that the test wants on each worker. */
async function host(): Promise<void> {
  for (const worker of workers) {
    const egressIPs = [...hosting].filter(([, where]) => where === worker).map(([ip]) => ip);
    await lab.patch('hostsubnet', worker, { egressIPs });
  }
}

interface Seen {
  readonly good: readonly number[];
  readonly bad: string;
}

async function seen(): Promise<Seen> {
  const { stdout } = await lab.inside('router', 'nft', 'list', 'table', 'ip', 'capture');
  const good = namespaces.map((_, index) =>
    Number(new RegExp(`counter good${index} \\{\\s+packets (\\d+)`).exec(stdout)?.[1] ?? 0),
  );
  const bad = [...stdout.matchAll(/set (bad|strange) \{[^}]*?elements = \{([^}]*)\}/g)]
    .map((found) => `${found[1]!}: ${found[2]!.trim()}`)
    .join('; ');
  return { good, bad };
}

/** Waits until packets of every namespace arrive again. */
async function untilAllFlow(): Promise<void> {
  const before = await seen();
  await until(
    'packets of every namespace arrive',
    async () => {
      const now = await seen();
      if (now.bad !== '') throw new Error(`packets with another source: ${now.bad}`);
      return now.good.every((packets, index) => packets > before.good[index]!);
    },
    30,
  );
}

beforeAll(async () => {
  lab = await TestLab.up('--host', 'worst', '--agent-option', 'resync=5');
  for (const name of namespaces) await lab.namespace(name);
  await lab.pods(
    ...namespaces.flatMap((name, index) =>
      Array.from({ length: 5 }, (_, pod) => [`${name}/p${pod}`, workers[(index + pod) % 3]!] as const),
    ),
  );
  for (const [index, name] of namespaces.entries()) {
    const [a, b] = ipsOf(index);
    hosting.set(a, workers[index % 3]!);
    hosting.set(b, workers[(index + 1) % 3]!);
    await lab.patch('netnamespace', name, { egressIPs: [a, b] });
  }
  await host();
  background(`sdnc.${lab.name}.outside`, server);
  for (const [index, name] of namespaces.entries()) {
    await until(`${name} leaves as it should`, async () => ipsOf(index).includes(await lab.source(`${name}/p0`)));
    await until(`${name} leaves as it should`, async () => ipsOf(index).includes(await lab.source(`${name}/p2`)));
    await until(`${name} leaves as it should`, async () => ipsOf(index).includes(await lab.source(`${name}/p4`)));
  }
  await lab.pipe('router', capture());
  for (const [index, name] of namespaces.entries()) {
    for (let pod = 0; pod < 5; pod += 1) background(await lab.podNamespace(`${name}/p${pod}`), client(portOf(index)));
  }
  await untilAllFlow();
}, 600_000);

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await lab.down();
});

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function killed(component: string, node: string | undefined, pause: number): Promise<void> {
  const where = node === undefined ? [component] : [component, node];
  await must(lab.command('kill', ...where));
  await wait(pause);
  await must(lab.command('start', ...where));
}

async function must(command: Promise<Ran>): Promise<void> {
  const { status, stderr } = await command;
  if (status !== 0) throw new Error(stderr);
}

async function stalled(process_: string, pause: number): Promise<void> {
  const pid = lab.pid(process_);
  process.kill(pid, 'SIGSTOP');
  await wait(pause);
  process.kill(pid, 'SIGCONT');
}

type Fault = (worker: (typeof workers)[number], next: (limit: number) => number) => Promise<unknown>;

const faults: Readonly<Record<string, Fault>> = {
  'agent killed': (worker, next) => killed('agent', worker, next(1500)),
  'agent stalled': (worker, next) => stalled(`node-${worker}`, next(1500)),
  'ovs-vswitchd killed': (worker, next) => killed('ovs', worker, next(1000)),
  'ovs-vswitchd stalled': (worker, next) => stalled(`ovs-vswitchd-${worker}`, next(1000)),
  'API server killed': (_worker, next) => killed('apiserver', undefined, next(1500)),
  'API server stalled': (_worker, next) => stalled('apiserver', next(1500)),
  'controller killed': (_worker, next) => killed('controller', undefined, next(500)),
  'IP moved': async (worker, next) => {
    const index = next(count);
    hosting.set(ipsOf(index)[0], worker);
    if (hosting.get(ipsOf(index)[1]) === worker)
      hosting.set(ipsOf(index)[1], workers[(workers.indexOf(worker) + 1) % 3]!);
    await host();
  },
  'HostSubnet flaps': async (worker) => {
    await lab.patch('hostsubnet', worker, { egressIPs: null });
    await host();
  },
  'address removed': (worker) =>
    lab.node(
      worker,
      'sh',
      '-c',
      'for a in $(ip -4 -o addr show label "*:eip" | awk \'{print $4}\'); do ip addr del $a dev br-ex; done',
    ),
  'nft table removed': (worker) => lab.node(worker, 'nft', 'delete', 'table', 'ip', 'sdn_compat'),
  'nft table of addresses removed': (worker) => lab.node(worker, 'nft', 'delete', 'table', 'ip', 'sdn_compat_guard'),
  'nft tables removed': (worker) =>
    lab.node(
      worker,
      'sh',
      '-c',
      'nft delete table ip sdn_compat; nft delete table ip sdn_compat_guard; nft delete table netdev sdn_compat',
    ),
  "node's address removed and added": (worker) =>
    lab.node(
      worker,
      'sh',
      '-c',
      "a=$(ip -4 -o addr show dev br-ex | grep -v :eip | awk '{print $4; exit}'); ip addr del $a dev br-ex; sleep 0.3; ip addr add $a brd + dev br-ex; ip route replace default via 192.168.7.1",
    ),
  'conntrack emptied': (worker) => lab.node(worker, 'conntrack', '-F'),
  "Open vSwitch's conntrack emptied": (worker) => lab.node(worker, 'ovs-appctl', 'dpctl/flush-conntrack'),
  'flows removed': (worker) => lab.node(worker, 'ovs-ofctl', '-O', 'OpenFlow13', 'del-flows', 'br0'),
  'bridge removed': (worker) =>
    lab.node(worker, 'ovs-vsctl', `--db=unix:/run/sdn-compat-lab/${lab.name}/ovs/${worker}/db.sock`, 'del-br', 'br0'),
  'order of the list changed': async (_worker, next) => {
    const index = next(count);
    await lab.patch('netnamespace', namespaces[index]!, { egressIPs: ipsOf(index).toReversed() });
    await lab.patch('netnamespace', namespaces[index]!, { egressIPs: [...ipsOf(index)] });
  },
};

test(
  'no packet carries another source, whatever fails',
  async () => {
    const next = generator(4711);
    const kinds = Object.keys(faults);
    const total = rounds(200);
    for (let round = 0; round < total; round += 1) {
      // Every kind comes in turn, at a random node.
      const kind = kinds[round % kinds.length]!;
      const worker = workers[next(3)]!;
      await faults[kind]!(worker, next).catch((error: unknown) => {
        throw new Error(`fault ${round} (${kind} on ${worker}): ${String(error)}`);
      });
      await wait(next(600));
      const { bad } = await seen();
      if (bad !== '') throw new Error(`after fault ${round} (${kind} on ${worker}): ${bad}`);
      if (round % 5 === 4)
        await until(
          `the API server answers after fault ${round}`,
          async () => (await lab.kubectl(['get', 'nodes'])).status === 0,
        );
      if (round % 10 === 9) await untilAllFlow();
    }
    await untilAllFlow();
    const { good, bad } = await seen();
    expect(bad).toBe('');
    expect(Math.min(...good)).toBeGreaterThan(total);
  },
  rounds(200) * 15_000,
);

test('the capture sees a wrong packet', async () => {
  const send = `const u = require('dgram').createSocket('udp4'); u.send('z', ${portOf(1)}, '10.1.8.72', () => u.close());`;
  await until('it is seen', async () => {
    await lab.exec('tenant0/p0', process.execPath, '-e', send); // the first may be lost
    return (await seen()).bad.includes(String(portOf(1)));
  });
});
