import { Ajv } from 'ajv';
import fc from 'fast-check';
import { conformToSchema, parseSchema } from '../../../src/apiserver/kinds/schema.ts';
import { validateObject } from '../../../src/apiserver/write/admission/validate.ts';
import type { Json, JsonObject } from '../../../src/model/values/json.ts';

const runs = process.env['SDN_COMPAT_TEST_FULL'] === '1' ? 20_000 : 2000;

const number = fc.integer({ min: -3, max: 3 });
const leaf: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record(
    {
      type: fc.constantFrom('string'),
      minLength: fc.integer({ min: 0, max: 3 }),
      maxLength: fc.integer({ min: 0, max: 3 }),
      pattern: fc.constantFrom('^a', 'b$', '^[ab]*$'),
    },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    { type: fc.constantFrom('integer', 'number'), minimum: number, maximum: number, multipleOf: fc.constantFrom(1, 2) },
    { requiredKeys: ['type'] },
  ),
  fc.record({ type: fc.constant('boolean') }),
  fc.record({ type: fc.constant('string'), enum: fc.constant(['a', 'b']) }),
);
const schemas: fc.Arbitrary<JsonObject> = fc.letrec<{ schema: JsonObject }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record(
      {
        type: fc.constant('array'),
        items: tie('schema'),
        minItems: fc.integer({ min: 0, max: 2 }),
        maxItems: fc.integer({ min: 0, max: 3 }),
      },
      { requiredKeys: ['type', 'items'] },
    ),
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema')),
        required: fc.uniqueArray(fc.constantFrom('a', 'b', 'd')),
        minProperties: fc.integer({ min: 0, max: 2 }),
        maxProperties: fc.integer({ min: 0, max: 3 }),
      },
      { requiredKeys: ['type', 'properties'] },
    ),
    fc.record({ type: fc.constant('object'), additionalProperties: tie('schema') }),
    fc.record({
      type: fc.constant('object'),
      'x-kubernetes-preserve-unknown-fields': fc.constant(true),
      oneOf: fc.constant([{ required: ['a'] }, { required: ['b'] }]),
    }),
  ),
})).schema;
const values: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('', 'a', 'b', 'ab', 'abba'),
    number,
    fc.constantFrom(0.5, 1.5),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('value')),
  ),
})).value;

test('the server and ajv agree on which objects are valid', () => {
  const ajv = new Ajv({ strict: false, allErrors: true });
  fc.assert(
    fc.property(schemas, values, (schema, value) => {
      const root = { type: 'object', properties: { root: schema } };
      const errors = validateObject({ root: value }, parseSchema(root));
      return (errors.length === 0) === ajv.validate(root, { root: value });
    }),
    { numRuns: runs },
  );
});

test('pruning is done once, keeps what the schema knows and names the rest', () => {
  fc.assert(
    fc.property(schemas, fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), values), (schema, value) => {
      const parsed = parseSchema({ type: 'object', properties: { spec: schema } });
      const once = conformToSchema({ metadata: { name: 'x' }, spec: value, extra: 1 }, parsed);
      const twice = conformToSchema(once.object, parsed);
      expect(once.unknown).toContain('extra');
      expect(once.object['metadata']).toEqual({ name: 'x' });
      expect(twice).toEqual({ object: once.object, unknown: [] });
    }),
    { numRuns: runs / 10 },
  );
});

const whole = parseSchema({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      default: {},
      properties: {
        mode: { type: 'string', default: 'Slow' },
        port: { 'x-kubernetes-int-or-string': true },
        maybe: { type: 'string', nullable: true },
        filled: { type: 'string', default: 'yes' },
        list: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer', default: 7 } } } },
        kept: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { known: { type: 'object' } },
        },
        inner: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
      },
    },
  },
});

test('defaults are filled in at every depth, null is replaced by them unless it is allowed', () => {
  expect(conformToSchema({}, whole).object).toEqual({ spec: { mode: 'Slow', filled: 'yes' } });
  const { object, unknown } = conformToSchema(
    {
      spec: {
        filled: null,
        maybe: null,
        list: [{}, { n: 1, gone: 1 }],
        kept: { free: { x: 1 }, known: { gone: 1 } },
        inner: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { gone: 1 }, gone: 1 },
      },
    },
    whole,
  );
  expect(object).toEqual({
    spec: {
      mode: 'Slow',
      filled: 'yes',
      maybe: null,
      list: [{ n: 7 }, { n: 1 }],
      kept: { free: { x: 1 }, known: {} },
      inner: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: {} },
    },
  });
  expect(unknown).toEqual(['spec.list[1].gone', 'spec.kept.known.gone', 'spec.inner.spec.gone', 'spec.inner.gone']);
});

