/** `trace` and `status` on objects in files: what they say, and how they end. */
import {
  base,
  cluster,
  command,
  first,
  host,
  namespace,
  network,
  pod,
  policy,
  second,
  traced,
  written,
} from './trace-cluster.ts';

const refusing = (node: string, ip: string): object => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: {
    namespace: 'sdn-compat-nodes',
    name: `sdn-compat-node-${node}`,
    labels: { 'app.kubernetes.io/name': 'sdn-compat', 'app.kubernetes.io/component': 'node' },
    annotations: { 'sdn-compat/refused-egress-ips': JSON.stringify({ [ip]: 'somebody has it' }) },
  },
  spec: { holderIdentity: node },
});
const notReady = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { conditions: [{ type: 'Ready', status: 'False' }] },
});

test.each<readonly [string, readonly string[], readonly object[], readonly (string | RegExp)[]]>([
  [
    'on the node that has its egress IP',
    ['red/a', '203.0.113.7:443'],
    [],
    [/^leaves 192.168.7.201 node1: its namespace requests it/],
  ],
  ['from another node', ['red/b', '203.0.113.7:443'], [], [/^leaves 192.168.7.201 node1: /]],
  ['as if it were elsewhere', ['red/a', '203.0.113.7', '--from-node', 'node2'], [], [/^leaves 192.168.7.201 node1: /]],
  [
    'of a namespace that requests nothing',
    ['plain/c', '203.0.113.7/udp'],
    [],
    [/^leaves 192.168.7.11 node1: the address of the node/],
  ],
  [
    'whose egress IP nobody hosts',
    ['none/x', '203.0.113.7'],
    [...namespace('none', 20, ['192.168.7.77']), pod('none/x', 'node1', '10.128.1.9')],
    [/^dropped - node1: NoNodeHostsEgressIP: no HostSubnet lists 192.168.7.77/],
  ],
  [
    'whose node is offline',
    ['red/b', '203.0.113.7'],
    [notReady('node1')],
    [/^dropped - node2: NodeOffline: 192.168.7.201 is on node1/],
  ],
  [
    'whose node refuses it',
    ['red/b', '203.0.113.7'],
    [refusing('node1', first)],
    [/^dropped - node1: node1 does not carry the egress IP: somebody has it/],
  ],
  [
    'with two egress IPs',
    ['two/x', '203.0.113.7'],
    [
      ...namespace('two', 21, [first.replace('201', '221'), second.replace('202', '222')]),
      host(3, ['192.168.7.221']),
      host(4, ['192.168.7.222']),
      pod('two/x', 'node1', '10.128.1.9'),
    ],
    [/^leaves 192.168.7.221 node3/, /^leaves 192.168.7.222 node4/],
  ],
  [
    'that an EgressNetworkPolicy denies',
    ['red/a', '203.0.113.7'],
    [
      policy('EgressNetworkPolicy', 'network.openshift.io/v1', 'red', {
        egress: [
          { type: 'Allow', to: { cidrSelector: '198.51.100.0/24' } },
          { type: 'Deny', to: { cidrSelector: '203.0.113.0/24' } },
        ],
      }),
    ],
    [/^dropped - node1: rule 2 of its EgressNetworkPolicy denies 203.0.113.0\/24/],
  ],
  [
    'that a NetworkPolicy denies',
    ['red/a', '203.0.113.7'],
    [policy('NetworkPolicy', 'networking.k8s.io/v1', 'red', { podSelector: {}, policyTypes: ['Egress'] })],
    [/^dropped - node1: no rule of NetworkPolicy red\/p allows what it sends/],
  ],
  ['to a pod on another node', ['red/a', 'red/b:80'], [], [/^delivered 10.128.1.2 node2: it comes to pod red\/b/]],
  [
    'to a pod that a NetworkPolicy closes',
    ['plain/c', 'red/b:80'],
    [policy('NetworkPolicy', 'networking.k8s.io/v1', 'red', { podSelector: {}, policyTypes: ['Ingress'] })],
    [/^dropped - node2: no rule of NetworkPolicy red\/p allows what it gets/],
  ],
  [
    'to an address of no pod',
    ['red/a', '10.128.2.200'],
    [],
    [/^dropped - node2: no pod of this node has the address 10.128.2.200/],
  ],
  ['to a subnet of no node', ['red/a', '10.128.99.2'], [], [/^dropped - node1: no node has the subnet of 10.128.99.2/]],
  ['to the gateway', ['red/a', '10.128.1.1'], [], [/^node 10.128.1.2 node1: it comes to node1 itself/]],
  [
    'that answers',
    ['red/a', '203.0.113.7', '--reply'],
    [],
    [/^leaves - node1: an answer leaves with the address that its connection came in to/],
  ],
])('a packet %s', async (_what, args, objects, expected) => {
  const file = objects.length === 0 ? base : written(...cluster, ...objects);
  const found = await traced(file, ...args);
  expect(found).toHaveLength(expected.length);
  expected.forEach((text, index) => expect(found[index]).toMatch(text));
});

