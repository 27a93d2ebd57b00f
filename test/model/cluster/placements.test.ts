/** What users are told of where egress IPs may be. */
import { clusterOf } from '../../../src/model/cluster/cluster.ts';
import { narrowed } from '../../../src/model/cluster/narrowed.ts';
import { statusOf } from '../../../src/model/cluster/summary.ts';
import { egressIpConfigAnnotation } from '../../../src/model/objects/cloud.ts';
import { parseNodeSelector, placementAnnotations } from '../../../src/model/objects/placement.ts';
import { changedCluster } from '../../../src/model/simulation/changes.ts';
import { reportOn } from '../../../src/model/simulation/report.ts';
import { ip, rawHostSubnet, rawNetNamespace, valid } from '../parsed.ts';

const { nodeSelector, noFailback } = placementAnnotations;
const one = '192.168.8.1';

function namespace(name: string, netid: number, annotations: Readonly<Record<string, string>>, egressIPs = [one]) {
  const raw = rawNetNamespace(name, netid, [...egressIPs]);
  return { ...raw, metadata: { ...raw.metadata, annotations } };
}
const host = (name: string, last: number, egressIPs: string[] = [], egressCIDRs = ['192.168.8.0/24']) =>
  rawHostSubnet(name, { hostIP: `192.168.7.${last}`, subnet: `10.128.${last * 2}.0/23`, egressIPs, egressCIDRs });
const node = (name: string, labels: Readonly<Record<string, string>>, capacity?: number) => ({
  ...{ apiVersion: 'v1', kind: 'Node' },
  metadata: {
    ...{ name, labels },
    ...(capacity === undefined
      ? {}
      : {
          annotations: {
            [egressIpConfigAnnotation]: JSON.stringify([
              { interface: 'e', ifaddr: { ipv4: '192.168.8.0/24' }, capacity: { ip: capacity } },
            ]),
          },
        }),
  },
});
type Raw = Parameters<typeof clusterOf>[0];
const cluster = (raw: Omit<Raw, 'nodes'> & Partial<Raw>, offline: readonly string[] = []) =>
  clusterOf({ nodes: [], ...raw }, new Set(offline.map(ip)));
const notes = (...given: Parameters<typeof cluster>) =>
  statusOf(cluster(...given))
    .notes.filter(({ code }) => code !== 'NoNodeHostsEgressIP')
    .map(({ kind, name, code, message }) => `${kind} ${name} ${code}: ${message}`);

test('an IP that no selected node can host says which selector, and what is in the way on each node', () => {
  const hostSubnets = [
    ...[host('n1', 11), host('n2', 12), host('n3', 13), host('n4', 14, ['192.168.8.2'])],
    ...[host('n5', 15, ['192.168.8.3']), host('n6', 16, [], ['10.0.0.0/8'])],
  ];
  const nodes = [
    ...[node('n1', { zone: 'b' }), node('n2', { zone: 'a' }), node('n4', { zone: 'a' }), node('n5', { zone: 'a' }, 1)],
    node('n6', { zone: 'a' }),
  ];
  const netNamespaces = [
    namespace('red', 42, { [nodeSelector]: ' zone=a ' }, [one, '192.168.8.2']),
    namespace('blue', 43, {}, ['192.168.8.3']),
  ];
  expect(notes({ hostSubnets, netNamespaces, nodes }, ['192.168.7.12'])).toEqual([
    'NetNamespace red NoSelectedNode: 192.168.8.1 is on no node: node selector zone=a leaves none of those with egressCIDRs for it: n1 is not selected, n2 is offline, the labels of n3 are not known, n4 has another egress IP of the namespace, n5 is full',
  ]);
  // one that is free gets it soon, and where all nodes are selected the selector has nothing to do with it
  expect(notes({ hostSubnets, netNamespaces, nodes })).toEqual([]);
  const all = [namespace('red', 42, { [nodeSelector]: '!gone' })];
  expect(notes({ hostSubnets: [hostSubnets[0]!], netNamespaces: all, nodes }, ['192.168.7.11'])).toEqual([]);
});

