/**
 * What each way of a packet costs: throughput of one TCP connection by iperf3, and the time of a round trip of one byte.
 * The ways take turns, so that what else the machine does hits all alike. Needs root and iperf3. SDN_COMPAT_LAB_DATAPATH
 * chooses the datapath; it fails if an egress IP costs more throughput than the target against plain masquerade. By
 * another node's egress IP a packet also takes a tunnel, whose time pods of two nodes show.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { datapath, run, TestLab, until } from '../test/e2e/lab.ts';
import { script } from '../test/e2e/packets.ts';
import { type Cost, wayCosts } from '../test/node/plan/costs.ts';

const rounds = Number(process.env['REPETITIONS'] ?? '7');
const seconds = Number(process.env['SECONDS_EACH'] ?? '2');
const trips = 2_000;
const outside = '10.1.8.72';
const echoPort = 7;
/** The most that the median may lose, in percent; runs of the same way differ by as much. */
const target = 10;

interface Way {
  readonly name: string;
  readonly from: string;
  /** A pod, or the outside host. */
  readonly to: string;
  /** The source that the other end must see. */
  readonly source?: string;
  /** The way that has the same hops without an egress IP. */
  readonly against?: string;
}

const ways: readonly Way[] = [
  { name: 'outside, no egress IP', from: 'plain/a', to: outside, source: '192.168.7.11' },
  {
    name: 'outside, egress IP on the own node',
    from: 'near/a',
    to: outside,
    source: '192.168.7.201',
    against: 'outside, no egress IP',
  },
  {
    name: 'outside, egress IP on another node',
    from: 'far/a',
    to: outside,
    source: '192.168.7.202',
    against: 'outside, no egress IP',
  },
  { name: 'pod to pod, own node', from: 'plain/a', to: 'plain/here' },
  { name: 'pod to pod, another node', from: 'plain/a', to: 'plain/there' },
];

interface Measured {
  readonly megabits: number[];
  /** Microseconds of each round trip. */
  readonly trips: number[];
}

async function upLab(): Promise<TestLab> {
  const lab = await TestLab.up();
  for (const name of ['plain', 'near', 'far']) await lab.namespace(name);
  await lab.patch('hostsubnet', 'worker0', { egressIPs: ['192.168.7.201'] });
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.202'] });
  await lab.patch('netnamespace', 'near', { egressIPs: ['192.168.7.201'] });
  await lab.patch('netnamespace', 'far', { egressIPs: ['192.168.7.202'] });
  await lab.pods(...['plain/a', 'near/a', 'far/a', 'plain/here'].map((pod) => [pod, 'worker0'] as const));
  await lab.pods(['plain/there', 'worker1']);
  for (const { from, source } of ways) if (source !== undefined) await lab.untilSource(from, source);
  return lab;
}

/** A server of iperf3, and one that sends each byte back, in a network namespace. */
function serve(netns: string): readonly ChildProcess[] {
  const echo = `require('net').createServer((s) => s.setNoDelay().on('error', () => {}).pipe(s)).listen(${String(echoPort)})`;
  return [script(netns, echo), spawn('ip', ['netns', 'exec', netns, 'iperf3', '--server'], { stdio: 'ignore' })];
}

async function throughput(netns: string, to: string): Promise<number> {
  const asked = ['iperf3', '--client', to, '--time', String(seconds), '--json'];
  const { stdout } = await run('ip', ['netns', 'exec', netns, ...asked]);
  const said = JSON.parse(stdout) as { error?: string; end?: { sum_received?: { bits_per_second?: number } } };
  const bits = said.end?.sum_received?.bits_per_second;
  if (bits === undefined) throw new Error(`iperf3 to ${to}: ${said.error ?? 'no figure'}`);
  return bits / 1e6;
}

async function roundTrips(netns: string, to: string): Promise<number[]> {
  const text = `
    const s = require('net').connect(${String(echoPort)}, '${to}'), all = [];
    let at;
    const send = () => { at = process.hrtime.bigint(); s.write('x'); };
    s.setNoDelay().on('connect', send).on('data', () => {
      all.push(Number(process.hrtime.bigint() - at) / 1e3);
      if (all.length < ${String(trips)}) send(); else { console.log(JSON.stringify(all)); process.exit(); }
    });`;
  const { stdout, stderr } = await run('ip', ['netns', 'exec', netns, process.execPath, '-e', text]);
  if (stdout === '') throw new Error(`round trips to ${to}: ${stderr}`);
  return JSON.parse(stdout) as number[];
}

