import type { Resource } from '../../../../src/apiserver/kinds/resource.ts';
import { parseSchema } from '../../../../src/apiserver/kinds/schema.ts';
import type { Refusal } from '../../../../src/apiserver/refusal.ts';
import { objectAt } from '../../../../src/apiserver/store/object.ts';
import { applied } from '../../../../src/apiserver/write/ownership/apply.ts';
import { noteUpdate, type Writer } from '../../../../src/apiserver/write/ownership/managers.ts';
import type { JsonObject } from '../../../../src/model/values/json.ts';

const source = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer' },
        whole: { type: 'array', items: { type: 'string' } },
        set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        parts: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { type: 'object', properties: { name: { type: 'string' }, image: { type: 'string' } } },
        },
        map: { type: 'object', additionalProperties: { type: 'string' } },
        block: {
          type: 'object',
          'x-kubernetes-map-type': 'atomic',
          properties: { a: { type: 'string' }, b: { type: 'string' } },
        },
      },
    },
  },
};

const resource: Resource = {
  id: 'things.example.org',
  group: 'example.org',
  version: 'v1',
  kind: 'Thing',
  listKind: 'ThingList',
  plural: 'things',
  singular: 'thing',
  shortNames: [],
  categories: [],
  namespaced: false,
  hasStatus: false,
  custom: true,
  schema: parseSchema(source),
  source,
  columns: [],
  selectable: [],
};

const now = new Date('2026-01-01T00:00:00Z');
const writer = (manager: string): Writer => ({ manager, operation: 'Apply', subresource: '' });
const config = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'example.org/v1',
  kind: 'Thing',
  metadata: { name: 't', ...metadata },
  spec,
});
const apply = (old: JsonObject, manager: string, spec: JsonObject, force = false): JsonObject =>
  applied(old, config(spec), { resource, writer: writer(manager), force, now });
const update = (old: JsonObject, manager: string, spec: JsonObject): JsonObject =>
  noteUpdate(old, { ...old, spec }, { manager, operation: 'Update', subresource: '' }, { resource, now });
const fieldsOf = (object: JsonObject): Record<string, unknown> => {
  const entries = objectAt(object, 'metadata')['managedFields'] as { manager: string; fieldsV1: object }[];
  return Object.fromEntries(entries.map(({ manager, fieldsV1 }) => [manager, fieldsV1]));
};
const refusal = (work: () => unknown): Refusal => {
  try {
    work();
  } catch (error) {
    return error as Refusal;
  }
  throw new Error('it was not refused');
};

test('who applies owns what it names, and what it names no more goes', () => {
  const first = apply({}, 'a', { size: 1, whole: ['x'], map: { k: 'v' } });
  expect(fieldsOf(first)).toEqual({ a: { 'f:spec': { 'f:size': {}, 'f:whole': {}, 'f:map': { 'f:k': {} } } } });
  const second = apply(first, 'a', { size: 2 });
  expect(second['spec']).toEqual({ size: 2 });
  expect(fieldsOf(second)).toEqual({ a: { 'f:spec': { 'f:size': {} } } });
});

test('the fields of others stay, and the same value is owned together', () => {
  const first = apply({}, 'a', { size: 1, map: { mine: '1' } });
  const second = apply(first, 'b', { size: 1, map: { yours: '2' } });
  expect(second['spec']).toEqual({ size: 1, map: { mine: '1', yours: '2' } });
  const third = apply(second, 'a', { map: { mine: '1' } });
  expect(third['spec']).toEqual({ size: 1, map: { mine: '1', yours: '2' } });
  expect(apply(third, 'b', {})['spec']).toEqual({ map: { mine: '1' } });
});

test('another value is a conflict that names the other manager; force takes the field over', () => {
  const first = apply({}, 'a', { size: 1, whole: ['x'] });
  const second = update(first, 'editor', { size: 1, whole: ['y'] });
  expect(fieldsOf(second)).toEqual({ a: { 'f:spec': { 'f:size': {} } }, editor: { 'f:spec': { 'f:whole': {} } } });
  const one = refusal(() => apply(second, 'a', { size: 1, whole: ['x'] }));
  expect(one.message).toBe('Apply failed with 1 conflict: conflict with "editor" using example.org/v1: .spec.whole');
  expect(one.details).toEqual({
    causes: [
      { reason: 'FieldManagerConflict', message: 'conflict with "editor" using example.org/v1', field: '.spec.whole' },
    ],
  });
  const two = refusal(() => apply(second, 'b', { size: 2, whole: ['x'] }));
  expect(two.message).toBe(
    'Apply failed with 2 conflicts: conflicts with "a":\n- .spec.size\nconflicts with "editor" using example.org/v1:\n- .spec.whole',
  );
  const forced = apply(second, 'b', { size: 2, whole: ['x'] }, true);
  expect(forced['spec']).toEqual({ size: 2, whole: ['x'] });
  expect(fieldsOf(forced)).toEqual({ b: { 'f:spec': { 'f:size': {}, 'f:whole': {} } } });
});

test('keyed lists are merged by their key, sets by their values, atomic values as a whole', () => {
  const first = apply({}, 'a', {
    parts: [
      { name: 'x', image: '1' },
      { name: 'y', image: '1' },
    ],
    set: ['p'],
    block: { a: '1' },
  });
  const second = apply(first, 'b', { parts: [{ name: 'z', image: '3' }], set: ['q'] });
  expect(second['spec']).toEqual({
    parts: [
      { name: 'x', image: '1' },
      { name: 'y', image: '1' },
      { name: 'z', image: '3' },
    ],
    set: ['p', 'q'],
    block: { a: '1' },
  });
  expect(fieldsOf(second)['b']).toEqual({
    'f:spec': { 'f:parts': { 'k:{"name":"z"}': { '.': {}, 'f:name': {}, 'f:image': {} } }, 'f:set': { 'v:"q"': {} } },
  });
  const third = apply(second, 'a', { parts: [{ name: 'y', image: '2' }], block: { b: '2' } });
  expect(third['spec']).toEqual({
    parts: [
      { name: 'y', image: '2' },
      { name: 'z', image: '3' },
    ],
    set: ['q'],
    block: { b: '2' },
  });
  const clash = refusal(() => apply(third, 'c', { parts: [{ name: 'z', image: '4' }] }));
  expect(clash.message).toBe('Apply failed with 1 conflict: conflict with "b": .spec.parts[name="z"].image');
});

test('applying the same again changes nothing', () => {
  const first = apply({}, 'a', { size: 1, parts: [{ name: 'x', image: '1' }], map: { k: 'v' } });
  expect(apply(first, 'a', { size: 1, parts: [{ name: 'x', image: '1' }], map: { k: 'v' } })).toEqual(first);
});
