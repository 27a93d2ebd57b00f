/** Which labels a selector selects (Kubernetes API conventions). */
import { matches, selectsAll } from '../../../src/model/objects/selector.ts';

const labels = { app: 'web', tier: 'front' };
const expression = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, values }],
});

test.each<readonly [string, object, boolean]>([
  ['an empty selector', {}, true],
  ['all its labels', { matchLabels: { app: 'web', tier: 'front' } }, true],
  ['one label of two', { matchLabels: { app: 'web', tier: 'back' } }, false],
  ['a label that is not there', { matchLabels: { other: '' } }, false],
  ['In with the value', expression('app', 'In', 'db', 'web'), true],
  ['In without the value', expression('app', 'In', 'db'), false],
  ['In of a key that is not there', expression('other', 'In', 'web'), false],
  ['NotIn with the value', expression('app', 'NotIn', 'web'), false],
  ['NotIn without the value', expression('app', 'NotIn', 'db'), true],
  ['NotIn of a key that is not there', expression('other', 'NotIn', 'web'), true],
  ['Exists', expression('app', 'Exists'), true],
  ['Exists of a key that is not there', expression('other', 'Exists'), false],
  ['DoesNotExist', expression('app', 'DoesNotExist'), false],
  ['DoesNotExist of a key that is not there', expression('other', 'DoesNotExist'), true],
  ['an operator that nobody knows', expression('app', 'Like', 'web'), false],
  ['In without values', { matchExpressions: [{ key: 'app', operator: 'In' }] }, false],
  ['labels and expressions that all match', { matchLabels: { app: 'web' }, ...expression('tier', 'Exists') }, true],
  [
    'labels that match and an expression that does not',
    { matchLabels: { app: 'web' }, ...expression('x', 'Exists') },
    false,
  ],
  [
    'two expressions, of which one fails',
    {
      matchExpressions: [
        { key: 'app', operator: 'Exists' },
        { key: 'x', operator: 'Exists' },
      ],
    },
    false,
  ],
])('%s', (_what, selector, selected) => {
  expect(matches(selector, labels)).toBe(selected);
});

test('only a selector without requirements selects everything', () => {
  expect([{}, { matchLabels: {} }, { matchExpressions: [] }].every(selectsAll)).toBe(true);
  expect(selectsAll({ matchLabels: { a: 'b' } })).toBe(false);
  expect(selectsAll(expression('a', 'Exists'))).toBe(false);
});

test.each(['constructor', 'valueOf', 'toString', '__proto__', 'hasOwnProperty'])(
  'a label called %s is there only if an object has it',
  (key) => {
    const exists = { matchExpressions: [{ key, operator: 'Exists' }] };
    const absent = { matchExpressions: [{ key, operator: 'DoesNotExist' }] };
    const other = { matchExpressions: [{ key, operator: 'NotIn', values: ['x'] }] };
    const own: Record<string, string> = Object.fromEntries([[key, 'x']]);
    expect([exists, absent, other].map((selector) => matches(selector, {}))).toEqual([false, true, true]);
    expect([exists, absent, other].map((selector) => matches(selector, own))).toEqual([true, false, false]);
  },
);
