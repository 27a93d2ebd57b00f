/** What a change of a cluster leads to, once the controller has settled it. */
import { type Cluster, clusterOf } from '../../../src/model/cluster/cluster.ts';
import { reportOn } from '../../../src/model/simulation/report.ts';
import { ip, rawHostSubnet, rawNetNamespace } from '../parsed.ts';

const host = (name: string, last: number, egressIPs: string[], egressCIDRs: string[] = ['192.168.8.0/24']) =>
  rawHostSubnet(name, { hostIP: `192.168.7.${last}`, subnet: `10.128.${last * 2}.0/23`, egressIPs, egressCIDRs });
const requests = [
  rawNetNamespace('one', 42, ['192.168.8.1']),
  rawNetNamespace('hand', 43, ['192.168.9.1']),
  rawNetNamespace('quiet', 44),
  rawNetNamespace('also', 45, ['192.168.8.1']),
];
const limits = {
  metadata: {
    name: 'a',
    annotations: { 'cloud.network.openshift.io/egress-ipconfig': JSON.stringify([{ capacity: { ip: 3 } }]) },
  },
};
const clusterWith = (namespaces = requests.slice(0, 3), offline: string[] = []): Cluster =>
  clusterOf(
    {
      hostSubnets: [
        host('m', 13, ['192.168.9.1', '192.168.9.2'], []),
        host('b', 12, []),
        host('a', 11, ['192.168.8.1']),
      ],
      netNamespaces: namespaces,
      nodes: [limits],
    },
    new Set(offline.map(ip)),
  );

test('without a change both views are the same, and nothing moves', () => {
  const report = reportOn(clusterWith(), clusterWith());
  expect(report.after).toEqual(report.before);
  expect([report.moves, report.drops, report.recovers, report.notes]).toEqual([[], [], [], []]);
});

test('a view has each egress IP, namespace and node in order, with all that is known of them', () => {
  const { before } = reportOn(clusterWith(requests.slice(0, 3), ['192.168.7.13']), clusterWith());
  expect(before.egressIPs).toEqual([
    { egressIP: '192.168.8.1', node: 'a', online: true, namespaces: ['one'] },
    { egressIP: '192.168.9.1', node: 'm', online: false, namespaces: ['hand'] },
    { egressIP: '192.168.9.2', node: null, online: null, namespaces: [] },
  ]);
  const none = { hops: [], reasons: [] };
  const text = '192.168.9.1 is on m (192.168.7.13), which is offline';
  expect(before.namespaces).toEqual([
    {
      ...none,
      namespace: 'hand',
      vnid: 43,
      state: 'dropped',
      reasons: [{ code: 'NodeOffline', egressIP: '192.168.9.1', text }],
    },
    {
      ...none,
      namespace: 'one',
      vnid: 42,
      state: 'via',
      hops: [{ egressIP: '192.168.8.1', node: 'a', nodeIP: '192.168.7.11' }],
    },
    { ...none, namespace: 'quiet', vnid: 44, state: 'normal' },
  ]);
  expect(before.nodes).toEqual([
    { node: 'a', nodeIP: '192.168.7.11', online: true, automatic: true, load: 1, capacity: 3 },
    { node: 'b', nodeIP: '192.168.7.12', online: true, automatic: true, load: 0, capacity: null },
    { node: 'm', nodeIP: '192.168.7.13', online: false, automatic: false, load: 2, capacity: null },
  ]);
});

test('when a node goes down its automatic IP moves, and what was listed by hand is dropped', () => {
  const report = reportOn(clusterWith(), clusterWith(undefined, ['192.168.7.11', '192.168.7.13']));
  expect(report.moves).toEqual([{ egressIP: '192.168.8.1', from: 'a', to: 'b' }]);
  expect([report.drops, report.recovers]).toEqual([['hand'], []]);
  expect(report.notes.map(({ kind, name, code }) => `${kind} ${name} ${code}`)).toEqual([
    'HostSubnet m NodeOffline',
    'NetNamespace hand NodeOffline',
  ]);
});

test('when the node comes back the namespace recovers', () => {
  const report = reportOn(clusterWith(undefined, ['192.168.7.13']), clusterWith());
  expect([report.moves, report.drops, report.recovers]).toEqual([[], [], ['hand']]);
});

test('an IP that two namespaces begin to request moves nowhere, and both are dropped', () => {
  const report = reportOn(clusterWith(), clusterWith(requests));
  expect(report.moves).toEqual([{ egressIP: '192.168.8.1', from: 'a', to: null }]);
  expect([report.drops, report.recovers]).toEqual([['also', 'one'], []]);
  expect(report.after.egressIPs[0]?.namespaces).toEqual(['also', 'one']);
});

test('a dropped namespace that is gone after the change has not recovered; IPs that come are moves', () => {
  const report = reportOn(clusterWith(undefined, ['192.168.7.13']), clusterWith(requests.slice(0, 1)));
  expect(report.recovers).toEqual([]);
  const back = reportOn(clusterWith(requests.slice(1, 2)), clusterWith(requests.slice(0, 2)));
  expect(back.moves).toEqual([{ egressIP: '192.168.8.1', from: null, to: 'a' }]);
});

test('rows are in order whatever the order of the lists', () => {
  const reversed = (cluster: Cluster): Cluster => ({
    ...cluster,
    hostSubnets: cluster.hostSubnets.toReversed(),
    netNamespaces: cluster.netNamespaces.toReversed(),
  });
  const [before, after] = [clusterWith(), clusterWith(requests, ['192.168.7.12'])];
  expect(reportOn(reversed(before), reversed(after))).toEqual(reportOn(before, after));
});

test('moves are in order of IP, also those of IPs that come', () => {
  const asked = (...ips: string[]) =>
    clusterWith(ips.map((one, index) => rawNetNamespace(`p${index}`, 42 + index, [one])));
  const { moves } = reportOn(asked('192.168.9.1', '192.168.8.1'), asked('192.168.8.1', '192.168.8.0'));
  expect(moves.map(({ egressIP, from, to }) => `${egressIP} ${from} ${to}`)).toEqual([
    '192.168.8.0 null b',
    '192.168.9.1 m null',
  ]);
});
