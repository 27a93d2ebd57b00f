import { poolsStatus } from '../../../src/model/cluster/pools.ts';
import type {
  EgressPoolObject,
  HostSubnetObject,
  NamespaceObject,
  NetNamespaceObject,
} from '../../../src/model/objects/raw.ts';
import { type PoolObjects, poolsInput } from '../../../src/model/pools/input.ts';
import { poolsPlan, wouldHave } from '../../../src/model/pools/plan.ts';
import { cidr } from '../parsed.ts';

type Fields = Readonly<Record<string, unknown>>;

const pool = (name: string, ranges: string[], more: { quota?: number; status?: Fields } = {}): EgressPoolObject => ({
  apiVersion: 'egress.sdn-compat.io/v1',
  kind: 'EgressPool',
  metadata: { name },
  spec: { ranges, ...(more.quota === undefined ? {} : { quota: more.quota }) },
  status: { granted: [], inUse: [], ...more.status },
});
const namespace = (name: string, asks?: string): NamespaceObject => ({
  metadata: { name, ...(asks === undefined ? {} : { annotations: { 'egress.sdn-compat.io/request': asks } }) },
});
const netNamespace = (name: string, egressIPs: string[] = [], granted = ''): NetNamespaceObject => ({
  apiVersion: 'network.openshift.io/v1',
  kind: 'NetNamespace',
  metadata: { name, ...(granted === '' ? {} : { annotations: { 'sdn-compat/granted-egress-ips': granted } }) },
  netname: name,
  netid: 7,
  egressIPs,
});
const host: HostSubnetObject = {
  apiVersion: 'network.openshift.io/v1',
  kind: 'HostSubnet',
  metadata: { name: 'n1' },
  host: 'n1',
  hostIP: '192.168.7.11',
  subnet: '10.128.0.0/23',
  egressCIDRs: ['192.168.7.0/24'],
};

type Objects = Pick<PoolObjects, 'pools' | 'namespaces'> &
  Partial<Pick<PoolObjects, 'netNamespaces' | 'hostSubnets' | 'nodes'>>;

function known(objects: Objects, inUse: ReadonlySet<string> = new Set()) {
  const all = { netNamespaces: [], hostSubnets: [host], nodes: [], ...objects, inside: [cidr('10.128.0.0/14')] };
  return poolsInput(all, { inUse, now: Date.parse('2026-01-01T00:00:00Z') });
}

test('a pool has its size, what is granted, what another machine has, and what a namespace could get', () => {
  const status = {
    granted: [{ address: '192.168.7.20', namespace: 'shop' }],
    inUse: [{ address: '192.168.7.22', since: '2025-12-31T23:50:00Z' }],
  };
  const objects = {
    pools: [
      // .11 is a node's, .20 granted, .22 another machine's, .23 an admin's
      pool('a', ['192.168.7.11', '192.168.7.20-192.168.7.24'], { quota: 2, status }),
      pool('b', ['192.168.9.0/30']),
      pool('c', ['192.168.9']),
    ],
    namespaces: [namespace('shop', '1')],
    netNamespaces: [netNamespace('shop', ['192.168.7.20'], '192.168.7.20'), netNamespace('mail', ['192.168.7.23'])],
  };
  const { pools } = poolsStatus(known(objects), true);
  expect(pools).toEqual([
    {
      ...{ pool: 'a', ranges: ['192.168.7.11', '192.168.7.20-192.168.7.24'], size: 6, granted: 1 },
      ...{ inUseElsewhere: 1, free: 2, quota: 2, problem: null },
    },
    // no HostSubnet may host any of it
    {
      ...{ pool: 'b', ranges: ['192.168.9.0/30'], size: 4, granted: 0 },
      ...{ inUseElsewhere: 0, free: 0, quota: null, problem: null },
    },
    {
      ...{ pool: 'c', ranges: [], size: 0, granted: 0, inUseElsewhere: 0, free: 0, quota: null },
      problem: 'spec.ranges[0]: "192.168.9" is not an IP address',
    },
  ]);
});

test('a namespace that asks has what it asks for, or why not', () => {
  const granted = [
    { address: '192.168.7.20', namespace: 'has' },
    { address: '192.168.7.21', namespace: 'less' },
    { address: '192.168.7.24', namespace: 'elsewhere' },
  ];
  const objects = {
    pools: [pool('a', ['192.168.7.20-192.168.7.25'], { quota: 2, status: { granted } })],
    namespaces: [
      ...[namespace('waits', '1'), namespace('has', '1'), namespace('much', '3'), namespace('odd', 'two')],
      ...[namespace('less', '0'), namespace('elsewhere', '1'), namespace('nothing')],
    ],
    netNamespaces: ['has', 'less', 'elsewhere', 'waits', 'much', 'odd', 'nothing'].map((name) => {
      const own = granted.filter((one) => one.namespace === name).map(({ address }) => address);
      return netNamespace(name, own, own.join());
    }),
  };
  const { requests } = poolsStatus(known(objects, new Set(['192.168.7.24'])), true);
  expect(requests).toEqual([
    {
      ...{ namespace: 'elsewhere', asks: 1, granted: ['192.168.7.24'] },
      reason: '192.168.7.24 is in use by another machine: the namespace gets another address',
    },
    { namespace: 'has', asks: 1, granted: ['192.168.7.20'], reason: null },
    { namespace: 'less', asks: 0, granted: ['192.168.7.21'], reason: 'it no longer asks for 1 of them' },
    {
      ...{ namespace: 'much', asks: 3, granted: [] },
      reason: 'of 3 egress IPs that it asks for it lacks 1: EgressPool a has a quota of 2',
    },
    {
      ...{ namespace: 'odd', asks: null, granted: [] },
      reason: 'egress.sdn-compat.io/request: "two" is no number from 0 to 64',
    },
    {
      ...{ namespace: 'waits', asks: 1, granted: [] },
      reason: expect.stringMatching(/it lacks 1: EgressPool a has no more free address/) as string,
    },
  ]);
});

