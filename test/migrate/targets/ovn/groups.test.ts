import { hasObject } from '../../../../src/migrate/requests/groups.ts';
import type { EgressGroup } from '../../../../src/migrate/targets/ovn/groups.ts';
import type { TranslateOptions } from '../../../../src/migrate/targets/ovn/options.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { ip } from '../../parsed.ts';
import { contextFrom, make } from '../../snapshots.ts';
import {
  assignable,
  byName,
  capacity,
  downWorker,
  egressIP,
  first,
  primary,
  project,
  second,
  third,
  worker,
} from './cluster-of.ts';

const planOf = (objects: readonly KubeObject[], options: Partial<TranslateOptions> = {}) =>
  contextFrom(objects, options).egress;
function group(objects: readonly KubeObject[], options: Partial<TranslateOptions> = {}): EgressGroup {
  const [only, ...others] = planOf(objects, options).groups;
  if (only === undefined || others.length > 0) throw new Error('there is not one group');
  return only;
}
const base = [...worker(1, { egressIPs: [first] }), ...worker(2, { egressIPs: [second] })];

describe('a group', () => {
  it('is for each VNID that requests something, sorted by its first namespace', () => {
    const { groups } = planOf([
      ...base,
      ...project('zoo', 30, [first]),
      ...project('shop', 20, [second]),
      ...project('bank', 20),
      ...project('idle', 40),
    ]);
    expect(groups.map(({ name, vnid, members }) => [name, vnid, members.map((one) => one.name)])).toEqual([
      ['egressip-bank', 20, ['bank', 'shop']],
      ['egressip-zoo', 30, ['zoo']],
    ]);
  });

  it('has the prefix in its name', () => {
    expect(group([...base, ...project('shop', 20, [first])], { prefix: 'out' }).name).toBe('out-shop');
  });

  it('is only made where one of its namespaces is chosen', () => {
    const objects = [...base, ...project('a', 1, [first]), ...project('b', 1), ...project('c', 2, [second])];
    expect(planOf(objects, { namespaces: ['b'] }).groups.map(({ name }) => name)).toEqual(['egressip-a']);
    expect(planOf(objects, { namespaces: ['nobody'] }).groups).toEqual([]);
  });

  it('selects the members that exist, and none that is being deleted', () => {
    const dying = make.namespace('dying', { deletionTimestamp: '2026-01-01T00:00:00Z' });
    const objects = [
      ...base,
      ...project('shop', 20, [first]),
      make.netNamespace('gone', 20),
      dying,
      make.netNamespace('dying', 20),
    ];
    expect(group(objects)).toMatchObject({ selected: ['shop'], members: [{}, {}, {}] });
  });

  it('takes every member as existing if the input has no Namespace at all', () => {
    expect(group([...base, make.netNamespace('shop', 20, { egressIPs: [first] })]).selected).toEqual(['shop']);
  });

  it('has an EgressIP if it selects something and requests something', () => {
    expect(hasObject(group([...base, ...project('shop', 20, [first])]))).toBe(true);
    expect(hasObject(group([...base, ...project('shop', 20, ['nonsense'])]))).toBe(false);
    const orphan = [...base, make.namespace('other'), make.netNamespace('shop', 20, { egressIPs: [first] })];
    expect(hasObject(group(orphan))).toBe(false);
  });
});

