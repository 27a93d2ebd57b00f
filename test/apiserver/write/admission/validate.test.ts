/** Validation at the edges of each rule. That it agrees with ajv, and its words, are tried with the schemas. */
import { parseSchema } from '../../../../src/apiserver/kinds/schema.ts';
import { validateObject } from '../../../../src/apiserver/write/admission/validate.ts';
import type { Json, JsonObject } from '../../../../src/model/values/json.ts';

function errorsOf(schema: JsonObject, value: Json): string[] {
  const root = parseSchema({ type: 'object', properties: { root: schema } });
  return validateObject({ root: value }, root).map(({ reason, field, message }) => `${reason} ${field}: ${message}`);
}
const isValid = (schema: JsonObject, value: Json): boolean => errorsOf(schema, value).length === 0;

test.each<readonly [JsonObject, readonly Json[], readonly Json[]]>([
  [{ type: 'integer', minimum: 1 }, [1, 2], [0]],
  [{ type: 'integer', minimum: 1, exclusiveMinimum: true }, [2], [1, 0]],
  [{ type: 'integer', maximum: 1 }, [1, 0], [2]],
  [{ type: 'integer', maximum: 1, exclusiveMaximum: true }, [0], [1, 2]],
  [{ type: 'integer' }, [1, -1], [1.5, '1', true]],
  [{ type: 'number' }, [1, 1.5], ['1']],
  [{ type: 'string', minLength: 1, maxLength: 2 }, ['a', 'ab', '😀😀'], ['', 'abc', '😀😀😀']],
  [{ type: 'array', minItems: 1, maxItems: 2 }, [[1], [1, 2]], [[], [1, 2, 3]]],
  [{ type: 'object', minProperties: 1, maxProperties: 2 }, [{ a: 1 }, { a: 1, b: 2 }], [{}, { a: 1, b: 2, c: 3 }]],
  [{ type: 'string', nullable: true }, ['a', null], [1]],
  [{ 'x-kubernetes-int-or-string': true }, [1, 'a'], [1.5, null, {}]],
  [{}, [1, 'a', null, [], {}], []],
  [{ type: 'boolean' }, [true, false], ['true', 0]],
  [{ enum: [1, 'a', { b: 1 }] }, [1, 'a', { b: 1 }], [2, { b: 2 }]],
  [{ type: 'string', format: 'unheard-of' }, ['anything'], []],
  [
    { type: 'object', properties: { a: { type: 'integer' } }, additionalProperties: { type: 'string' } },
    [{ a: 1, b: 'x' }],
    [{ a: 'x' }, { b: 1 }],
  ],
])('%j accepts %j and refuses %j', (schema, valid, invalid) => {
  expect(valid.filter((value) => !isValid(schema, value))).toEqual([]);
  expect(invalid.filter((value) => isValid(schema, value))).toEqual([]);
});

