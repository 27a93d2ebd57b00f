/** What an object of a backup belongs to. */
import { withoutOwner } from '../../../../src/migrate/run/undo/owner.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { make } from '../../snapshots.ts';
import { liveFrom } from '../live-from.ts';

describe('an object belongs to', () => {
  const dying = { deletionTimestamp: '2026-01-01T00:00:00Z' };

  it.each<readonly [string, KubeObject, KubeObject, KubeObject]>([
    [
      'the Node of its name if it is a HostSubnet',
      make.hostSubnet('one', '192.168.7.11'),
      make.node('one', '192.168.7.11'),
      make.node('one', '192.168.7.11', dying),
    ],
    [
      'the Namespace of its name if it is a NetNamespace',
      make.netNamespace('one', 10),
      make.namespace('one'),
      make.namespace('one', dying),
    ],
    [
      'its Namespace if it is a policy',
      make.policy('one', 'rules', []),
      make.namespace('one'),
      make.namespace('one', dying),
    ],
    [
      'its Namespace if it is of another plugin, whatever its kind is called',
      make.any('k8s.ovn.org/v1', 'HostSubnet', { name: 'rules', namespace: 'one' }, {}),
      make.namespace('one'),
      make.namespace('one', dying),
    ],
  ])('%s', (_what, object, owner, going) => {
    const others = [make.namespace('rules'), make.namespace('two'), make.node('two', '192.168.7.12')];
    // the other kind of the same name is no owner
    const stranger = owner.kind === 'Node' ? make.namespace('one') : make.node('one', '192.168.7.11');
    expect(withoutOwner(object, liveFrom([...others, owner]))).toBeUndefined();
    expect(withoutOwner(object, liveFrom([...others, stranger]))).toBe(`its ${owner.kind} is gone`);
    expect(withoutOwner(object, liveFrom([...others, going]))).toBe(`its ${owner.kind} is being deleted`);
  });
});

it('says nothing of an object of the whole cluster that belongs to nobody', () => {
  const one = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'one' }, { spec: {} });
  expect(withoutOwner(one, liveFrom([]))).toBeUndefined();
});
