import { type Reason, reasonText } from '../../../src/model/egress/reasons.ts';
import { egressState, vnidState } from '../../../src/model/egress/state.ts';
import { scenarios, World } from '../../conformance/scenarios.ts';
import { absentHost, cidr, hostSubnet, ip, netNamespace, vnid } from '../parsed.ts';

test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('scenario %s', (_, { steps }) => {
  const world = new World();
  for (const [index, step] of steps.entries()) {
    world.take(step);
    expect({ index, state: world.state() }).toEqual({ index, state: step.state });
  }
});

test('the recorded data has all its cases', () => {
  expect(scenarios).toHaveLength(317);
  expect(scenarios.flatMap(({ steps }) => steps)).toHaveLength(7761);
});

const nodeA = hostSubnet('node-a', {
  hostIP: '192.168.7.11',
  egressIPs: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.9'],
});
const nodeB = hostSubnet('node-b', { hostIP: '192.168.7.12', egressIPs: ['10.0.0.3', '10.0.0.4'] });

function reasonsOf(netNamespaces: ReturnType<typeof netNamespace>[], offline: string[] = []): readonly Reason[] {
  const state = egressState({ hostSubnets: [nodeB, nodeA], netNamespaces, offline: new Set(offline.map(ip)) });
  const one = vnidState(state, vnid(42));
  return one.kind === 'normal' ? [] : one.reasons;
}

test('a VNID that requests nothing is normal and not listed', () => {
  const state = egressState({ hostSubnets: [nodeA], netNamespaces: [netNamespace('a', 42)], offline: new Set() });
  expect(state.vnids.size).toBe(0);
  expect(vnidState(state, vnid(42))).toEqual({ kind: 'normal' });
});

test.each([
  { code: 'InvalidEgressIP', requested: ['10.0.0.04'], text: '"10.0.0.04" is not an IP address' },
  { code: 'InvalidEgressIP', requested: ['fd00::1'], text: '"fd00::1" is not an IPv4 address' },
  {
    code: 'EgressIPInSeveralNamespaces',
    requested: ['10.0.0.9'],
    byOther: ['10.0.0.9'],
    text: '10.0.0.9 is requested by VNIDs 42, 43',
  },
  { code: 'EgressIPOnSeveralNodes', requested: ['10.0.0.3'], text: '10.0.0.3 is listed by HostSubnets node-a, node-b' },
  {
    code: 'SeveralEgressIPsOnOneNode',
    requested: ['10.0.0.2', '10.0.0.1'],
    text: 'node-a lists several egress IPs of one namespace: 10.0.0.1, 10.0.0.2',
  },
  {
    code: 'NodeOffline',
    requested: ['10.0.0.4'],
    offline: ['192.168.7.12'],
    text: '10.0.0.4 is on node-b (192.168.7.12), which is offline',
  },
  { code: 'NoNodeHostsEgressIP', requested: ['10.0.0.99'], text: 'no HostSubnet lists 10.0.0.99' },
])('$code of $requested', ({ code, requested, byOther = [], offline = [], text }) => {
  const [reason] = reasonsOf([netNamespace('other', 43, byOther), netNamespace('one', 42, requested)], offline);
  expect(reason?.code).toBe(code);
  expect(reason === undefined ? undefined : reasonText(reason)).toBe(text);
});

test('the first reason that applies is shown, and a namespace in use keeps those of its other IPs', () => {
  const both = [netNamespace('other', 43, ['10.0.0.3']), netNamespace('one', 42, ['bogus', '10.0.0.3', '10.0.0.99'])];
  expect(reasonsOf(both).map(({ code }) => code)).toEqual([
    'InvalidEgressIP',
    'EgressIPInSeveralNamespaces',
    'NoNodeHostsEgressIP',
  ]);
  const used = [netNamespace('one', 42, ['10.0.0.4', 'bogus', '10.0.0.99'])];
  const state = egressState({ hostSubnets: [nodeA, nodeB], netNamespaces: used, offline: new Set() });
  expect(vnidState(state, vnid(42))).toEqual({
    kind: 'via',
    hops: [{ egressIP: '10.0.0.4', node: 'node-b', nodeIP: '192.168.7.12' }],
    reasons: [
      { code: 'InvalidEgressIP', egressIP: 'bogus', detail: '"bogus" is not an IP address' },
      { code: 'NoNodeHostsEgressIP', egressIP: '10.0.0.99' },
    ],
  });
});

