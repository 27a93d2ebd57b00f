/** Which objects that are gone the way back creates again, and which it leaves to the old plugin. */
import { type Entry, progressOf } from '../../../../src/migrate/run/journal.ts';
import { kindsBeingMade, recreating } from '../../../../src/migrate/run/undo/recreate.ts';
import { restorer } from '../../../../src/migrate/run/undo/undo-value.ts';
import { refOf } from '../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { begun, deletingAt, planWith } from '../../plan-with.ts';
import { make } from '../../snapshots.ts';
import { liveFrom } from '../live-from.ts';

const namespace = make.namespace('shop');
const policy = make.policy('shop', 'rules', []);
const removal = deletingAt('finalize', policy);

interface Given {
  readonly was?: KubeObject;
  readonly live?: readonly KubeObject[];
  readonly unserved?: readonly string[];
  readonly entries?: readonly Entry[];
  readonly purged?: readonly string[];
  readonly making?: readonly string[];
}

/** What becomes of a policy that finalize deleted, unless all this says otherwise. */
const found = ({ was = policy, live = [namespace], unserved, entries = [begun(removal)], ...kinds }: Given = {}) =>
  recreating(was, {
    plan: planWith([removal], [was]),
    live: liveFrom(live, unserved),
    progress: progressOf(entries),
    purged: new Set(kinds.purged),
    making: new Set(kinds.making),
  });

test('what finalize deleted is created, as it was', () => {
  expect(found()).toEqual({ undo: [{ kind: 'create', object: refOf(removal), body: policy }] });
});

test('without what a server, the new plugin or an owner gave it', () => {
  const mark = 'k8s.ovn.org/egressip-mark';
  const given = { uid: 'u', resourceVersion: '7', ownerReferences: [{ uid: 'o' }], labels: { a: 'b' } };
  const was = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'e', ...given, annotations: { [mark]: '1', c: 'd' } }, {});
  const entries = [begun(deletingAt('finalize', was))];
  const [undo] = found({ was, entries }).undo;
  expect(undo).toMatchObject({ body: { metadata: { name: 'e', labels: { a: 'b' }, annotations: { c: 'd' } } } });
  expect(Object.keys(undo?.kind === 'create' ? undo.body.metadata : {}).sort()).toEqual([
    'annotations',
    'labels',
    'name',
  ]);
});

test('what the vendor cleared is created, what others deleted is not', () => {
  expect(found({ entries: [], purged: ['EgressNetworkPolicy'] }).undo).toHaveLength(1);
  expect(found({ entries: [], purged: ['HostSubnet'] })).toEqual({
    undo: [],
    notes: ['EgressNetworkPolicy shop/rules is not restored: others deleted it, and this plan did not'],
  });
});

test('nothing is created without its kind or its Namespace', () => {
  expect(found({ unserved: ['network.openshift.io/v1/EgressNetworkPolicy'] })).toEqual({
    undo: [],
    unserved: ['EgressNetworkPolicy'],
  });
  expect(found({ live: [] }).notes).toEqual(['EgressNetworkPolicy shop/rules is not restored: its Namespace is gone']);
});

describe('a NetNamespace', () => {
  const was = make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] });
  const purged = ['NetNamespace'];
  const awaited = (reason: string) => ({
    undo: [],
    awaited: [{ text: `NetNamespace shop is not created: ${reason}; OpenShift SDN makes its own` }],
  });

  it('waits for its plugin if another has its netid', () => {
    const live = [namespace, make.netNamespace('new', 10)];
    expect(found({ was, live, purged })).toMatchObject(awaited('NetNamespace new has netid 10 now'));
  });

  it('waits for its plugin if that has begun to make them', () => {
    expect(found({ was, purged, making: purged })).toMatchObject(awaited('others of its kind are there'));
    expect(found({ was, purged }).undo).toHaveLength(1);
  });
});

describe('the kinds that the plugin makes', () => {
  const purged = new Set(['NetNamespace', 'HostSubnet', 'EgressNetworkPolicy']);
  const other = make.netNamespace('other', 11);
  const restored = {
    ...other,
    metadata: { ...other.metadata, managedFields: [{ manager: restorer, fieldsV1: { 'f:netid': {} } }] },
  };

  it('are those of which one is there that no way back created', () => {
    expect([...kindsBeingMade(liveFrom([other]), purged)]).toEqual(['NetNamespace']);
    expect([...kindsBeingMade(liveFrom([restored]), purged)]).toEqual([]);
  });

  it('are none that was not cleared, and none that people make', () => {
    expect([...kindsBeingMade(liveFrom([other]), new Set(['HostSubnet']))]).toEqual([]);
    expect([...kindsBeingMade(liveFrom([policy]), purged)]).toEqual([]);
  });
});
