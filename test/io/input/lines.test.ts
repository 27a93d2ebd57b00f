/** The line of a field. */
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { lineOf, type Steps } from '../../../src/io/input/lines.ts';
import { rounds } from '../../rounds.ts';

const text = `# a comment
apiVersion: v1
metadata:
  name: x
  labels: {a: 1, b: 2}
items:
  - name: one
    list: [1,
      2, 3]
  - name: two
    text: |
      name: no
    0: number
empty:
`;

test.each<readonly [Steps, number]>([
  [[], 2],
  [['apiVersion'], 2],
  [['metadata'], 4],
  [['metadata', 'name'], 4],
  [['metadata', 'labels', 'b'], 5],
  [['items'], 7],
  [['items', 0], 7],
  [['items', 0, 'list'], 8],
  [['items', 0, 'list', 0], 8],
  [['items', 0, 'list', 2], 9],
  [['items', 1], 10],
  [['items', 1, 'text'], 12],
  [['items', 1, 'text', 'name'], 12],
  [['items', 1, 0], 13],
  [['items', 1, 'none'], 10],
  [['items', 7], 7],
  [['none', 'deeper'], 2],
])('%j is at line %i, or what is nearest to it', (steps, line) => {
  expect(lineOf(text, 0, steps)).toBe(line);
});

it('looks only in the document that is meant', () => {
  const two = 'a: 1\n---\nb: 2\na: 3\n---\n- a\n- a: 4\n';
  expect([0, 1, 2].map((document) => lineOf(two, document, ['a']))).toEqual([1, 4, 6]);
  expect(lineOf(two, 2, [1, 'a'])).toBe(7);
});

it('reads JSON, too, on one line or many', () => {
  expect(lineOf('{"a": {"b": [1, 2]}}', 0, ['a', 'b', 1])).toBe(1);
  expect(lineOf('{\n"a": {\n"b": [\n1,\n2\n]\n}\n}', 0, ['a', 'b', 1])).toBe(5);
});

it('passes over keys that are quoted, aliases and nested keys of the same name', () => {
  expect(lineOf('x: &x {a: 1}\n"a": *x\nb: {b: 0}\nc:\n  b: 1\n', 0, ['c', 'b'])).toBe(5);
  expect(lineOf('x: &x {a: 1}\n"a": *x\n', 0, ['a'])).toBe(2);
});

it('finds each item of a list that is written one to a line', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 8 }), fc.nat(7), (items, at) => {
      const written = dump({ before: { items: [1, 2] }, items, after: 1 });
      const index = at % items.length;
      const line = lineOf(written, 0, ['items', index]);
      expect(written.split('\n')[line - 1]).toBe(`  - ${items[index] ?? ''}`);
      expect(
        written
          .split('\n')
          .slice(0, line - 1)
          .filter((one) => one.startsWith('  - ')),
      ).toHaveLength(index);
    }),
    { numRuns: rounds(500) },
  );
});
