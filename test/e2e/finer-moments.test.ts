/**
 * Finer rules at any moment: what a pod sends to one address is covered by all rules that come and go, and what it sends
 * to another by none. The router sees no packet otherwise, while rules, labels, egress IPs, the agent and Open vSwitch
 * change, in any order.
 */
import { excludedAnnotation } from '../../src/model/objects/egressrules.ts';
import { ourAnnotations } from '../../src/model/objects/well-known.ts';
import { generator } from '../random.ts';
import { rounds } from '../rounds.ts';
import { TestLab, until } from './lab.ts';
import { script } from './packets.ts';

const nodeIP = '192.168.7.11';
const [first, second] = ['192.168.7.201', '192.168.7.202'] as const;
const [uncovered, covered] = ['10.1.8.72', '10.1.8.73'] as const;
const port = 9110;
const pod = 'red/w0';

let lab: TestLab;
const ended: (() => unknown)[] = [];

/** Echoes by TCP and UDP at both addresses of the outside host. */
const server = `
  const net = require('net'), dgram = require('dgram');
  for (const host of ['${uncovered}', '${covered}']) {
    net.createServer((s) => s.on('error', () => {}).pipe(s)).listen(${port}, host);
    const u = dgram.createSocket('udp4');
    u.on('message', (m, r) => u.send(m, r.port, r.address)).bind(${port}, host);
  }
`;

/** New connections and kept ones to both, datagrams in fragments, and some to a port where nobody listens. */
const client = `
  const net = require('net'), dgram = require('dgram');
  const hosts = ['${uncovered}', '${covered}'];
  const tcp = (host) => { const s = net.connect(${port}, host); s.on('error', () => {}).on('data', () => {}); return s; };
  const kept = hosts.map(tcp), old = dgram.createSocket('udp4').on('error', () => {});
  const big = Buffer.alloc(3000);
  const send = (u, what, at, host) => u.send(what, at, host, () => {});
  setInterval(() => hosts.forEach((host, index) => {
    if (kept[index].destroyed) kept[index] = tcp(host);
    kept[index].write('x');
    send(old, 'x', ${port}, host);
  }), 40);
  setInterval(() => hosts.forEach((host) => {
    const s = tcp(host);
    s.write('y');
    setTimeout(() => s.destroy(), 300);
    const u = dgram.createSocket('udp4').on('error', () => {});
    for (const [what, at] of [['y', ${port}], [big, ${port}], ['z', 9111]]) send(u, what, at, host);
    setTimeout(() => u.close(), 200);
  }), 60);
`;

/** A node itself tells who sends to an egress IP that it no longer has: host unreachable, prohibited, or a redirect. */
async function watch(): Promise<void> {
  await lab.pipe(
    'router',
    `table ip moments {
      counter covered { }
      counter uncovered { }
      set wrong { type ipv4_addr . ipv4_addr . inet_proto; flags dynamic; size 65535; }
      chain look { type filter hook prerouting priority -300; policy accept;
        iifname "lan0" ip daddr ${covered} ip saddr { ${first}, ${second} } counter name covered accept
        iifname "lan0" ip daddr ${uncovered} ip saddr ${nodeIP} counter name uncovered accept
        iifname "lan0" ip saddr { ${nodeIP}, 192.168.7.12 } icmp type . icmp code { 3 . 1, 3 . 13, 5 . 0, 5 . 1 } accept
        iifname "lan0" ip daddr { ${covered}, ${uncovered} } add @wrong { ip saddr . ip daddr . meta l4proto }
      }
    }\n`,
  );
}

async function seen(): Promise<{ covered: number; uncovered: number; wrong: string }> {
  const { stdout } = await lab.inside('router', 'nft', 'list', 'table', 'ip', 'moments');
  const count = (name: string): number =>
    Number(new RegExp(`counter ${name} \\{\\s+packets (\\d+)`).exec(stdout)?.[1] ?? 0);
  const wrong = /set wrong \{[^}]*?elements = \{([^}]*)\}/.exec(stdout)?.[1] ?? '';
  return { covered: count('covered'), uncovered: count('uncovered'), wrong: wrong.trim() };
}

/** Rules that all say the same of the two addresses. */
const rules: readonly Readonly<Record<string, string>>[] = [
  { destinations: covered },
  { destinations: `10.1.8.0/24,tcp:443`, 'except-destinations': uncovered },
  { 'except-destinations': `${uncovered},tcp:80` },
  { destinations: `tcp:${covered},udp:${covered},${covered}/31`, 'except-destinations': `${uncovered}/32` },
  { destinations: covered, 'pod-selector': 'app=web' },
  { 'except-destinations': uncovered, 'pod-selector': 'app in (web,db),!old' },
  { destinations: covered, 'destination-ips': `${covered}=${first}` },
  { 'except-destinations': uncovered, 'destination-ips': `10.1.8.0/24=${second}` },
  { destinations: covered, 'destination-ips': `${covered}=192.168.7.209` },
];
const names = ['destinations', 'except-destinations', 'destination-ips', 'pod-selector'];

