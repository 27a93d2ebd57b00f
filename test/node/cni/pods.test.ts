/** Pods in Open vSwitch's database, and the addresses that they are given. */
import fc from 'fast-check';
import { addressAt, type Ip } from '../../../src/model/values/address.ts';
import { fieldOf, isRecord } from '../../../src/model/values/json.ts';
import {
  addPodPort,
  attachedPods,
  keepLastAddress,
  keptLimit,
  lastAddress,
  limitPort,
  localPods,
  nextAddress,
  removeAllLimits,
  removeLimit,
  withVnids,
} from '../../../src/node/cni/pods.ts';
import type { Operation } from '../../../src/node/ovs/ovsdb.ts';
import { rounds } from '../../rounds.ts';
import { type Database, database, type Tables } from '../ovs/database.ts';
import { cidr, ip, vnid } from '../states.ts';

let open: Database | undefined;
const opened = async (tables: Tables): Promise<Database> => (open = await database(tables));
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const map = (entries: Readonly<Record<string, string>>): unknown => ['map', Object.entries(entries)];
const ids = {
  sandbox: 's1',
  network: 'net',
  ip: '10.254.0.2',
  'pod-namespace': 'red',
  'pod-name': 'p1',
  'pod-uid': '1f-2',
};
const pod = {
  device: 'veth1',
  sandbox: 's1',
  network: 'net',
  namespace: 'red',
  name: 'p1',
  uid: '1f-2',
  ip: ip('10.254.0.2'),
  ofport: 3,
};

describe('the pods on the bridge', () => {
  test.each<readonly [string, object, number]>([
    ['a number', { ofport: 3 }, 3],
    ['no number yet', { ofport: ['set', []] }, 0],
    ['a port that could not be made', { ofport: -1 }, 0],
    ['nothing', {}, 0],
  ])('are read with their data; a port that has %s', async (_what, port, ofport) => {
    const { ovsdb } = await opened({ Interface: [{ name: 'veth1', external_ids: map(ids), ...port }] });
    expect(attachedPods(ovsdb)).toEqual([{ ...pod, ofport }]);
  });

  it('are not the other interfaces, nor those whose data is not ours', async () => {
    const { ovsdb } = await opened({
      Interface: [
        { name: 'tun0', external_ids: map({}) },
        { name: 'a', external_ids: map({ ip: '10.254.0.3' }) },
        { name: 'b', external_ids: map({ sandbox: 's', ip: 'x' }) },
        { name: 'c', external_ids: map({ sandbox: 's' }) },
        { name: 'd', external_ids: map({ sandbox: 's', ip: '10.254.0.9' }), ofport: 9 },
      ],
    });
    expect(attachedPods(ovsdb)).toEqual([
      { device: 'd', sandbox: 's', network: '', namespace: '', name: '', uid: '', ip: '10.254.0.9', ofport: 9 },
    ]);
  });

  it('are read back as they were added', async () => {
    const [insert] = addPodPort('veth1', pod);
    const row = isRecord(insert?.['row']) ? insert['row'] : {};
    const { ovsdb } = await opened({ Interface: [{ ...row, ofport: 3 }] });
    expect(attachedPods(ovsdb)).toEqual([pod]);
  });
});

describe('the address that a pod got last', () => {
  it('is read from the bridge, and is unknown without one or with nonsense on it', async () => {
    const of = async (tables: Tables): Promise<Ip | undefined> => {
      const found = await database(tables);
      const last = lastAddress(found.ovsdb);
      await found.close();
      return last;
    };
    const bridge = (last: string): Tables => ({
      Bridge: [{ name: 'br0', external_ids: map({ 'last-pod-address': last }) }],
    });
    expect(await of(bridge('10.254.0.7'))).toBe('10.254.0.7');
    expect(await of(bridge('x'))).toBeUndefined();
    expect(await of({})).toBeUndefined();
    expect(
      await of({ Bridge: [{ name: 'br1', external_ids: map({ 'last-pod-address': '10.254.0.7' }) }] }),
    ).toBeUndefined();
  });

  it('replaces the one before it', () => {
    const [operation] = keepLastAddress(ip('10.254.0.7'));
    expect(operation).toEqual({
      op: 'mutate',
      table: 'Bridge',
      where: [['name', '==', 'br0']],
      mutations: [
        ['external_ids', 'delete', ['set', ['last-pod-address']]],
        ['external_ids', 'insert', ['map', [['last-pod-address', '10.254.0.7']]]],
      ],
    });
  });
});

it('gives a free address as long as there is one, and one that was given longest ago', () => {
  const subnet = cidr('10.254.0.0/28');
  const all = Array.from({ length: 13 }, (_, index) => addressAt(subnet, 2 + index));
  fc.assert(
    fc.property(fc.array(fc.nat(12), { maxLength: 40 }), (leaving) => {
      const used = new Set<Ip>();
      let last: Ip | undefined;
      for (const leaver of leaving) {
        const next = nextAddress(subnet, used, last);
        const from = last === undefined ? 0 : all.indexOf(last) + 1;
        const expected = [...all.slice(from), ...all.slice(0, from)].find((one) => !used.has(one));
        expect(next.ok ? next.value : undefined).toBe(expected);
        if (next.ok) {
          last = next.value;
          used.add(last);
        }
        used.delete(addressAt(subnet, 2 + leaver));
      }
    }),
    { numRuns: rounds(1000) },
  );
});

