/** JSON values. */
import fc from 'fast-check';
import {
  asList,
  asText,
  fieldOf,
  isRecord,
  jsonEqual,
  jsonIn,
  jsonOf,
  parseJson,
  parseWithoutNullFields,
  sortedKeys,
  sortedText,
  withoutNullFields,
} from '../../../src/model/values/json.ts';

const anyJson = fc.jsonValue().map((value) => parseJson(JSON.stringify(value)));

test('values are equal exactly when they print alike with sorted keys', () => {
  fc.assert(
    fc.property(anyJson, anyJson, (a, b) => {
      expect(jsonEqual(a, a)).toBe(true);
      expect(jsonEqual(a, b)).toBe(JSON.stringify(sortedKeys(a)) === JSON.stringify(sortedKeys(b)));
      expect(jsonEqual(a, b)).toBe(jsonEqual(b, a));
    }),
  );
});

test('the order of keys does not matter, that of items does; undefined is absent', () => {
  expect(jsonEqual({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true);
  expect(jsonEqual([1, 2], [2, 1])).toBe(false);
  expect(jsonEqual([1], [1, 1])).toBe(false);
  expect(jsonEqual({ a: undefined }, {})).toBe(true);
  expect(jsonEqual({}, { a: undefined })).toBe(true);
  expect(jsonEqual({ a: null }, {})).toBe(false);
  expect(jsonEqual([], {})).toBe(false);
});

test('sorting keys changes nothing else', () => {
  fc.assert(fc.property(anyJson, (value) => expect(jsonEqual(sortedKeys(value), value)).toBe(true)));
  expect(JSON.stringify(sortedKeys({ b: [{ d: 1, c: 2 }], a: 0 }))).toBe('{"a":0,"b":[{"c":2,"d":1}]}');
});

test('the sorted text is that of the sorted value, also with keys that are numbers and fields that are undefined', () => {
  const key = fc.oneof(fc.string(), fc.constantFrom('0', '9', '10', '01', '-1', '4294967295', '__proto__', 'toJSON'));
  const { value: anyValue } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.double(),
        fc.boolean(),
        fc.constantFrom(null, undefined, -0, '\ud800'),
      ),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 6 }),
    ),
  }));
  fc.assert(
    fc.property(fc.array(anyValue), (value) => {
      expect(sortedText(value)).toBe(JSON.stringify(sortedKeys(jsonOf(value))));
    }),
    { numRuns: 500 },
  );
});

test('fields are found through objects only', () => {
  expect(fieldOf({ a: { b: 7 } }, 'a', 'b')).toBe(7);
  expect(fieldOf({ a: [7] }, 'a', '0')).toBeUndefined();
  for (const value of [undefined, null, 'text', 7, []]) expect(fieldOf(value, 'length')).toBeUndefined();
  expect(fieldOf(7)).toBe(7);
});

test('a reader gives an empty value for JSON of another type', () => {
  expect([asList([1]), asList('x'), asList({})]).toEqual([[1], [], []]);
  expect([asText('x'), asText(7), asText(undefined)]).toEqual(['x', '', '']);
  expect([isRecord({}), isRecord([]), isRecord(null)]).toEqual([true, false, false]);
  expect(() => parseJson('{')).toThrow(SyntaxError);
});

test('fields that are null go at any depth, and items of lists stay', () => {
  expect(withoutNullFields({ a: null, b: { c: null, d: [null, { e: null }] }, f: 0 })).toEqual({
    b: { d: [null, {}] },
    f: 0,
  });
});

test('a value without null fields is the same value, not a copy', () => {
  fc.assert(
    fc.property(anyJson, (value) => {
      const kept = withoutNullFields(value);
      expect(withoutNullFields(kept)).toBe(kept);
    }),
  );
});

test('a text is read without its null fields, whether the word is in it or not', () => {
  expect(parseWithoutNullFields('{"a":null,"b":"null"}')).toEqual({ b: 'null' });
  fc.assert(
    fc.property(anyJson, (value) => {
      const text = JSON.stringify(value);
      expect(parseWithoutNullFields(text)).toEqual(withoutNullFields(JSON.parse(text)));
    }),
  );
  expect(() => parseWithoutNullFields('{"a":')).toThrow(SyntaxError);
});

test('a value as JSON has no undefined fields, and a text that is not JSON has no value', () => {
  expect(jsonOf({ a: undefined, b: [1, null], c: 'x' })).toStrictEqual({ b: [1, null], c: 'x' });
  expect(['{"a":1}', '[]', 'null', '{', ''].map(jsonIn)).toEqual([{ a: 1 }, [], null, undefined, undefined]);
});
