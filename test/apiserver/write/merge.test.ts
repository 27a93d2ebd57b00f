/** Patches that are objects. */
import fc from 'fast-check';
import { mergeKeysOf, mergePatch, strategicPatch } from '../../../src/apiserver/write/merge.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../src/model/values/json.ts';
import { rounds } from '../../rounds.ts';
import { refusalOf } from '../things.ts';

const keys = fc.constantFrom('a', 'b', 'c');
const leaves: fc.Arbitrary<Json> = fc.oneof(fc.integer(), fc.constantFrom('x', 'y'), fc.constant([1, 2]));
const objects: fc.Arbitrary<JsonObject> = fc.letrec<{ object: JsonObject }>((tie) => ({
  object: fc.dictionary(keys, fc.oneof({ maxDepth: 3, withCrossShrink: true }, leaves, tie('object')), { maxKeys: 3 }),
})).object;

/** A merge patch that makes `after` out of `before`, as RFC 7386 allows it. */
function patchBetween(before: JsonObject, after: JsonObject): JsonObject {
  const gone = Object.keys(before).filter((key) => after[key] === undefined);
  const kept = Object.entries(after).map(([key, value]): [string, Json | undefined] => {
    const old = before[key];
    return [key, isJsonObject(old) && isJsonObject(value) ? patchBetween(old, value) : value];
  });
  return Object.fromEntries([...gone.map((key): [string, Json] => [key, null]), ...kept]);
}

