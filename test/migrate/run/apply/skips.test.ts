/** Which objects the names of --skip mean. */
import { egressIPs, netNamespaces, nodes, pods } from '../../../../api/kinds.ts';
import type { Live } from '../../../../src/migrate/live.ts';
import { bareObject, type ObjectRef, refKey, refNamed } from '../../../../src/migrate/ref.ts';
import { type Skips, skipsOf, unknownText } from '../../../../src/migrate/run/apply/skips.ts';
import type { Change } from '../../../../src/migrate/translation.ts';

const removing = (object: ObjectRef): Change => ({ action: 'delete', step: 'clean', object, from: [] });
const egressIP = refNamed(egressIPs, 'egressip-shop');
const firewall: ObjectRef = {
  apiVersion: 'k8s.ovn.org/v1',
  kind: 'EgressFirewall',
  namespace: 'shop',
  name: 'default',
};
const netNamespace = refNamed(netNamespaces, 'shop');
const node = refNamed(nodes, 'n1');
const pod: ObjectRef = { ...refNamed(pods, 'p'), namespace: 'shop' };

const byKey = <T>(refs: readonly ObjectRef[], make: (ref: ObjectRef) => T): Map<string, T> =>
  new Map(refs.map((ref) => [refKey(ref), make(ref)]));
const live: Live = { objects: byKey([node, pod], bareObject), unserved: new Set() };
const steps = [
  { name: 'one', description: '', changes: [removing(egressIP)] },
  { name: 'two', description: '', changes: [removing(firewall)] },
];
const skips = (...names: readonly string[]): Skips =>
  skipsOf(names, { steps, backup: byKey([netNamespace], bareObject) }, live);
const all = (...refs: readonly ObjectRef[]): Skips => ({ skipped: new Set(refs.map(refKey)), unknown: [] });

test('without names nothing is skipped', () => {
  expect(skips()).toEqual(all());
});

test('an object of any step has the name KIND/NAME, or KIND/NAMESPACE/NAME where it is in a namespace', () => {
  expect(skips('EgressIP/egressip-shop')).toEqual(all(egressIP));
  expect(skips('EgressFirewall/shop/default')).toEqual(all(firewall));
  expect(skips('EgressFirewall/default').unknown).toEqual(['EgressFirewall/default']);
});

test('so have the objects of the backup, and the Nodes that are there; nothing else of the cluster has', () => {
  expect(skips('NetNamespace/shop', 'Node/n1')).toEqual(all(netNamespace, node));
  expect(skips('Pod/shop/p', 'Node/n2')).toEqual({ skipped: new Set(), unknown: ['Pod/shop/p', 'Node/n2'] });
});

test('names that fit nothing do not stop the others, and are told in their order', () => {
  expect(skips('EgressIP/x', 'EgressIP/egressip-shop', 'egressip/egressip-shop')).toEqual({
    skipped: new Set([refKey(egressIP)]),
    unknown: ['EgressIP/x', 'egressip/egressip-shop'],
  });
});

test('a name means each object that has it, whatever its API group', () => {
  const other = { ...egressIP, apiVersion: 'example.org/v1' };
  const both = [{ name: 'one', description: '', changes: [removing(egressIP), removing(other)] }];
  expect(skipsOf(['EgressIP/egressip-shop'], { steps: both, backup: new Map() }, live)).toEqual(all(egressIP, other));
});

test('the refusal says what the name would have to be', () => {
  expect(unknownText('EgressIP/x')).toBe('--skip EgressIP/x: neither an object of the plan nor a Node has that name');
});
