import fc from 'fast-check';
import { selecting, withNameLabel } from '../../../src/migrate/kinds/selection.ts';
import { matches, namesIn } from '../../../src/model/objects/selector.ts';
import { namespaceNameLabel } from '../../../src/model/objects/well-known.ts';

const word = fc.constantFrom('a', 'b', 'c');
const key = fc.constantFrom(namespaceNameLabel, 'team');
const selector = fc.record({
  matchLabels: fc.dictionary(key, word, { maxKeys: 2 }),
  matchExpressions: fc.array(
    fc.record({
      key,
      operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
      values: fc.array(word, { maxLength: 3 }),
    }),
    { maxLength: 2 },
  ),
});
const namespace = fc.record({ name: word, labels: fc.dictionary(key, word) });

test('what is selected is what matches, in the order of the Namespaces, however the selector selects', () => {
  fc.assert(
    fc.property(fc.array(namespace, { maxLength: 8 }), selector, (all, one) => {
      expect(selecting(all)(one)).toEqual(all.filter(({ labels }) => matches(one, labels)).map(({ name }) => name));
    }),
    { numRuns: 1_000 },
  );
});

test('names that a selector lists in another order come in that of the Namespaces, each once', () => {
  const all = ['c', 'a', 'b'].map((name) => withNameLabel({ name, labels: {} }));
  const matchExpressions = [{ key: namespaceNameLabel, operator: 'In', values: ['a', 'b', 'c', 'a'] }];
  expect(selecting(all)({ matchExpressions })).toEqual(['c', 'a', 'b']);
});

test('a Namespace gets the label of its name where it lacks it, and keeps another value', () => {
  expect(withNameLabel({ name: 'a', labels: { team: 'x' } }).labels).toEqual({ [namespaceNameLabel]: 'a', team: 'x' });
  expect(withNameLabel({ name: 'a', labels: { [namespaceNameLabel]: 'b' } }).labels).toEqual({
    [namespaceNameLabel]: 'b',
  });
});

test('a selector that names Namespaces by anything but the one label lists no names', () => {
  expect(namesIn({ matchLabels: { [namespaceNameLabel]: 'a' } })).toEqual(['a']);
  expect(namesIn({ matchLabels: { [namespaceNameLabel]: 'a', team: 'x' } })).toBeUndefined();
  expect(namesIn({})).toBeUndefined();
});
