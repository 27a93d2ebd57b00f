/** Metadata as clients send it: what is read, what is refused, and which names are valid. */
import fc from 'fast-check';
import {
  labelErrors,
  nameErrors,
  nameSuffix,
  readMetadata,
} from '../../../../src/apiserver/write/admission/metadata.ts';
import type { Json, JsonObject } from '../../../../src/model/values/json.ts';
import { refusalOf } from '../../things.ts';

const read = (metadata: Json): ReturnType<typeof readMetadata> => readMetadata({ metadata }, 'Thing');

describe('reading metadata', () => {
  test.each<readonly [string, JsonObject]>([
    ['texts', { name: 'a', generateName: 'b', namespace: 'c', selfLink: 'd', uid: 'e', resourceVersion: '1' }],
    ['times', { creationTimestamp: '2026-01-01T00:00:00Z', deletionTimestamp: '2026-01-01T00:00:00Z' }],
    ['numbers', { generation: 3, deletionGracePeriodSeconds: 0 }],
    ['maps', { labels: { a: '' }, annotations: { b: 'c' } }],
    ['lists', { finalizers: ['a'], ownerReferences: [{ uid: 'u' }], managedFields: [{ manager: 'm' }] }],
  ])('keeps %s', (_what, metadata) => {
    expect(read(metadata)).toEqual({ metadata, unknown: [] });
  });

  it('takes null and empty maps and lists for absent', () => {
    expect(read({ name: 'a', labels: {}, finalizers: [], annotations: null })).toEqual({
      metadata: { name: 'a' },
      unknown: [],
    });
  });

  it('leaves out unknown fields and names them', () => {
    expect(read({ name: 'a', nmae: 'b', zone: 1 })).toEqual({
      metadata: { name: 'a' },
      unknown: ['metadata.nmae', 'metadata.zone'],
    });
  });

  it('takes a body without metadata for one with none', () => {
    expect(readMetadata({}, 'Thing')).toEqual({ metadata: {}, unknown: [] });
  });

  test.each<readonly [string, Json, string, string]>([
    ['name', 1, 'number', 'string'],
    ['uid', true, 'bool', 'types.UID'],
    ['generation', '1', 'string', 'int64'],
    ['labels', { a: 'b', c: 1 }, 'number', 'string'],
    ['labels', 'a=b', 'string', 'map[string]string'],
    ['annotations', ['a'], 'array', 'map[string]string'],
    ['finalizers', ['a', 1], 'number', 'string'],
    ['finalizers', 'a', 'string', '[]string'],
    ['ownerReferences', [{}, 'a'], 'string', 'v1.OwnerReference'],
    ['ownerReferences', { uid: 'u' }, 'object', '[]v1.OwnerReference'],
    ['managedFields', 'a', 'string', '[]v1.ManagedFieldsEntry'],
  ])("refuses %s of the wrong type in the words of Go's decoder: %j", (key, value, found, type) => {
    expect(refusalOf(() => read({ [key]: value }))).toEqual({
      code: 400,
      reason: 'BadRequest',
      message: `Thing: json: cannot unmarshal ${found} into Go struct field ObjectMeta.metadata.${key} of type ${type}`,
    });
  });

  test.each<readonly [Json, string]>([
    ['x', 'string'],
    [1, 'number'],
    [['x'], 'array'],
  ])('refuses metadata that is %j', (metadata, found) => {
    expect(refusalOf(() => read(metadata)).message).toBe(
      `Thing: json: cannot unmarshal ${found} into Go struct field .metadata of type v1.ObjectMeta`,
    );
  });

  it('reads a null in labels or annotations as an empty text', () => {
    expect(read({ labels: { a: null, b: 'c' } }).metadata).toEqual({ labels: { a: '', b: 'c' } });
  });

  it('takes null for no metadata, as Go does', () => {
    expect(read(null)).toEqual({ metadata: {}, unknown: [] });
  });
});

describe('names', () => {
  const isValid = (name: string, isNamespace = false): boolean => nameErrors(name, isNamespace).length === 0;

  test.each<readonly [string, boolean, boolean]>([
    ['a', true, true],
    ['0', true, true],
    ['a-b', true, true],
    ['a.b', true, false],
    ['a-.b', false, false],
    ['a..b', false, false],
    ['.a', false, false],
    ['-a', false, false],
    ['a-', false, false],
    ['A', false, false],
    ['a_b', false, false],
    ['a/b', false, false],
    ['a\n', false, false],
    ['a'.repeat(63), true, true],
    ['a'.repeat(64), true, false],
    ['a'.repeat(253), true, false],
    ['a'.repeat(254), false, false],
  ])('%j is a name: %s; of a namespace: %s', (name, ofObject, ofNamespace) => {
    expect([isValid(name), isValid(name, true)]).toEqual([ofObject, ofNamespace]);
  });

  it('says that a name is missing', () => {
    expect(nameErrors('', false)).toEqual([
      {
        reason: 'FieldValueRequired',
        field: 'metadata.name',
        message: 'Required value: name or generateName is required',
      },
    ]);
  });

  it('says how long a name may be', () => {
    expect(nameErrors('a'.repeat(64), true)[0]?.message).toContain('must be no more than 63 characters');
    expect(nameErrors('a'.repeat(254), false)[0]?.message).toContain('must be no more than 253 characters');
  });

  it('says which rule a name breaks: that of labels for namespaces, else that of subdomains', () => {
    expect(nameErrors('A', true)[0]?.message).toMatch(/^Invalid value: "A": a lowercase RFC 1123 label must/);
    expect(nameErrors('A', false)[0]?.message).toMatch(/^Invalid value: "A": a lowercase RFC 1123 subdomain must/);
  });

  it('completes names with five letters that make a valid name', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(random, (value) => {
        const suffix = nameSuffix(() => value);
        expect(suffix).toHaveLength(5);
        expect(isValid(suffix, true)).toBe(true);
      }),
    );
  });

  it('completes names from the whole of its alphabet, one letter for each draw', () => {
    const draws = [0, 0.5, 0.999, 0.25, 0.75].values();
    expect(nameSuffix(() => draws.next().value ?? 0)).toBe('br9j2');
  });
});

describe('labels', () => {
  test.each(['', 'a', '1', 'A.b_c-d', 'a'.repeat(63)])('may have the value %j', (value) => {
    expect(labelErrors({ labels: { key: value } })).toEqual([]);
  });

  test.each(['-a', 'a-', '.', 'a b', 'a/b', 'ä'])('may not have the value %j', (value) => {
    const [error, ...more] = labelErrors({ labels: { fine: 'a', key: value } });
    expect(more).toEqual([]);
    expect(error).toMatchObject({ reason: 'FieldValueInvalid', field: 'metadata.labels' });
    expect(error?.message).toContain(`Invalid value: ${JSON.stringify(value)}: a valid label must`);
  });

  it('may have 63 characters, and no more', () => {
    expect(labelErrors({ labels: { key: 'a'.repeat(64) } }, 'spec.labels')).toEqual([
      {
        reason: 'FieldValueInvalid',
        field: 'spec.labels',
        message: `Invalid value: "${'a'.repeat(64)}": must be no more than 63 characters`,
      },
    ]);
  });

  it('are not required', () => {
    expect(labelErrors({})).toEqual([]);
  });
});
