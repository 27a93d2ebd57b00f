/** What the agents of a lab are told for what OVN-Kubernetes assigned. */
import { type EgressWanted, egressWanted, policyFor, stepsTo } from '../../../src/lab/underlay/wanted.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';

const egressIP = (name: string, ips: readonly string[], at: Readonly<Record<string, string>>): KubeObject => ({
  metadata: { name },
  ...{
    spec: { egressIPs: ips, namespaceSelector: {} },
    status: { items: Object.entries(at).map(([one, node]) => ({ egressIP: one, node })) },
  },
});
const lists = (of: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, readonly string[]> =>
  new Map(Object.entries(of));

test('a namespace has what is assigned to the EgressIP that serves it, in the order of spec', () => {
  const objects = [egressIP('a', ['1.1.1.1', '1.1.1.2', '1.1.1.3'], { '1.1.1.3': 'n1', '1.1.1.1': 'n2' })];
  const { namespaces, nodes } = egressWanted(objects, new Map([['shop', 'a']]));
  expect(namespaces).toEqual(lists({ shop: ['1.1.1.1', '1.1.1.3'] }));
  expect(nodes).toEqual(lists({ n1: ['1.1.1.3'], n2: ['1.1.1.1'] }));
});

test('without an assigned address a namespace has none: it leaves as nodes do', () => {
  const { namespaces, nodes } = egressWanted([egressIP('a', ['1.1.1.1'], {})], new Map());
  expect([namespaces.size, nodes.size]).toEqual([0, 0]);
});

const state = (namespaces: Record<string, string[]>, nodes: Record<string, string[]>): EgressWanted => ({
  namespaces: lists(namespaces),
  nodes: lists(nodes),
});

test('a move goes by way of nowhere, and what stays is not touched', () => {
  const before = state(
    { shop: ['1.1.1.1', '1.1.1.2'], other: ['1.1.1.3'] },
    { n1: ['1.1.1.1', '1.1.1.3'], n2: ['1.1.1.2'] },
  );
  const after = state(
    { shop: ['1.1.1.1', '1.1.1.2'], other: ['1.1.1.3'] },
    { n1: ['1.1.1.3'], n2: ['1.1.1.2'], n3: ['1.1.1.1'] },
  );
  expect(stepsTo(before, after)).toEqual([
    [{ kind: 'namespace', name: 'shop', egressIPs: ['1.1.1.2'] }],
    [{ kind: 'node', name: 'n1', egressIPs: ['1.1.1.3'] }],
    [{ kind: 'node', name: 'n3', egressIPs: ['1.1.1.1'] }],
    [{ kind: 'namespace', name: 'shop', egressIPs: ['1.1.1.1', '1.1.1.2'] }],
  ]);
});

test('nothing is to do where nothing differs, and everything goes where nothing is wanted', () => {
  const before = state({ shop: ['1.1.1.1'] }, { n1: ['1.1.1.1'] });
  expect(stepsTo(before, before)).toEqual([[], [], [], []]);
  const gone = stepsTo(before, state({}, {}));
  expect(gone.map((step) => step.length)).toEqual([1, 1, 0, 0]);
});

const firewall = (egress: readonly object[]): KubeObject => ({
  metadata: { name: 'default', namespace: 'shop' },
  ...{ spec: { egress } },
});
const node = (name: string, hostCIDRs?: string, labels: Readonly<Record<string, string>> = {}): KubeObject => ({
  metadata: { name, labels, annotations: hostCIDRs === undefined ? {} : { 'k8s.ovn.org/host-cidrs': hostCIDRs } },
});

test('rules that name nodes are the addresses of those that show some', () => {
  const nodes = [node('n1', '["192.168.7.11/24"]', { rack: 'a' }), node('n2', '["192.168.7.12/24"]'), node('n3')];
  const egress = [
    { type: 'Allow', to: { nodeSelector: { matchLabels: { rack: 'a' } } } },
    { type: 'Allow', to: { dnsName: 'example.org' } },
    { type: 'Allow', to: { cidrSelector: '10.1.2.3/8' } },
    { type: 'Deny', to: { nodeSelector: {} } },
  ];
  expect(policyFor(firewall(egress), nodes)?.spec.egress).toEqual([
    { type: 'Allow', to: { cidrSelector: '192.168.7.11/32' } },
    { type: 'Allow', to: { dnsName: 'example.org' } },
    { type: 'Allow', to: { cidrSelector: '10.0.0.0/8' } },
    { type: 'Deny', to: { cidrSelector: '192.168.7.11/32' } },
    { type: 'Deny', to: { cidrSelector: '192.168.7.12/32' } },
  ]);
});

test('one rule that cannot be read opens everything', () => {
  const egress = [
    { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } },
    { type: 'Allow', to: { cidrSelector: '1.2.3.4/99' } },
  ];
  expect(policyFor(firewall(egress), [])).toBeUndefined();
});