test('an IP that an admin put on a node outside of the selector is noted, on each namespace of the VNID', () => {
  const byHand = host('n1', 11, [one], []);
  const netNamespaces = [namespace('red', 42, { [nodeSelector]: 'zone=a' }), namespace('pink', 42, {})];
  const text =
    '192.168.8.1 is on n1, which node selector zone=a does not select: an admin listed it there, so it stays';
  const nodes = [node('n1', {})];
  expect(notes({ hostSubnets: [byHand], netNamespaces, nodes })).toEqual(
    ['pink', 'red'].map((name) => `NetNamespace ${name} EgressIPOutsideNodeSelector: ${text}`),
  );
  expect(notes({ hostSubnets: [byHand], netNamespaces, nodes: [node('n1', { zone: 'a' })] })).toEqual([]);
  expect(notes({ hostSubnets: [byHand], netNamespaces })).toEqual([]);
  expect(notes({ hostSubnets: [host('n1', 11, [one])], netNamespaces, nodes })).toEqual([]);
});

test('an annotation that cannot be read says what holds instead', () => {
  const netNamespaces = [
    namespace('red', 42, { [nodeSelector]: 'zone=', [noFailback]: 'yes' }),
    namespace('blue', 43, { [nodeSelector]: '=' }, []),
  ];
  expect(notes({ hostSubnets: [], netNamespaces })).toEqual([
    `NetNamespace blue InvalidEgressRule: annotation ${nodeSelector} is "=", which cannot be read: unable to parse requirement: found '=', expected: identifier or operator; until it can, egress IPs of the namespace stay on the node that has them, and none goes to another`,
    `NetNamespace red InvalidEgressRule: annotation ${noFailback} is "yes", which cannot be read: it is neither "true" nor "false"; it counts as "true", so that nothing moves back`,
  ]);
  const unplaced = [namespace('red', 42, { [nodeSelector]: '=' })];
  expect(notes({ hostSubnets: [host('n1', 11)], netNamespaces: unplaced, nodes: [node('n1', {})] })[1]).toMatch(
    /NoSelectedNode: .*\(one that cannot be read\) leaves none .*: n1 may not be selected/,
  );
});

test('status shows what holds for the egress IPs of each VNID', () => {
  const status = statusOf(
    cluster({
      hostSubnets: [host('n1', 11), host('n2', 12), host('n3', 13)],
      nodes: [node('n3', { zone: 'a' }), node('n1', { zone: 'a' }), node('n2', {})],
      netNamespaces: [
        namespace('red', 42, { [nodeSelector]: 'zone=a' }),
        namespace('pink', 42, { [noFailback]: 'true' }),
        namespace('blue', 43, { [noFailback]: 'true' }, ['192.168.8.2']),
        namespace('grey', 44, { [noFailback]: 'false' }, ['192.168.8.3']),
      ],
    }),
  );
  const blue = {
    namespaces: ['blue'],
    vnid: 43,
    nodeSelectors: [],
    isUnreadable: false,
    selected: null,
    noFailback: true,
  };
  expect(status.placements).toEqual([
    {
      namespaces: ['pink', 'red'],
      vnid: 42,
      nodeSelectors: ['zone=a'],
      isUnreadable: false,
      selected: ['n1', 'n3'],
      noFailback: true,
    },
    blue,
  ]);
  expect(narrowed(status, { namespaces: new Set(['blue']) }).placements).toEqual([blue]);
  expect(narrowed(status, { namespaces: new Set(['grey']) })).not.toHaveProperty('placements');
});

test('simulate follows selectors and what stays, and tries them out', () => {
  const all = cluster(
    {
      hostSubnets: [host('n1', 11), host('n2', 12, [one, '192.168.8.2', '192.168.8.3', '192.168.8.4'])],
      nodes: [node('n1', { zone: 'a' }), node('n2', { zone: 'b' })],
      netNamespaces: [1, 2, 3, 4].map((n) => namespace(`p${n}`, 41 + n, {}, [`192.168.8.${n}`])),
    },
    ['192.168.7.11'],
  );
  const moves = (...changes: Parameters<typeof changedCluster>[1]) =>
    reportOn(all, valid(changedCluster(all, changes))).moves.map(
      ({ egressIP, to }) => `${egressIP} to ${to ?? 'none'}`,
    );
  const zone = (text: string) => ({
    ...{ kind: 'setNodeSelector' as const, namespace: 'p1' },
    nodeSelector: valid(parseNodeSelector(text)),
  });
  const up = { kind: 'nodeUp' as const, node: 'n1' };
  const stay = [1, 2, 3, 4].map((n) => ({ kind: 'noFailback' as const, namespace: `p${n}` }));
  expect([moves(), moves(zone('zone=a'))]).toEqual([[], ['192.168.8.1 to none']]);
  expect([moves(up).length, moves(up, zone('zone=a')), moves(up, ...stay)]).toEqual([1, ['192.168.8.1 to n1'], []]);
  expect(moves(up, ...stay, zone('zone=a'))).toEqual(['192.168.8.1 to n1']);
});
