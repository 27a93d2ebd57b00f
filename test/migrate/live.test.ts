import { egressIPs, namespaces, nodes } from '../../api/kinds.ts';
import { makeSnapshot } from '../../src/migrate/input/make-snapshot.ts';
import { knownOf, unreadReason } from '../../src/migrate/known.ts';
import { isServed, liveNodes, liveObject, liveOf } from '../../src/migrate/live.ts';
import { clusterUID } from '../../src/migrate/snapshot.ts';
import { make, snapshotOf } from './snapshots.ts';

describe('the objects of a cluster', () => {
  const [b, a] = [make.node('b', '192.168.7.12'), make.node('a', '192.168.7.11')];
  const other = make.any('machine.io/v1', 'Node', { name: 'c' }, {});
  const snapshot = snapshotOf([b, a, make.namespace('shop')]);

  it('are those of the kinds that were asked for, by what identifies them', () => {
    const live = liveOf(snapshot, [nodes]);
    expect(liveObject(live, { apiVersion: 'v1', kind: 'Node', name: 'a' })).toBe(a);
    expect(liveObject(live, { apiVersion: 'v1', kind: 'Namespace', name: 'shop' })).toBeUndefined();
    expect(liveObject(live, { apiVersion: 'v1', kind: 'Node', namespace: 'shop', name: 'a' })).toBeUndefined();
  });

  it('are Nodes in order of their names, without those of another group', () => {
    const objects = new Map([b, a, other, make.namespace('shop')].map((one) => [one.metadata.name ?? '', one]));
    expect(liveNodes({ objects, unserved: new Set() })).toEqual([a, b]);
  });

  it('are of kinds that are served, unless the API server has none such', () => {
    const live = liveOf(makeSnapshot(new Map(), [], { absent: [egressIPs] }), [nodes, egressIPs]);
    expect([
      isServed(live, { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP' }),
      isServed(live, { apiVersion: 'v1', kind: 'Node' }),
    ]).toEqual([false, true]);
  });
});

describe('what is known', () => {
  const unread = [{ kind: namespaces, reason: 'forbidden', right: 'list namespaces' }];

  it('is the value, or that there is none, or that it may not be read', () => {
    expect(knownOf({ unread }, namespaces, 7)).toEqual({ kind: 'known', value: 7 });
    expect(knownOf({ unread }, nodes, undefined)).toEqual({ kind: 'absent' });
    expect(knownOf({ unread }, namespaces, undefined)).toEqual({
      kind: 'unreadable',
      reason: 'missing right: list namespaces (forbidden)',
    });
    expect(unreadReason({ reason: 'a Node is broken', right: undefined })).toBe('a Node is broken');
  });
});

it('is told from other clusters by the uid of kube-system', () => {
  expect(
    clusterUID(snapshotOf([make.namespace('shop', { uid: 'a' }), make.namespace('kube-system', { uid: 'b' })])),
  ).toBe('b');
  expect(clusterUID(snapshotOf([make.namespace('shop', { uid: 'a' })]))).toBeUndefined();
});

it('leaves out objects of OpenShift SDN of a wrong shape', () => {
  const broken = make.any('network.openshift.io/v1', 'NetNamespace', { name: 'x' }, { netname: 'x', netid: 'ten' });
  expect(snapshotOf([broken, make.netNamespace('shop', 10)]).netNamespaces.map(({ netname }) => netname)).toEqual([
    'shop',
  ]);
});
