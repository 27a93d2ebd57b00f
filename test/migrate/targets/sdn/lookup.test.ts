import { hostSubnets, netNamespaces } from '../../../../api/kinds.ts';
import { hasNamed, namespacesSelected, netNamespaceNamed } from '../../../../src/migrate/targets/sdn/lookup.ts';
import { make, snapshotOf } from '../../snapshots.ts';

const snapshot = snapshotOf([
  make.namespace('a', { labels: { team: 'red' } }),
  make.namespace('b'),
  make.netNamespace('a', 10),
  make.hostSubnet('n1', '192.168.7.11'),
]);

it('finds Namespaces by their labels, and by name also where the label of the name is missing', () => {
  expect(namespacesSelected(snapshot, { matchLabels: { team: 'red' } })).toEqual(['a']);
  expect(namespacesSelected(snapshot, { matchLabels: { 'kubernetes.io/metadata.name': 'a' } })).toEqual(['a']);
  expect(namespacesSelected(snapshot, {})).toEqual(['a', 'b']);
});

it('finds a NetNamespace by its name', () => {
  expect(netNamespaceNamed(snapshot, 'a')?.netid).toBe(10);
  expect(netNamespaceNamed(snapshot, 'b')).toBeUndefined();
});

it('tells kinds apart, and snapshots too', () => {
  expect([hasNamed(snapshot, netNamespaces, 'a'), hasNamed(snapshot, netNamespaces, 'n1')]).toEqual([true, false]);
  expect([hasNamed(snapshot, hostSubnets, 'a'), hasNamed(snapshot, hostSubnets, 'n1')]).toEqual([false, true]);
  const other = snapshotOf([make.netNamespace('z', 1)]);
  expect([hasNamed(other, netNamespaces, 'a'), hasNamed(other, netNamespaces, 'z')]).toEqual([false, true]);
  expect(netNamespaceNamed(other, 'a')).toBeUndefined();
});
