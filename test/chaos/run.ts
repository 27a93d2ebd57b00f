/**
 * `make chaos SEED=n MINUTES=m`: random faults and random admin operations together. At each rest the model says with
 * which addresses each pod leaves; requests must agree, and in between no pod may show an address that its namespace
 * was not given. The same seed makes the same operations and faults. Exit status 1 at the first difference.
 */
import { TestLab } from '../e2e/lab.ts';
import { type Attempt, Client, sleep } from '../e2e/outage.ts';
import { generator } from '../random.ts';
import {
  after,
  given,
  namespaces,
  noWishes,
  type Operation,
  pods,
  predict,
  randomOperation,
  type Wishes,
  type Worker,
  workers,
} from './world.ts';

const seed = Number(process.env['SEED'] ?? '1');
const minutes = Number(process.env['MINUTES'] ?? '3');

interface Fault {
  readonly strike: () => Promise<unknown>;
  readonly fix: () => Promise<unknown>;
}

function stalled(lab: TestLab, name: string): Fault {
  return {
    strike: () => Promise.resolve(process.kill(lab.pid(name), 'SIGSTOP')),
    fix: () => Promise.resolve(process.kill(lab.pid(name), 'SIGCONT')),
  };
}

function killed(lab: TestLab, ...component: string[]): Fault {
  return { strike: () => lab.command('kill', ...component), fix: () => lab.command('start', ...component) };
}

function failed(lab: TestLab, worker: Worker, mode: string): Fault {
  return { strike: () => lab.command('fail', worker, '--mode', mode), fix: () => lab.command('heal', worker) };
}

const faultKinds: Readonly<Record<string, (lab: TestLab, worker: Worker) => Fault>> = {
  'link down': (lab, worker) => failed(lab, worker, 'link'),
  'power lost': (lab, worker) => failed(lab, worker, 'power'),
  'API cut off': (lab, worker) => failed(lab, worker, 'api'),
  slow: (lab, worker) => failed(lab, worker, 'slow'),
  'agent killed': (lab, worker) => killed(lab, 'agent', worker),
  'ovs-vswitchd killed': (lab, worker) => killed(lab, 'ovs', worker),
  'API server killed': (lab) => killed(lab, 'apiserver'),
  'controller killed': (lab) => killed(lab, 'controller'),
  'agent stalled': (lab, worker) => stalled(lab, `node-${worker}`),
  'ovs-vswitchd stalled': (lab, worker) => stalled(lab, `ovs-vswitchd-${worker}`),
  'API server stalled': (lab) => stalled(lab, 'apiserver'),
};

class Chaos {
  readonly lab: TestLab;
  readonly #next = generator(seed);
  readonly #clients = new Map<string, Client>();
  readonly outages = new Map<string, number>();
  #wishes: Wishes = noWishes;
  operations = 0;
  faults = 0;
  requests = 0;

  constructor(lab: TestLab) {
    this.lab = lab;
  }

  async start(): Promise<void> {
    for (const namespace of namespaces) await this.lab.namespace(namespace);
    await this.lab.pods(...pods.map(({ key, worker }) => [key, worker] as const));
    for (const { key } of pods) this.#clients.set(key, await Client.start(this.lab, key, 200));
    await this.#rest('the start');
  }

