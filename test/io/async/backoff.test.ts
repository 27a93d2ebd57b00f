import fc from 'fast-check';
import { Backoff } from '../../../src/io/async/backoff.ts';

const at = { now: 0 };
const backoff = (): Backoff => new Backoff({ base: 100, most: 1000, now: () => at.now });
beforeEach(() => {
  at.now = 0;
});

it('doubles the delay with each failure in a row, up to the longest', () => {
  const one = backoff();
  expect(Array.from({ length: 6 }, () => one.failed('a'))).toEqual([
    { times: 1, wait: 100 },
    { times: 2, wait: 200 },
    { times: 3, wait: 400 },
    { times: 4, wait: 800 },
    { times: 5, wait: 1000 },
    { times: 6, wait: 1000 },
  ]);
});

it('counts down to the time of the next try', () => {
  const one = backoff();
  one.failed('a');
  at.now = 60;
  expect(one.left('a')).toBe(40);
  at.now = 100;
  expect(one.left('a')).toBe(0);
  at.now = 200;
  expect([one.left('a'), one.has('a')]).toEqual([0, true]);
});

it('begins again after a success', () => {
  const one = backoff();
  one.failed('a');
  one.failed('a');
  one.succeeded('a');
  expect([one.has('a'), one.left('a'), one.failed('a').wait]).toEqual([false, 0, 100]);
});

it('knows each key by itself', () => {
  const one = backoff();
  one.failed('a');
  one.failed('a');
  expect([one.failed('b').wait, one.has('c'), one.left('c')]).toEqual([100, false, 0]);
  one.succeeded('b');
  expect(one.has('a')).toBe(true);
});

it('never waits longer than the longest delay, however often it failed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), (times) => {
      const one = backoff();
      for (let time = 0; time < times; time++) expect(one.failed('a').wait).toBeLessThanOrEqual(1000);
    }),
    { numRuns: 20 },
  );
});
