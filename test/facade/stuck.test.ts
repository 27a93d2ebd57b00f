import { Stuck } from '../../src/facade/stuck.ts';

let now = 0;
beforeEach(() => (now = 0));
const stuck = (): Stuck => new Stuck(() => now);

test('an EgressIP is touched when its address has had no node for long, then ever more rarely', () => {
  const all = stuck();
  const touches: number[] = [];
  for (; now <= 3_000_000; now += 1_000) if (all.left('red', ['10.0.0.1']) === 0) touches.push(now / 1_000);
  expect(touches).toEqual([15, 45, 105, 225, 465, 945, 1545, 2145, 2745]);
});

test('one that is assigned is forgotten, and other addresses are waited for anew', () => {
  const all = stuck();
  expect(all.left('red', ['10.0.0.1'])).toBe(15_000);
  now = 14_000;
  expect(all.left('red', [])).toBeUndefined();
  expect(all.left('red', ['10.0.0.1'])).toBe(15_000);
  now = 28_000;
  expect(all.left('red', ['10.0.0.2'])).toBe(15_000);
});
