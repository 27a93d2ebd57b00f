/** How many probes a monitor sends, to whom, and what it notices, on a clock of its own. */
import fc from 'fast-check';
import { ProbeBudget } from '../../../src/io/health/budget.ts';
import { HealthMonitor, type Probed } from '../../../src/io/health/monitor.ts';
import { ip } from '../../node/states.ts';

const timers = import.meta.jest;

beforeEach(() => void timers.useFakeTimers());
afterEach(() => void timers.useRealTimers());

/** A monitor of so many nodes that are in use, and so many others, on the fake clock. */
class World {
  readonly silent = new Set<string>();
  readonly sent: { readonly at: number; readonly to: string }[] = [];
  readonly said: { readonly at: number; readonly key: string; readonly verdict: string }[] = [];
  readonly monitor: HealthMonitor;
  readonly #stop = new AbortController();

  constructor(
    { used, spare = 0, witnesses = 0 }: { used: number; spare?: number; witnesses?: number },
    interval = 1_000,
  ) {
    this.monitor = new HealthMonitor({
      interval,
      limit: 50,
      now: () => performance.now(),
      onVerdict: (key, verdict) => this.said.push({ at: performance.now(), key, verdict }),
      onIsolated: (isIsolated) => this.said.push({ at: performance.now(), key: '', verdict: String(isIsolated) }),
      probe: (to, onEnd) => {
        this.sent.push({ at: performance.now(), to });
        const timer = setTimeout(() => this.silent.has(to) || onEnd(true), 1);
        return () => clearTimeout(timer);
      },
    });
    this.monitor.setTargets(
      [...Array(used + spare + witnesses).keys()].map((index): Probed => ({
        key: `n${index}`,
        ip: addressOf(index),
        isSpare: index >= used && index < used + spare,
        isWitness: index >= used + spare,
      })),
    );
    void this.monitor.run(this.#stop.signal);
  }

  pass = (seconds: number): Promise<void> => timers.advanceTimersByTimeAsync(seconds * 1_000);

  silence(...nodes: number[]): void {
    for (const node of nodes) this.silent.add(addressOf(node));
  }

  /** When each node was called offline. */
  offline = (): Map<string, number> =>
    new Map(this.said.flatMap(({ at, key, verdict }) => (verdict === 'offline' ? [[key, at]] : [])));

  probesOf = (node: number, from = 0): number =>
    this.sent.filter(({ at, to }) => at >= from && to === addressOf(node)).length;

  mostInASecond(): number {
    let first = 0;
    return Math.max(
      ...this.sent.map(({ at }, index) => {
        while ((this.sent[first]?.at ?? 0) <= at - 1_000) first += 1;
        return index - first + 1;
      }),
    );
  }

  end = (): void => this.#stop.abort();
}

const addressOf = (index: number) => ip(`10.${Math.floor(index / 250)}.0.${(index % 250) + 1}`);
const numbers = (count: number): number[] => [...Array(count).keys()];

test('two nodes in use are probed four times an interval, their witnesses once', async () => {
  const world = new World({ used: 2, witnesses: 2 });
  await world.pass(60);
  for (const node of [0, 1]) expect(world.probesOf(node) / 60).toBeCloseTo(4, 0);
  for (const node of [2, 3]) expect(world.probesOf(node) / 60).toBeCloseTo(1, 1);
  expect(world.monitor.sent).toBe(world.sent.length);
  world.end();
});

test.each([
  [1_000, 2],
  [250, 2],
  [1_000, 12],
])('with an interval of %i ms a dead node among %i is offline within 1.45 intervals', async (interval, used) => {
  for (const after of [10, 10.06, 10.11, 10.17, 10.23]) {
    const world = new World({ used, witnesses: 2 }, interval);
    await world.pass((after * interval) / 1_000);
    world.silence(0);
    const died = performance.now();
    await world.pass(5);
    const noticed = (world.offline().get('n0') ?? Infinity) - died;
    expect(noticed).toBeGreaterThanOrEqual(1.12 * interval);
    expect(noticed).toBeLessThanOrEqual(1.45 * interval);
    expect([...world.offline().keys()]).toEqual(['n0']);
    world.end();
  }
});

test.each([
  ['as many in use as the limit allows', 40, 5, [0, 1, 2, 3]],
  ['half of the nodes fail', 40, 5, numbers(20)],
  ['far too many in use', 250, 30, numbers(25)],
  ['all fail but one', 40, 0, numbers(39)],
])(
  '%s: no second has more probes than the limit, and all that are dead are noticed',
  async (_what, used, spare, dead) => {
    const world = new World({ used, spare });
    await world.pass(20);
    world.silence(...dead);
    await world.pass(40);
    expect(world.mostInASecond()).toBeLessThanOrEqual(50);
    expect(new Set(world.offline().keys())).toEqual(new Set(dead.map((node) => `n${node}`)));
    for (const node of numbers(used)) expect(world.probesOf(node, performance.now() - 20_000)).toBeGreaterThan(0);
    world.end();
  },
);

test('a hundred of a thousand nodes fail: the four that are in use here are noticed as if they had failed alone', async () => {
  const world = new World({ used: 40, spare: 1 });
  await world.pass(20);
  world.silence(0, 1, 2, 3);
  const died = performance.now();
  await world.pass(5);
  expect(world.monitor.spacing).toBe(1_000);
  expect(Math.max(...world.offline().values()) - died).toBeLessThanOrEqual(2_500);
  world.end();
});

test('a node that is in use comes before one that is not', async () => {
  const world = new World({ used: 40, spare: 200 });
  await world.pass(60);
  for (const node of numbers(40)) expect(world.probesOf(node, 20_000)).toBeGreaterThanOrEqual(38);
  world.end();
});

test('however many there are, nobody is judged by a time in which nobody answered', async () => {
  const world = new World({ used: 40, spare: 5 });
  await world.pass(20);
  world.silence(...numbers(45));
  await world.pass(5.3);
  world.silent.clear();
  await world.pass(5);
  expect([...world.offline()]).toEqual([]);
  expect(world.said.filter(({ key }) => key === '').map(({ verdict }) => verdict)).toEqual(['true', 'false']);
  world.end();
});

test('a node that fell silent for a moment is given more time when it does so again', async () => {
  const world = new World({ used: 4 });
  await world.pass(10);
  world.silence(0);
  await world.pass(1);
  world.silent.clear();
  await world.pass(10);
  world.silence(0, 1);
  await world.pass(5);
  const [first = 0, second = 0] = ['n1', 'n0'].map((key) => world.offline().get(key));
  expect(second - first).toBeGreaterThan(500);
  world.end();
});

test('a budget never gives more than its limit in any second, and gives that', () => {
  const asked = fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(asked, fc.integer({ min: 1, max: 20 }), (waits, limit) => {
      const budget = new ProbeBudget(limit);
      const taken: number[] = [];
      let now = 0;
      for (const wait of waits) {
        now += wait;
        const inLastSecond = taken.filter((at) => at > now - 1_000).length;
        expect(budget.take(now)).toBe(inLastSecond < limit);
        if (inLastSecond < limit) taken.push(now);
      }
    }),
  );
});
