import { liveOf } from '../../../../../src/migrate/live.ts';
import { plannedKinds } from '../../../../../src/migrate/targets.ts';
import { factsOf } from '../../../../../src/migrate/targets/ovn/live/facts.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../../../snapshots.ts';
import { assignable, byName, downWorker, egressIP, first, second } from '../cluster-of.ts';

const facts = (objects: readonly KubeObject[], isReplaced = (): boolean => false) =>
  factsOf({ live: liveOf(snapshotOf(objects), plannedKinds), isReplaced });
const annotations = {
  'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.7.11/24"}',
  'k8s.ovn.org/node-subnets': '{"default":["10.128.0.0/23"]}',
  'k8s.ovn.org/host-cidrs': '["192.168.7.11/24"]',
};
const zone = (name: string) => ({ annotations: { ...annotations, 'k8s.ovn.org/zone-name': name } });
const [down] = downWorker(3);

describe('the facts on nodes', () => {
  const found = facts([
    make.node('n2', '192.168.7.12', { labels: assignable, ...zone('z1') }),
    make.node('n1', '192.168.7.11', zone('z2')),
    make.node('n4', '192.168.7.14', { annotations: { ...zone('z1').annotations, 'k8s.ovn.org/host-cidrs': '' } }),
    { ...down!, metadata: { ...down!.metadata, labels: assignable } },
  ]);

  it('are which lack annotations, which have the label, and which are Ready', () => {
    expect(found.unannotated).toEqual(['n3', 'n4']);
    expect(found.labeled).toEqual(['n2', 'n3']);
    expect([...found.ready]).toEqual(['n1', 'n2', 'n4']);
    expect([...found.able]).toEqual(['n2']);
  });

  it('are whose each address is, and the zones, each once', () => {
    expect(Object.fromEntries(found.nodeByAddress)).toEqual({
      '192.168.7.11': 'n1',
      '192.168.7.12': 'n2',
      '192.168.7.13': 'n3',
      '192.168.7.14': 'n4',
    });
    expect(found.zones).toEqual(['z1', 'z2']);
  });
});

describe('the facts on EgressIPs', () => {
  const found = facts([
    make.namespace('shop'),
    make.namespace('zoo'),
    egressIP('a', [first], byName('zoo', 'shop')),
    egressIP('b', [first, second], byName('shop')),
    egressIP('c', [], byName('nowhere')),
  ]);

  it('are who requests each address, by name', () => {
    expect(Object.fromEntries(found.egressIPsByAddress)).toEqual({ [first]: ['a', 'b'], [second]: ['b'] });
  });

  it('do not depend on the order of the objects', () => {
    const other = facts([
      egressIP('b', [first, second], byName('shop')),
      egressIP('a', [first], byName('zoo', 'shop')),
      make.namespace('zoo'),
      make.namespace('shop'),
    ]);
    expect(Object.fromEntries(other.servedBy)).toEqual({ a: ['shop', 'zoo'], b: ['shop'] });
    expect(Object.fromEntries(other.servers)).toEqual({ shop: ['a', 'b'], zoo: ['a'] });
  });

  it('are which namespaces each selects, and which select each namespace', () => {
    expect(Object.fromEntries(found.servedBy)).toEqual({ a: ['shop', 'zoo'], b: ['shop'], c: [] });
    expect(Object.fromEntries(found.servers)).toEqual({ shop: ['a', 'b'], zoo: ['a'] });
    expect(found.hasNamespaces).toBe(true);
    expect(facts([egressIP('a', [first])]).hasNamespaces).toBe(false);
  });
});

it('knows what the cloud holds, but for what replaced an object that the plan deleted', () => {
  const cloud = make.any('cloud.network.openshift.io/v1', 'CloudPrivateIPConfig', { name: first }, { spec: {} });
  expect([...facts([cloud]).heldByCloud]).toEqual([first]);
  expect([...facts([cloud], () => true).heldByCloud]).toEqual([]);
});
