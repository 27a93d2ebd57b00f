/**
 * How long new connections fail when the node of an egress IP loses its link: two egress IPs on two nodes, a pod on a
 * third that opens a connection every 50 ms; measured from the pulled link to the last failed attempt. Needs root.
 */
import { TestLab, until } from '../test/e2e/lab.ts';
import { Client, sleep } from '../test/e2e/outage.ts';

const repetitions = Number(process.env['REPETITIONS'] ?? '20');
const ips = ['192.168.7.201', '192.168.7.202'] as const;

interface Mode {
  readonly name: string;
  readonly options: readonly string[];
  /** Milliseconds at p95. */
  readonly target: number;
}

const modes: readonly Mode[] = [
  { name: 'defaults (probe interval 1s)', options: [], target: 4_000 },
  { name: 'probe interval 250ms', options: ['probe-interval=250ms'], target: 1_500 },
];

async function measure({ options }: Mode): Promise<number[]> {
  const lab = await TestLab.up(...options.flatMap((option) => ['--agent-option', option]));
  const outages: number[] = [];
  try {
    await lab.namespace('red');
    await lab.pods(['red/w0', 'worker0']);
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [ips[0]] });
    await lab.patch('hostsubnet', 'worker2', { egressIPs: [ips[1]] });
    await lab.patch('netnamespace', 'red', { egressIPs: [...ips] });
    const client = await Client.start(lab, 'red/w0');
    await until('both are used', () => new Set(client.attempts.slice(-60).map(({ source }) => source)).has(ips[0]), 20);
    await sleep(3_000);
    for (let round = 0; round < repetitions; round += 1) {
      const victim = round % 2 === 0 ? 'worker1' : 'worker2';
      const address = ips[round % 2]!;
      const pulled = Date.now();
      await lab.command('fail', victim, '--mode', 'link');
      await sleep(7_000);
      outages.push(client.lastFailure(pulled, Date.now() - 1_100));
      const healed = Date.now();
      await lab.command('heal', victim);
      await until('it is used again', () => client.between(healed, Date.now()).some(({ source }) => source === address), 30);
      await sleep(1_000);
    }
    client.stop();
  } finally {
    await lab.down();
  }
  return outages.sort((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;

/** Prints the table; false when a p95 misses its target. */
export async function bench(): Promise<boolean> {
  console.log(`${'mode'.padEnd(32)}${['runs', 'min', 'median', 'p95', 'max', 'target'].map((name) => name.padStart(8)).join('')}  ms`);
  let isGood = true;
  for (const mode of modes) {
    const sorted = await measure(mode);
    const figures = [sorted.length, at(sorted, 0), at(sorted, 0.5), at(sorted, 0.95), at(sorted, 1), mode.target];
    console.log(`${mode.name.padEnd(32)}${figures.map((figure) => String(Math.round(figure)).padStart(8)).join('')}`);
    if (at(sorted, 0.95) > mode.target) isGood = false;
  }
  return isGood;
}