test('joined namespaces request together, in order of name, repeats once', () => {
  const joined = [
    netNamespace('b', 42, ['10.0.0.1', '10.0.0.4']),
    netNamespace('c', 42),
    netNamespace('a', 42, ['10.0.0.4']),
  ];
  const state = egressState({ hostSubnets: [nodeA, nodeB], netNamespaces: joined, offline: new Set() });
  expect(state.requests.get(vnid(42))).toEqual(['10.0.0.4', '10.0.0.1']);
  expect(vnidState(state, vnid(42))).toMatchObject({
    kind: 'via',
    hops: [{ egressIP: '10.0.0.4' }, { egressIP: '10.0.0.1' }],
  });
});

const clusterNetworks = ['10.128.0.0/14', '172.30.0.0/16'].map(cidr);

test.each([
  { code: 'EgressIPIsNodeAddress', requested: ['192.168.7.12'], text: '192.168.7.12 is the address of node node-b' },
  { code: 'EgressIPIsNodeAddress', requested: ['192.168.7.19'], text: '192.168.7.19 is the address of node broken' },
  {
    code: 'EgressIPInsideCluster',
    requested: ['10.128.2.9'],
    text: '10.128.2.9 lies in 10.128.0.0/14, a network of the cluster',
  },
  {
    code: 'EgressIPInsideCluster',
    requested: ['172.30.0.1'],
    text: '172.30.0.1 lies in 172.30.0.0/16, a network of the cluster',
  },
])(
  '$code: $requested is assigned to nobody, and the other IP of the namespace is in use',
  ({ code, requested, text }) => {
    const hosting = hostSubnet('node-a', { hostIP: '192.168.7.11', egressIPs: ['10.0.0.1', ...requested] });
    const netNamespaces = [netNamespace('one', 42, [...requested, '10.0.0.1']), netNamespace('two', 43, requested)];
    const input = {
      hostSubnets: [nodeB, hosting],
      netNamespaces: netNamespaces.slice(0, 1),
      offline: new Set<never>(),
      absent: [absentHost('broken', { hostIP: '192.168.7.19', subnet: '' })],
      networks: clusterNetworks,
    };
    const state = egressState(input);
    expect([...state.assigned.keys()]).toEqual(['10.0.0.1']);
    const one = vnidState(state, vnid(42));
    expect(one).toMatchObject({
      kind: 'via',
      hops: [{ egressIP: '10.0.0.1' }],
      reasons: [{ code, egressIP: requested[0] }],
    });
    expect(one.kind === 'via' ? one.reasons.map(reasonText) : []).toEqual([text]);
    // a namespace that shares it with another is dropped as ever
    expect(vnidState(egressState({ ...input, netNamespaces }), vnid(42))).toMatchObject({
      kind: 'dropped',
      reasons: [{ code: 'EgressIPInSeveralNamespaces' }],
    });
  },
);

test('of several nodes with one address the first by name is told', () => {
  const hosts = ['c', 'a', 'b'].map((name) => hostSubnet(name, { hostIP: '192.168.7.30' }));
  const state = egressState({
    hostSubnets: hosts,
    netNamespaces: [netNamespace('one', 42, ['192.168.7.30'])],
    offline: new Set(),
    absent: [],
    networks: [],
  });
  expect(vnidState(state, vnid(42))).toMatchObject({
    kind: 'dropped',
    reasons: [{ code: 'EgressIPIsNodeAddress', node: 'a' }],
  });
});