test.each<[string, JsonObject, Json, string[]]>([
  ['type', { type: 'array' }, 'x', ['root: Invalid value: "string": root in body must be of type array: "string"']],
  ['null', { type: 'string' }, null, ['root: Invalid value: "null": root in body must be of type string: "null"']],
  [
    'int-or-string',
    { 'x-kubernetes-int-or-string': true },
    true,
    ['root: Invalid value: "boolean": root in body must be of type integer,string: "boolean"'],
  ],
  [
    'minimum',
    { type: 'integer', minimum: 0 },
    -1,
    ['root: Invalid value: -1: root in body should be greater than or equal to 0'],
  ],
  [
    'exclusive maximum',
    { type: 'integer', maximum: 3, exclusiveMaximum: true },
    3,
    ['root: Invalid value: 3: root in body should be less than 3'],
  ],
  [
    'multiple',
    { type: 'integer', multipleOf: 2 },
    3,
    ['root: Invalid value: 3: root in body should be a multiple of 2'],
  ],
  [
    'short',
    { type: 'string', minLength: 2 },
    'ü',
    ['root: Invalid value: "ü": root in body should be at least 2 chars long'],
  ],
  ['long', { type: 'string', maxLength: 1 }, 'ab', ['root: Too long: may not be longer than 1']],
  ['pattern', { type: 'string', pattern: '^a$' }, 'b', ['root: Invalid value: "b": root in body should match \'^a$\'']],
  [
    'format',
    { type: 'string', format: 'date-time' },
    'now',
    ['root: Invalid value: "now": root in body must be of type date-time: "now"'],
  ],
  ['enum', { type: 'string', enum: ['a', 'b'] }, 'c', ['root: Unsupported value: "c": supported values: "a", "b"']],
  [
    'few items',
    { type: 'array', minItems: 1 },
    [],
    ['root: Invalid value: 0: root in body should have at least 1 items'],
  ],
  ['many items', { type: 'array', maxItems: 1 }, [1, 2], ['root: Too many: 2: must have at most 1 items']],
  [
    'few properties',
    { type: 'object', minProperties: 1 },
    {},
    ['root: Invalid value: 0: root in body should have at least 1 properties'],
  ],
  ['required', { type: 'object', required: ['a', 'b'] }, {}, ['root.a: Required value', 'root.b: Required value']],
  [
    'set',
    { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    ['a', 'a'],
    ['root[1]: Duplicate value: "a"'],
  ],
  [
    'map',
    { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n'], items: { type: 'object' } },
    [{ n: 'a' }, { n: 'a' }],
    ['root[1]: Duplicate value: map[string]interface {}{"n":"a"}'],
  ],
  [
    'oneOf',
    { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    {},
    ['root: Invalid value: "": "root" must validate one and only one schema (oneOf). Found none valid'],
  ],
  [
    'nested',
    { type: 'array', items: { type: 'object', properties: { a: { type: 'integer' } } } },
    [{ a: 1 }, { a: 'x' }],
    ['root[1].a: Invalid value: "string": root[1].a in body must be of type integer: "string"'],
  ],
])('the words for %s', (_what, schema, value, expected) => {
  const errors = validateObject({ root: value }, parseSchema({ type: 'object', properties: { root: schema } }));
  expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual(expected);
});

describe('nulls of a built-in kind', () => {
  const whole = parseSchema({
    type: 'object',
    properties: {
      a: { type: 'string' },
      b: { type: 'object', default: {}, properties: { c: { type: 'string', nullable: true } } },
      list: { type: 'array', items: { type: 'object', properties: { d: { type: 'string' } } } },
      texts: { type: 'array', items: { type: 'string' } },
      map: { type: 'object', additionalProperties: { type: 'string' } },
    },
  });
  const sent = { a: null, b: null, list: [null, { d: null }], texts: [null], map: { e: null } };

  it('count as no value, and in lists as an empty one, as Go reads them', () => {
    expect(conformToSchema(sent, whole, { nullIsNone: true }).object).toEqual({
      b: {},
      list: [{}, {}],
      texts: [''],
      map: { e: '' },
    });
    expect(conformToSchema({ b: { c: null } }, whole, { nullIsNone: true }).object).toEqual({ b: { c: null } });
  });

  it('stay in a kind of a CRD, where the schema judges them', () => {
    expect(conformToSchema(sent, whole).object).toEqual({ ...sent, b: {} });
  });
});
