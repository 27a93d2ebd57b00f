/** Keys, finalizers and owners that Kubernetes refuses, in its words. */
import {
  annotationSizeErrors,
  coreFinalizerErrors,
  keyErrors,
  lateFinalizerErrors,
  ownerErrors,
  qualifiedNameErrors,
} from '../../../../src/apiserver/write/admission/qualified.ts';

describe('a qualified name', () => {
  test.each(['a', 'A.b_c-9', 'example.com/a', 'a'.repeat(63), `${'a'.repeat(63)}.b/${'c'.repeat(63)}`])(
    'may be %j',
    (text) => {
      expect(qualifiedNameErrors(text)).toEqual([]);
    },
  );

  test.each([
    ['', ['name part must be non-empty', 'name part must consist of']],
    ['a b', ['name part must consist of']],
    ['-a', ['name part must consist of']],
    ['a/', ['name part must be non-empty', 'name part must consist of']],
    ['/a', ['prefix part must be non-empty']],
    ['Example.com/a', ['prefix part a lowercase RFC 1123 subdomain']],
    ['a/b/c', ["a qualified name must consist of alphanumeric characters, '-', '_' or '.'"]],
    ['a'.repeat(64), ['name part must be no more than 63 characters']],
  ])('may not be %j', (text, beginnings) => {
    const errors = qualifiedNameErrors(text);
    expect(errors).toHaveLength(beginnings.length);
    beginnings.forEach((beginning, index) => expect(errors[index]).toMatch(new RegExp(`^${beginning}`)));
  });
});

test('keys of labels and annotations and finalizers are qualified names; case counts not in annotations', () => {
  const metadata = {
    labels: { 'a b': '' },
    annotations: { 'Example.com/Mine': '', 'a/b/c': '' },
    finalizers: ['example.com/f', 'x y'],
  };
  expect(keyErrors(metadata).map(({ field, message }) => `${field}: ${message.slice(0, 35)}`)).toEqual([
    'metadata.labels: Invalid value: "a b": name part mus',
    'metadata.annotations: Invalid value: "a/b/c": a qualified',
    'metadata.finalizers: Invalid value: "x y": name part mus',
  ]);
  expect(keyErrors({})).toEqual([]);
});

test('an owner has version, kind, name and uid, and one owner at most is the controller', () => {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'a', uid: 'u', controller: true };
  const lines = (...ownerReferences: object[]) =>
    ownerErrors({ ownerReferences: ownerReferences as never }).map(({ field, message }) => `${field}: ${message}`);
  expect(lines(owner, { ...owner, name: 'b', controller: false })).toEqual([]);
  expect(lines({ apiVersion: 'apps/' })).toEqual([
    'metadata.ownerReferences.apiVersion: Invalid value: "apps/": version must not be empty',
    'metadata.ownerReferences.kind: Invalid value: "": kind must not be empty',
    'metadata.ownerReferences.name: Invalid value: "": name must not be empty',
    'metadata.ownerReferences.uid: Invalid value: "": uid must not be empty',
  ]);
  expect(lines(owner, { ...owner, name: 'b' }).join()).toContain(
    'Only one reference can have Controller set to true. Found "true" in references for a and b',
  );
});

test('an object that is being deleted gets no more finalizers, and may lose them', () => {
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a', 'b'] };
  expect(lateFinalizerErrors(going, { finalizers: ['b'] })).toEqual([]);
  expect(lateFinalizerErrors({ finalizers: ['a'] }, { finalizers: ['a', 'c'] })).toEqual([]);
  expect(lateFinalizerErrors(going, { finalizers: ['a', 'd', 'c'] })).toEqual([
    {
      reason: 'FieldValueForbidden',
      field: 'metadata.finalizers',
      message:
        'Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c", "d"}',
    },
  ]);
});

test("finalizers of Kubernetes' own kinds have a domain, but for those that it knows itself", () => {
  const finalizers = ['kubernetes', 'orphan', 'foregroundDeletion', 'example.org/a', 'plain'];
  expect(coreFinalizerErrors({ finalizers })).toEqual([
    {
      reason: 'FieldValueInvalid',
      field: 'metadata.finalizers',
      message: 'Invalid value: "plain": name is neither a standard finalizer name nor is it fully qualified',
    },
  ]);
});

test('annotations have 256 KiB together', () => {
  const most = { a: 'x'.repeat(256 * 1024 - 2), b: '' };
  expect(annotationSizeErrors({ annotations: most })).toEqual([]);
  expect(annotationSizeErrors({ annotations: { ...most, b: 'ä' } })).toEqual([
    {
      reason: 'FieldValueTooLong',
      field: 'metadata.annotations',
      message: 'Too long: must have at most 262144 bytes',
    },
  ]);
});

test('an Event owns nothing', () => {
  const owner = { apiVersion: 'v1', kind: 'Event', name: 'x', uid: 'u' };
  const [error] = ownerErrors({ ownerReferences: [owner] });
  expect(error?.message).toMatch('/v1, Kind=Event is disallowed from being an owner');
});
