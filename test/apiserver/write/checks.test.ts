/** What a write is refused for, in the words of Kubernetes. */
import {
  checkPreconditions,
  checkSame,
  checkValid,
  refuseUnknown,
  refuseUnknownInPatch,
} from '../../../src/apiserver/write/checks.ts';
import type { JsonObject } from '../../../src/model/values/json.ts';
import { deleteNow, refusalOf, storedThing, thing, thingKind, writeAs } from '../things.ts';

const things = thingKind();
const old = storedThing('x', {}, { namespace: 'a' });
const strict = { ...writeAs, fieldValidation: 'Strict' } as const;

test('a valid object passes; otherwise every error of name, labels and fields is named at once', () => {
  expect(() => checkValid(things, thing('x', { size: 0 }), 'x')).not.toThrow();
  const { code, message } = refusalOf(() => checkValid(things, thing('X', { size: -1 }, { labels: { a: '-' } }), 'X'));
  expect(code).toBe(422);
  for (const field of ['metadata.name', 'metadata.labels', 'spec.size']) expect(message).toContain(field);
});

test('only Strict refuses unknown fields, and a patch shows the object that it would have made', () => {
  expect(() => refuseUnknown(things, ['unknown field "a"'], writeAs)).not.toThrow();
  expect(() => refuseUnknown(things, [], strict)).not.toThrow();
  expect(refusalOf(() => refuseUnknown(things, ['unknown field "a"', 'unknown field "b"'], strict))).toMatchObject({
    code: 400,
    message:
      'Thing in version "v1" cannot be handled as a Thing: strict decoding error: unknown field "a", unknown field "b"',
  });
  expect(() => refuseUnknownInPatch({}, ['unknown field "a"'], writeAs)).not.toThrow();
  expect(() => refuseUnknownInPatch({}, [], strict)).not.toThrow();
  const refused = refusalOf(() => refuseUnknownInPatch({ b: 1, a: 2 }, ['unknown field "a"'], strict));
  expect(refused.code).toBe(422);
  expect(refused.message).toContain('Invalid value: "{\\"a\\":2,\\"b\\":1}": strict decoding error: unknown field "a"');
});

test.each<[string, JsonObject, number, string]>([
  ['name', { name: 'y' }, 400, 'the name of the object (y) does not match the name on the URL (x)'],
  ['uid', { uid: 'u' }, 409, 'Precondition failed: UID in precondition: u, UID in object meta: uid of x'],
  ['version', { resourceVersion: '4' }, 409, 'the object has been modified'],
])('an update that says another %s is refused', (_, given, code, message) => {
  const refused = refusalOf(() => checkSame(things, old, given));
  expect(refused.code).toBe(code);
  expect(refused.message).toContain(message);
});

test('an update of an object in a namespace may not say another one; of a cluster-scoped object it does not matter', () => {
  const refused = refusalOf(() => checkSame({ ...things, namespaced: true }, old, { namespace: 'b' }));
  expect(refused.code).toBe(400);
  expect(refused.message).toContain('the namespace of the provided object does not match');
  expect(() => checkSame(things, old, { namespace: 'b' })).not.toThrow();
});

test('an update may leave out what identifies the object, or say it right', () => {
  expect(() => checkSame(things, old, { resourceVersion: '' })).not.toThrow();
  expect(() => checkSame(things, old, old.metadata)).not.toThrow();
});

test('a delete is for the uid and the version that it names, if it names them', () => {
  expect(() => checkPreconditions(things, old, deleteNow)).not.toThrow();
  expect(() => checkPreconditions(things, old, { ...deleteNow, uid: 'uid of x', resourceVersion: '5' })).not.toThrow();
  expect(refusalOf(() => checkPreconditions(things, old, { ...deleteNow, uid: 'u' })).message).toContain(
    'UID in precondition: u, UID in object meta: uid of x',
  );
  expect(refusalOf(() => checkPreconditions(things, old, { ...deleteNow, resourceVersion: '4' })).message).toContain(
    'ResourceVersion in precondition: 4, ResourceVersion in object meta: 5',
  );
});
