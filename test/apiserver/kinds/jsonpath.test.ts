/** The paths of printer columns; those of common columns are tried with the columns. */
import { parseJsonPath } from '../../../src/apiserver/kinds/jsonpath.ts';
import type { Json } from '../../../src/model/values/json.ts';

const object: Json = {
  a: { b: [1, 2, 3], 'x.y': 'dotted', "it's": 'quoted', 'a]b': 'bracket' },
  items: [
    { name: 'one', on: true, n: 1, deep: { er: 'x' } },
    { name: 'two', on: false, n: 2, deep: { er: 'y' } },
    { n: '2' },
    'text',
  ],
  map: { k: { name: 'one' }, l: { name: 'two' } },
  none: null,
};

test.each<readonly [string, readonly Json[]]>([
  ['.a.b[1]', [2]],
  ['a.b[1]', [2]],
  ['{.a.b[1]}', [2]],
  ['{$.a.b[1]}', [2]],
  [' .a.b[1] ', [2]],
  ["['a'].b[0]", [1]],
  ['.a.b[-1]', [3]],
  ['.a.b[3]', []],
  ['.a.b[*]', [1, 2, 3]],
  ['.a.b.[0]', [1]],
  ['.a.b.length', []],
  ['.a[0]', []],
  ['.map.*.name', ['one', 'two']],
  ['.map[*].name', ['one', 'two']],
  ['.items[*].name', ['one', 'two']],
  ['.items[*].none[*]', []],
  ['.items[?(@.name=="two")].n', [2]],
  [".items[?(@.name=='two')].n", [2]],
  ['.items[?( @.n == 2 )].name', ['two']],
  [".items[?(@.n=='2')].n", ['2']],
  ['.items[?(@.on==true)].name', ['one']],
  ['.items[?(@.on==false)].name', ['two']],
  ['.items[?(@.deep.er=="y")].name', ['two']],
  ['.items[?(@.name==two)].n', [2]],
  ['.map[?(@.name=="two")].name', ['two']],
  ['.none', [null]],
  ['.none.deeper', []],
  [String.raw`.a.x\.y`, ['dotted']],
  ["['a']['x.y']", ['dotted']],
  ['.a["x.y"]', ['dotted']],
  [String.raw`.a['it\'s']`, ['quoted']],
  ["['a']['a]b']", ['bracket']],
])('%s finds %j', (path, found) => {
  expect(parseJsonPath(path)(object)).toEqual(found);
});

test.each(['.', '.a[1:2]', '.a..b', '.a[', '.a[?(@.n>1)]', '.a[]', '.a b[', '.items[?(@.n==)]'])(
  '%s is not supported',
  (path) => {
    expect(() => parseJsonPath(path)).toThrow(`JSONPath ${JSON.stringify(path)} is not supported at `);
  },
);
