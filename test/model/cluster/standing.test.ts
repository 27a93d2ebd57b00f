/** What a status says as a whole, and of a part of it. */
import { clusterOf } from '../../../src/model/cluster/cluster.ts';
import { narrowed, problemsOf } from '../../../src/model/cluster/narrowed.ts';
import type { AgentReport, ControllerReport, NodeReports } from '../../../src/model/cluster/node-status.ts';
import { standingOf } from '../../../src/model/cluster/standing.ts';
import { type Status, statusOf } from '../../../src/model/cluster/summary.ts';
import { fingerprintOf } from '../../../src/model/egress/fingerprint.ts';

const meta = { apiVersion: 'network.openshift.io/v1' } as const;
const host = (index: number, egressIPs: string[], egressCIDRs: string[] = []) => ({
  ...meta,
  kind: 'HostSubnet' as const,
  metadata: { name: `node${index}` },
  host: `node${index}`,
  hostIP: `192.168.7.${10 + index}`,
  subnet: `10.254.${index}.0/24`,
  egressIPs,
  egressCIDRs,
});
const namespace = (name: string, netid: number, egressIPs: string[]) => ({
  ...meta,
  kind: 'NetNamespace' as const,
  metadata: { name },
  netname: name,
  netid,
  egressIPs,
});

const cluster = clusterOf(
  {
    hostSubnets: [host(1, ['192.168.7.201']), host(2, ['192.168.7.202', '192.168.7.209'], ['192.168.7.200/30'])],
    netNamespaces: [namespace('red', 10, ['192.168.7.201']), namespace('blue', 11, ['192.168.7.202'])],
    nodes: [],
  },
  new Set(),
);
const current = fingerprintOf(cluster);
const said = (applied: string | undefined, ...carried: readonly string[]): AgentReport => ({
  ...{ applied, version: 'v1', at: 'then' },
  carried: new Set(carried),
});
const [one, two] = ['192.168.7.201', '192.168.7.202'];
const agents = (...all: readonly (readonly [string, AgentReport])[]): NodeReports => ({
  unknown: new Map(),
  refused: new Map(),
  agents: new Map(all),
});
const both = agents(['node1', said(current, one)], ['node2', said(current, two)]);
const statusWith = (reports: NodeReports, ...unread: readonly string[]): Status =>
  statusOf(cluster, reports, new Set(unread));

const leader: ControllerReport = {
  lease: 'sdn/c',
  leader: 'a',
  version: 'v1',
  backend: 'sdn',
  renewed: '1970-01-01T00:00:00.000000Z',
  duration: 15,
};

test('all is well if every request is in use and every agent has applied it', () => {
  const status = statusWith({ ...both, controllers: [leader] });
  expect(standingOf(status, 44_000)).toEqual({ wrong: [], unknown: [] });
  expect(status.nodes).toEqual([
    {
      node: 'node1',
      nodeIP: '192.168.7.11',
      health: 'online',
      reason: null,
      egressIPs: ['192.168.7.201'],
      listed: 1,
      capacity: null,
      cidrs: [],
      agent: { state: 'applied', reason: null, version: 'v1', since: 'then' },
    },
    expect.objectContaining({
      egressIPs: ['192.168.7.202'],
      listed: 2,
      cidrs: [{ cidr: '192.168.7.200/30', used: 2, size: 4 }],
    }),
  ]);
});