describe('with an egress IP that drains', () => {
  const until = '2026-12-01T10:00:00.000Z';
  const draining = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      namespace: 'sdn-compat-nodes',
      name: 'sdn-compat-node-node2',
      labels: { 'app.kubernetes.io/name': 'sdn-compat', 'app.kubernetes.io/component': 'node' },
      annotations: {
        'sdn-compat/refused-egress-ips': '{}',
        'sdn-compat/draining-egress-ips': JSON.stringify({ [first]: until }),
      },
    },
    spec: { holderIdentity: 'node2' },
  };
  const file = written(...cluster, draining);
  const drainsOf = async (...args: readonly string[]): Promise<unknown> => {
    const { stdout } = await command('trace', ...args, '-f', file, '-o', 'json');
    return (JSON.parse(stdout) as { drains?: unknown }).drains;
  };

  test('it is said by which node connections go on, and until when', async () => {
    const row = { egressIP: first, namespaces: ['red'], vnid: 11, from: 'node2', to: 'node1', until };
    expect(await drainsOf('red/a', '203.0.113.7:443')).toEqual([row]);
    const { stdout } = await command('trace', 'red/a', '203.0.113.7:443', '-f', file);
    expect(stdout).toContain(
      `Connections that have ${first} since before it left node2 go on by node2, until ${until} at the latest.`,
    );
  });

  test.each([
    ['of another namespace', ['plain/c', '203.0.113.7:443']],
    ['inside the cluster', ['red/a', 'red/b:80']],
    ['an answer', ['red/a', '203.0.113.7', '--reply']],
  ])('nothing is said of what has none of it: %s', async (_what, args) => {
    expect(await drainsOf(...args)).toBeUndefined();
  });
});

