/** The cluster as the egress model sees it. */
import { clusterOf, type RawCluster } from '../../../src/model/cluster/cluster.ts';
import { notesOn } from '../../../src/model/cluster/notes.ts';
import { egressState } from '../../../src/model/egress/state.ts';
import { parseEgressIpConfig } from '../../../src/model/objects/cloud.ts';
import type { ClusterNetworkObject } from '../../../src/model/objects/raw.ts';
import { rawHostSubnet, rawNetNamespace } from '../parsed.ts';

const config = (value: unknown): string => JSON.stringify([{ interface: 'eni-1', ...(value as object) }]);

test('limits are capacity.ip, else capacity.ipv4, and ifaddr.ipv4', () => {
  const both = parseEgressIpConfig(config({ ifaddr: { ipv4: '10.0.0.0/24' }, capacity: { ip: 10, ipv4: 14 } }));
  expect(both).toMatchObject({ ok: true, value: { capacity: 10, network: { text: '10.0.0.0/24' } } });
  expect(parseEgressIpConfig(config({ capacity: { ipv4: 14, ipv6: 15 } }))).toEqual({
    ok: true,
    value: { capacity: 14, network: undefined },
  });
  expect(parseEgressIpConfig(config({}))).toEqual({ ok: true, value: { capacity: undefined, network: undefined } });
});

test.each([
  ['nope', /^is not JSON: /],
  ['{}', /^is not a JSON list/],
  ['[]', /^is not a JSON list/],
  ['[7]', /^is not a JSON list/],
  [config({ ifaddr: { ipv4: '10.0.0.1' } }), /^ifaddr.ipv4 .* is not an IPv4 CIDR/],
  [config({ ifaddr: { ipv4: 7 } }), /^ifaddr.ipv4 is not a text/],
  [config({ capacity: { ip: '10' } }), /^capacity "10" is not a whole number/],
  [config({ capacity: { ip: -1 } }), /^capacity -1 is not a whole number/],
])('limits %j are refused', (text, reason) => {
  const parsed = parseEgressIpConfig(text);
  expect(parsed.ok ? '' : parsed.error).toMatch(reason);
});

const node = (name: string, text: string): RawCluster['nodes'][number] => ({
  metadata: { name, annotations: { 'cloud.network.openshift.io/egress-ipconfig': text } },
});

function notes(raw: Partial<RawCluster>, offline: string[] = []): readonly string[] {
  const cluster = clusterOf({ hostSubnets: [], netNamespaces: [], nodes: [], ...raw }, new Set(offline as never[]));
  return notesOn(cluster, egressState(cluster)).map(
    ({ kind, name, code, message }) => `${kind} ${name} ${code}: ${message}`,
  );
}

