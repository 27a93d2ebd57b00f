/** How objects are addressed and ordered. */
import fc from 'fast-check';
import { egressIPs, nodes } from '../../api/kinds.ts';
import {
  bareObject,
  compareRefs,
  type ObjectRef,
  objectRef,
  refKey,
  refNamed,
  refText,
  resourceName,
} from '../../src/migrate/ref.ts';
import { make } from './snapshots.ts';

const some = (...texts: string[]) => fc.constantFrom(...texts);
const anyRef: fc.Arbitrary<ObjectRef> = fc.record(
  { apiVersion: some('v1', 'a/v1'), kind: some('Node', 'Pod'), name: some('a', 'b'), namespace: some('m', 'n') },
  { requiredKeys: ['apiVersion', 'kind', 'name'] },
);

test('an object is addressed by what tells it apart, and nothing else', () => {
  expect(objectRef(make.node('n1', '192.168.7.11'))).toEqual({ apiVersion: 'v1', kind: 'Node', name: 'n1' });
  const firewall = make.any('k8s.ovn.org/v1', 'EgressFirewall', { name: 'default', namespace: 'shop' }, {});
  expect(refText(objectRef(firewall))).toBe('EgressFirewall shop/default');
  expect(refKey(objectRef(firewall))).toBe('k8s.ovn.org/v1/EgressFirewall/shop/default');
});

test('a bare object has its identity and nothing else', () => {
  fc.assert(fc.property(anyRef, (ref) => expect(objectRef(bareObject(ref))).toEqual(ref)));
  expect(bareObject(refNamed(nodes, 'n1'))).toEqual({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
  expect(refNamed(egressIPs, 'e')).toEqual({ apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP', name: 'e' });
});

test('rights and messages name a kind with its group, where it has one', () => {
  expect(resourceName(egressIPs)).toBe('egressips.k8s.ovn.org');
  expect(resourceName(nodes)).toBe('nodes');
});

test('the order of objects is total, and equal only for what has one key', () => {
  fc.assert(
    fc.property(anyRef, anyRef, anyRef, (a, b, c) => {
      expect(Math.sign(compareRefs(a, b))).toBe(-Math.sign(compareRefs(b, a)) || 0);
      expect(compareRefs(a, b) === 0).toBe(refKey(a) === refKey(b));
      if (compareRefs(a, b) <= 0 && compareRefs(b, c) <= 0) expect(compareRefs(a, c)).toBeLessThanOrEqual(0);
    }),
  );
});

test('objects are ordered by kind, group, namespace and name', () => {
  const refs = [
    { apiVersion: 'v1', kind: 'Pod', namespace: 'b', name: 'a' },
    { apiVersion: 'v1', kind: 'Pod', namespace: 'a', name: 'b' },
    { apiVersion: 'v1', kind: 'Pod', namespace: 'a', name: 'a' },
    { apiVersion: 'a/v1', kind: 'Pod', name: 'z' },
    { apiVersion: 'v1', kind: 'Node', name: 'z' },
  ];
  expect(refs.toSorted(compareRefs)).toEqual([refs[4], refs[3], refs[2], refs[1], refs[0]]);
});