describe('where OVN-Kubernetes forwards', () => {
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      namespace: 'sdn-compat',
      name: 'sdn-compat-controller',
      labels: { 'app.kubernetes.io/name': 'sdn-compat', 'app.kubernetes.io/component': 'controller' },
      annotations: { 'sdn-compat/backend': 'ovn' },
    },
    spec: { holderIdentity: 'x' },
  };
  const ovn = (kind: string, metadata: object, more: object): object => ({
    ...{ apiVersion: 'k8s.ovn.org/v1', kind, metadata },
    ...more,
  });
  const egressIP = (space: string, ip: string, ...items: readonly object[]): object =>
    ovn(
      'EgressIP',
      { name: `egressip-${space}` },
      {
        spec: { egressIPs: [ip], namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': space } } },
        status: { items },
      },
    );
  const firewall = (space: string, ...egress: readonly object[]): object =>
    ovn('EgressFirewall', { namespace: space, name: 'default' }, { spec: { egress } });
  const closing = [
    { type: 'Allow', to: { nodeSelector: {} } },
    { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } },
  ];
  const onNode2 = egressIP('red', first, { egressIP: first, node: 'node2' });
  const unserved = egressIP('red', first);
  const other = firewall('plain', { type: 'Deny', to: { cidrSelector: '198.51.100.0/24' } });

  test.each<readonly [string, readonly string[], readonly object[], RegExp]>([
    [
      'of a namespace whose EgressIP has a node',
      ['red/a', '203.0.113.7:443'],
      [onNode2, other],
      /^leaves 192.168.7.201 node2: EgressIP egressip-red has 192.168.7.201 on node2/,
    ],
    [
      'whose node is not Ready',
      ['red/a', '203.0.113.7:443'],
      [onNode2, other, notReady('node2')],
      /^dropped - node2: NodeOffline: node2 is not Ready, and OVN-Kubernetes has not moved it yet/,
    ],
    [
      'of a namespace that is closed',
      ['red/a', '203.0.113.7:443'],
      [unserved, firewall('red', ...closing)],
      /^dropped - node1: its EgressFirewall closes its namespace: NotAssigned: OVN-Kubernetes has given it no node/,
    ],
    [
      'of a namespace that nothing closes',
      ['red/b', '203.0.113.7:443'],
      [unserved, other],
      /^leaves 192.168.7.12 node2: the address of the node, because none of its egress IPs is assigned, and nothing closes/,
    ],
    [
      'of a namespace that requests nothing',
      ['plain/c', '203.0.113.7'],
      [onNode2, other],
      /^leaves 192.168.7.11 node1: the address of the node, because its namespace requests no egress IP/,
    ],
    [
      'that an EgressFirewall denies',
      ['red/a', '203.0.113.7:443'],
      [onNode2, firewall('red', { type: 'Deny', to: { cidrSelector: '203.0.113.0/24' } })],
      /^dropped - node1: rule 1, which denies 203.0.113.0\/24 \(EgressFirewall\)/,
    ],
    [
      'that an EgressFirewall allows by its port',
      ['red/a', '203.0.113.7:443'],
      [
        onNode2,
        firewall(
          'red',
          { type: 'Allow', to: { cidrSelector: '203.0.113.0/24' }, ports: [{ protocol: 'TCP', port: 443 }] },
          ...closing,
        ),
      ],
      /^leaves 192.168.7.201 node2/,
    ],
  ])('a packet %s', async (_what, args, objects, expected) => {
    const found = await traced(written(...cluster, lease, ...objects), ...args);
    expect(found).toEqual([expect.stringMatching(expected)]);
  });

  test('nothing is said of flows, and what may decide besides is named', async () => {
    const limit = policy('NetworkPolicy', 'networking.k8s.io/v1', 'red', { podSelector: {}, egress: [] });
    const name = firewall('red', { type: 'Deny', to: { dnsName: '*.example' } });
    const file = written(...cluster, lease, onNode2, limit, name);
    const { status, stdout } = await command('trace', 'red/a', '203.0.113.7:443', '-f', file, '-v');
    expect(status).toBe(0);
    expect(stdout).toContain('leaves as 192.168.7.201 from node2');
    expect(stdout).toContain('Not taken into account: rule 1, which denies *.example (EgressFirewall)');
    expect(stdout).toContain('Not taken into account: NetworkPolicy p');
    expect(stdout).not.toMatch(/table|VXLAN/);
  });

  test.each([
    ['the way inside of the cluster', ['red/a', 'red/b:80'], 'is inside of it'],
    ['the way to a node', ['red/a', '192.168.7.12'], 'is inside of it'],
    ['the way to a Service by an external address', ['red/a', '203.0.113.50:80'], 'is an address of Service red/web'],
    ['an answer', ['red/a', '203.0.113.7', '--reply'], '--reply'],
    ['whether a namespace is closed', ['red/a', '203.0.113.7'], 'EgressFirewalls could not be read'],
  ])('%s cannot be told', async (_what, args, text) => {
    const web = {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'red', name: 'web' } },
      spec: { clusterIP: '172.30.0.10', ports: [{ port: 80 }], externalIPs: ['203.0.113.50'] },
    };
    const { status, stderr } = await command('trace', ...args, '-f', written(...cluster, lease, unserved, web));
    expect([status, stderr]).toEqual([2, expect.stringContaining(text)]);
  });
});

