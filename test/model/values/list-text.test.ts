/** Lists in sentences. */
import { listText } from '../../../src/model/values/list-text.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test.each([
  [0, ''],
  [1, '1'],
  [2, '1, 2'],
  [10, '1, 2, 3, 4, 5, 6, 7, 8, 9, 10'],
  [11, '1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 1 more'],
  [250, '1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 240 more'],
])('a list of %d is shown up to the tenth item', (count, text) => {
  expect(listText(upTo(count))).toBe(text);
});

test('a caller chooses how many are shown', () => {
  expect([listText(['a', 'b', 'c'], 2), listText(['a', 'b'], 2)]).toEqual(['a, b and 1 more', 'a, b']);
});
