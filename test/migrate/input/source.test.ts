import { egressIPs, nodes } from '../../../api/kinds.ts';
import { snapshotOf } from '../../../src/migrate/input/make-snapshot.ts';
import { inventoryOf, namespacesOf } from '../../../src/migrate/input/source.ts';
import { make } from '../snapshots.ts';

it('counts what was read of each kind, and says what was not', () => {
  const snapshot = snapshotOf(new Map([[nodes, [make.node('a', '1.1.1.1'), make.node('b', '1.1.1.2')]]]), [
    { kind: egressIPs, reason: 'forbidden', right: undefined },
  ]);
  expect(inventoryOf(snapshot)).toEqual([
    { kind: 'EgressIP', apiVersion: 'k8s.ovn.org/v1', count: 0, unread: 'forbidden' },
    { kind: 'Node', apiVersion: 'v1', count: 2 },
  ]);
});

it('names a kind of which there is one object too', () => {
  const snapshot = snapshotOf(
    new Map([
      [nodes, [make.node('a', '1.1.1.1')]],
      [egressIPs, [make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'e' }, {})]],
    ]),
    [],
  );
  expect(inventoryOf(snapshot).map(({ kind, apiVersion }) => `${apiVersion}/${kind}`)).toEqual([
    'k8s.ovn.org/v1/EgressIP',
    'v1/Node',
  ]);
  expect([...snapshot.objects.keys()]).toEqual(['k8s.ovn.org/v1/EgressIP', 'v1/Node']);
});

it('knows in which namespaces objects are', () => {
  expect([...namespacesOf([make.policy('b', 'x', []), make.policy('a', 'x', []), make.policy('b', 'y', [])])]).toEqual([
    'b',
    'a',
  ]);
});