  stop(): void {
    for (const client of this.#clients.values()) client.stop();
  }

  /** Some operations, a fault, or both; then everything is fixed, and the model and the packets compared. */
  async round(number: number): Promise<void> {
    const from = Date.now();
    const before = this.#wishes;
    const allowed = new Map(pods.map((pod) => [pod.key, new Set(given(before, pod))]));
    const kinds = Object.keys(faultKinds);
    const withFault = number % 2 === 1;
    const kind = kinds[Math.floor(number / 2) % kinds.length]!;
    const worker = workers[this.#next(workers.length)]!;
    const count = withFault && this.#next(2) === 0 ? 0 : 1 + this.#next(3);
    const fault = withFault ? faultKinds[kind]!(this.lab, worker) : undefined;
    const what = `round ${number}: ${count} operations${withFault ? `, ${kind} on ${worker}` : ''}`;
    console.log(what);
    if (fault !== undefined) {
      this.faults += 1;
      await fault.strike();
      await sleep(300 + this.#next(700));
    }
    const waiting: Operation[] = Array.from({ length: count }, () => randomOperation(this.#next));
    for (const operation of waiting) {
      this.#wishes = after(this.#wishes, operation);
      for (const pod of pods) for (const address of given(this.#wishes, pod)) allowed.get(pod.key)!.add(address);
    }
    const isApiDown = kind.startsWith('API server') && withFault;
    if (!isApiDown) await this.#operate(waiting);
    await sleep(1_000 + this.#next(2_500));
    if (fault !== undefined) await fault.fix();
    if (isApiDown) {
      await sleep(1_000);
      await this.#operate(waiting);
    }
    await this.#rest(what);
    await sleep(1_300); // attempts under way
    this.#look(what, from, allowed);
    if (withFault && count === 0) this.#measure(kind, from);
  }

  async #operate(operations: readonly Operation[]): Promise<void> {
    for (const { kind, name, egressIPs } of operations) {
      this.operations += 1;
      await this.lab.patch(kind, name, { egressIPs });
      await sleep(this.#next(300));
    }
  }

  /** Waits until every pod leaves as the model says; throws with all differences when that takes more than 40 s. */
  async #rest(what: string): Promise<void> {
    const prediction = predict(this.#wishes);
    const end = Date.now() + 40_000;
    for (;;) {
      const differences = (
        await Promise.all(pods.map(async ({ key }) => this.#difference(key, prediction.get(key)!)))
      ).filter((one) => one !== undefined);
      if (differences.length === 0) return;
      if (Date.now() > end)
        throw new Error(`after ${what} with ${JSON.stringify(this.#wishes)}:\n${differences.join('\n')}`);
      await sleep(200);
    }
  }

  async #difference(pod: string, wanted: ReadonlySet<string>): Promise<string | undefined> {
    for (let i = 0; i < 3; i += 1) {
      const source = await this.lab.source(pod, wanted.size === 0 ? 0.3 : 1);
      this.requests += 1;
      const right = wanted.size === 0 ? source === '' : wanted.has(source);
      if (!right)
        return `${pod} leaves as ${source === '' ? 'nobody' : source} instead of ${[...wanted].join(' or ') || 'nobody'}`;
    }
    return undefined;
  }

  #look(what: string, from: number, allowed: ReadonlyMap<string, ReadonlySet<string>>): void {
    for (const [pod, client] of this.#clients) {
      const attempts = client.between(from, Date.now());
      this.requests += attempts.length;
      const wrong = attempts.filter(({ source }) => source !== '' && !allowed.get(pod)!.has(source));
      if (wrong.length > 0)
        throw new Error(`${what}: ${pod} showed ${wrong[0]!.source}, given were ${[...allowed.get(pod)!].join(', ')}`);
    }
  }

  /** The longest time without a success of a pod that has a way out at rest. */
  #measure(kind: string, from: number): void {
    const prediction = predict(this.#wishes);
    const longest = [...this.#clients].map(([pod, client]) =>
      prediction.get(pod)!.size === 0 ? 0 : longestGap(client.between(from, Date.now() - 1_100), from),
    );
    this.outages.set(kind, Math.max(this.outages.get(kind) ?? 0, ...longest));
  }
}

function longestGap(attempts: readonly Attempt[], from: number): number {
  let last = from;
  let longest = 0;
  for (const { at, source } of attempts) {
    if (source === '') continue;
    longest = Math.max(longest, at - last);
    last = at;
  }
  return longest;
}

console.log(`chaos with SEED=${seed} for ${minutes} minutes`);
const lab = await TestLab.up('--agent-option', 'resync=10');
const chaos = new Chaos(lab);
try {
  await chaos.start();
  const end = Date.now() + minutes * 60_000;
  for (let number = 0; Date.now() < end; number += 1) await chaos.round(number);
  console.log(
    `${chaos.operations} operations, ${chaos.faults} faults, ${chaos.requests} requests: each left as the model says`,
  );
  for (const [kind, longest] of [...chaos.outages].sort()) console.log(`  longest outage, ${kind}: ${longest} ms`);
} catch (error) {
  console.error(
    `${error instanceof Error ? error.message : String(error)}\nrun it again with: make chaos SEED=${seed} MINUTES=${minutes}`,
  );
  process.exitCode = 1;
} finally {
  chaos.stop();
  await lab.down();
}