const at = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? 0;

async function measure(lab: TestLab): Promise<ReadonlyMap<string, Measured>> {
  const found = new Map(ways.map(({ name }): [string, Measured] => [name, { megabits: [], trips: [] }]));
  const pods = [...new Set(ways.flatMap(({ from, to }) => [from, to]))].filter((name) => name.includes('/'));
  const netns = new Map<string, string>();
  const address = new Map<string, string>([[outside, outside]]);
  for (const pod of pods) {
    netns.set(pod, await lab.podNamespace(pod));
    address.set(pod, await lab.podIP(pod));
  }
  const servers = [`sdnc.${lab.name}.outside`, netns.get('plain/here')!, netns.get('plain/there')!].flatMap(serve);
  try {
    await until('the servers answer', async () => {
      const probe = ['netns', 'exec', netns.get('plain/a')!, 'iperf3', '-c', outside, '-n', '1K'];
      return (await run('ip', probe)).status === 0;
    });
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, from, to } of ways) {
        const place = netns.get(from)!;
        const of = found.get(name)!;
        of.trips.push(...(await roundTrips(place, address.get(to)!)));
        of.megabits.push(await throughput(place, address.get(to)!));
      }
      process.stderr.write(`round ${String(round + 1)} of ${String(rounds)}\n`);
    }
    return found;
  } finally {
    for (const child of servers) child.kill('SIGKILL');
  }
}

function print(found: ReadonlyMap<string, Measured>): boolean {
  console.log(
    `datapath ${datapath}, ${String(rounds)} rounds of ${String(seconds)} s and ${String(trips)} round trips`,
  );
  console.log(`${''.padEnd(36)}Mbit/s: min  median     max  |  µs: p50   p95  |  against plain`);
  let isGood = true;
  for (const { name, against } of ways) {
    const { megabits, trips: times } = found.get(name)!;
    const speed = [0, 0.5, 1].map((share) => Math.round(at(megabits, share)));
    const delay = [0.5, 0.95].map((share) => Math.round(at(times, share)));
    let compared = '';
    if (against !== undefined) {
      const plain = found.get(against)!;
      const lost = 100 * (1 - at(megabits, 0.5) / at(plain.megabits, 0.5));
      const longer = at(times, 0.5) - at(plain.trips, 0.5);
      compared = `${lost > 0 ? '−' : '+'}${Math.abs(lost).toFixed(0)} %, ${longer > 0 ? '+' : '−'}${Math.abs(longer).toFixed(0)} µs`;
      if (lost > target) isGood = false;
    }
    const cells = [speed.map((one) => String(one).padStart(8)), delay.map((one) => String(one).padStart(7))];
    console.log(`${name.padEnd(36)}${cells[0]!.join('')}  |  ${cells[1]!.join('')}  |  ${compared}`);
  }
  return isGood;
}

/** Prints what the ways cost on any machine: packets there, and back. */
function printCosts(): void {
  console.log('\nflows of OpenFlow, lookups in the datapath and passes through conntrack of a packet, there and back');
  const told = ({ flows, lookups, passes }: Cost): string =>
    [flows, lookups, passes].map((one) => String(one).padStart(4)).join('');
  for (const { way, there, back } of wayCosts(datapath)) console.log(`${way.padEnd(36)}${told(there)}  |${told(back)}`);
}

/** Prints the tables; returns false if an egress IP costs more than the target. */
export async function bench(): Promise<boolean> {
  const { status } = await run('iperf3', ['--version']).catch(() => ({ status: -1 }));
  if (status !== 0) {
    console.error('throughput: iperf3 is missing (Debian: apt-get install iperf3)');
    return false;
  }
  const lab = await upLab();
  try {
    const isGood = print(await measure(lab));
    printCosts();
    return isGood;
  } finally {
    await lab.down();
  }
}
