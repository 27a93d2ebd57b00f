import { statusTable } from '../../../src/cli/look/status-table.ts';
import { clusterOf, type RawCluster } from '../../../src/model/cluster/cluster.ts';
import { standingOf } from '../../../src/model/cluster/standing.ts';
import { type Status, statusOf } from '../../../src/model/cluster/summary.ts';
import { ip } from '../../node/states.ts';

const meta = { apiVersion: 'network.openshift.io/v1' } as const;
const host = (index: number, egressIPs: string[]) => ({
  ...meta,
  kind: 'HostSubnet' as const,
  metadata: { name: `node${index}` },
  host: `node${index}`,
  hostIP: `192.168.7.${10 + index}`,
  subnet: `10.254.${index}.0/24`,
  egressIPs,
});
const namespace = (name: string, netid: number, egressIPs: string[]) => ({
  ...meta,
  kind: 'NetNamespace' as const,
  metadata: { name },
  netname: name,
  netid,
  egressIPs,
});

const tableOf = (status: Status, isWide = false): string => statusTable(status, standingOf(status, 0), isWide);

test('every egress IP has a row: in use, not in use with the reason, listed and not requested', () => {
  const cluster = clusterOf(
    {
      hostSubnets: [host(1, ['192.168.7.201', '192.168.7.209']), host(2, ['192.168.7.202'])],
      netNamespaces: [
        namespace('blue', 11, ['192.168.7.203']),
        namespace('red', 10, ['192.168.7.201', '192.168.7.202']),
        namespace('plain', 12, []),
      ],
      nodes: [],
    },
    new Set([ip('192.168.7.12')]),
  );
  expect(statusOf(cluster).egressIPs).toEqual([
    {
      egressIP: '192.168.7.201',
      namespaces: ['red'],
      vnid: 10,
      traffic: 'via',
      node: 'node1',
      reason: null,
      inUse: true,
    },
    {
      egressIP: '192.168.7.202',
      namespaces: ['red'],
      vnid: 10,
      traffic: 'via',
      node: 'node2',
      reason: 'NodeOffline: 192.168.7.202 is on node2 (192.168.7.12), which is offline',
      inUse: false,
    },
    {
      egressIP: '192.168.7.203',
      namespaces: ['blue'],
      vnid: 11,
      traffic: 'dropped',
      node: null,
      reason: 'NoNodeHostsEgressIP: no HostSubnet lists 192.168.7.203',
      inUse: false,
    },
    {
      egressIP: '192.168.7.209',
      namespaces: [],
      vnid: null,
      traffic: 'unused',
      node: null,
      reason: 'no NetNamespace requests it',
      inUse: false,
    },
  ]);
  const table = tableOf(statusOf(cluster)).split('\n');
  expect(table.slice(0, 3)).toEqual([
    '1 of 3 requested egress IPs are in use; 2 problems',
    '  HostSubnet node2: NodeOffline: 192.168.7.202 is on node2 (192.168.7.12), which is offline',
    '  NetNamespace blue: NoNodeHostsEgressIP: no HostSubnet lists 192.168.7.203',
  ]);
  const heading = table.indexOf('EGRESS IP       NAMESPACE   VNID   TRAFFIC   NODE    REASON');
  expect(table.slice(heading + 1, heading + 5).map((line) => line.split(' ')[0])).toEqual([
    '192.168.7.202',
    '192.168.7.203',
    '192.168.7.209',
    '192.168.7.201',
  ]);
  expect(table[heading + 4]).toBe('192.168.7.201   red         10     via       node1');
});

test('status says so when the cluster has no egress IPs', () => {
  expect(tableOf(statusOf(clusterOf({ hostSubnets: [], netNamespaces: [], nodes: [] }, new Set())))).toContain(
    'no egress IP is requested or listed\n',
  );
});

