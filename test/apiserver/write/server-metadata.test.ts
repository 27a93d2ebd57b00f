/** What of an object's metadata is the server's, whatever clients send. */
import {
  isFinished,
  keptMetadata,
  markedForDeletion,
  newMetadata,
  stored,
} from '../../../src/apiserver/write/server-metadata.ts';
import type { JsonObject } from '../../../src/model/values/json.ts';
import { refusalOf, storedThing, thing, thingKind } from '../things.ts';

const now = new Date('2026-01-01T00:00:00.900Z');
const things = thingKind();
const namespaces = thingKind({ id: 'namespaces', custom: false });
const made = (given: JsonObject, namespace?: string): JsonObject =>
  newMetadata({ resource: things, namespace }, given, { time: now, random: () => 0 });

test('a name wins over the beginning of one, which the server completes; without both the name is empty', () => {
  expect(made({ name: 'x', generateName: 'y-' })['name']).toBe('x');
  expect(made({ generateName: 'y-' })['name']).toMatch(/^y-.{5}$/);
  expect(made({})['name']).toBe('');
});

test('a new object has the namespace of the request, and may not name another one or a version', () => {
  expect(made({ name: 'x' }, 'a')['namespace']).toBe('a');
  expect(made({ name: 'x', namespace: 'a' }, 'a')['namespace']).toBe('a');
  expect(refusalOf(() => made({ namespace: 'b' }, 'a')).message).toMatch(/^the namespace of the provided object/);
  expect(refusalOf(() => made({ resourceVersion: '1' })).message).toMatch(/^resourceVersion should not be set/);
  expect(made({ resourceVersion: '' })['generation']).toBe(1);
});

test('an update keeps who the object is and that it is being deleted, and takes the rest from the client', () => {
  const old = storedThing('x', {}, { deletionTimestamp: 'then', deletionGracePeriodSeconds: 3, labels: { a: 'b' } });
  const given = { name: 'y', uid: 'other', creationTimestamp: 'later', deletionTimestamp: 'never', labels: { c: 'd' } };
  expect(keptMetadata(old, given, 7)).toEqual({
    name: 'x',
    namespace: undefined,
    uid: 'uid of x',
    creationTimestamp: '2026-01-01T00:00:00Z',
    generation: 7,
    selfLink: undefined,
    deletionTimestamp: 'then',
    deletionGracePeriodSeconds: 3,
    labels: { c: 'd' },
  });
});

describe('marking for deletion', () => {
  it('sets when the object will be gone', () => {
    expect(markedForDeletion(things, storedThing('x'), { grace: 30, now })).toMatchObject({
      metadata: { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 },
    });
  });

  it.each([
    [29, '2026-01-01T00:00:29Z'],
    [30, 'then'],
    [31, 'then'],
  ])('again with a grace period of %i seconds instead of 30 gives %s', (grace, deletionTimestamp) => {
    const old = storedThing('x', {}, { deletionTimestamp: 'then', deletionGracePeriodSeconds: 30 });
    expect(markedForDeletion(things, old, { grace, now })).toMatchObject({ metadata: { deletionTimestamp } });
  });

  it('leaves an object that is already being deleted without a grace period as it is', () => {
    const old = storedThing('x', {}, { deletionTimestamp: 'then' });
    expect(markedForDeletion(things, old, { grace: 0, now })).toBe(old);
  });

  it('makes a namespace Terminating, without a grace period of its own', () => {
    const marked = markedForDeletion(namespaces, storedThing('x', { status: { more: 1 } }), { grace: 0, now });
    expect(marked['status']).toEqual({ more: 1, phase: 'Terminating' });
    expect(marked['metadata']).not.toHaveProperty('deletionGracePeriodSeconds');
  });
});

test.each<[string, JsonObject, boolean]>([
  ['is not being deleted', {}, false],
  ['has lost its last finalizer', { deletionTimestamp: 'then' }, true],
  ['has a finalizer left', { deletionTimestamp: 'then', finalizers: ['f'] }, false],
  ['has a grace period of 0', { deletionTimestamp: 'then', deletionGracePeriodSeconds: 0 }, true],
  ['is within its grace period', { deletionTimestamp: 'then', deletionGracePeriodSeconds: 1 }, false],
])('an object that %s: it goes now? %j: %s', (_, metadata, gone) => {
  expect(isFinished(storedThing('x', {}, metadata))).toBe(gone);
});

test('a namespace goes when it is empty, not with its last finalizer', () => {
  const deleted = { deletionTimestamp: 'then' };
  expect(isFinished({ ...storedThing('x', {}, deleted), kind: 'Namespace', apiVersion: 'v1' })).toBe(false);
  expect(isFinished({ ...storedThing('x', {}, deleted), kind: 'Namespace' })).toBe(true);
});

test('the stored object has its version, complete metadata, and nothing undefined in it', () => {
  expect(stored(thing('x', { size: 1 }, { namespace: undefined }), '7')).toStrictEqual({
    apiVersion: 'example.org/v1',
    kind: 'Thing',
    metadata: { name: 'x', uid: '', resourceVersion: '7', creationTimestamp: '' },
    spec: { size: 1 },
  });
});
