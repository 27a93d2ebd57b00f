import { type AddressInfo, createServer } from 'node:net';
import { HealthMonitor } from '../../../src/io/health/monitor.ts';
import { type Probe, tcpProbe } from '../../../src/io/health/probe.ts';
import { type Ip, parseIp } from '../../../src/model/values/address.ts';

function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** A monitor of nodes a, b, … whose links are up or down, with all it says. */
class World {
  readonly said: string[] = [];
  readonly down = new Set<string>();
  readonly monitor: HealthMonitor;
  readonly stop = new AbortController();
  readonly ended: Promise<void>;

  /** Milliseconds until an answer. */
  readonly delay = new Map<string, number>();
  /** Probes that were neither answered nor given up. */
  underWay = 0;
  mostUnderWay = 0;
  readonly own = new Set<string>();

  constructor(names: string, interval: number, witnesses = '', limit = 1_000) {
    const probe: Probe = (to, onAnswer) => {
      this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
      const timer = setTimeout(
        () => {
          if (this.down.has(to)) return;
          this.underWay--;
          onAnswer(true);
        },
        this.delay.get(to) ?? 1,
      );
      return () => {
        this.underWay--;
        clearTimeout(timer);
      };
    };
    this.monitor = new HealthMonitor({
      interval,
      limit,
      probe,
      now: () => performance.now(),
      onVerdict: (key, verdict) => this.said.push(`${key} ${verdict}`),
      onIsolated: (isolated: boolean) => this.said.push(isolated ? 'isolated' : 'connected'),
      ownAddresses: () => this.own,
    });
    this.monitor.setTargets(
      Array.from(names).map((key, index) => ({
        key,
        ip: ip(`10.0.0.${index + 1}`),
        isWitness: witnesses.includes(key),
      })),
    );
    this.ended = this.monitor.run(this.stop.signal);
  }

  async until(said: string): Promise<number> {
    const began = performance.now();
    while (!this.said.includes(said)) {
      if (performance.now() - began > 60_000) throw new Error(`not said: ${said}; but ${this.said.join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return performance.now() - began;
  }

  forget(): void {
    this.said.length = 0;
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.ended;
  }
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a monitor', () => {
  test('one node goes and comes back', async () => {
    const world = new World('abc', 200);
    await world.until('c online');
    expect(world.monitor.isSettled()).toBe(true);
    world.forget();
    world.down.add('10.0.0.2');
    const gone = await world.until('b offline');
    expect(gone).toBeGreaterThan(200);
    expect(gone).toBeLessThan(2000);
    world.down.clear();
    await world.until('b online');
    expect(world.said).toEqual(['b offline', 'b online']);
    await world.end();
  });

  test('a controller that reaches nobody calls nobody offline, and says so', async () => {
    const world = new World('ab', 100);
    await world.until('b online');
    world.forget();
    world.down.add('10.0.0.1').add('10.0.0.2');
    await world.until('isolated');
    await wait(400);
    expect(world.said).toEqual(['isolated']);
    world.down.delete('10.0.0.1');
    await world.until('b offline');
    expect(world.said).toEqual(['isolated', 'connected', 'b offline']);
    await world.end();
  });

  test('after a time in which nobody answered no node is judged by that time', async () => {
    const world = new World('abc', 100);
    await world.until('c online');
    world.forget();
    world.down.add('10.0.0.1').add('10.0.0.2').add('10.0.0.3');
    await world.until('isolated');
    await wait(400);
    world.delay.set('10.0.0.2', 90).set('10.0.0.3', 60); // their answers are on the way when the first is there
    world.down.clear();
    await world.until('connected');
    await wait(400);
    expect(world.said).toEqual(['isolated', 'connected']);
    await world.end();
  });

  test('an answer of this machine itself does not show that others could be heard', async () => {
    const world = new World('abc', 100);
    world.own.add('10.0.0.1');
    await world.until('c online');
    world.forget();
    world.down.add('10.0.0.2').add('10.0.0.3');
    await world.until('isolated');
    await wait(400);
    expect(world.said).toEqual(['isolated']);
    await world.end();
  });

  test('a witness shows that it is not this process that is cut off, and is given no verdict', async () => {
    const world = new World('ab', 100, 'b');
    await world.until('a online');
    world.down.add('10.0.0.1');
    await world.until('a offline');
    world.down.add('10.0.0.2');
    await wait(400);
    // on a busy machine answers of both may be late at once, which looks like being cut off for a moment
    const verdicts = world.said.filter((one) => !['isolated', 'connected'].includes(one));
    expect(verdicts).toEqual(['a unknown', 'a online', 'a offline']);
    expect([...world.monitor.verdicts()]).toEqual([['a', 'offline']]);
    expect(world.monitor.verdictOf('b')).toBeUndefined();
    await world.end();
  });

  test('probes that nothing answers do not pile up', async () => {
    const world = new World('a', 20);
    await world.until('a online');
    world.down.add('10.0.0.1');
    await world.until('isolated');
    await wait(600);
    expect(world.mostUnderWay).toBeLessThanOrEqual(13);
    await world.end();
    expect(world.underWay).toBe(0);
  });

  test('Ready False, new addresses and nodes that are watched no more', async () => {
    const world = new World('ab', 100);
    await world.until('b online');
    world.forget();
    world.monitor.setNotReady(new Set(['a']));
    expect(world.said).toEqual(['a offline']);
    world.monitor.setNotReady(new Set());
    await world.until('a online');
    world.monitor.setTargets([{ key: 'a', ip: ip('10.0.0.9') }]);
    expect(world.monitor.verdictOf('b')).toBeUndefined();
    expect(world.monitor.verdictOf('a')).toBe('unknown');
    await world.until('a unknown');
    await world.end();
  });

  test('without probing only Ready counts', () => {
    const world = new World('a', 0);
    expect(world.monitor.verdictOf('a')).toBe('online');
    world.monitor.setNotReady(new Set(['a']));
    expect(world.monitor.verdictOf('a')).toBe('offline');
    world.monitor.setNotReady(new Set());
    expect(world.monitor.verdictOf('a')).toBe('online');
  });
});

describe('a TCP probe', () => {
  const ask = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), 2000);
      tcpProbe(port)(ip('127.0.0.1'), (isAnswered) => {
        clearTimeout(timer);
        resolve(isAnswered);
      });
    });
  test('a refusal and a connection are answers', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await ask(port)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect(await ask(port)).toBe(true);
  });
});