test.each<readonly [string, NodeReports, readonly string[], string, number, number]>([
  [
    'an agent that is behind',
    agents(['node1', said('old', one)], ['node2', said(current, two)]),
    [],
    'node1: its agent has not applied',
    1,
    0,
  ],
  ['an agent that says nothing', agents(['node1', said(current, one)]), [], 'node2: its agent has not said', 0, 1],
  [
    'an agent that says less',
    agents(['node1', said(undefined)], ['node2', said(current, two)]),
    [],
    'node1: its agent is of a version',
    0,
    1,
  ],
  [
    'Leases that were not read',
    { unknown: new Map(), refused: new Map() },
    ['Lease'],
    'Lease objects could not be read',
    0,
    3,
  ],
  ['Nodes that were not read', both, ['Node'], 'Node objects could not be read', 0, 3],
  [
    'a node that nobody knows of',
    { ...both, unknown: new Map([['node1', 'has no Node']]) },
    [],
    'red: 192.168.7.201: NodeHealthUnknown',
    0,
    1,
  ],
  [
    'an address that its node refuses',
    { ...both, refused: new Map([['node1', new Map([['192.168.7.201', 'why']])]]) },
    [],
    'red: 192.168.7.201: RefusedByNode',
    1,
    0,
  ],
  [
    'a leader that is gone',
    { ...both, controllers: [{ ...leader, duration: 1 }] },
    [],
    'a, which holds the Lease sdn/c, has not renewed it in time',
    0,
    1,
  ],
  [
    'nobody who leads',
    { ...both, controllers: [{ ...leader, leader: null }] },
    [],
    'no controller holds the Lease sdn/c',
    0,
    1,
  ],
])('%s is not well', (_what, reports, unread, text, wrong, unknown) => {
  const found = standingOf(statusWith(reports, ...unread), 44_000);
  expect([found.wrong.length, found.unknown.length]).toEqual([wrong, unknown]);
  expect([...found.wrong, ...found.unknown].join('\n')).toContain(text);
});

test('files that say nothing of agents say nothing against them, and OVN-Kubernetes needs none', () => {
  const silent = statusWith({ unknown: new Map(), refused: new Map() });
  expect(standingOf(silent, 0)).toEqual({ wrong: [], unknown: [] });
  expect(silent.nodes.map(({ agent }) => agent.state)).toEqual(['none', 'none']);
  const ovn = statusWith({ ...agents(), controllers: [{ ...leader, backend: 'ovn' }] });
  expect(standingOf(ovn, 0)).toEqual({ wrong: [], unknown: [] });
});

test('where no agent says anything, that is one thing that is not known, unless none is expected', () => {
  const status = statusWith(agents());
  expect(standingOf(status, 0)).toEqual({ wrong: [], unknown: [expect.stringContaining('no agent has said')] });
  expect(standingOf(status, 0, false)).toEqual({ wrong: [], unknown: [] });
});

test('an address that its node does not have yet is not in use, if its agent has applied all', () => {
  const found = standingOf(statusWith(agents(['node1', said(current)], ['node2', said(current, two)])), 0);
  expect(found).toEqual({
    wrong: ['red: 192.168.7.201: NotOnNode: node1 has not put it on its interface yet'],
    unknown: [],
  });
});

test('a namespace shows its rows, their nodes, and every agent that may not know it', () => {
  const status = statusWith(agents(['node1', said(current, one)], ['node2', said('old')]));
  const red = narrowed(status, { namespaces: new Set(['red']) });
  expect(red.egressIPs.map(({ namespaces }) => namespaces)).toEqual([['red']]);
  expect(red.nodes.map(({ node }) => node)).toEqual(['node1', 'node2']);
  expect(standingOf(red, 0).wrong).toHaveLength(1);
  expect(narrowed(statusWith(both), { namespaces: new Set(['red']) }).nodes.map(({ node }) => node)).toEqual(['node1']);
  const part = narrowed(status, { node: 'node1' });
  expect([part.egressIPs.length, part.nodes.length, standingOf(part, 0).wrong.length]).toEqual([1, 1, 0]);
});

test('only problems: what is well is left out, and so is what nobody requests', () => {
  const status = statusWith({ ...both, refused: new Map([['node1', new Map([['192.168.7.201', 'why']])]]) });
  expect(problemsOf(status).egressIPs.map(({ egressIP }) => egressIP)).toEqual(['192.168.7.201']);
  expect(problemsOf(status).nodes).toEqual([]);
});
