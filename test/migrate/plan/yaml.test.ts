import fc from 'fast-check';
import { load } from 'js-yaml';
import { objectYAML } from '../../../src/migrate/plan/yaml.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { rounds } from '../../rounds.ts';

const object = (fields: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'x' },
  ...fields,
});

test('an object reads as people write it', () => {
  const made = {
    ...object({ spec: { list: ['a', { b: 1, a: 'true' }, []], none: {}, flag: true, empty: '', nothing: null } }),
    metadata: { name: 'x', labels: { 'k8s.ovn.org/egress-assignable': '' } },
  };
  expect(objectYAML(made)).toBe(`apiVersion: v1
kind: Thing
metadata:
  labels:
    k8s.ovn.org/egress-assignable: ""
  name: x
spec:
  empty: ""
  flag: true
  list:
    - a
    - a: "true"
      b: 1
    - []
  none: {}
  nothing: null
`);
});

test.each([
  '',
  'true',
  'No',
  '~',
  '1',
  '1e3',
  '0x1f',
  '012',
  '.5',
  '2024-03-05',
  '=',
  '<<',
  '- a',
  'a: b',
  'a #b',
  '#',
  '"',
  "'",
  'a\nb',
  'tab\t',
  ' lead',
  'trail ',
  '\u007f',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\ud800',
  '{',
  '[x',
  '*a',
  '&a',
  '!a',
  '%a',
  '@',
  '`',
  '| ',
  'null',
  'é',
  '日本',
  '😀',
  '.inf',
  'y',
  'on',
  '1:30',
  'a/b.c_d-e',
])('%j is read as itself', (text) => {
  expect(load(objectYAML(object({ [text === '__proto__' ? 'x' : `k${text}`]: [text, { [text]: text }] })))).toEqual(
    object({ [`k${text}`]: [text, { [text]: text }] }),
  );
});

test('whatever JSON can say is read as itself', () => {
  const value = fc.jsonValue({ noUnicodeString: false });
  fc.assert(
    fc.property(value, (spec) => {
      const made = object({ spec: JSON.parse(JSON.stringify(spec)) as unknown });
      expect(load(objectYAML(made))).toEqual(made);
    }),
    { numRuns: rounds(2_000) },
  );
});