describe('what a group requests', () => {
  it('is what its members list, each once, in order', () => {
    const objects = [...base, ...project('b', 20, [second, first]), ...project('a', 20, [third, second])];
    expect(group(objects).egressIPs).toEqual([third, second, first]);
  });

  it('leaves out what is no address, with the reason', () => {
    const objects = [...base, ...project('shop', 20, [first, '192.168.7.07', 'fe80::1'])];
    expect(group(objects)).toMatchObject({
      egressIPs: [first],
      leftOut: [
        { code: 'EgressIPInvalid', text: '192.168.7.07' },
        { code: 'EgressIPInvalid', text: 'fe80::1' },
      ],
    });
  });

  it('leaves out what another VNID requests too, on both sides', () => {
    const { groups } = planOf([...base, ...project('b', 20, [first]), ...project('a', 21, [first, second])]);
    expect(groups.map(({ egressIPs, leftOut }) => ({ egressIPs, leftOut }))).toEqual([
      { egressIPs: [second], leftOut: [{ code: 'EgressIPClaimedTwice', text: first, namespaces: ['a', 'b'] }] },
      { egressIPs: [], leftOut: [{ code: 'EgressIPClaimedTwice', text: first, namespaces: ['a', 'b'] }] },
    ]);
  });

  it('keeps what namespaces of one VNID both list', () => {
    const objects = [...base, ...project('b', 20, [first]), ...project('a', 20, [first])];
    expect(group(objects)).toMatchObject({ egressIPs: [first], leftOut: [] });
  });

  it('leaves out the address of a node', () => {
    expect(group([...base, ...project('shop', 20, ['192.168.7.12', first])])).toMatchObject({
      egressIPs: [first],
      leftOut: [{ code: 'EgressIPIsNodeAddress', text: '192.168.7.12', node: 'n2' }],
    });
  });
});

describe('the nodes that may host an address', () => {
  it('are those with the label or an offer, on a network that holds it, Ready or not', () => {
    const objects = [
      ...worker(2, { egressIPs: [first] }),
      ...downWorker(1, { egressIPs: [second] }),
      ...worker(3),
      make.node('n4', '192.168.7.14', { annotations: primary('192.168.7.14', 29), labels: assignable }),
      make.node('n5', '192.168.7.15', { annotations: primary('192.168.7.15'), labels: assignable }),
      make.hostSubnet('n6', '192.168.7.16', { egressIPs: [third] }),
    ];
    const { fitting } = planOf(objects);
    expect(fitting(ip(first))).toEqual(['n1', 'n2', 'n5']);
    expect(fitting(ip('192.168.7.9'))).toEqual(['n1', 'n2', 'n4', 'n5']);
    expect(fitting(ip('10.0.0.1'))).toEqual([]);
  });

  it('are all whose network is unknown', () => {
    const objects = [make.node('n1', '192.168.7.11'), make.hostSubnet('n1', '192.168.7.11', { egressIPs: [first] })];
    expect(planOf(objects).fitting(ip('10.0.0.1'))).toEqual(['n1']);
  });

  it('are told apart by the CIDRs that hold it', () => {
    const { within, beyond } = planOf([
      ...worker(1, { egressCIDRs: ['192.168.7.96/28'] }),
      ...worker(2, { egressCIDRs: ['192.168.7.128/25', '192.168.7.100/30'] }),
      ...worker(3, { egressIPs: [third] }),
    ]);
    expect([within(ip(first)), beyond(ip(first))]).toEqual([['n1', 'n2'], ['n3']]);
    expect([within(ip('192.168.7.200')), beyond(ip('192.168.7.200'))]).toEqual([['n2'], ['n1', 'n3']]);
    expect([within(ip('192.168.7.5')), beyond(ip('192.168.7.5'))]).toEqual([[], ['n1', 'n2', 'n3']]);
  });

  it('are those that list it today, by name', () => {
    const { hostsOf } = planOf([...worker(2, { egressIPs: [first] }), ...worker(1, { egressIPs: [first, second] })]);
    expect(hostsOf(ip(first)).map(({ name }) => name)).toEqual(['n1', 'n2']);
    expect(hostsOf(ip(third))).toEqual([]);
  });
});

