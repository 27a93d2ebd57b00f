import { byObject, type ObjectReconciler } from '../../src/controllers/objects.ts';
import { runAll } from '../../src/controllers/reconciler.ts';
import { logger } from '../apiserver/started.ts';
import { until } from './started.ts';

interface Fake extends ObjectReconciler {
  /** Names an object that may need work. */
  wake(name: string): void;
}

let log: string[];
let failures: string[];
beforeEach(() => {
  log = [];
  failures = [];
});

function fake(name: string, work: (object: string) => Promise<number | undefined>): Fake {
  const listeners = new Set<(object: string) => void>();
  return {
    name,
    watch: (wake) => {
      listeners.add(wake);
      return [() => listeners.delete(wake)];
    },
    wake: (object) => {
      for (const wake of listeners) wake(object);
    },
    reconcile: (object) => {
      log.push(`${name} ${object}`);
      return work(object);
    },
    close: () => void log.push(`${name} closed after ${listeners.size}`),
  };
}

test('each object comes to the reconciler that named it, again when it asks for that or fails, and failures are counted', async () => {
  let isBroken = true;
  const a = fake('a', () => Promise.resolve(undefined));
  const b = fake('b', (object) => {
    if (object !== 'x/y') return Promise.resolve(log.length < 4 ? 1 : undefined);
    if (!isBroken) return Promise.resolve(undefined);
    isBroken = false;
    return Promise.reject(new Error('no'));
  });
  const stop = new AbortController();
  const ended = runAll([byObject([a, b], { logger, onFailure: (name) => failures.push(name) })], stop.signal);
  a.wake('x');
  b.wake('x/y');
  await until('it is tried again', () => log.filter((one) => one === 'b x/y').length === 2);
  expect([log, failures]).toEqual([['a x', 'b x/y', 'b x/y'], ['b']]);
  log = [];
  b.wake('again');
  await until('it comes again', () => log.length === 4);
  stop.abort();
  await ended;
  expect(log).toEqual(['b again', 'b again', 'b again', 'b again', 'a closed after 0', 'b closed after 0']);
});
