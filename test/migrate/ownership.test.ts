/** Whose an object is, and which of its fields are ours. */
import fc from 'fast-check';
import {
  bearsOurMark,
  holds,
  isForeignKind,
  isOurs,
  isShared,
  keysOfPlans,
  managerOf,
  writtenBy,
} from '../../src/migrate/ownership.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { make } from './snapshots.ts';

const written = (spec: object, ...by: (readonly [manager: string, fields: object])[]): KubeObject =>
  make.any(
    'k8s.ovn.org/v1',
    'EgressIP',
    { name: 'e', managedFields: by.map(([manager, fieldsV1]) => ({ manager, fieldsV1 })) },
    { spec },
  );
const plan = { id: '0123456789' };
const [manager, mine] = [managerOf(plan), writtenBy(plan)];
const ours = [manager, { 'f:spec': { 'f:egressIPs': {} } }] as const;
const theirs = ['kubectl', { 'f:spec': { 'f:egressIPs': {}, 'f:namespaceSelector': {} } }] as const;
const status = ['ovnkube', { 'f:status': {} }] as const;

test('an object is ours when we alone wrote its spec, whoever wrote its status', () => {
  expect(isOurs(written({}, ours), mine)).toBe(true);
  expect(isOurs(written({}, ours, status), mine)).toBe(true);
  expect(isOurs(written({}, ours, theirs), mine)).toBe(false);
  expect(isOurs(written({}, theirs), mine)).toBe(false);
  expect(isOurs(written({}, [manager, { 'f:metadata': {} }]), mine)).toBe(false);
  expect(isOurs(written({}), mine)).toBe(false);
});

test('it has our mark as soon as we wrote any field', () => {
  expect(bearsOurMark(written({}, [manager, { 'f:metadata': {} }], theirs), mine)).toBe(true);
  expect(bearsOurMark(written({}, theirs, status), mine)).toBe(false);
});

test('it is shared when others own every field of the spec, one by one', () => {
  const spec = { egressIPs: [], namespaceSelector: {} };
  expect(isShared(written(spec, ours, theirs), mine)).toBe(true);
  expect(isShared(written({ ...spec, podSelector: {} }, ours, theirs), mine)).toBe(false);
  expect(isShared(written(spec, ours, status), mine)).toBe(false);
  const [half, other] = [{ 'f:spec': { 'f:egressIPs': {} } }, { 'f:spec': { 'f:namespaceSelector': {} } }];
  expect(isShared(written(spec, ours, ['a', half], ['b', other]), mine)).toBe(true);
});

test('the labels that plans alone wrote are theirs, whichever plan it was; a label that others wrote too is not', () => {
  const labels = (...keys: readonly string[]) => ({
    'f:metadata': { 'f:labels': Object.fromEntries(['.', ...keys.map((key) => `f:${key}`)].map((key) => [key, {}])) },
  });
  const node = make.any(
    'v1',
    'Node',
    {
      name: 'n',
      labels: { a: '', b: '', c: '' },
      managedFields: [
        { manager, fieldsV1: labels('a', 'b') },
        { manager: managerOf({ id: '' }), fieldsV1: labels('a') },
        { manager: 'admin', fieldsV1: labels('b', 'c') },
      ],
    },
    {},
  );
  expect(keysOfPlans(node, 'labels')).toEqual(['a']);
  expect(keysOfPlans(node, 'annotations')).toEqual([]);
});

test('Nodes and Namespaces are never ours as a whole', () => {
  expect(isForeignKind({ apiVersion: 'v1', kind: 'Node', name: 'n' })).toBe(true);
  expect(isForeignKind({ apiVersion: 'v1', kind: 'Namespace', name: 'n' })).toBe(true);
  expect(isForeignKind({ apiVersion: 'v1', kind: 'Pod', name: 'n' })).toBe(false);
  expect(isForeignKind({ apiVersion: 'other/v1', kind: 'Node', name: 'n' })).toBe(false);
});

test('a live object holds a configuration when it has all of it: more fields are fine, other lists are not', () => {
  expect(holds({ a: 1, b: { c: [1] } }, { a: 1, b: { c: [1], d: 2 }, e: 3 })).toBe(true);
  expect(holds({ a: [1] }, { a: [1, 2] })).toBe(false);
  expect(holds({ a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }] })).toBe(false);
  expect(holds({ a: {} }, {})).toBe(false);
  expect(holds({ a: 1 }, undefined)).toBe(false);
  fc.assert(
    fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (value, more) => {
      expect(holds(value, value)).toBe(true);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        expect(holds(value, { ...more, ...value })).toBe(true);
      }
    }),
  );
});

test('an item of a list that has a name may have more fields, any other must be equal', () => {
  const ports = (...items: readonly object[]) => ({ spec: { ports: items } });
  const http = { name: 'http', port: 80 };
  expect(holds(ports(http), ports({ ...http, nodePort: 30080 }))).toBe(true);
  expect(holds(ports(http), ports({ ...http, port: 81 }))).toBe(false);
  expect(holds(ports(http), ports(http, { name: 'https', port: 443 }))).toBe(false);
  expect(holds(ports({ port: 80 }), ports({ port: 80, nodePort: 30080 }))).toBe(false);
});