test('pods of other namespaces are not reached with the multitenant plugin', async () => {
  const file = written(...cluster.filter((_, index) => index > 0), network('multitenant'));
  expect(await traced(file, 'plain/c', 'red/b:80')).toEqual([
    expect.stringMatching(/^dropped - node2: another VNID than that of the pod/),
  ]);
});

test('in words, with the flows if asked for', async () => {
  const { status, stdout } = await command('trace', 'red/b', '203.0.113.7:443', '-f', base, '-v');
  expect(status).toBe(0);
  expect(stdout).toContain('leaves as 192.168.7.201 from node1: its namespace requests it, and node1 has it');
  expect(stdout).toContain('by VXLAN to node1 (192.168.7.11), with VNID 11');
  expect(stdout).toContain('table=101');
  expect(stdout).toContain('Answers come to 192.168.7.201 on node1');
});

test('names in an EgressNetworkPolicy are said not to be known', async () => {
  const spec = { egress: [{ type: 'Deny', to: { dnsName: 'a.example' } }] };
  const file = written(...cluster, policy('EgressNetworkPolicy', 'network.openshift.io/v1', 'red', spec));
  const { stdout } = await command('trace', 'red/a', '203.0.113.7', '-f', file);
  expect(stdout).toContain('Not taken into account: rules of the EgressNetworkPolicy for names (a.example)');
});

test.each<readonly [string, readonly string[], string]>([
  ['no pod', ['red/x', '203.0.113.7'], 'there is no pod red/x'],
  ['a pod on its host', ['plain/host', '203.0.113.7'], 'pod plain/host: it is on the network of its host'],
  ['a pod without address', ['plain/new', '203.0.113.7'], 'pod plain/new: it has no address yet'],
  ['a name', ['red/a', 'example.com'], '"example.com" is no destination'],
  ['an address with too much in it', ['red/a', '203.0.113.777'], '"203.0.113.777": '],
  ['a port of ICMP', ['red/a', '203.0.113.7:1/icmp'], 'ICMP has no ports'],
  ['a port beyond all', ['red/a', '203.0.113.7:65536'], 'a port is 1 to 65535'],
  ['several places', ['red/a', '224.0.0.251:5353/udp'], 'no multicast or broadcast'],
  ['the pod itself', ['red/a', '127.0.0.1:80'], 'such a packet never leaves the pod'],
  ['a protocol of nobody', ['red/a', '203.0.113.7:1/foo'], 'foo is no protocol'],
  [
    'a node of nobody',
    ['red/a', '203.0.113.7', '--from-node', 'node9'],
    '--from-node node9: there is no valid HostSubnet',
  ],
])('%s is an error that says so', async (_what, args, text) => {
  const { status, stdout, stderr } = await command('trace', ...args, '-f', base);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain(text);
  expect(stderr).not.toContain('    at ');
});

test('status of files: exit status and words', async () => {
  const bad = await command('status', '-f', base);
  expect([bad.status, bad.stdout]).toEqual([1, expect.stringContaining('2 of 3 requested egress IPs are in use')]);
  expect((await command('status', '-f', base, '-n', 'red')).status).toBe(0);
  expect((await command('status', '-f', base, '-o', 'name', '--problems-only')).stdout).toBe(
    'netnamespace.network.openshift.io/both\n',
  );
  const unknown = await command(
    'status',
    '-f',
    written(...cluster, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'other' } }),
    '-n',
    'red',
  );
  expect([unknown.status, unknown.stdout]).toEqual([2, expect.stringContaining('NodeHealthUnknown')]);
  for (const [args, text] of [
    [['--wait'], 'files do not change'],
    [['-n', 'nosuch'], 'there is no NetNamespace of that name'],
    [['--node', 'nosuch'], 'there is no HostSubnet of that name'],
  ] as const) {
    const { status, stderr } = await command('status', '-f', base, ...args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(text)]);
  }
});
