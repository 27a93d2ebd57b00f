/** Whose identity is taken. */
import fc from 'fast-check';
import { objectRef, refKey } from '../../../../../src/migrate/ref.ts';
import { identityTaken } from '../../../../../src/migrate/targets/sdn/old/identity.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { rounds } from '../../../../rounds.ts';
import { liveFrom } from '../../../run/live-from.ts';
import { make } from '../../../snapshots.ts';

const backupOf = (objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> =>
  new Map(objects.map((object) => [refKey(objectRef(object)), object]));

describe('the identity of a HostSubnet', () => {
  const was = make.hostSubnet('n1', '192.168.7.11', { subnet: '10.128.2.0/23' });
  const node = make.node('n1', '192.168.7.11');
  const taken = (...live: readonly KubeObject[]) => identityTaken(was, backupOf([was]), liveFrom(live));

  it('is free if its Node has its address and no other has its subnet', () => {
    expect(taken(node, make.hostSubnet('n2', '192.168.7.12', { subnet: '10.128.4.0/23' }))).toBeUndefined();
  });

  it('is not taken by itself', () => {
    expect(taken(node, was)).toBeUndefined();
  });

  it('is taken if its Node has another address', () => {
    expect(taken(make.node('n1', '192.168.7.21'))).toBe('its Node has 192.168.7.21 now, not 192.168.7.11');
  });

  it('is free if its Node is gone, or shows no address, or shows it beside another', () => {
    expect(taken()).toBeUndefined();
    expect(taken(make.any('v1', 'Node', { name: 'n1' }, {}))).toBeUndefined();
    const addresses = ['192.168.7.21', '192.168.7.11'].map((address) => ({ type: 'InternalIP', address }));
    expect(taken(make.any('v1', 'Node', { name: 'n1' }, { status: { addresses } }))).toBeUndefined();
  });

  it.each([
    ['its host IP', '192.168.7.11', '10.128.4.0/23'],
    ['its subnet', '192.168.7.12', '10.128.2.0/23'],
    ['a part of its subnet', '192.168.7.12', '10.128.3.0/24'],
    ['more than its subnet', '192.168.7.12', '10.128.0.0/22'],
  ])('is taken if another has %s', (_what, ip, subnet) => {
    expect(taken(node, make.hostSubnet('n2', ip, { subnet }))).toBe('HostSubnet n2 has its subnet or host IP now');
  });

  it('is not taken by a subnet that nobody can read', () => {
    expect(taken(node, make.hostSubnet('n2', '192.168.7.12', { subnet: 'none' }))).toBeUndefined();
  });

  it('is not taken by an object of another kind or group', () => {
    const fields = { host: 'n2', hostIP: '192.168.7.11', subnet: '10.128.2.0/23' };
    const others = [
      make.any('example.com/v1', 'HostSubnet', { name: 'n2' }, fields),
      make.any('network.openshift.io/v1', 'NetNamespace', { name: 'n2' }, fields),
    ];
    expect(taken(node, ...others)).toBeUndefined();
  });
});

describe('the identity of a NetNamespace', () => {
  const shop = make.netNamespace('shop', 10);

  it('is taken by one that came since and has its netid', () => {
    const live = liveFrom([make.netNamespace('other', 10)]);
    expect(identityTaken(shop, backupOf([shop]), live)).toBe('NetNamespace other has netid 10 now');
  });

  it('is taken by one that had another netid', () => {
    const backup = backupOf([shop, make.netNamespace('other', 11)]);
    expect(identityTaken(shop, backup, liveFrom([make.netNamespace('other', 10)]))).toContain('other has netid 10');
  });

  it('is free beside others, and beside one that shared it at the time of the backup', () => {
    const other = make.netNamespace('other', 10);
    expect(identityTaken(shop, backupOf([shop, other]), liveFrom([other]))).toBeUndefined();
    expect(identityTaken(shop, backupOf([shop]), liveFrom([make.netNamespace('other', 11)]))).toBeUndefined();
  });

  it('is never taken if it is 0, which all may share', () => {
    const was = make.netNamespace('shop', 0);
    expect(identityTaken(was, backupOf([was]), liveFrom([make.netNamespace('other', 0)]))).toBeUndefined();
  });
});

test('a policy has no identity that others could have', () => {
  const was = make.policy('shop', 'rules', []);
  expect(identityTaken(was, backupOf([was]), liveFrom([make.policy('other', 'rules', [])]))).toBeUndefined();
});

test('NetNamespaces that are created again share a netid only with those that they shared it with', () => {
  const netid = fc.integer({ min: 0, max: 3 });
  const names = ['a', 'b', 'c', 'd', 'e'] as const;
  const each = fc.tuple(...names.map(() => fc.record({ before: netid, now: fc.option(netid) })));
  fc.assert(
    fc.property(each, (states) => {
      const backup = names.map((name, index) => make.netNamespace(name, states[index]?.before ?? 0));
      const kept = states.flatMap(({ now }, index) => (now === null ? [] : [{ index, now }]));
      const live = liveFrom(kept.map(({ index, now }) => make.netNamespace(names[index] ?? '', now)));
      for (const [index, { before, now }] of states.entries()) {
        if (now !== null) continue;
        const was = make.netNamespace(names[index] ?? '', before);
        const strangers = kept.filter((one) => one.now === before && states[one.index]?.before !== before);
        expect(identityTaken(was, backupOf(backup), live) === undefined).toBe(before === 0 || strangers.length === 0);
      }
    }),
    { numRuns: rounds(1000) },
  );
});
