import { dump, load } from 'js-yaml';
import { loadLongList } from '../../../src/io/input/long-list.ts';

const item = (index: number): object => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: `thing-${index}` },
  data: { text: `- one\n- two\n\n# ${'x'.repeat(60)}\n`, list: ['- a', '', 'b: c'] },
  none: null,
});
const items = Array.from({ length: 100 }, (_, index) => item(index));

function calls(text: string): { readonly value: unknown; readonly parts: number } {
  let parts = 0;
  const value = loadLongList(
    text,
    (one) => {
      parts++;
      return load(one);
    },
    2_000,
  );
  return { value, parts };
}

test.each([
  ['indented', `apiVersion: v1\nkind: List\n${dump({ items })}`],
  [
    'not indented, keys behind',
    `apiVersion: v1\n${dump({ items }, { seqNoIndent: true })}kind: List\nmetadata:\n  resourceVersion: ""\n`,
  ],
  [
    'with comments and empty lines',
    `---\nkind: List\n${dump({ items }).replaceAll(/(?<!items:)\n  - apiVersion/g, '\n\n# here\n  # there\n  - apiVersion')}`,
  ],
])('a long list %s is parsed in parts, to the same value', (_, text) => {
  const { value, parts } = calls(text);
  expect(parts).toBeGreaterThan(2);
  expect(value).toEqual(load(text));
});

test.each([
  ['a short one', dump({ kind: 'List', items: items.slice(0, 5) })],
  ['several documents', `kind: List\n${dump({ items })}---\nkind: List\nitems: []\n`],
  [
    'an alias into another part',
    `kind: List\n${dump({ items }).replace('    kind: Thing', '    kind: &kind Thing')}  - kind: *kind\n`,
  ],
  ['broken text', `kind: List\n${dump({ items })}  - kind: [\n`],
  [
    'a text that goes on where items begin',
    `kind: List\n${dump({ items }).replace('name: thing-70', 'name: "thing\n  - 70"')}`,
  ],
])('%s is left to be parsed whole', (_, text) => {
  expect(calls(text).value).toBeUndefined();
});
