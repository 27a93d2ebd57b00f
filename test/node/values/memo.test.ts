import fc from 'fast-check';
import { memoized, memoizedPair, reused } from '../../../src/node/values/memo.ts';

it('makes the value of an object once, and that of an equal one again', () => {
  let made = 0;
  const length = memoized((list: readonly number[]) => {
    made += 1;
    return list.length;
  });
  const list = [1, 2];
  expect([length(list), length(list), length([...list]), made]).toEqual([2, 2, 2, 2]);
});

it('makes the value of two objects once for each pair, in their order', () => {
  let made = 0;
  const join = memoizedPair((one: { a: string }, other: { a: string }) => {
    made += 1;
    return one.a + other.a;
  });
  const [a, b] = [{ a: 'a' }, { a: 'b' }];
  expect([join(a, b), join(b, a), join(a, b), join(a, a), made]).toEqual(['ab', 'ba', 'ab', 'aa', 3]);
});

describe('a list that is read again', () => {
  const lists = fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.nat(1) }), {
    selector: ({ name }) => name,
  });

  it('is equal to what was read, made of the old objects where these are equal, and the old list if all are', () => {
    fc.assert(
      fc.property(lists, lists, (before, now) => {
        const list = reused(before, now, ({ name }) => name);
        expect(list).toEqual(now);
        for (const one of list) {
          const old = before.find(({ name }) => name === one.name);
          if (old?.value === one.value) expect(one).toBe(old);
        }
        const isEqual = JSON.stringify(before) === JSON.stringify(now);
        expect(list === before).toBe(isEqual);
      }),
    );
  });
});