test('where OVN-Kubernetes forwards nothing is given, and that is the reason', () => {
  const objects = { pools: [pool('a', ['192.168.7.20'])], namespaces: [namespace('waits', '1')] };
  const { pools, requests } = poolsStatus(known({ ...objects, netNamespaces: [netNamespace('waits')] }), false);
  expect(pools[0]!.problem).toMatch(/follow no EgressPools/);
  expect(requests).toEqual([
    { namespace: 'waits', asks: 1, granted: [], reason: expect.stringMatching(/follow no EgressPools/) as string },
  ]);
});

test('what a namespace would have if it asked for more, or less', () => {
  const status = { granted: [{ address: '192.168.7.20', namespace: 'shop' }] };
  const { input } = known({
    pools: [pool('a', ['192.168.7.20-192.168.7.22'], { status })],
    namespaces: [namespace('shop', '1'), namespace('mail')],
    netNamespaces: [netNamespace('shop', ['192.168.7.20'], '192.168.7.20'), netNamespace('mail')],
  });
  expect(wouldHave(input, 'shop', 2)).toEqual({ addresses: ['192.168.7.20', '192.168.7.21'], problems: [] });
  expect(wouldHave(input, 'mail', 3)).toEqual({
    addresses: ['192.168.7.21', '192.168.7.22'],
    problems: [
      'of 3 egress IPs that it asks for it lacks 1: EgressPool a has no more free address that a HostSubnet may host',
    ],
  });
  expect(wouldHave(input, 'shop', 0)).toEqual({ addresses: [], problems: [] });
});

test('an address that another machine has is not given again when the node that refused it need not take it any more', () => {
  const status = {
    granted: [{ address: '192.168.7.20', namespace: 'shop' }],
    inUse: [{ address: '192.168.7.20', since: '2025-12-31T23:59:59Z' }],
  };
  const { input } = known({
    pools: [pool('a', ['192.168.7.20-192.168.7.21'], { status })],
    namespaces: [namespace('shop', '1')],
    netNamespaces: [netNamespace('shop')],
  });
  const { lists, ledgers } = poolsPlan(input);
  expect(lists).toEqual([]);
  expect(ledgers.map(({ ledger }) => ledger.granted)).toEqual([[{ address: '192.168.7.21', namespace: 'shop' }]]);
});

test('an address is one that a selected node may host, or that an admin lists on a node without egressCIDRs', () => {
  const hostOf = (name: string, more: Partial<HostSubnetObject>): HostSubnetObject => ({
    ...host,
    ...{ metadata: { name }, host: name, egressCIDRs: [] },
    ...more,
  });
  const selecting = (name: string, netid: number, text: string): NetNamespaceObject => ({
    ...netNamespace(name),
    metadata: { name, annotations: { 'egress.sdn-compat.io/node-selector': text } },
    netid,
  });
  const objects = {
    pools: [pool('a', ['192.168.7.20-192.168.7.24', '192.168.7.40'])],
    namespaces: ['red', 'blue', 'shared', 'lost', 'odd'].map((name) => namespace(name, '1')),
    netNamespaces: [
      selecting('red', 1, 'zone=b'),
      { ...netNamespace('blue'), netid: 2 },
      // of the namespaces of a VNID each selector counts
      selecting('shared', 3, 'zone=b'),
      selecting('other', 3, 'disk=ssd'),
      selecting('lost', 4, 'zone=c'),
      selecting('odd', 5, 'zone>b'),
    ],
    hostSubnets: [
      hostOf('n1', { egressCIDRs: ['192.168.7.20/30'], egressIPs: ['192.168.7.21'] }),
      hostOf('n2', { egressCIDRs: ['192.168.7.22/31'] }),
      hostOf('n3', { egressCIDRs: ['192.168.7.24/32'] }),
      // its labels are not known
      hostOf('n4', { egressCIDRs: ['192.168.7.20/30'] }),
    ],
    nodes: [
      { metadata: { name: 'n1', labels: { zone: 'a' } } },
      { metadata: { name: 'n2', labels: { zone: 'b' } } },
      { metadata: { name: 'n3', labels: { zone: 'b', disk: 'ssd' } } },
    ],
  };
  const given = (more: Partial<typeof objects> = {}) => {
    const { input } = known({ ...objects, ...more });
    return Object.fromEntries(
      poolsPlan(input).ledgers.flatMap(({ ledger }) => ledger.granted.map((one) => [one.namespace, one.address])),
    );
  };
  expect(given()).toEqual({ blue: '192.168.7.20', red: '192.168.7.22', shared: '192.168.7.24' });
  const byAdmin = hostOf('n5', { egressIPs: ['192.168.7.40'] });
  expect(given({ hostSubnets: [...objects.hostSubnets, byAdmin] })).toMatchObject({ lost: '192.168.7.40' });
  const { requests } = poolsStatus(known(objects), true);
  expect(requests.map(({ namespace: name, reason }) => `${name}: ${reason ?? ''}`)).toContain(
    'lost: of 1 egress IPs that it asks for it lacks 1: EgressPool a has no more free address that a node of node selector zone=c may host',
  );
});