test('each thing that is wrong is noted on each object at fault, and the rest works', () => {
  const noted = notes({
    hostSubnets: [
      rawHostSubnet('a', { egressIPs: ['10.0.0.1', '10.0.0.2'] }),
      rawHostSubnet('b', { hostIP: '192.168.7.12', subnet: '10.128.2.0/23', egressIPs: ['10.0.0.1', '192.168.7.11'] }),
      rawHostSubnet('broken', { subnet: '', egressCIDRs: ['10.0.0.5/24'] }),
    ],
    netNamespaces: [
      rawNetNamespace('one', 42, ['10.0.0.1']),
      rawNetNamespace('joined', 42, ['10.0.0.2']),
      rawNetNamespace('good', 43, ['192.168.7.11']),
      rawNetNamespace('high', 2 ** 24, ['10.0.0.7']),
    ],
    nodes: [node('a', 'nope')],
  });
  const disagree = 'namespaces joined, one share VNID 42 but their egress IPs differ; all of them together are used';
  expect(noted).toEqual([
    'HostSubnet a EgressIPOnSeveralNodes: 10.0.0.1 is listed by HostSubnets a, b',
    'HostSubnet b EgressIPIsNodeAddress: 192.168.7.11 is the address of node a',
    'HostSubnet b EgressIPOnSeveralNodes: 10.0.0.1 is listed by HostSubnets a, b',
    'HostSubnet broken InvalidHostSubnet: egressCIDRs[0]: "10.0.0.5/24" has host bits set; the network is 10.0.0.0/24',
    'HostSubnet broken InvalidHostSubnet: subnet: is empty',
    'NetNamespace good EgressIPIsNodeAddress: 192.168.7.11 is the address of node a',
    'NetNamespace high InvalidNetNamespace: netid: 16777216 is not a VNID: it must be an integer from 0 to 16777215',
    'NetNamespace joined EgressIPOnSeveralNodes: 10.0.0.1 is listed by HostSubnets a, b',
    `NetNamespace joined JoinedNamespacesDisagree: ${disagree}`,
    'NetNamespace one EgressIPOnSeveralNodes: 10.0.0.1 is listed by HostSubnets a, b',
    `NetNamespace one JoinedNamespacesDisagree: ${disagree}`,
    expect.stringMatching(/^Node a InvalidEgressIPConfig: the annotation with the cloud's limits is not JSON/),
  ]);
});

test('what a cloud does not allow is noted', () => {
  const noted = notes({
    hostSubnets: [
      rawHostSubnet('a', { egressIPs: ['10.0.0.1', '10.9.0.2'], egressCIDRs: ['10.0.0.0/28', '10.0.0.0/8'] }),
    ],
    nodes: [node('a', config({ ifaddr: { ipv4: '10.0.0.0/24' }, capacity: { ip: 1 } }))],
  });
  expect(noted).toEqual([
    "HostSubnet a EgressCIDROutsideCloudNetwork: 10.0.0.0/8 is not within 10.0.0.0/24, the node's cloud network; it is not used",
    "HostSubnet a EgressIPOutsideCloudNetwork: 10.9.0.2 is not within 10.0.0.0/24, the node's cloud network",
    'HostSubnet a EgressIPsExceedCapacity: 2 egress IPs are listed, but the cloud lets this node have 1',
  ]);
});

test('of different objects with one name the same one is used whatever their order, and it is noted', () => {
  const two = [rawNetNamespace('one', 42, ['10.0.0.1']), rawNetNamespace('one', 43, ['10.0.0.1'])];
  const first = clusterOf({ hostSubnets: [], netNamespaces: two, nodes: [] }, new Set());
  const second = clusterOf({ hostSubnets: [], netNamespaces: two.toReversed(), nodes: [] }, new Set());
  expect(first).toEqual(second);
  expect(first.duplicates).toEqual([{ kind: 'NetNamespace', name: 'one' }]);
  expect(first.netNamespaces).toHaveLength(1);
  const same = clusterOf({ hostSubnets: [], netNamespaces: [two[0]!, two[0]!], nodes: [] }, new Set());
  expect(same.duplicates).toEqual([]);
});

const empty = { hostSubnets: [], netNamespaces: [], nodes: [] };

test('an invalid HostSubnet and one that lost its subnet are absent, and only the valid one is used', () => {
  const raw = [
    rawHostSubnet('c', { subnet: '' }),
    rawHostSubnet('b', { hostIP: '192.168.7.12' }),
    rawHostSubnet('a', { hostIP: '192.168.7.11' }),
  ];
  const cluster = clusterOf({ ...empty, hostSubnets: raw }, new Set());
  const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
  expect([names(cluster.hostSubnets), names(cluster.absent), names(cluster.invalidHostSubnets)]).toEqual([
    ['a'],
    ['b', 'c'],
    ['c'],
  ]);
  expect(cluster.lostSubnets.map(({ loser, winner }) => [loser.name, winner.name])).toEqual([['b', 'a']]);
});

const network = (name: string, serviceNetwork: string): ClusterNetworkObject => ({
  apiVersion: 'network.openshift.io/v1',
  kind: 'ClusterNetwork',
  metadata: { name },
  clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 9 }],
  serviceNetwork,
});

test('the networks are those of the ClusterNetwork default, when it can be read', () => {
  const networks = (...clusterNetworks: ClusterNetworkObject[]) =>
    clusterOf({ ...empty, clusterNetworks }, new Set()).networks.map(({ text }) => text);
  expect(networks(network('a', '172.31.0.0/16'), network('default', '172.30.0.0/16'))).toEqual([
    '10.128.0.0/14',
    '172.30.0.0/16',
  ]);
  expect([networks(network('a', '172.31.0.0/16')), networks(network('default', 'x')), networks()]).toEqual([
    [],
    [],
    [],
  ]);
});

test('only Nodes with a name and the annotation have limits', () => {
  const { limits, invalidLimits } = clusterOf(
    { ...empty, nodes: [node('b', config({ capacity: { ip: 3 } })), node('', 'nope'), { metadata: { name: 'a' } }] },
    new Set(),
  );
  expect([[...limits.keys()], invalidLimits]).toEqual([['b'], []]);
});

test('objects are in order of name, and so are the names of duplicates', () => {
  const twice = (name: string) => [rawNetNamespace(name, 42), rawNetNamespace(name, 43)];
  const cluster = clusterOf({ ...empty, netNamespaces: [...twice('b'), ...twice('a')] }, new Set());
  expect(cluster.netNamespaces.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(cluster.duplicates.map(({ name }) => name)).toEqual(['a', 'b']);
});
