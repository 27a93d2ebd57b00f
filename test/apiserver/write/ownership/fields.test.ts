/** Sets of fields, as managedFields records them. */
import fc from 'fast-check';
import { parseSchema } from '../../../../src/apiserver/kinds/schema.ts';
import {
  childrenOf,
  compareFields,
  difference,
  type FieldSet,
  fieldsOf,
  fromFieldsV1,
  intersection,
  managedPart,
  managedSchema,
  pathText,
  sameSet,
  shownPath,
  toFieldsV1,
  union,
} from '../../../../src/apiserver/write/ownership/fields.ts';
import type { JsonObject } from '../../../../src/model/values/json.ts';
import { rounds } from '../../../rounds.ts';
import { thingKind } from '../../things.ts';

const schema = managedSchema(
  thingKind({
    schema: parseSchema({
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
              'x-kubernetes-list-map-keys': ['port', 'name'],
              items: {
                type: 'object',
                properties: { name: { type: 'string' }, port: { type: 'integer' }, on: { type: 'boolean' } },
              },
            },
            ways: {
              type: 'array',
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['via'],
              items: { type: 'object', properties: { via: { type: 'string', default: 'road' } } },
            },
            map: { type: 'object', additionalProperties: { type: 'string' } },
            block: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { a: { type: 'string' } } },
          },
        },
      },
    }),
  }),
);

const shownAll = (set: FieldSet): string[] => [...set.values()].map(shownPath);
const setOf = (...paths: readonly (readonly string[])[]): FieldSet =>
  new Map(paths.map((path) => [pathText(path), path]));
const owned = (spec: JsonObject, metadata: JsonObject = {}): string[] =>
  shownAll(fieldsOf({ apiVersion: 'v1', kind: 'Thing', metadata, spec }, schema));