describe('what could not be read is not taken for absent', () => {
  const [one, two, three] = ['192.168.7.201', '192.168.7.202', '192.168.7.203'];
  const none = new Map<string, never>();
  const status = (raw: Pick<RawCluster, 'hostSubnets' | 'netNamespaces'>, ...unread: readonly string[]): Status =>
    statusOf(clusterOf({ ...raw, nodes: [] }, new Set()), { unknown: none, refused: none }, new Set(unread));
  const rows = ({ egressIPs }: Status): string[] =>
    egressIPs.map(({ egressIP, traffic, reason }) => [egressIP, traffic, reason?.split(':')[0]].join(' '));

  test('HostSubnets: a request is dropped only if no HostSubnet could help it', () => {
    const netNamespaces = [
      namespace('red', 10, [one]),
      namespace('blue', 11, [two, three]),
      namespace('green', 12, [three]),
      namespace('odd', 13, ['x']),
    ];
    const found = status({ hostSubnets: [], netNamespaces }, 'HostSubnet');
    expect(rows(found)).toEqual([
      `${one} unknown HostSubnetsUnread`,
      `${two} dropped HostSubnetsUnread`,
      `${three} dropped EgressIPInSeveralNamespaces`,
      `${three} dropped EgressIPInSeveralNamespaces`,
      'x dropped InvalidEgressIP',
    ]);
    expect(found.notes.map(({ code }) => code)).not.toContain('NoNodeHostsEgressIP');
    expect(found.unread).toEqual(['HostSubnet']);
  });

  test('NetNamespaces: what is listed may be in use', () => {
    const found = status({ hostSubnets: [host(1, [one])], netNamespaces: [] }, 'NetNamespace');
    expect(rows(found)).toEqual([`${one} unknown NetNamespacesUnread`]);
  });

  test('both: nothing is said to be absent', () => {
    const nothing = { hostSubnets: [], netNamespaces: [] };
    expect(tableOf(status(nothing, 'HostSubnet', 'NetNamespace'))).toMatch(/^no egress IP is known/m);
    expect(tableOf(status(nothing, 'Lease', 'Node'))).toMatch(/^no egress IP is requested or listed/m);
  });
});

test('a node that does not report is neither well nor lost, and what one address of a VNID drops the others show', () => {
  const cluster = clusterOf(
    {
      hostSubnets: [host(1, ['192.168.7.201']), host(2, ['192.168.7.202', '192.168.7.204'])],
      netNamespaces: [
        namespace('red', 10, ['192.168.7.201']),
        namespace('blue', 11, ['192.168.7.202', '192.168.7.204']),
      ],
      nodes: [],
    },
    new Set(),
  );
  const rows = statusOf(cluster, {
    unknown: new Map([['node1', 'does not report (Ready is Unknown)']]),
    refused: new Map(),
  }).egressIPs.map(({ egressIP, traffic, reason }) => [egressIP, traffic, reason]);
  expect(rows[0]).toEqual(['192.168.7.201', 'via', expect.stringMatching(/^NodeHealthUnknown: node1 does not report/)]);
  expect(rows.slice(1).every(([, traffic, reason]) => traffic === 'dropped' && reason !== null)).toBe(true);
});

test('what a node refuses is not in use: the namespace is dropped if it has no other egress IP', () => {
  const cluster = clusterOf(
    {
      hostSubnets: [host(1, ['192.168.7.201', '192.168.7.203']), host(2, ['192.168.7.202'])],
      netNamespaces: [
        namespace('red', 10, ['192.168.7.201']),
        namespace('blue', 11, ['192.168.7.202', '192.168.7.203']),
      ],
      nodes: [],
    },
    new Set(),
  );
  const [taken, router] = ['02:00:00:00:00:01 has it', '192.168.7.203 is the router'];
  const refused = new Map([
    [
      'node1',
      new Map([
        ['192.168.7.201', taken],
        ['192.168.7.203', router],
      ]),
    ],
    ['node2', new Map([['192.168.7.201', 'it is on node1 now']])],
  ]);
  const { egressIPs } = statusOf(cluster, { unknown: new Map([['node2', 'has a HostSubnet and no Node']]), refused });
  expect(egressIPs.map(({ egressIP, traffic, reason }) => `${egressIP} ${traffic}: ${reason ?? ''}`)).toEqual([
    `192.168.7.201 dropped: RefusedByNode: node1 does not carry it: ${taken}`,
    '192.168.7.202 via: NodeHealthUnknown: node2 has a HostSubnet and no Node: nothing tells whether it is in use',
    `192.168.7.203 via: RefusedByNode: node1 does not carry it: ${router}`,
  ]);
});
