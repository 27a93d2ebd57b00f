import { liveOf } from '../../../../src/migrate/live.ts';
import { plannedKinds } from '../../../../src/migrate/targets.ts';
import { leavesWith } from '../../../../src/migrate/targets/sdn/leaves-with.ts';
import type { Change } from '../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../../snapshots.ts';

const apply = (object: KubeObject): Change => ({ action: 'apply', step: 'restore', object, from: [] });
const there = [
  make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
  make.netNamespace('idle', 11),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] }),
];
const seen = (...changes: readonly Change[]) =>
  Object.fromEntries(leavesWith(changes, liveOf(snapshotOf(there), plannedKinds)));

it('is with what the NetNamespace requests now, whatever the plan wanted', () => {
  expect(seen(apply(make.netNamespace('shop', 10, { egressIPs: ['192.168.7.250'] })))).toEqual({
    shop: ['192.168.7.101'],
  });
});

it('is not said of a namespace that requests nothing or is not there', () => {
  expect(seen(apply(make.netNamespace('idle', 11)), apply(make.netNamespace('gone', 12)))).toEqual({});
});

it('is not said by a HostSubnet, or by a change that only clears', () => {
  const object = { apiVersion: 'network.openshift.io/v1', kind: 'NetNamespace', name: 'shop' };
  expect(seen(apply(make.hostSubnet('n1', '192.168.7.11')))).toEqual({});
  expect(seen({ action: 'clear', step: 'finalize', object, patch: {} })).toEqual({});
});
