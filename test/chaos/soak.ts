/**
 * `make soak MINUTES=n`: requests and changes without pause; memory and file descriptors of agents and controller must
 * stay flat after the first tenth, and logs must not flood. Exit status 1 when they do not.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { TestLab } from '../e2e/lab.ts';
import { Client, sleep } from '../e2e/outage.ts';
import { generator } from '../random.ts';
import { namespaces, pods, randomOperation } from './world.ts';

const minutes = Number(process.env['MINUTES'] ?? '10');
/** Descriptors: connections that are kept for the next request come and go. */
const most = { growth: 0.05, descriptors: 4, bytesPerOperation: 4_000 } as const;
const watched = ['controller', 'node-worker0', 'node-worker1', 'node-worker2'] as const;

interface Sample {
  readonly at: number;
  /** KiB. */
  readonly memory: number;
  readonly descriptors: number;
}

function sample(pid: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    at: Date.now(),
    memory: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

const lowest = (samples: readonly Sample[], of: 'memory' | 'descriptors'): number =>
  Math.min(...samples.map((one) => one[of]));

/** The level between collections of garbage: neither one early sample nor one late collection decides. */
function usual(samples: readonly Sample[]): number {
  const sorted = samples.map(({ memory }) => memory).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const lab = await TestLab.up();
const clients: Client[] = [];
try {
  for (const namespace of namespaces) await lab.namespace(namespace);
  await lab.pods(...pods.map(({ key, worker }) => [key, worker] as const));
  for (const { key } of pods) clients.push(await Client.start(lab, key, 200));
  const next = generator(7);
  const samples = new Map(watched.map((name) => [name, [] as Sample[]]));
  const began = Date.now();
  const end = began + minutes * 60_000;
  let operations = 0;
  while (Date.now() < end) {
    const { kind, name, egressIPs } = randomOperation(next);
    await lab.patch(kind, name, { egressIPs });
    operations += 1;
    for (const process_ of watched) samples.get(process_)!.push(sample(lab.pid(process_)));
    await sleep(250);
  }
  const tenth = (end - began) / 10;
  console.log(
    `${operations} operations, ${clients.reduce((sum, { attempts }) => sum + attempts.length, 0)} requests in ${minutes} minutes`,
  );
  for (const [name, all] of samples) {
    const first = all.filter(({ at }) => at >= began + tenth && at < began + 3 * tenth);
    const last = all.filter(({ at }) => at >= end - 2 * tenth);
    const log = statSync(`${lab.dir}/log/${name}.log`).size;
    const memory = usual(last) / usual(first) - 1;
    const descriptors = lowest(last, 'descriptors') - lowest(first, 'descriptors');
    const isFlat = memory < most.growth && descriptors <= most.descriptors && log / operations < most.bytesPerOperation;
    console.log(
      `${name.padEnd(14)} memory ${(usual(last) / 1024).toFixed(0)} MiB (${(memory * 100).toFixed(1)} %), descriptors ${descriptors >= 0 ? '+' : ''}${descriptors}, log ${(log / operations).toFixed(0)} bytes an operation${isFlat ? '' : '  NOT FLAT'}`,
    );
    if (!isFlat) process.exitCode = 1;
    const tenths = Array.from({ length: 10 }, (_, index) =>
      all.filter(({ at }) => at >= began + index * tenth && at < began + (index + 1) * tenth),
    );
    console.log(
      `${' '.repeat(15)}usual MiB of each tenth: ${tenths.map((samples) => (usual(samples) / 1024).toFixed(0)).join(' ')}`,
    );
  }
} finally {
  for (const client of clients) client.stop();
  await lab.down();
}