test.each<readonly [string, readonly string[], readonly string[]]>([
  [
    'date-time',
    ['2026-01-01T00:00:00Z', '2026-01-01t00:00:00.123456z', '2026-01-01T00:00:00+02:00'],
    ['2026-01-01', '2026-01-01 00:00:00Z', '2026-01-01T00:00:00', 'x2026-01-01T00:00:00Z'],
  ],
  ['date', ['2026-01-01'], ['2026-1-1', '2026-01-01T00:00:00Z']],
  ['ipv4', ['0.0.0.0', '255.255.255.255', '10.1.2.30'], ['256.0.0.0', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.4/32']],
  [
    'uuid',
    ['0123ABCD-0123-0123-0123-0123456789ab', '0123abcd01230123012301234567 89ab'.replace(' ', '')],
    ['0123abcd', 'g123abcd-0123-0123-0123-0123456789ab'],
  ],
])('the format %s', (format, valid, invalid) => {
  const schema = { type: 'string', format };
  expect(valid.filter((value) => !isValid(schema, value))).toEqual([]);
  expect(invalid.filter((value) => isValid(schema, value))).toEqual([]);
});

describe('combinations', () => {
  const [small, even] = [{ maximum: 10 }, { multipleOf: 2 }];

  test.each<readonly [string, JsonObject, readonly Json[], readonly Json[]]>([
    ['all of them', { allOf: [small, even] }, [2], [3, 12]],
    ['any of them', { anyOf: [small, even] }, [2, 3, 12], [13]],
    ['one of them', { oneOf: [small, even] }, [3, 12], [2, 13]],
    ['not this', { not: small }, [11], [10]],
  ])('%s', (_what, schema, valid, invalid) => {
    expect(valid.filter((value) => !isValid(schema, value))).toEqual([]);
    expect(invalid.filter((value) => isValid(schema, value))).toEqual([]);
  });

  test.each<readonly [JsonObject, Json, string]>([
    [{ anyOf: [small, even] }, 13, '"root" must validate at least one schema (anyOf)'],
    [{ oneOf: [small, even] }, 2, '"root" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    [{ not: small }, 3, '"root" must not validate the schema (not)'],
  ])('%j says of %j why', (schema, value, why) => {
    expect(errorsOf(schema, value)).toEqual([`FieldValueInvalid root: Invalid value: "": ${why}`]);
  });
});

describe('lists', () => {
  const map = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a', 'b'] };

  it('may repeat an item unless they are sets or maps', () => {
    expect(errorsOf({ type: 'array' }, ['x', 'x'])).toEqual([]);
    expect(errorsOf({ type: 'array', 'x-kubernetes-list-type': 'set' }, ['x', 'y', 'x', 'x'])).toEqual([
      'FieldValueDuplicate root[2]: Duplicate value: "x"',
      'FieldValueDuplicate root[3]: Duplicate value: "x"',
    ]);
  });

  it('that are maps have each combination of keys once', () => {
    expect(errorsOf(map, [{ a: 1, b: 1 }, { a: 1, b: 2 }, { a: 2, b: 1 }, { a: 1 }])).toEqual([]);
    expect(errorsOf(map, [{ a: 1 }, { a: 1, c: 2 }])).toEqual([
      'FieldValueDuplicate root[1]: Duplicate value: map[string]interface {}{"a":1, "b":null}',
    ]);
  });

  it('of Kubernetes that are merged by a key may have it twice, as the addresses of a Node', () => {
    expect(errorsOf({ ...map, 'x-kubernetes-patch-merge-key': 'a' }, [{ a: 1 }, { a: 1, c: 2 }])).toEqual([]);
  });

  it('are checked item by item', () => {
    expect(errorsOf({ type: 'array', items: { type: 'object', required: ['a'] } }, [{ a: 1 }, {}])).toEqual([
      'FieldValueRequired root[1].a: Required value',
    ]);
  });
});

it('says how many of what there are too many', () => {
  expect(errorsOf({ type: 'object', maxProperties: 1 }, { a: 1, b: 2 })).toEqual([
    'FieldValueTooMany root: Too many: 2: must have at most 1 items',
  ]);
});

it('tells of a wrong type and of nothing else in that value', () => {
  expect(errorsOf({ type: 'object', required: ['a'], enum: [1] }, [])).toEqual([
    'FieldValueInvalid root: Invalid value: "array": root in body must be of type object: "array"',
  ]);
  expect(errorsOf({ type: 'integer' }, 1.5)).toEqual([
    'FieldValueInvalid root: Invalid value: "number": root in body must be of type integer: "number"',
  ]);
});

it('shows which values are supported, numbers as texts, too', () => {
  expect(errorsOf({ enum: [1, 'a'] }, 2)).toEqual([
    'FieldValueNotSupported root: Unsupported value: 2: supported values: "1", "a"',
  ]);
});

it('tells of every error of a value', () => {
  expect(errorsOf({ type: 'string', minLength: 3, pattern: '^b', format: 'date' }, 'a')).toEqual([
    'FieldValueInvalid root: Invalid value: "a": root in body should be at least 3 chars long',
    `FieldValueInvalid root: Invalid value: "a": root in body should match '^b'`,
    'FieldValueInvalid root: Invalid value: "a": root in body must be of type date: "a"',
  ]);
});

test.each<readonly [JsonObject, number, string]>([
  [{ minimum: 2, exclusiveMinimum: true }, 2, 'greater than 2'],
  [{ maximum: 2 }, 3, 'less than or equal to 2'],
])('%j asks of %s to be %s', (rule, value, what) => {
  expect(errorsOf({ type: 'integer', ...rule }, value)).toEqual([
    `FieldValueInvalid root: Invalid value: ${value}: root in body should be ${what}`,
  ]);
});
