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
