/** Which problems are noted, and on which objects. */
import { clusterOf, type RawCluster } from '../../../src/model/cluster/cluster.ts';
import { notesOn } from '../../../src/model/cluster/notes.ts';
import { egressState } from '../../../src/model/egress/state.ts';
import type { ClusterNetworkObject } from '../../../src/model/objects/raw.ts';
import { ip, rawHostSubnet, rawNetNamespace } from '../parsed.ts';

function notes(raw: Partial<RawCluster>, ...offline: string[]): readonly string[] {
  const all = { hostSubnets: [], netNamespaces: [], nodes: [], ...raw };
  const cluster = clusterOf(all, new Set(offline.map(ip)));
  return notesOn(cluster, egressState(cluster)).map(
    ({ kind, name, code, message }) => `${kind} ${name} ${code}: ${message}`,
  );
}

const host = (name: string, last: number, egressIPs: string[] = []) =>
  rawHostSubnet(name, { hostIP: `192.168.7.${last}`, subnet: `10.128.${last * 2}.0/23`, egressIPs });

test('a cluster without problems has no notes', () => {
  expect(
    notes({
      hostSubnets: [host('a', 11, ['192.168.8.1'])],
      netNamespaces: [rawNetNamespace('one', 42, ['192.168.8.1']), rawNetNamespace('two', 43)],
    }),
  ).toEqual([]);
});

test('an offline node is noted on the node and on the namespace, also when the namespace has another way out', () => {
  const hostSubnets = [host('a', 11, ['192.168.8.1']), host('b', 12, ['192.168.8.2'])];
  const netNamespaces = [rawNetNamespace('one', 42, ['192.168.8.1', '192.168.8.2'])];
  expect(notes({ hostSubnets, netNamespaces }, '192.168.7.11')).toEqual([
    'HostSubnet a NodeOffline: 192.168.8.1 is on a (192.168.7.11), which is offline',
    'NetNamespace one NodeOffline: 192.168.8.1 is on a (192.168.7.11), which is offline',
  ]);
});

const clusterNetwork = (mode: string): ClusterNetworkObject => ({
  apiVersion: 'network.openshift.io/v1',
  kind: 'ClusterNetwork',
  metadata: { name: 'default' },
  clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 9 }],
  serviceNetwork: '172.30.0.0/16',
  pluginName: `redhat/openshift-ovs-${mode}`,
});

test('a VNID of several namespaces is noted on each in mode networkpolicy, and is as it should be in multitenant', () => {
  const netNamespaces = ['one', 'two', 'three', 'four'].map((name) => rawNetNamespace(name, 42));
  const of = (mode: string): readonly string[] => notes({ netNamespaces, clusterNetworks: [clusterNetwork(mode)] });
  const text =
    'VNIDInSeveralNamespaces: namespaces four, one and 2 more have VNID 42, which only one may have in mode networkpolicy: egress IPs and egress policies hold for all of them, NetworkPolicies for each alone';
  expect(of('networkpolicy')).toEqual(['four', 'one', 'three', 'two'].map((name) => `NetNamespace ${name} ${text}`));
  expect(of('multitenant')).toEqual([]);
  expect(notes({ netNamespaces })).toEqual([]);
});

test('an IP that nobody requests is no problem, except one that no node may have', () => {
  const hostSubnets = [host('a', 11, ['192.168.8.1', '192.168.7.12', '10.128.0.1']), host('b', 12, ['192.168.8.1'])];
  expect(notes({ hostSubnets, clusterNetworks: [clusterNetwork('networkpolicy')] })).toEqual([
    'HostSubnet a EgressIPInsideCluster: 10.128.0.1 lies in 10.128.0.0/14, a network of the cluster',
    'HostSubnet a EgressIPIsNodeAddress: 192.168.7.12 is the address of node b',
  ]);
});

