/** The limit of writes. */
import { Allowance } from '../../../src/lab/ovn/allowance.ts';

test('1,000 writes take 19 s with 50 at once and 50 a second', () => {
  const allowance = new Allowance({ perSecond: 50, burst: 50, now: () => 0 });
  const delays = Array.from({ length: 1000 }, () => allowance.take());
  expect([delays[0], delays[49], delays[50], Math.round(delays[999]!)]).toEqual([0, 0, 20, 19_000]);
});

test('what is not used is saved, up to the burst', () => {
  let now = 0;
  const allowance = new Allowance({ perSecond: 10, burst: 2, now: () => now });
  expect([allowance.take(), allowance.take(), allowance.take()]).toEqual([0, 0, 100]);
  now = 60_000;
  expect([allowance.take(), allowance.take(), allowance.take()]).toEqual([0, 0, 100]);
});
