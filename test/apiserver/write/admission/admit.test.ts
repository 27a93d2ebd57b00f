/** What every incoming object goes through. */
import { admit, unhandled } from '../../../../src/apiserver/write/admission/admit.ts';
import type { JsonObject } from '../../../../src/model/values/json.ts';
import { refusalOf, thing, thingKind } from '../../things.ts';

const kind = thingKind();

it('fills in defaults and leaves the rest as it is', () => {
  expect(admit(kind, thing('x', { size: 1 }))).toEqual({
    object: thing('x', { size: 1, mode: 'Slow' }),
    unknown: [],
  });
});

it('drops unknown fields, of metadata too, and names each in a sentence', () => {
  const { object, unknown } = admit(kind, { ...thing('x', { siez: 1 }, { nmae: 'y' }), extra: { a: 1 } });
  expect(object).toEqual(thing('x', { mode: 'Slow' }));
  expect(unknown).toEqual(['unknown field "metadata.nmae"', 'unknown field "spec.siez"', 'unknown field "extra"']);
});

it('gives an object without metadata empty ones', () => {
  expect(admit(kind, { apiVersion: 'example.org/v1', kind: 'Thing' }).object['metadata']).toEqual({});
});

it('expects the version without a group in the core group', () => {
  const core = thingKind({ group: '' });
  expect(admit(core, { ...thing('x'), apiVersion: 'v1' }).object['apiVersion']).toBe('v1');
});

test.each<readonly [string, JsonObject, string]>([
  [
    'without a kind',
    { apiVersion: 'example.org/v1' },
    `the object provided is unrecognized (must be of type Thing): Object 'Kind' is missing in '{"apiVersion":"example.org/v1"}' ({"apiVersion":"example.org/v1" ...)`,
  ],
  [
    'of another kind',
    { ...thing('x'), kind: 'Other' },
    'Other in version "example.org/v1" cannot be handled as a Thing: it is another kind',
  ],
  [
    'of another version',
    { ...thing('x'), apiVersion: 'example.org/v2' },
    'the API version in the data (example.org/v2) does not match the expected API version (example.org/v1)',
  ],
  [
    'without a version',
    { kind: 'Thing' },
    'the API version in the data () does not match the expected API version (example.org/v1)',
  ],
  [
    'with metadata that is a text',
    { ...thing('x'), metadata: 'x' },
    'Thing in version "v1" cannot be handled as a Thing: json: cannot unmarshal string into Go struct field .metadata of type v1.ObjectMeta',
  ],
])('refuses a body %s', (_what, body, message) => {
  expect(refusalOf(() => admit(kind, body))).toEqual({ code: 400, reason: 'BadRequest', message });
});

it('begins its refusals with what cannot be handled', () => {
  expect(unhandled(thingKind({ kind: 'Pod', version: 'v2' }))).toBe('Pod in version "v2" cannot be handled as a Pod');
});