test('what two namespaces request is noted on both, and what one node lists twice on the node once', () => {
  const hostSubnets = [host('a', 11, ['192.168.8.1', '192.168.8.2', '192.168.8.3'])];
  const netNamespaces = [
    rawNetNamespace('one', 42, ['192.168.8.1', '192.168.8.2']),
    rawNetNamespace('two', 43, ['192.168.8.3']),
    rawNetNamespace('three', 44, ['192.168.8.3', '192.168.8.9']),
  ];
  const several = 'SeveralEgressIPsOnOneNode: a lists several egress IPs of one namespace: 192.168.8.1, 192.168.8.2';
  expect(notes({ hostSubnets, netNamespaces })).toEqual([
    `HostSubnet a ${several}`,
    `NetNamespace one ${several}`,
    'NetNamespace three EgressIPInSeveralNamespaces: 192.168.8.3 is requested by VNIDs 43, 44',
    'NetNamespace three NoNodeHostsEgressIP: no HostSubnet lists 192.168.8.9',
    'NetNamespace two EgressIPInSeveralNamespaces: 192.168.8.3 is requested by VNIDs 43, 44',
  ]);
});

test('joined namespaces with the same list agree, in another order they do not', () => {
  const joined = (...lists: string[][]) =>
    notes({
      hostSubnets: [host('a', 11, ['192.168.8.1']), host('b', 12, ['192.168.8.2'])],
      netNamespaces: lists.map((list, index) => rawNetNamespace(`n${index}`, 42, list)),
    }).map((note) => note.replace(/:.*/, ''));
  expect(joined(['192.168.8.1', '192.168.8.2'], ['192.168.8.1', '192.168.8.2'])).toEqual([]);
  expect(joined(['192.168.8.1', '192.168.8.2'], ['192.168.8.2', '192.168.8.1'])).toEqual([
    'NetNamespace n0 JoinedNamespacesDisagree',
    'NetNamespace n1 JoinedNamespacesDisagree',
  ]);
  expect(joined([], [])).toEqual([]);
});

test('two HostSubnets with one subnet are both told, each what it means for it', () => {
  const same = { ...host('b', 12), subnet: '10.128.22.0/23' };
  expect(notes({ hostSubnets: [host('a', 11), same] })).toEqual([
    'HostSubnet a SubnetInSeveralHostSubnets: subnet 10.128.22.0/23 of HostSubnet b overlaps 10.128.22.0/23: HostSubnet b counts as absent',
    'HostSubnet b SubnetInSeveralHostSubnets: subnet 10.128.22.0/23 overlaps 10.128.22.0/23 of HostSubnet a, whose name comes first: this HostSubnet counts as absent',
  ]);
});

test('different objects of one name are noted once for each kind', () => {
  const twice = [host('a', 11), host('a', 12)];
  const node = (uid: string) => ({ metadata: { name: 'a', uid } });
  expect(notes({ hostSubnets: twice, nodes: [node('u'), node('v')] })).toEqual([
    'HostSubnet a DuplicateName: there are several different objects of this kind and name; one of them is used',
    'Node a DuplicateName: there are several different objects of this kind and name; one of them is used',
  ]);
});

test('as many egress IPs as the cloud allows are no problem', () => {
  const limits = (capacity: number) => ({
    metadata: {
      name: 'a',
      annotations: { 'cloud.network.openshift.io/egress-ipconfig': JSON.stringify([{ capacity: { ip: capacity } }]) },
    },
  });
  const hostSubnets = [host('a', 11, ['192.168.8.1', '192.168.8.2'])];
  expect(notes({ hostSubnets, nodes: [limits(2)] })).toEqual([]);
  expect(notes({ hostSubnets, nodes: [limits(1)] })).toEqual([
    'HostSubnet a EgressIPsExceedCapacity: 2 egress IPs are listed, but the cloud lets this node have 1',
  ]);
});

test('the order of the lists does not matter', () => {
  const cluster = clusterOf(
    {
      hostSubnets: [host('b', 12, ['192.168.8.1']), host('a', 11, ['192.168.8.1'])],
      netNamespaces: [rawNetNamespace('two', 42, ['192.168.8.1']), rawNetNamespace('one', 42)],
      nodes: [],
    },
    new Set(),
  );
  const reversed = {
    ...cluster,
    hostSubnets: cluster.hostSubnets.toReversed(),
    netNamespaces: cluster.netNamespaces.toReversed(),
  };
  expect(notesOn(reversed, egressState(reversed))).toEqual(notesOn(cluster, egressState(cluster)));
});