describe('the limit of a port', () => {
  const owned = (operation: Operation | undefined): unknown => operation?.['where'];

  it('is a row of its own that the port refers to', () => {
    expect(limitPort('veth1', 's1', 10e6)).toMatchObject([
      {
        op: 'insert',
        table: 'QoS',
        'uuid-name': 'limit_veth1',
        row: { type: 'linux-htb', other_config: ['map', [['max-rate', '10000000']]] },
      },
      { op: 'update', table: 'Port', where: [['name', '==', 'veth1']], row: { qos: ['named-uuid', 'limit_veth1'] } },
    ]);
  });

  it.each([
    [34e9, '34000000000'],
    [35e9, '34359738360'],
    [1e15, '34359738360'],
  ])('of %d bits per second is no more than Open vSwitch hands on whole', (rate, said) => {
    const [insert] = limitPort('veth1', 's1', rate);
    expect(fieldOf(insert, 'row', 'other_config')).toEqual(map({ 'max-rate': said }));
  });

  it('is taken from the port before it is deleted, by the sandbox, or by us as the owner', () => {
    const [insert] = limitPort('veth1', 's1', 10e6);
    expect(fieldOf(insert, 'row', 'external_ids')).toEqual(map({ sandbox: 's1', owner: 'sdn-compat' }));
    const [detach, remove] = removeLimit('veth1', 's1');
    expect(detach).toMatchObject({ op: 'update', table: 'Port', row: { qos: ['set', []] } });
    expect(owned(remove)).toEqual([['external_ids', 'includes', map({ sandbox: 's1' })]]);
    expect(owned(removeAllLimits)).toEqual([['external_ids', 'includes', map({ owner: 'sdn-compat' })]]);
  });

  it('is restored by the row that is still there', async () => {
    const { ovsdb } = await opened({ QoS: [{ _uuid: ['uuid', 'q'] }] });
    expect(await keptLimit(ovsdb, 'veth1', 's1')).toEqual([
      { op: 'update', table: 'Port', where: [['name', '==', 'veth1']], row: { qos: ['uuid', 'q'] } },
    ]);
  });

  it('that nobody has is not restored', async () => {
    const { ovsdb, transactions } = await opened({});
    expect(await keptLimit(ovsdb, 'veth1', 's1')).toEqual([]);
    expect(transactions).toMatchObject([[{ op: 'select', table: 'QoS', columns: ['_uuid'] }]]);
  });
});

describe('pods and their VNIDs', () => {
  const vnids = new Map([
    ['red', vnid(77)],
    ['global', vnid(0)],
  ]);
  const pods = [
    pod,
    { ...pod, namespace: 'global', ip: ip('10.254.0.3') },
    { ...pod, namespace: 'new' },
    { ...pod, ofport: 0 },
  ];

  it('are in the plan when both port and VNID are known, also the VNID 0', () => {
    expect(localPods(pods, vnids)).toEqual([
      { ip: '10.254.0.2', ofport: 3, vnid: 77, namespace: 'red', name: 'p1', uid: '1f-2' },
      { ip: '10.254.0.3', ofport: 3, vnid: 0, namespace: 'global', name: 'p1', uid: '1f-2' },
    ]);
  });

  it('are restricted whether they have a port or not', () => {
    expect(withVnids(pods, vnids)).toEqual([
      { ip: '10.254.0.2', vnid: 77, uid: '1f-2' },
      { ip: '10.254.0.3', vnid: 0, uid: '1f-2' },
      { ip: '10.254.0.2', vnid: 77, uid: '1f-2' },
    ]);
  });
});

test('pod addresses go round the subnet, and a used one is never given', () => {
  const subnet = cidr('10.254.0.0/29');
  expect(nextAddress(subnet, new Set(), undefined)).toEqual({ ok: true, value: '10.254.0.2' });
  expect(nextAddress(subnet, new Set(), ip('10.254.0.2'))).toEqual({ ok: true, value: '10.254.0.3' });
  expect(nextAddress(subnet, new Set(), ip('10.254.0.6'))).toEqual({ ok: true, value: '10.254.0.2' });
  expect(nextAddress(subnet, new Set([ip('10.254.0.2')]), ip('10.254.0.6'))).toEqual({ ok: true, value: '10.254.0.3' });
  const all = new Set([2, 3, 4, 5, 6].map((octet) => ip(`10.254.0.${octet}`)));
  expect(nextAddress(subnet, all, undefined)).toEqual({
    ok: false,
    error: 'no address is free in 10.254.0.0/29: 5 pods have one',
  });
});

test("after the node's subnet changed, its first address is given, whatever was given last", () => {
  for (const subnet of ['10.254.2.0/24', '10.254.3.0/24', '10.254.4.0/24', '10.253.0.0/30']) {
    const first = subnet.replace(/\.0\/.*$/, '.2');
    for (const last of [
      '10.254.1.2',
      '10.254.1.9',
      '10.254.1.250',
      '10.255.0.1',
      subnet.replace(/\/.*$/, ''),
      subnet.replace(/\.0\/.*$/, '.1'),
    ]) {
      expect(nextAddress(cidr(subnet), new Set(), ip(last))).toEqual({ ok: true, value: first });
    }
  }
});