describe('what a configuration owns', () => {
  test.each<readonly [string, JsonObject, readonly string[]]>([
    ['a field with a value', { size: 1 }, ['.spec.size']],
    ['a list without keys as a whole', { whole: ['a', 'b'] }, ['.spec.whole']],
    ['each item of a set', { set: ['a', 'b'] }, ['.spec.set[="a"]', '.spec.set[="b"]']],
    [
      'each item of a keyed list and the fields in it, with its keys in the order of their names',
      { parts: [{ name: 'a', port: 1, on: true }] },
      [
        '.spec.parts[name="a",port=1]',
        '.spec.parts[name="a",port=1].name',
        '.spec.parts[name="a",port=1].port',
        '.spec.parts[name="a",port=1].on',
      ],
    ],
    [
      'an item without a key by null',
      { parts: [{ name: 'a' }] },
      ['.spec.parts[name="a",port=null]', '.spec.parts[name="a",port=null].name'],
    ],
    [
      'an item without a key by the default of that key',
      { ways: [{}, { via: 'sea' }] },
      ['.spec.ways[via="road"]', '.spec.ways[via="sea"]', '.spec.ways[via="sea"].via'],
    ],
    ['the entries of a map', { map: { k: 'v' } }, ['.spec.map.k']],
    ['an atomic map as a whole', { block: { a: 'x' } }, ['.spec.block']],
    ['an empty object', {}, ['.spec']],
    ['a list that is empty', { set: [] }, ['.spec.set']],
    [
      'what no schema knows, as items',
      { extra: { deep: { er: 1 } } },
      ['.spec.extra', '.spec.extra.deep', '.spec.extra.deep.er'],
    ],
  ])('is %s', (_what, spec, fields) => {
    expect(owned(spec)).toEqual(fields);
  });

  it('is of metadata only what people write: labels, annotations, finalizers, owners', () => {
    const metadata = {
      name: 'x',
      uid: 'u',
      labels: { a: '1' },
      annotations: { b: '2' },
      finalizers: ['f'],
      ownerReferences: [{ uid: 'o' }],
    };
    expect(owned({ size: 1 }, metadata)).toEqual([
      '.spec.size',
      '.metadata.labels.a',
      '.metadata.annotations.b',
      '.metadata.finalizers[="f"]',
      '.metadata.ownerReferences[uid="o"]',
      '.metadata.ownerReferences[uid="o"].uid',
    ]);
  });

  it('is nothing of apiVersion, kind and the name', () => {
    expect(managedPart({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x' }, spec: 1 })).toEqual({ spec: 1 });
    expect(managedPart({ metadata: 'x' })).toEqual({});
  });
});

it('owns a value as a whole when it has no parts', () => {
  expect(childrenOf('x', schema)).toBeUndefined();
  expect(childrenOf(undefined, schema)).toBeUndefined();
  expect(childrenOf({ a: undefined }, schema)).toEqual([]);
});

it('parses the schema of a kind once, with its own metadata', () => {
  const kind = thingKind();
  expect(managedSchema(kind)).toBe(managedSchema(kind));
  expect([...(managedSchema(kind).properties.get('metadata')?.properties.keys() ?? [])]).toEqual([
    'labels',
    'annotations',
    'finalizers',
    'ownerReferences',
  ]);
});

describe('the difference between two states', () => {
  const compare = (old: JsonObject, object: JsonObject): readonly [string[], string[]] => {
    const { changed, removed } = compareFields({ spec: old }, { spec: object }, schema);
    return [shownAll(changed), shownAll(removed)];
  };

  test.each<readonly [string, JsonObject, JsonObject, readonly string[], readonly string[]]>([
    ['another value', { size: 1 }, { size: 2 }, ['.spec.size'], []],
    ['the same value', { size: 1 }, { size: 1 }, [], []],
    ['a new field', { size: 1 }, { size: 1, map: { k: 'v' } }, ['.spec.map', '.spec.map.k'], []],
    ['a field that went', { map: { k: 'v' } }, {}, [], ['.spec.map', '.spec.map.k']],
    [
      'an item that joined a set, and one that left it',
      { set: ['a', 'b'] },
      { set: ['b', 'c'] },
      ['.spec.set[="c"]'],
      ['.spec.set[="a"]'],
    ],
    ['another order of a set', { set: ['a', 'b'] }, { set: ['b', 'a'] }, [], []],
    ['another order of a list without keys', { whole: ['a', 'b'] }, { whole: ['b', 'a'] }, ['.spec.whole'], []],
    [
      'a field in a keyed item',
      { parts: [{ name: 'a', port: 1, on: true }] },
      { parts: [{ name: 'a', port: 1, on: false }] },
      ['.spec.parts[name="a",port=1].on'],
      [],
    ],
    ['another form of value', { map: { k: 'v' } }, { map: 1 }, ['.spec.map'], []],
    ['an atomic map', { block: { a: 'x' } }, { block: { a: 'y' } }, ['.spec.block'], []],
  ])('is %s', (_what, old, object, changed, removed) => {
    expect(compare(old, object)).toEqual([changed, removed]);
  });

  it('of an object with nothing is all that it has, without the root', () => {
    const { changed, removed } = compareFields({}, { spec: { size: 1 } }, schema);
    expect([shownAll(changed), shownAll(removed)]).toEqual([['.spec', '.spec.size'], []]);
    expect(compareFields({}, {}, schema)).toEqual({ changed: new Map(), removed: new Map() });
  });
});

const elements = fc.constantFrom('f:a', 'f:b', 'v:"x"', 'k:{"n":1}');
const sets: fc.Arbitrary<FieldSet> = fc
  .array(fc.array(elements, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
  .map((paths) => setOf(...paths));

describe('FieldsV1', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(sets, (set) => {
        expect(sameSet(fromFieldsV1(toFieldsV1(set)), set)).toBe(true);
      }),
      { numRuns: rounds(1000) },
    );
  });

  it('does not depend on the order of a set', () => {
    fc.assert(
      fc.property(sets, (set) => {
        const reversed = new Map([...set].reverse());
        expect(JSON.stringify(toFieldsV1(reversed))).toBe(JSON.stringify(toFieldsV1(set)));
      }),
    );
  });

  it('marks with a dot a field that is owned besides its parts', () => {
    expect(toFieldsV1(setOf(['f:a'], ['f:a', 'f:b'], ['f:c', 'f:d']))).toEqual({
      'f:a': { '.': {}, 'f:b': {} },
      'f:c': { 'f:d': {} },
    });
  });

  it('takes what is not an object for nothing', () => {
    expect(shownAll(fromFieldsV1({ 'f:a': 1, 'f:b': {} }))).toEqual(['.b']);
  });
});

describe('sets', () => {
  const [a, b] = [setOf(['f:a'], ['f:b']), setOf(['f:b'], ['f:c'])];

  it('are united, subtracted and intersected by their paths', () => {
    expect([union(a, b), difference(a, b), intersection(a, b)].map(shownAll)).toEqual([
      ['.a', '.b', '.c'],
      ['.a'],
      ['.b'],
    ]);
  });

  it('are the same when they have the same paths, in any order', () => {
    expect(sameSet(a, setOf(['f:b'], ['f:a']))).toBe(true);
    expect(sameSet(a, b)).toBe(false);
    expect(sameSet(a, setOf(['f:a']))).toBe(false);
    expect(sameSet(setOf(['f:a']), a)).toBe(false);
  });

  it('tell a path from one with its elements joined', () => {
    expect(sameSet(setOf(['f:a', 'f:b']), setOf(['f:af:b']))).toBe(false);
  });
});

it('shows paths as messages have them', () => {
  expect(shownPath(['f:spec', 'f:parts', 'k:{"name":"c","port":1}', 'f:on'])).toBe('.spec.parts[name="c",port=1].on');
  expect(shownPath(['f:set', 'v:"x"'])).toBe('.set[="x"]');
});
