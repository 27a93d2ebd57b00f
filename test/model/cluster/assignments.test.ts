/** What is in use where OVN-Kubernetes forwards: what the status of EgressIPs says, and nothing else. */
import { assignmentsIn, type EgressIPObject } from '../../../src/model/cluster/assignments.ts';
import { clusterOf } from '../../../src/model/cluster/cluster.ts';
import type { NodeReports } from '../../../src/model/cluster/node-status.ts';
import { standingOf } from '../../../src/model/cluster/standing.ts';
import { type Status, statusOf } from '../../../src/model/cluster/summary.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { type Firewall, firewallIn } from '../../../src/model/policy/egressfirewall.ts';
import { ip, rawHostSubnet, rawNetNamespace } from '../parsed.ts';

const host = (name: string, last: number, egressIPs: string[] = []) =>
  rawHostSubnet(name, { hostIP: `192.168.7.${last}`, subnet: `10.128.${last * 2}.0/23`, egressIPs });
const raw = {
  hostSubnets: [host('a', 11, ['192.168.7.201', '192.168.7.202']), host('b', 12), host('c', 13)],
  netNamespaces: [
    rawNetNamespace('red', 42, ['192.168.7.201']),
    rawNetNamespace('blue', 43, ['192.168.7.202']),
    rawNetNamespace('lost', 44, ['192.168.7.203']),
  ],
  nodes: [],
};
const egressIP = (name: string, namespace: string, ...items: readonly object[]): EgressIPObject => ({
  metadata: { name },
  spec: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
  status: { items },
});
const at = (last: number, node: string): object => ({ egressIP: `192.168.7.${last}`, node });

const firewall = (namespace: string, ...egress: readonly object[]): [string, Firewall] => {
  const object: KubeObject & { readonly spec: object } = { metadata: { name: 'default', namespace }, spec: { egress } };
  return [namespace, firewallIn(object)];
};
const nodesOnly = [
  { type: 'Allow', to: { nodeSelector: {} } },
  { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } },
];
const nothing = {
  unknown: new Map<string, string>(),
  refused: new Map<string, never>(),
  firewalls: new Map([firewall('blue', ...nodesOnly), firewall('lost', ...nodesOnly)]),
};
const status = (assignments: NodeReports['assignments'], offline: string[] = [], more = {}): Status =>
  statusOf(clusterOf(raw, new Set(offline.map(ip))), { ...nothing, ...more, assignments });
const rows = ({ egressIPs }: Status): readonly string[] =>
  egressIPs.map(({ egressIP: text, traffic, node, inUse, reason }) =>
    [text, traffic, node, inUse, reason?.split(':')[0]].map(String).join(' '),
  );

test('an address is in use where an EgressIP of its namespace has it, and nowhere else', () => {
  const seen = status(
    assignmentsIn([
      egressIP('egressip-red', 'red', at(201, 'b')),
      egressIP('egressip-blue', 'blue'),
      egressIP('theirs', 'others', at(202, 'c')),
      { metadata: { name: 'probe' }, status: { items: [at(209, 'c')] } },
    ]),
  );
  expect(rows(seen)).toEqual([
    '192.168.7.201 via b true undefined',
    '192.168.7.202 dropped null false NotAssigned',
    '192.168.7.203 dropped null false NoNodeHostsEgressIP',
  ]);
  expect(seen.egressIPs[1]?.reason).toBe('NotAssigned: EgressIP theirs has it on c for others');
  expect(seen.nodes.map(({ egressIPs }) => egressIPs)).toEqual([[], ['192.168.7.201'], ['192.168.7.202']]);
  expect(standingOf(seen, 0).wrong).toHaveLength(2);
});

test.each<readonly [string, string, readonly object[]]>([
  ['without a firewall', 'node', []],
  ['with rules of somebody', 'node', [{ type: 'Deny', to: { cidrSelector: '10.0.0.0/8' } }]],
  ['with one that cannot be read', 'node', [{ type: 'Deny', to: { cidrSelector: '1.2.3.4/99' } }, ...nodesOnly]],
  ['with one for a port', 'node', [{ ...nodesOnly[1], ports: [{ protocol: 'TCP', port: 80 }] }]],
  ['with an exception', 'node', [{ type: 'Allow', to: { dnsName: 'a.example' } }, ...nodesOnly]],
  ['that may reach the nodes alone', 'dropped', nodesOnly],
  ['that may reach one node', 'dropped', [{ type: 'Allow', to: { cidrSelector: '192.168.7.11/32' } }, ...nodesOnly]],
  ['that may reach nothing', 'dropped', nodesOnly.slice(1)],
])('a namespace without an address %s leaves so: %s', (_what, traffic, rules) => {
  const seen = status([], [], { firewalls: new Map([firewall('red', ...rules)]) });
  expect(rows(seen)[0]).toBe(`192.168.7.201 ${traffic} null false NotAssigned`);
});

test('without EgressFirewalls nobody can tell how one without an address leaves', () => {
  expect(rows(status([], [], { firewalls: 'unread' }))[0]).toBe('192.168.7.201 unknown null false NotAssigned');
});

test('without EgressIPs nobody can tell', () => {
  const seen = status('unread');
  expect(rows(seen).every((row) => row.includes('unknown null null EgressIPsUnread'))).toBe(true);
  expect(standingOf(seen, 0)).toMatchObject({ wrong: [], unknown: { length: 3 } });
});

test('one whose node is not Ready is not in use, and one whose node says nothing may be', () => {
  const red = assignmentsIn([egressIP('egressip-red', 'red', at(201, 'b'))]);
  expect(rows(status(red, ['192.168.7.12']))[0]).toBe('192.168.7.201 via b false NodeOffline');
  const silent = { unknown: new Map([['b', 'does not report']]) };
  expect(rows(status(red, [], silent))[0]).toBe('192.168.7.201 via b null NodeHealthUnknown');
});
