/** The body of a PATCH, by its media type. */
import { changeOf } from '../../../src/apiserver/write/patch.ts';
import type { Json } from '../../../src/model/values/json.ts';
import { refusalOf, storedThing, thingKind } from '../things.ts';

const custom = thingKind();
const builtin = thingKind({ custom: false });
const old = storedThing('x', { spec: { size: 1, names: ['a', 'b'] } });
const [merge, json, strategic] = [
  'application/merge-patch+json',
  'application/json-patch+json',
  'application/strategic-merge-patch+json',
] as const;

const patched = (type: string, patch: Json, kind = custom): Json =>
  changeOf(kind, Buffer.from(JSON.stringify(patch)), type)(old)['spec'] ?? null;

it('merges a merge patch', () => {
  expect(patched(merge, { spec: { size: 2 } })).toEqual({ size: 2, names: ['a', 'b'] });
});

it('runs the operations of a JSON patch one after the other', () => {
  const steps = [
    { op: 'test', path: '/spec/size', value: 1 },
    { op: 'replace', path: '/spec/size', value: 2 },
    { op: 'test', path: '/spec/size', value: 2 },
    { op: 'add', path: '/spec/names/0', value: 'z' },
    { op: 'move', from: '/spec/names/1', path: '/spec/first' },
    { op: 'copy', from: '/spec/first', path: '/spec/names/-' },
    { op: 'remove', path: '/spec/size' },
  ];
  expect(patched(json, steps)).toEqual({ names: ['z', 'b', 'a'], first: 'a' });
});

test.each<readonly [string, readonly Json[], Json]>([
  ['a negative index counts from the end', [{ op: 'replace', path: '/spec/names/-1', value: 'z' }], ['a', 'z']],
  ['the first by a negative index', [{ op: 'remove', path: '/spec/names/-2' }], ['b']],
  ['added at -1 it is the last', [{ op: 'add', path: '/spec/names/-1', value: 'z' }], ['a', 'b', 'z']],
  ['added at -2 it is before the last', [{ op: 'add', path: '/spec/names/-2', value: 'z' }], ['a', 'z', 'b']],
  ['moved from the end', [{ op: 'move', from: '/spec/names/-1', path: '/spec/names/0' }], ['b', 'a']],
  ['an index with zeros', [{ op: 'remove', path: '/spec/names/01' }], ['a']],
  ['a test for null where nothing is', [{ op: 'test', path: '/spec/none', value: null }], ['a', 'b']],
  ['a test without value where nothing is', [{ op: 'test', path: '/spec/none' }], ['a', 'b']],
  [
    'a test for null where null is',
    [
      { op: 'add', path: '/spec/none', value: null },
      { op: 'test', path: '/spec/none', value: null },
      { op: 'add', path: '/spec/names/-', value: null },
      { op: 'test', path: '/spec/names/2', value: null },
    ],
    ['a', 'b', null],
  ],
  ['a test of the whole', [{ op: 'test', path: '', value: old }], ['a', 'b']],
])('runs JSON patches as Kubernetes does: %s', (_what, steps, names) => {
  expect(patched(json, steps)).toMatchObject({ names });
});

it('takes a key that is a word of JavaScript for a key', () => {
  const steps = [
    { op: 'test', path: '/spec/constructor', value: null },
    { op: 'add', path: '/spec/__proto__', value: { size: 7 } },
    { op: 'replace', path: '/spec/__proto__/size', value: 8 },
    { op: 'move', from: '/spec/__proto__', path: '/spec/a~1b~0c' },
  ];
  expect(patched(json, steps)).toEqual({ size: 1, names: ['a', 'b'], 'a/b~c': { size: 8 } });
});

it('leaves the old object as it was', () => {
  patched(json, [{ op: 'remove', path: '/spec/names' }]);
  expect(old['spec']).toEqual({ size: 1, names: ['a', 'b'] });
});

it('merges a strategic patch into a built-in kind', () => {
  expect(patched(strategic, { spec: { $patch: 'replace', size: 3 } }, builtin)).toEqual({ size: 3 });
});

