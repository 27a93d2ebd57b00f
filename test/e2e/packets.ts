/**
 * Traffic of a lab's pods to an echo server outside, and what the router sees of it: whose packets come with which
 * source.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { run, type TestLab } from './lab.ts';

/** The port that stands for each namespace: a packet tells by it whose it is. */
const ports: Readonly<Record<string, number>> = {
  red: 20_000,
  blue: 20_001,
  dark: 20_002,
  plain: 20_003,
  fine: 20_004,
};
const outsideHost = '10.1.8.72';

/** Runs a script with Node in a network namespace of the lab, until it ends by itself or the process is killed. */
export function script(netns: string, text: string): ChildProcess {
  const argv = ['netns', 'exec', netns, process.execPath, '-e', text];
  const child = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  // a child whose output nobody reads has not closed when it ends
  child.on('exit', () => child.stdout.resume());
  return child;
}

/** TCP and UDP echo on each namespace's port of the outside host. Returns what ends it. */
export function echoServer(lab: TestLab): () => void {
  const child = script(
    `sdnc.${lab.name}.outside`,
    `
    const net = require('net'), dgram = require('dgram');
    for (const port of ${JSON.stringify(Object.values(ports))}) {
      net.createServer((s) => s.on('error', () => {}).pipe(s)).listen(port, '${outsideHost}');
      const u = dgram.createSocket({ type: 'udp4', reuseAddr: true });
      u.on('message', (m, r) => u.send(m, r.port, r.address)).bind(port, '${outsideHost}');
    }
  `,
  );
  return () => child.kill('SIGKILL');
}

/** New connections and a kept one by TCP, new and kept UDP, for so many milliseconds. */
const client = (port: number, milliseconds: number): string => `
  const net = require('net'), dgram = require('dgram');
  const tcp = () => { const s = net.connect(${port}, '${outsideHost}'); s.on('error', () => {}).on('data', () => {}); return s; };
  const kept = tcp(), old = dgram.createSocket('udp4');
  setInterval(() => { kept.write('x'); old.send('x', ${port}, '${outsideHost}', () => {}); }, 40);
  setInterval(() => { const s = tcp(); s.write('y'); setTimeout(() => s.destroy(), 300); }, 60);
  setInterval(() => { const u = dgram.createSocket('udp4'); u.send('y', ${port}, '${outsideHost}', () => {}); setTimeout(() => u.close(), 200); }, 60);
  setTimeout(() => process.exit(0), ${milliseconds});
`;

export interface Seen {
  /** Packets with the right source, by namespace. */
  readonly right: Readonly<Record<string, number>>;
  /** Any others, as nft prints them. */
  readonly wrong: readonly string[];
}

export interface RouterWatch {
  readonly seen: () => Promise<Seen>;
  /** Lets pods send for so many milliseconds. */
  readonly traffic: (pods: readonly string[], milliseconds: number) => Promise<void>;
}

/** The sources that packets of a namespace may have; none: none may come at all. */
export type Allowed = Readonly<Record<string, readonly string[]>>;

const usual: Allowed = {
  red: ['192.168.7.201'],
  blue: ['192.168.7.202'],
  dark: [],
  fine: [],
  plain: ['192.168.7.11', '192.168.7.12', '192.168.7.13'],
};

/**
 * Counts at the router. Packets of a namespace are known by their port, pings from pods' own addresses are wrong
 * always.
 */
export async function watchRouter(lab: TestLab, allowed: Allowed = usual): Promise<RouterWatch> {
  const names = Object.keys(allowed);
  const rules = names.flatMap((name) => {
    const match = `meta l4proto { tcp, udp } th dport ${ports[name]!}`;
    const sources = allowed[name]!;
    const good =
      sources.length === 0 ? [] : [`${match} ip saddr { ${sources.join(', ')} } counter name right_${name} accept`];
    return [...good, `${match} add @wrong { ip saddr . th dport . meta l4proto } drop`];
  });
  await lab.pipe(
    'router',
    `table ip watch {}
delete table ip watch
table ip watch {
    set wrong { type ipv4_addr . inet_service . inet_proto; flags dynamic; size 65535; }
    set strange { type ipv4_addr . inet_proto; flags dynamic; size 65535; }
    ${names.map((name) => `counter right_${name} { }`).join('\n    ')}
    chain look { type filter hook prerouting priority -300; policy accept;
      iifname "lan0" ip saddr 10.254.0.0/16 add @strange { ip saddr . meta l4proto } drop
      iifname "lan0" ip daddr ${outsideHost} jump each
    }
    chain each {
      ${rules.join('\n      ')}
    }
  }\n`,
  );
  const seen = async (): Promise<Seen> => {
    const { stdout } = await lab.inside('router', 'nft', 'list', 'table', 'ip', 'watch');
    const right = Object.fromEntries(
      names.map((name) => [
        name,
        Number(new RegExp(`counter right_${name} \\{\\s+packets (\\d+)`).exec(stdout)?.[1] ?? 0),
      ]),
    );
    const wrong = [...stdout.matchAll(/set (wrong|strange) \{[^}]*?elements = \{([^}]*)\}/g)].flatMap((found) =>
      found[2]!.split(',').map((one) => one.trim()),
    );
    return { right, wrong };
  };
  const traffic = async (pods: readonly string[], milliseconds: number): Promise<void> => {
    await Promise.all(
      pods.map(async (pod) => {
        const netns = await lab.podNamespace(pod);
        const pinging = run('ip', [
          'netns',
          'exec',
          netns,
          'ping',
          '-i',
          '0.2',
          '-w',
          String(Math.ceil(milliseconds / 1_000)),
          '-q',
          outsideHost,
        ]);
        const child = script(netns, client(ports[pod.split('/', 1)[0]!]!, milliseconds));
        await new Promise((resolve) => child.on('close', resolve));
        await pinging;
      }),
    );
  };
  return { seen, traffic };
}
