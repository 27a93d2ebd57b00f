/**
 * How long new connections fail when the node of an egress IP loses its link, or its Open vSwitch or agent is killed, from
 * the pods of every other node. Each pod opens a connection every 50 ms; the time is from that moment to the last failed
 * attempt of any of them. Needs root.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { TestLab, until } from '../test/e2e/lab.ts';
import { Client, sleep } from '../test/e2e/outage.ts';

const repetitions = Number(process.env['REPETITIONS'] ?? '20');
const ips = ['192.168.7.201', '192.168.7.202'] as const;
const workers = ['worker0', 'worker1', 'worker2'] as const;
type Worker = (typeof workers)[number];

interface Mode {
  readonly name: string;
  /** Options of agents and, if it is the controller that moves the IP, of the controller. */
  readonly interval?: string;
  readonly firstAvailable?: boolean;
  /** One IP that the controller places by egressCIDRs, else two on two nodes by hand. */
  readonly isAutomatic?: boolean;
  /** What is killed; else the link is unplugged. */
  readonly killed?: 'node' | 'ovs-vswitchd';
  /** Milliseconds at p95. */
  readonly target: number;
}

const modes: readonly Mode[] = [
  { name: 'two IPs, defaults', target: 4_000 },
  { name: 'two IPs, probe interval 250ms', interval: '250ms', target: 1_500 },
  { name: 'two IPs, defaults, ovs killed', killed: 'ovs-vswitchd', target: 4_000 },
  { name: 'two IPs, defaults, agent killed', killed: 'node', target: 100 },
  { name: 'first available, 250ms', interval: '250ms', firstAvailable: true, target: 1_500 },
  { name: 'egressCIDRs, defaults', isAutomatic: true, target: 4_000 },
  { name: 'egressCIDRs, 250ms', interval: '250ms', isAutomatic: true, target: 1_500 },
];

async function upLab({ interval, firstAvailable }: Mode): Promise<TestLab> {
  const options = [
    ...(interval === undefined ? [] : [`probe-interval=${interval}`]),
    ...(firstAvailable === true ? ['first-available'] : []),
  ];
  if (interval === undefined) delete process.env['SDN_COMPAT_CONTROLLER_PROBE_INTERVAL'];
  else process.env['SDN_COMPAT_CONTROLLER_PROBE_INTERVAL'] = interval; // the lab's controller inherits it
  return TestLab.up(...options.flatMap((option) => ['--agent-option', option]));
}

/** The workers that host egress IPs now. */
async function hostsNow(lab: TestLab): Promise<Worker[]> {
  const { items } = JSON.parse(await lab.must(['get', 'hostsubnet', '-o', 'json'])) as {
    items: { metadata: { name: string }; egressIPs?: string[] }[];
  };
  return workers.filter((worker) =>
    items.some(({ metadata, egressIPs = [] }) => metadata.name.startsWith(worker) && egressIPs.length > 0),
  );
}

/** Unplugs the link of a worker; returns when it went down, in milliseconds since 1970. */
async function unplug(lab: TestLab, victim: Worker): Promise<number> {
  const watch = spawn('ip', ['-n', `sdnc.${lab.name}.net`, 'monitor', 'link', 'dev', victim], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const down = once(createInterface({ input: watch.stdout }), 'line').then(() => Date.now());
  try {
    await lab.command('fail', victim, '--mode', 'link');
    return await down;
  } finally {
    watch.kill();
  }
}

/** Kills a daemon of a worker; returns when that was, in milliseconds since 1970. */
function kill(lab: TestLab, victim: Worker, daemon: string): number {
  process.kill(lab.pid(`${daemon}-${victim}`), 'SIGKILL');
  return Date.now();
}

async function repeat(
  lab: TestLab,
  clients: ReadonlyMap<Worker, Client>,
  round: number,
  { killed, target }: Mode,
): Promise<number> {
  const hosts = await hostsNow(lab);
  const victim = hosts[round % hosts.length]!;
  const others = [...clients].flatMap(([worker, client]) => (worker === victim ? [] : [client]));
  const broken = killed === undefined ? await unplug(lab, victim) : kill(lab, victim, killed);
  await sleep(target + 2_000); // what has not failed within a second has not failed
  const outage = Math.max(...others.map((client) => client.lastFailure(broken, Date.now() - 1_100)));
  await lab.command('heal', victim);
  await until('its pod gets answers again', () => (clients.get(victim)?.attempts.at(-1)?.source ?? '') !== '', 30);
  await sleep(target); // three answers
  return outage;
}

async function measure(mode: Mode): Promise<number[]> {
  const lab = await upLab(mode);
  const clients = new Map<Worker, Client>();
  try {
    await lab.namespace('red');
    await lab.pods(...workers.map((worker) => [`red/${worker}`, worker] as const));
    for (const [index, worker] of (['worker1', 'worker2'] as const).entries()) {
      await lab.patch(
        'hostsubnet',
        worker,
        mode.isAutomatic === true ? { egressCIDRs: ['192.168.7.0/24'] } : { egressIPs: [ips[index]] },
      );
    }
    await lab.patch('netnamespace', 'red', { egressIPs: mode.isAutomatic === true ? [ips[0]] : [...ips] });
    for (const worker of workers) clients.set(worker, await Client.start(lab, `red/${worker}`));
    await until(
      'all have an egress IP',
      () => [...clients.values()].every((client) => client.attempts.at(-1)?.source.startsWith('192.168.7.20') === true),
      20,
    );
    await sleep(4_000);
    const outages: number[] = [];
    for (let round = 0; round < repetitions; round += 1) outages.push(await repeat(lab, clients, round, mode));
    return outages.sort((a, b) => a - b);
  } finally {
    for (const client of clients.values()) client.stop();
    await lab.down();
  }
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;

/** Prints the table; returns false if a p95 misses its target. */
export async function bench(): Promise<boolean> {
  console.log(
    `${'mode'.padEnd(32)}${['runs', 'min', 'median', 'p95', 'max', 'target'].map((name) => name.padStart(8)).join('')}  ms`,
  );
  let isGood = true;
  for (const mode of modes) {
    const sorted = await measure(mode);
    const figures = [sorted.length, at(sorted, 0), at(sorted, 0.5), at(sorted, 0.95), at(sorted, 1), mode.target];
    console.log(`${mode.name.padEnd(32)}${figures.map((figure) => String(Math.round(figure)).padStart(8)).join('')}`);
    if (at(sorted, 0.95) > mode.target) isGood = false;
  }
  return isGood;
}
