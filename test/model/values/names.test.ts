/** Names and their one order. */
import fc from 'fast-check';
import { compareText, isNamespaceName, isNodeName } from '../../../src/model/values/names.ts';

test('every text but the empty one is a name', () => {
  expect([isNodeName(''), isNodeName('worker0')]).toEqual([false, true]);
  expect([isNamespaceName(''), isNamespaceName('default')]).toEqual([false, true]);
});

test.each([
  ['a', 'b', -1],
  ['b', 'a', 1],
  ['a', 'a', 0],
  ['node10', 'node2', -1],
  ['B', 'a', -1],
  ['a', 'a1', -1],
  ['z', 'ä', -1],
])('%j against %j is %d', (a, b, order) => {
  expect(compareText(a, b)).toBe(order);
});

test('texts have one total order, that of their code units', () => {
  const text = fc.string({ maxLength: 3, unit: fc.constantFrom('a', 'B', 'ä', '-', '\u{1f600}') });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(compareText(a, b) + compareText(b, a)).toBe(0);
      expect([a, b].sort(compareText)).toEqual([a, b].sort());
      expect(compareText(a, b) === 0).toBe(a === b);
    }),
  );
});