describe('an address is doubtful', () => {
  const unknown = (number: number, address: string, fields = {}): readonly KubeObject[] => [
    make.node(`u${number}`, address),
    make.hostSubnet(`u${number}`, address, { subnet: `10.129.${number}.0/24`, ...fields }),
  ];
  const doubtful = (objects: readonly KubeObject[], address: string): boolean => planOf(objects).doubtful(ip(address));

  it('if only nodes of unknown networks fit it and none has an address that begins alike', () => {
    expect(doubtful(unknown(1, '192.168.7.11', { egressIPs: [first] }), '10.9.9.9')).toBe(true);
  });

  it('not if an address begins alike', () => {
    expect(doubtful(unknown(1, '192.168.7.11', { egressIPs: [first] }), '192.168.99.1')).toBe(false);
  });

  it('not if CIDRs hold it', () => {
    expect(doubtful(unknown(1, '192.168.7.11', { egressCIDRs: ['10.9.9.0/24'] }), '10.9.9.9')).toBe(false);
  });

  it('not if a known network holds it', () => {
    const known = [
      make.node('k1', '10.9.9.1', { annotations: primary('10.9.9.1') }),
      make.hostSubnet('k1', '10.9.9.1', { egressIPs: ['10.9.9.9'] }),
    ];
    expect(doubtful([...unknown(1, '192.168.7.11', { egressIPs: [first] }), ...known], '10.9.9.9')).toBe(false);
  });

  it('not if no node fits it at all', () => {
    expect(doubtful(worker(1, { egressIPs: [first] }), '10.9.9.9')).toBe(false);
  });
});

describe('a group is served', () => {
  const served = (objects: readonly KubeObject[]): boolean => {
    const plan = planOf(objects);
    return plan.served(plan.groups[0]!);
  };
  const shop = project('shop', 20, [first]);

  it('if a node that is Ready has room for one of its addresses', () => {
    expect(served([...worker(1, { egressIPs: [first] }), ...shop])).toBe(true);
    expect(served([...downWorker(1, { egressIPs: [first] }), ...shop])).toBe(false);
    expect(served([...worker(1), ...shop])).toBe(false);
  });

  it('if the capacity is enough for whatever comes before', () => {
    const two = [...project('shop', 20, [first]), ...project('zoo', 21, [second])];
    expect(served([...worker(1, { egressIPs: [first] }, capacity(2)), ...two])).toBe(true);
    expect(served([...worker(1, { egressIPs: [first] }, capacity(1)), ...two])).toBe(false);
  });

  it('not by an address that nobody knows a network for, if it is dropped today', () => {
    const node = [make.node('n1', '192.168.7.11'), make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['10.9.9.8'] })];
    expect(served([...node, ...project('shop', 20, ['10.9.9.9'])])).toBe(false);
    expect(served([...node, ...project('shop', 20, ['10.9.9.8'])])).toBe(true);
  });

  it('not without an EgressIP', () => {
    expect(
      served([
        ...worker(1, { egressIPs: [first] }),
        make.namespace('other'),
        make.netNamespace('shop', 20, { egressIPs: [first] }),
      ]),
    ).toBe(false);
  });
});

describe('the prediction', () => {
  it('tells how many are assigned if nobody else has any', () => {
    expect(planOf([...base, ...project('shop', 20, [first, second])]).prediction.assignedCount).toEqual([2]);
  });

  it('does not tell how many if somebody else has some, or if only some namespaces are chosen', () => {
    const objects = [...base, ...project('shop', 20, [first]), ...project('zoo', 21, [second])];
    expect(planOf(objects, { namespaces: ['shop'] }).prediction.assignedCount).toEqual([]);
    expect(planOf([...objects, egressIP('theirs', [third], byName('x'))]).prediction.assignedCount).toEqual([]);
  });

  it('lets those of others compete', () => {
    const small = [...worker(1, { egressIPs: [first] }, capacity(1)), ...project('shop', 20, [first])];
    expect(planOf(small).prediction.allowed.get(first)).toEqual(['n1']);
    expect(planOf([...small, egressIP('theirs', [third])]).prediction.allowed.get(first)).toEqual(['n1', null]);
  });

  it('assigns nothing to nodes that are not Ready, or not there', () => {
    const down = [...downWorker(1, { egressIPs: [first] }), ...project('shop', 20, [first])];
    expect(planOf(down).prediction.allowed.get(first)).toEqual([null]);
    const gone = [
      make.node('x', '10.1.1.1'),
      make.hostSubnet('n1', '192.168.7.11', { egressIPs: [first] }),
      ...project('shop', 20, [first]),
    ];
    expect(planOf(gone).prediction.allowed.get(first)).toEqual([null]);
  });
});
