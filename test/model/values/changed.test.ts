import fc from 'fast-check';
import { changedMap, changedSet, stepOf } from '../../../src/model/values/changed.ts';
import { rounds } from '../../rounds.ts';

const letters: fc.Arbitrary<string[]> = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'));

test('a changed set is as it should be, and knows how it differs from the one before', () => {
  fc.assert(
    fc.property(letters, letters, letters, (members, doubtful, wanted) => {
      const before: ReadonlySet<string> = new Set(members);
      const made = changedSet(before, doubtful, (one) => wanted.includes(one));
      const expected = [
        ...members.filter((one) => !doubtful.includes(one) || wanted.includes(one)),
        ...doubtful.filter((one) => wanted.includes(one) && !members.includes(one)),
      ];
      expect([...made].sort()).toEqual(expected.sort());
      expect([...before]).toEqual(members);
      const step = stepOf(made);
      if (made === before) {
        expect(new Set(expected)).toEqual(before);
        expect(step).toBeUndefined();
      } else {
        expect(step?.before).toBe(before);
        expect(step?.added).toEqual(new Set([...made].filter((one) => !before.has(one))));
        expect(step?.gone).toEqual(new Set([...before].filter((one) => !made.has(one))));
      }
    }),
    { numRuns: rounds(1000) },
  );
});

test('a changed map knows it too', () => {
  const before = new Map([
    ['a', 1],
    ['b', 2],
  ]);
  const made = changedMap(before, new Set(['a']), new Map([['c', 3]]));
  expect([...made]).toEqual([
    ['b', 2],
    ['c', 3],
  ]);
  expect(stepOf(made)).toEqual({ before, added: new Set(['c']), gone: new Set(['a']) });
  expect(stepOf(before)).toBeUndefined();
});