beforeAll(async () => {
  lab = await TestLab.up();
  await lab.namespace('red');
  await lab.pods([pod, 'worker0'], ['red/w1', 'worker1']);
  const { stdout } = await lab.inside('outside', 'ip', '-o', '-4', 'addr', 'show');
  const device = /^\d+: (\S+) +inet 10\.1\.8\.72/m.exec(stdout)?.[1]?.replace(/@.*/, '') ?? '';
  await lab.inside('outside', 'ip', 'addr', 'add', `${covered}/24`, 'dev', device);
  const echo = script(`sdnc.${lab.name}.outside`, server);
  ended.push(() => echo.kill('SIGKILL'));
});
afterAll(async () => {
  for (const end of ended) end();
  await lab.down();
});

async function follow(of: Readonly<Record<string, string>>, egressIPs: readonly string[]): Promise<void> {
  const annotations = Object.fromEntries(names.map((name) => [`${ourAnnotations}${name}`, of[name] ?? null]));
  await lab.patch('netnamespace', 'red', { metadata: { annotations }, egressIPs });
}

async function label(name: string, labels: Readonly<Record<string, string | null>>): Promise<void> {
  await lab.must(['patch', 'pod', '-n', 'red', name, '--type=merge', '-p', JSON.stringify({ metadata: { labels } })]);
}

const hosting = (one: readonly string[], other: readonly string[]): Promise<unknown> =>
  Promise.all([
    lab.patch('hostsubnet', 'worker0', { egressIPs: one }),
    lab.patch('hostsubnet', 'worker1', { egressIPs: other }),
  ]);

const exclude = (cidrs: string | null): Promise<string> =>
  lab.must([
    ...['patch', 'clusternetwork', 'default', '--type=merge', '-p'],
    JSON.stringify({ metadata: { annotations: { [excludedAnnotation]: cidrs } } }),
  ]);

const pause = (milliseconds: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('each packet leaves as the rules of before and after say alike', async () => {
  await label('w0', { app: 'web' });
  await hosting([first], [second]);
  await follow(rules[0]!, [first, second]);
  const goes = async (): Promise<boolean> => {
    const ran = await lab.exec(pod, 'ping', '-c1', '-W1', covered);
    return ran.status === 0;
  };
  await until('it leaves by an egress IP', goes);
  await until('the other as the node', async () => {
    const { stdout } = await lab.node('worker0', 'nft', 'list', 'map', 'ip', 'sdn_compat_guard', 'pod_rules');
    return stdout.includes('jump finer_');
  });
  await watch();
  const netns = await lab.podNamespace(pod);
  const pings = `for (const host of ['${covered}', '${uncovered}'])
    require('child_process').spawn('ping', ['-i', '0.2', '-q', '-w', '600', host], { stdio: 'ignore' });`;
  for (const text of [client, pings]) {
    const child = script(netns, text);
    ended.push(() => child.kill('SIGKILL'));
  }
  const random = generator(77);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const other = (): Promise<void> => follow(pick(rules), pick([[first], [second], [first, second], [second, first]]));
  const agent = {
    kill: () => lab.command('kill', 'agent', 'worker0'),
    start: () => lab.command('start', 'agent', 'worker0'),
  };
  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    rules: other,
    twice: () => other().then(other),
    'rules while the agent is down': async () => {
      await agent.kill();
      await other();
      await agent.start();
    },
    'the agent killed in the middle': async () => {
      const changing = other();
      await pause(random(120));
      await agent.kill();
      await changing;
      await agent.start();
    },
    'Open vSwitch killed': async () => {
      await lab.command('kill', 'ovs', 'worker0');
      await other();
      await lab.command('start', 'ovs', 'worker0');
    },
    'egress IPs moved with the rules': () => {
      const [one, two] = pick<[string[], string[]]>([
        [[first], [second]],
        [[second], [first]],
        [[], [first]],
        [[], []],
      ]);
      return Promise.all([other(), hosting(one, two)]);
    },
    labels: () => label('w0', pick([{ app: 'web' }, { app: 'web', x: '1' }, { app: 'web', x: null }])),
    'networks excluded': () => exclude(pick([`${uncovered}/32`, '192.0.2.0/24', null])),
  };
  for (let round = 0; round < rounds(100); round += 1) {
    const name = round < 8 ? Object.keys(steps)[round]! : pick(Object.keys(steps));
    await steps[name]!();
    await pause(random(500));
    const { wrong } = await seen();
    expect({ round, name, wrong }).toEqual({ round, name, wrong: '' });
  }
  await hosting([first], [second]);
  await follow(rules[0]!, [first, second]);
  const before = await seen();
  await until('both go on', async () => {
    const now = await seen();
    return now.covered > before.covered + 20 && now.uncovered > before.uncovered + 20;
  });
  expect((await seen()).wrong).toBe('');
}, 900_000);