test.each<readonly [string, readonly Json[]]>([
  ['a test that fails', [{ op: 'test', path: '/spec/size', value: 7 }]],
  ['a path that is not there', [{ op: 'remove', path: '/spec/none' }]],
  ['no path', [{ op: 'remove' }]],
  ['a test for null where something is', [{ op: 'test', path: '/spec/size', value: null }]],
  ['a test without value where something is', [{ op: 'test', path: '/spec/size' }]],
  ['a test below what is not there', [{ op: 'test', path: '/spec/none/x', value: null }]],
  ['a test of an item that is not there', [{ op: 'test', path: '/spec/names/2', value: null }]],
  ['an index before the first', [{ op: 'remove', path: '/spec/names/-3' }]],
  ['an index to add at before the first', [{ op: 'add', path: '/spec/names/-4', value: 'z' }]],
  ['an index beyond the last', [{ op: 'add', path: '/spec/names/3', value: 'z' }]],
  ['an index that is no number', [{ op: 'replace', path: '/spec/names/a', value: 'z' }]],
  ['the place after the last to remove', [{ op: 'remove', path: '/spec/names/-' }]],
  ['a path into a text', [{ op: 'add', path: '/spec/names/0/0', value: 'z' }]],
  ['nothing at the origin', [{ op: 'copy', from: '/spec/none', path: '/spec/x' }]],
  ['the whole to remove', [{ op: 'remove', path: '' }]],
  ['no operation', [{ path: '/spec' }]],
  ['an unknown operation', [{ op: 'fly', path: '/spec' }]],
  ['a path without slash', [{ op: 'add', path: 'spec', value: {} }]],
  ['an origin without slash', [{ op: 'copy', from: 'spec', path: '/x' }]],
  ['an origin that is a number', [{ op: 'move', from: 1, path: '/x' }]],
  ['nothing left', [{ op: 'replace', path: '', value: 'x' }]],
])('says of a JSON patch with %s what Kubernetes says: nothing about what failed', (_what, steps) => {
  expect(refusalOf(() => patched(json, steps))).toEqual({
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
  });
});

it('takes 10,000 operations and no more', () => {
  const step = { op: 'test', path: '/spec/size', value: 1 };
  expect(
    patched(
      json,
      Array.from({ length: 10_000 }, () => step),
    ),
  ).toEqual(old['spec']);
  expect(
    refusalOf(() =>
      patched(
        json,
        Array.from({ length: 10_001 }, () => step),
      ),
    ),
  ).toEqual({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
  });
});

it('fails as a whole when one operation of many fails', () => {
  const steps = [
    { op: 'remove', path: '/spec/none' },
    { op: 'replace', path: '/spec/size', value: 2 },
  ];
  expect(refusalOf(() => patched(json, steps)).code).toBe(422);
});

test.each<readonly [string, string, Json, string]>([
  ['a merge patch that is a list', merge, [], 'array into Go value of type map[string]interface {}'],
  ['a JSON patch that is an object', json, {}, 'object into Go value of type jsonpatch.Patch'],
  [
    'a JSON patch one of whose items is a text',
    json,
    [{ op: 'remove', path: '/spec' }, 'x'],
    'string into Go value of type jsonpatch.Operation',
  ],
  ['a strategic patch that is a text', strategic, 'x', 'string into Go value of type map[string]interface {}'],
])("refuses %s in the words of Go's decoder", (_what, type, patch, words) => {
  expect(refusalOf(() => patched(type, patch, builtin))).toEqual({
    code: 400,
    reason: 'BadRequest',
    message: `json: cannot unmarshal ${words}`,
  });
});

it('refuses a strategic patch of a kind from a CRD, and lists what may be sent instead', () => {
  expect(refusalOf(() => patched(strategic, {}))).toEqual({
    code: 415,
    reason: 'UnsupportedMediaType',
    message:
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  });
});

it('refuses other media types; a built-in kind may be patched strategically', () => {
  expect(refusalOf(() => patched('application/json', {}, builtin)).message).toMatch(
    /application\/apply-patch\+yaml, application\/strategic-merge-patch\+json$/,
  );
});
