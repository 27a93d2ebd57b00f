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

it('says which kind and object a failed JSON patch was for', () => {
  const { code, message } = refusalOf(() => patched(json, [{ op: 'test', path: '/spec/size', value: 7 }]));
  expect(code).toBe(422);
  expect(message).toMatch(
    /^Thing\.example\.org "x" is invalid: patch: the server rejected our request due to an error in our request: /,
  );
});

it('fails as a whole when one operation of many fails', () => {
  const steps = [
    { op: 'remove', path: '/spec/none' },
    { op: 'replace', path: '/spec/size', value: 2 },
  ];
  expect(refusalOf(() => patched(json, steps)).code).toBe(422);
});

test.each<readonly [string, string, Json]>([
  ['a merge patch that is a list', merge, []],
  ['a merge patch that is null', merge, null],
  ['a JSON patch that is an object', json, {}],
  ['a JSON patch without a path', json, [{ op: 'remove' }]],
  ['a JSON patch without an operation', json, [{ path: '/spec' }]],
  ['a JSON patch with an unknown operation', json, [{ op: 'fly', path: '/spec' }]],
  ['a JSON patch one of whose items is a text', json, [{ op: 'remove', path: '/spec' }, 'x']],
  ['a strategic patch that is a text', strategic, 'x'],
])('refuses %s', (_what, type, patch) => {
  expect(refusalOf(() => patched(type, patch, builtin))).toMatchObject({ code: 400, reason: 'BadRequest' });
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
