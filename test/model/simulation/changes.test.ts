/** Changes that are tried out: how they are written, and what they do to a cluster. */
import { clusterOf } from '../../../src/model/cluster/cluster.ts';
import {
  changedCluster,
  parseCIDRsChange,
  parseEgressIPChange,
  parseNodeSelectorChange,
  type SimulatedChange,
} from '../../../src/model/simulation/changes.ts';
import { cidr, ip, rawHostSubnet, rawNetNamespace, valid } from '../parsed.ts';

const host = (name: string, last: number, subnet = `10.128.${last * 2}.0/23`) =>
  rawHostSubnet(name, { hostIP: `192.168.7.${last}`, subnet, egressCIDRs: ['192.168.8.0/24'] });
const cluster = clusterOf(
  {
    hostSubnets: [
      host('a', 11),
      host('b', 12),
      host('c', 13, '10.128.22.0/23'),
      { ...host('d', 14), hostIP: 'x', subnet: '' },
    ],
    netNamespaces: [
      rawNetNamespace('one', 42, ['192.168.8.1', '192.168.8.2', '192.168.8.3']),
      rawNetNamespace('two', 43),
    ],
    nodes: [],
  },
  new Set([ip('192.168.7.12')]),
);
const after = (...changes: SimulatedChange[]) => valid(changedCluster(cluster, changes));
const refused = (...changes: SimulatedChange[]): string => {
  const changed = changedCluster(cluster, changes);
  return changed.ok ? '' : changed.error;
};

test('a change of requests reads as NAMESPACE=IP', () => {
  expect(parseEgressIPChange('addEgressIP', 'one=192.168.8.1')).toEqual({
    ok: true,
    value: { kind: 'addEgressIP', namespace: 'one', egressIP: '192.168.8.1' },
  });
});

test.each([
  ['one', '"one" is not NAMESPACE=IP'],
  ['=192.168.8.1', '"=192.168.8.1" is not NAMESPACE=IP'],
  ['', '"" is not NAMESPACE=IP'],
  ['one=', '"" is not an IP address'],
  ['one=fd00::1', '"fd00::1" is not an IPv4 address'],
  ['one=two=192.168.8.1', '"two=192.168.8.1" is not an IP address'],
])('%j is none', (text, error) => {
  expect(parseEgressIPChange('removeEgressIP', text)).toEqual({ ok: false, error });
});

test('a change of CIDRs reads as NODE=CIDR,CIDR; nothing after = takes all away', () => {
  expect(parseCIDRsChange('a=192.168.8.0/24,10.0.0.0/8')).toEqual({
    ok: true,
    value: { kind: 'setCIDRs', node: 'a', cidrs: [cidr('192.168.8.0/24'), cidr('10.0.0.0/8')] },
  });
  expect(parseCIDRsChange('a=')).toEqual({ ok: true, value: { kind: 'setCIDRs', node: 'a', cidrs: [] } });
});

test.each([
  ['a', '"a" is not NODE=CIDR,CIDR'],
  ['=192.168.8.0/24', '"=192.168.8.0/24" is not NODE=CIDR,CIDR'],
  ['a=192.168.8.0/24,', '"" is not a CIDR'],
  ['a=192.168.8.5/24', '"192.168.8.5/24" has host bits set; the network is 192.168.8.0/24'],
])('%j is no such change', (text, error) => {
  expect(parseCIDRsChange(text)).toEqual({ ok: false, error });
});

test('nodes go down and come up, each for itself and once', () => {
  const down = { kind: 'nodeDown', node: 'a' } as const;
  expect([...after(down, down).offline]).toEqual(['192.168.7.12', '192.168.7.11']);
  expect([...after(down, { kind: 'nodeUp', node: 'b' }).offline]).toEqual(['192.168.7.11']);
  expect([...after({ kind: 'nodeUp', node: 'a' }).offline]).toEqual(['192.168.7.12']);
});

test('CIDRs are replaced on that node alone', () => {
  const { hostSubnets } = after({ kind: 'setCIDRs', node: 'b', cidrs: [cidr('10.9.0.0/16')] });
  expect(hostSubnets.map(({ name, egressCIDRs }) => `${name} ${egressCIDRs.map(({ text }) => text).join()}`)).toEqual([
    'a 192.168.8.0/24',
    'b 10.9.0.0/16',
  ]);
});

test('a request is added last, also one that is there, and removed from that namespace alone', () => {
  const requestsAfter = (kind: 'addEgressIP' | 'removeEgressIP', namespace: string, text: string) =>
    after({ kind, namespace, egressIP: ip(text) }).netNamespaces.map(({ egressIPs }) => egressIPs.join(' '));
  const all = '192.168.8.1 192.168.8.2 192.168.8.3';
  expect(requestsAfter('addEgressIP', 'two', '192.168.8.9')).toEqual([all, '192.168.8.9']);
  expect(requestsAfter('addEgressIP', 'one', '192.168.8.2')).toEqual(['192.168.8.1 192.168.8.3 192.168.8.2', '']);
  expect(requestsAfter('removeEgressIP', 'one', '192.168.8.2')).toEqual(['192.168.8.1 192.168.8.3', '']);
});

test('the first change that cannot be made is reported', () => {
  const add = { kind: 'addEgressIP', egressIP: ip('192.168.8.1') } as const;
  expect(refused({ ...add, namespace: 'none' })).toBe('there is no NetNamespace none');
  expect(refused({ ...add, kind: 'removeEgressIP', namespace: 'two' })).toBe(
    'NetNamespace two does not request 192.168.8.1',
  );
  expect(refused({ kind: 'nodeDown', node: 'x' }, { ...add, namespace: 'none' })).toBe('there is no HostSubnet x');
  expect(refused({ kind: 'nodeUp', node: 'x' })).toBe('there is no HostSubnet x');
  expect(refused({ kind: 'setCIDRs', node: 'c', cidrs: [] })).toBe(
    'HostSubnet c counts as absent: its subnet 10.128.22.0/23 overlaps 10.128.22.0/23 of HostSubnet a, whose name comes first',
  );
  expect(refused({ kind: 'setCIDRs', node: 'd', cidrs: [] })).toBe(
    'HostSubnet d is not valid: hostIP "x" is not an IP address',
  );
});

test('simulated changes leave the given cluster as it was', () => {
  const before = structuredClone(cluster);
  after({ kind: 'nodeDown', node: 'a' }, { kind: 'addEgressIP', namespace: 'two', egressIP: ip('192.168.8.9') });
  expect(cluster).toEqual(before);
});

test('a namespace selects nodes, or all again, and its egress IPs stay', () => {
  expect(valid(parseNodeSelectorChange('red=zone=a'))).toMatchObject({
    namespace: 'red',
    nodeSelector: { text: 'zone=a' },
  });
  expect(valid(parseNodeSelectorChange('red='))).toMatchObject({ namespace: 'red', nodeSelector: undefined });
  expect(['red', '=zone=a', 'red=zone in a'].map((text) => parseNodeSelectorChange(text).ok)).toEqual([
    false,
    false,
    false,
  ]);
});
