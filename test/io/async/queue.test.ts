import { setTimeout as sleep } from 'node:timers/promises';
import { pino, stdSerializers } from 'pino';
import { createQueue } from '../../../src/io/async/queue.ts';
import { createLogger } from '../../../src/io/log.ts';
import { fieldOf } from '../../../src/model/values/json.ts';

const logger = createLogger({ level: 'silent', name: 'test' });

/** Waits until it is so, and then as long as more would take that must not happen. */
async function andNoMore(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 6_000 && !isSo(); tries += 1) await sleep(5);
  await sleep(30);
}

test('a key added while it waits is worked on once', async () => {
  const queue = createQueue({ logger });
  const stop = new AbortController();
  const done: string[] = [];
  for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
  const end = queue.process((key) => {
    done.push(key);
    return Promise.resolve();
  }, stop.signal);
  await andNoMore(() => done.length >= 2);
  stop.abort();
  await end;
  expect(done).toEqual(['a', 'b']);
});

test('a key added while it is worked on comes again, and never twice at once', async () => {
  const queue = createQueue({ logger, concurrency: 4 });
  const stop = new AbortController();
  let running = 0;
  let most = 0;
  let runs = 0;
  const end = queue.process(async () => {
    running += 1;
    runs += 1;
    most = Math.max(most, running);
    if (runs === 1) queue.add('a');
    await sleep(10);
    running -= 1;
  }, stop.signal);
  queue.add('a');
  await andNoMore(() => runs >= 2);
  stop.abort();
  await end;
  expect({ runs, most }).toEqual({ runs: 2, most: 1 });
});

test('failed work is retried with growing delays, then forgotten', async () => {
  const queue = createQueue({ logger, baseDelay: 10 });
  const stop = new AbortController();
  const at: number[] = [];
  const end = queue.process(() => {
    at.push(performance.now());
    return at.length < 4 ? Promise.reject<undefined>(new Error('not yet')) : Promise.resolve(undefined);
  }, stop.signal);
  queue.add('a');
  await andNoMore(() => at.length >= 4);
  stop.abort();
  await end;
  expect(at).toHaveLength(4);
  const gaps = at.slice(1).map((time, index) => time - at[index]!);
  expect(gaps[0]).toBeGreaterThanOrEqual(9);
  expect(gaps[1]).toBeGreaterThanOrEqual(19);
  expect(gaps[2]).toBeGreaterThanOrEqual(39);
});

test('several keys are worked on at once, up to the limit, and a returned number brings a key back', async () => {
  const queue = createQueue({ logger, concurrency: 2 });
  const stop = new AbortController();
  let running = 0;
  let most = 0;
  const seen = new Map<string, number>();
  const end = queue.process(async (key): Promise<number | undefined> => {
    running += 1;
    most = Math.max(most, running);
    seen.set(key, (seen.get(key) ?? 0) + 1);
    await sleep(5);
    running -= 1;
    return key === 'a' && seen.get('a') === 1 ? 10 : undefined;
  }, stop.signal);
  for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
  await andNoMore(() => seen.get('a') === 2 && running === 0);
  stop.abort();
  await end;
  expect(most).toBe(2);
  expect(Object.fromEntries(seen)).toEqual({ a: 2, b: 1, c: 1, d: 1 });
});

test('a delayed key keeps its earliest time', async () => {
  const queue = createQueue({ logger });
  const stop = new AbortController();
  let runs = 0;
  const end = queue.process(() => {
    runs += 1;
    return Promise.resolve();
  }, stop.signal);
  queue.addAfter('a', 10);
  queue.addAfter('a', 10_000);
  await andNoMore(() => runs >= 1);
  stop.abort();
  await end;
  expect(runs).toBe(1);
});

test('events do not make failing work run without end', async () => {
  const queue = createQueue({ logger, baseDelay: 50 });
  const stop = new AbortController();
  let runs = 0;
  const end = queue.process(() => {
    runs += 1;
    return Promise.reject<undefined>(new Error('not yet'));
  }, stop.signal);
  const began = performance.now();
  while (performance.now() - began < 200 || runs < 2) {
    queue.add('a');
    await sleep(1);
  }
  const most = 2 + (performance.now() - began) / 50;
  stop.abort();
  await end;
  expect(runs).toBeGreaterThanOrEqual(2);
  expect(runs).toBeLessThanOrEqual(most);
});

test('a key that is refused again and again is said once, again for another reason, and again after it was well', async () => {
  const said: unknown[] = [];
  const write = (line: string): void => void said.push(fieldOf(JSON.parse(line), 'err', 'message'));
  const queue = createQueue({
    logger: pino({ level: 'info', serializers: { err: stdSerializers.err } }, { write }),
    baseDelay: 1,
    maxDelay: 1,
  });
  const stop = new AbortController();
  const outcomes = ['quota', 'quota', 'quota', 'webhook', 'webhook', undefined, 'webhook', undefined];
  let turn = 0;
  queue.add('key');
  await queue.process(async (key): Promise<void> => {
    const outcome = outcomes[turn];
    turn += 1;
    if (turn === outcomes.length) stop.abort();
    await sleep(0);
    if (outcome !== undefined) throw new Error(outcome);
    queue.add(key);
  }, stop.signal);
  expect(said).toEqual(['quota', 'webhook', 'webhook']);
});