describe('a merge patch', () => {
  // the examples of RFC 7386, appendix A, that begin with an object
  test.each<readonly [JsonObject, JsonObject, JsonObject]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('on %j, %j makes %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });

  it('turns any object into any other', () => {
    fc.assert(
      fc.property(objects, objects, (before, after) => {
        expect(mergePatch(before, patchBetween(before, after))).toEqual(after);
      }),
      { numRuns: rounds(1000) },
    );
  });

  it('leaves its target as it was', () => {
    const target = { a: { b: 1 } };
    mergePatch(target, { a: { b: null, c: 2 } });
    expect(target).toEqual({ a: { b: 1 } });
  });
});

describe('a strategic patch', () => {
  it('merges the ports of a Service by their number', () => {
    const before = { ports: [{ port: 80, targetPort: 8080 }, { port: 443 }] };
    const patch = { '$setElementOrder/ports': [{ port: 80 }, { port: 443 }], ports: [{ port: 80, targetPort: 8088 }] };
    expect(strategicPatch(before, patch, mergeKeysOf('services'))).toEqual({
      ports: [{ port: 80, targetPort: 8088 }, { port: 443 }],
    });
  });

  it('replaces the ports of an EndpointSlice', () => {
    const before = {
      ports: [
        { name: 'web', port: 80 },
        { name: 'echo', port: 81 },
      ],
    };
    const patch = { ports: [{ name: 'web', port: 8088 }] };
    expect(strategicPatch(before, patch, mergeKeysOf('endpointslices'))).toEqual(patch);
  });

  it('is a merge patch where there are neither lists nor directives', () => {
    const bare = objects.filter((object) => !JSON.stringify(object).includes('['));
    fc.assert(
      fc.property(bare, bare, (before, after) => {
        expect(strategicPatch(before, patchBetween(before, after))).toEqual(after);
      }),
      { numRuns: rounds(1000) },
    );
  });

  const a = { name: 'a', image: '1' };
  const b = { name: 'b', image: '1', env: [{ name: 'X', value: '1' }] };
  const pod = { containers: [a, b] };

  test.each<readonly [string, JsonObject, JsonObject, JsonObject]>([
    [
      'changes the item with the same key and keeps the others',
      pod,
      { containers: [{ name: 'b', image: '2' }] },
      { containers: [a, { ...b, image: '2' }] },
    ],
    [
      'adds an item with a new key at the end',
      pod,
      { containers: [{ name: 'c', image: '1' }] },
      { containers: [a, b, { name: 'c', image: '1' }] },
    ],
    [
      'merges lists within the items of lists',
      pod,
      { containers: [{ name: 'b', env: [{ name: 'Y', value: '2' }] }] },
      {
        containers: [
          a,
          {
            ...b,
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '2' },
            ],
          },
        ],
      },
    ],
    ['deletes an item', pod, { containers: [{ name: 'a', $patch: 'delete' }] }, { containers: [b] }],
    ['deletes no other item for one that is not there', pod, { containers: [{ name: 'z', $patch: 'delete' }] }, pod],
    ['replaces a list', pod, { containers: [{ name: 'z' }, { $patch: 'replace' }] }, { containers: [{ name: 'z' }] }],
    ['makes a list where there is none', {}, { taints: [{ key: 'k' }] }, { taints: [{ key: 'k' }] }],
    [
      'makes a list where there was something else',
      { taints: 'x' },
      { taints: [{ key: 'k' }] },
      { taints: [{ key: 'k' }] },
    ],
    ['replaces a list that has no key', { args: ['a', 'b'] }, { args: ['c'] }, { args: ['c'] }],
    [
      'adds to a list of finalizers what is not in it',
      { finalizers: ['a', 'b'] },
      { finalizers: ['b', 'c'] },
      { finalizers: ['a', 'b', 'c'] },
    ],
    [
      'deletes from a list of finalizers',
      { finalizers: ['a', 'b'] },
      { '$deleteFromPrimitiveList/finalizers': ['a', 'z'] },
      { finalizers: ['b'] },
    ],
    [
      'orders a list of values',
      { finalizers: ['a', 'b', 'c'] },
      { '$setElementOrder/finalizers': ['c', 'a'] },
      { finalizers: ['c', 'a', 'b'] },
    ],
    [
      'orders a list by key',
      pod,
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
      { containers: [b, a] },
    ],
    [
      'orders a list after it added to it',
      pod,
      { containers: [{ name: 'c' }], '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }] },
      { containers: [{ name: 'c' }, b, a] },
    ],
    ['orders nothing where there is no list', { a: 1 }, { '$setElementOrder/containers': [{ name: 'b' }] }, { a: 1 }],
    ['replaces an object', { spec: { a: 1, b: 2 } }, { spec: { $patch: 'replace', c: 3 } }, { spec: { c: 3 } }],
    ['empties an object', { spec: { a: 1 } }, { spec: { $patch: 'delete' } }, { spec: {} }],
    [
      'keeps only the keys that it retains',
      { strategy: { type: 'A', rolling: 1 } },
      { strategy: { type: 'B', $retainKeys: ['type'] } },
      { strategy: { type: 'B' } },
    ],
    [
      'makes an object where there was a value',
      { spec: 1 },
      { spec: { a: { b: null, c: 1 } } },
      { spec: { a: { c: 1 } } },
    ],
  ])('%s', (_what, target, patch, result) => {
    expect(strategicPatch(target, patch)).toEqual(result);
  });

  it('finds the item by the whole key, not by another of its fields', () => {
    const before = { ports: [{ containerPort: 80, name: 'a' }] };
    expect(strategicPatch(before, { ports: [{ containerPort: 81, name: 'a' }] })).toEqual({
      ports: [
        { containerPort: 80, name: 'a' },
        { containerPort: 81, name: 'a' },
      ],
    });
  });

  test.each<Json>([{ image: '2' }, 'a'])('refuses the item %j, which has no key', (item) => {
    expect(refusalOf(() => strategicPatch(pod, { containers: [item] }))).toEqual({
      code: 400,
      reason: 'BadRequest',
      message: `map: ${JSON.stringify(item)} does not contain declared merge key: name`,
    });
  });

  it('leaves its target as it was', () => {
    const before = JSON.stringify(pod);
    strategicPatch(pod, {
      containers: [
        { name: 'a', $patch: 'delete' },
        { name: 'b', image: '9' },
      ],
    });
    expect(JSON.stringify(pod)).toBe(before);
  });
});
