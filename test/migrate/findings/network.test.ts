import {
  hybridOverlay,
  isolationJoined,
  multicastMixed,
  multitenantIsolation,
  networkOverlap,
} from '../../../src/migrate/findings/network.ts';

it('says what lies in a network of OVN-Kubernetes, as a sentence', () => {
  expect(
    networkOverlap({
      kind: 'Node',
      name: 'n1',
      inside: { kind: 'node-address', ip: '100.64.0.1' },
      use: 'join',
      network: '100.64.0.0/16',
    }),
  ).toMatchObject({
    kind: 'Node',
    name: 'n1',
    severity: 'blocker',
    today: "The node's address 100.64.0.1 works: OpenShift SDN uses no networks besides those of the ClusterNetwork.",
    tomorrow: 'OVN-Kubernetes uses 100.64.0.0/16 itself (join network), so traffic to what shares it is lost.',
    action:
      "Set another join network in the configuration of the network operator before the switch, or move the node's address 100.64.0.1.",
  });
});

it.each<readonly [string, Parameters<typeof networkOverlap>[0]['inside'], 'blocker' | 'warning']>([
  ['the cluster network 100.64.0.0/14', { kind: 'cluster-network', cidr: '100.64.0.0/14' }, 'blocker'],
  ['the service network 100.64.0.0/14', { kind: 'service-network', cidr: '100.64.0.0/14' }, 'blocker'],
  ['the machine network 100.64.0.0/14', { kind: 'machine-network', cidr: '100.64.0.0/14' }, 'blocker'],
  ['egress IP 100.64.0.1, 100.64.0.2', { kind: 'egress-ips', ips: ['100.64.0.1', '100.64.0.2'] }, 'blocker'],
  ['the destination 100.64.0.1/32', { kind: 'destinations', cidrs: ['100.64.0.1/32'] }, 'warning'],
])('names %s, and blocks unless it is only what a policy names', (text, inside, severity) => {
  const found = networkOverlap({ kind: 'Node', name: 'n1', inside, use: 'join', network: '100.64.0.0/16' });
  expect(found.severity).toBe(severity);
  expect(found.action.endsWith(`or move ${text}.`)).toBe(true);
});

it('finds a hybrid overlay in the configuration or on a node', () => {
  expect(hybridOverlay({})).toMatchObject({
    kind: 'Network',
    name: 'cluster',
    today: expect.stringMatching(/^The network operator/) as string,
  });
  expect(hybridOverlay({ node: 'w1' })).toMatchObject({
    kind: 'Node',
    name: 'w1',
    today: expect.stringMatching(/^Node w1 is one/) as string,
  });
});

it('blocks the multitenant plugin only on OpenShift, whose procedure refuses it', () => {
  const of = (count: number, isOpenShift: boolean) => multitenantIsolation({ policy: 'p', count, isOpenShift });
  expect(of(1, true)).toMatchObject({
    severity: 'blocker',
    action: expect.stringMatching(/^The vendor's procedure refuses/) as string,
  });
  expect(of(1, false)).toMatchObject({
    severity: 'warning',
    action: 'Add the policy to the template for new projects.',
  });
  expect(of(1, true).tomorrow).toMatch(/^1 namespace gets the NetworkPolicy p/);
  expect(of(2, true).tomorrow).toMatch(/^2 namespaces get the NetworkPolicy p/);
  expect(of(0, true).tomorrow).toMatch(/^0 namespaces get/);
});

it('is on the first of the namespaces that are joined', () => {
  expect(isolationJoined({ policy: 'p', namespaces: ['a', 'b'], vnid: 7 })).toMatchObject({
    severity: 'info',
    name: 'a',
  });
  expect(multicastMixed({ namespaces: ['a', 'b'], vnid: 7, without: [] })).toMatchObject({
    name: 'a',
    tomorrow: 'Multicast stays within each namespace that has the annotation; none crosses from one to another.',
  });
  expect(multicastMixed({ namespaces: ['a', 'b'], vnid: 7, without: ['b'] }).tomorrow).toMatch(
    / b, whose NetNamespace has no annotation, loses it\.$/,
  );
});
