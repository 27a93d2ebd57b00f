/** `trace` to Services, from objects in files: what it says of each kind of backend. */
import { cluster, command, namespace, network, pod, policy, traced, written } from './trace-cluster.ts';

const service = (name: string, clusterIP: string, spec: object = {}): object => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'back', name } },
  spec: { clusterIP, ports: [{ name: 'web', port: 80, nodePort: 30080 }], ...spec },
});
const [onNode1, onNode2] = ['10.128.1.20', '10.128.2.20'];
const endpoint = (address: string): object => ({
  addresses: [address],
  ...(address.startsWith('10.128.') ? { nodeName: `node${address.split('.')[2] ?? ''}` } : {}),
  ...(address === onNode1 ? { targetRef: { kind: 'Pod', namespace: 'back', name: 'x' } } : {}),
});
const slice = (name: string, ...addresses: readonly string[]): object => ({
  ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
  metadata: { namespace: 'back', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
  ports: [{ name: 'web', port: 8080 }],
  endpoints: addresses.map(endpoint),
});
const back = [...namespace('back', 15, []), pod('back/x', 'node1', onNode1), pod('back/y', 'node2', onNode2)];
const web = '172.30.0.10';
/** The cluster with the Service `web`, which leads to these addresses. */
const leading = (addresses: readonly string[], spec: object = {}): readonly object[] => [
  ...[...cluster, ...back],
  ...[service('web', web, spec), slice('web', ...addresses)],
];
const none = [...namespace('none', 20, ['192.168.7.77']), pod('none/x', 'node1', '10.128.1.9')];
const local = { externalTrafficPolicy: 'Local', externalIPs: ['203.0.113.50'] };
const closed = (space: string, policyTypes: readonly string[]): object =>
  policy('NetworkPolicy', 'networking.k8s.io/v1', space, { podSelector: {}, policyTypes });
const [outside, atNode3] = ['198.51.100.9', '192.168.7.12:30080'];

test.each<readonly [string, string, string, readonly object[], readonly RegExp[]]>([
  [
    'a pod of the same node',
    'plain/c',
    `${web}:80`,
    leading([onNode1]),
    [/^delivered 10.128.1.3 node1: .*own address/],
  ],
  ['a pod of another node', 'red/a', `${web}:80`, leading([onNode2]), [/^delivered 10.128.1.2 node2: .*own address/]],
  ['itself', 'back/x', `${web}:80`, leading([onNode1]), [/^delivered 10.128.1.1 node1: .*reaches itself/]],
  [
    'a host outside, without egress IP',
    'plain/c',
    `${web}:80`,
    leading([outside]),
    [/^leaves 192.168.7.11 node1: .*outside the cluster, which gets the address of the node/],
  ],
  [
    'a host outside, with one',
    'red/a',
    `${web}:80`,
    leading([outside]),
    [/^dropped - node1: .*never leaves as a node/],
  ],
  [
    'a host outside, with one that nobody has',
    'none/x',
    `${web}:80`,
    [...leading([outside]), ...none],
    [/^dropped - node1: .*never leaves as a node/],
  ],
  [
    'a pod, with one that nobody has',
    'none/x',
    `${web}:80`,
    [...leading([onNode2]), ...none],
    [/^delivered 10.128.1.9 node2/],
  ],
  [
    'another node',
    'red/a',
    `${web}:80`,
    leading(['192.168.7.12']),
    [/^leaves 192.168.7.11 node1: .*an address of a node/],
  ],
  [
    'its own node',
    'red/a',
    `${web}:80`,
    leading(['192.168.7.11']),
    [/^node 10.128.1.2 node1: .*leads to node1 itself/],
  ],
  [
    'an address of Services',
    'red/a',
    `${web}:80`,
    leading(['172.30.0.77']),
    [/^dropped - node1: .*nothing is rewritten twice/],
  ],
  [
    'an egress IP',
    'plain/c',
    `${web}:80`,
    leading(['192.168.7.202']),
    [/^refused - node2: 192.168.7.202 is an egress IP/],
  ],
  ['nobody', 'red/a', `${web}:80`, leading([]), [/^refused - node1: Service back\/web: it has no ready endpoint/]],
  [
    'what another node has, internalTrafficPolicy Local',
    'red/a',
    `${web}:80`,
    leading([onNode2], { internalTrafficPolicy: 'Local' }),
    [/^dropped - node1: .*internalTrafficPolicy/],
  ],
  [
    'two kinds',
    'plain/c',
    `${web}:80`,
    leading([onNode1, outside]),
    [/^delivered 10.128.1.3 node1/, /^leaves 192.168.7.11 node1/],
  ],
  [
    'a pod that a policy closes',
    'plain/c',
    `${web}:80`,
    [...leading([onNode2]), closed('back', ['Ingress'])],
    [/^dropped - node2: no rule of NetworkPolicy back\/p allows what it gets/],
  ],
  [
    'a pod, past what a policy lets it send',
    'plain/c',
    `${web}:80`,
    [...leading([onNode2]), closed('plain', ['Egress'])],
    [/^dropped - node1: no rule of NetworkPolicy plain\/p allows what it sends/],
  ],
  [
    'a host outside, past that policy',
    'plain/c',
    `${web}:80`,
    [...leading([outside]), closed('plain', ['Egress'])],
    [/^leaves 192.168.7.11 node1/],
  ],
  [
    'a pod, by a node port',
    'plain/c',
    atNode3,
    leading([onNode1]),
    [/^delivered 10.128.2.1 node1: .*sees tun0 of node2/],
  ],
  ['a pod, by a node port with an egress IP', 'red/a', atNode3, leading([onNode1]), [/^delivered 10.128.2.1 node1/]],
  [
    'a host outside, by a node port with an egress IP',
    'red/a',
    atNode3,
    leading([outside]),
    [/^dropped - node2: .*gives nobody its own address/],
  ],
  [
    'a pod, by a node port while no egress IP is in use',
    'none/x',
    atNode3,
    [...leading([onNode1]), ...none],
    [/^dropped - node1: NoNodeHostsEgressIP/],
  ],
  [
    'a pod of the asked node, Local',
    'red/a',
    atNode3,
    leading([onNode2], local),
    [/^delivered 192.168.7.201 node2: .*externalTrafficPolicy is Local/],
  ],
  [
    'a pod of another node, Local',
    'red/a',
    atNode3,
    leading([onNode1], local),
    [/^dropped - node2: .*externalTrafficPolicy is Local, and node2/],
  ],
  [
    'a pod, by an external address, Local',
    'plain/c',
    '203.0.113.50:80',
    leading([onNode2], local),
    [/^delivered 10.128.1.3 node2/],
  ],
  [
    'a pod, by an external address with an egress IP on another node',
    'red/b',
    '203.0.113.50:80',
    leading([onNode2], local),
    [/^delivered 10.128.1.1 node2: .*for what leaves the cluster/],
  ],
  [
    'a host outside, by an external address with an egress IP, Local',
    'red/b',
    '203.0.113.50:80',
    leading([outside], local),
    [/^leaves 192.168.7.201 node1/],
  ],
])('that leads to %s', async (_what, from, to, objects, expected) => {
  const found = await traced(written(...objects), from, to);
  expect(found).toHaveLength(expected.length);
  expected.forEach((text, index) => expect(found[index]).toMatch(text));
});

test.each<readonly [string, string, string, readonly object[], RegExp]>([
  [
    'by the cluster address',
    'back/x',
    `${web}:80`,
    leading([onNode1]),
    /^delivered 172.30.0.10 node1: it goes to the node of who asked/,
  ],
  ['by a node port', 'back/x', atNode3, leading([onNode1]), /^leaves 192.168.7.12 node2: it goes back by node2/],
  [
    'by a node port, of a namespace with an egress IP',
    'red/a',
    atNode3,
    leading(['10.128.1.2']),
    /^leaves 192.168.7.12 node2/,
  ],
  ['by a node port of its own node, Local', 'back/y', atNode3, leading([onNode2], local), /^leaves 192.168.7.12 node2/],
  [
    'by a node port of another node, Local',
    'back/x',
    atNode3,
    leading([onNode1], local),
    /^delivered 192.168.7.12 node1: .*the pod is not on node2: only that node and its pods reach it there/,
  ],
  [
    'by an external address',
    'back/x',
    '203.0.113.50:80',
    leading([onNode1], local),
    /^leaves 203.0.113.50 node1: it goes back by the node that was asked/,
  ],
  ['of a pod that is no backend', 'red/a', atNode3, leading([onNode1]), /^dropped - node1: .*it is no ready endpoint/],
])('an answer %s', async (_what, from, to, objects, expected) => {
  expect(await traced(written(...objects), from, to, '--reply')).toEqual([expect.stringMatching(expected)]);
});

test.each<readonly [string, string, readonly object[], string]>([
  [
    'a Service that is not in the files',
    '172.30.0.99:80',
    leading([onNode1]),
    'none of the Services that were read has 172.30.0.99:80/tcp',
  ],
  [
    'EndpointSlices that are not in the files',
    '172.30.0.11:80',
    [...leading([onNode1]), service('other', '172.30.0.11')],
    'no EndpointSlice that was read says where it leads to',
  ],
  [
    'a node port that no Service in the files has',
    '192.168.7.12:30099',
    leading([onNode1]),
    'none of the Services that were read has 192.168.7.12:30099/tcp',
  ],
  [
    'a pod that is not in the files',
    `${web}:80`,
    [...cluster, service('web', web), slice('web', onNode1)],
    'leads to pod back/x, which was not read',
  ],
  [
    'an address of a Service without a port',
    web,
    leading([onNode1]),
    'it is the address of Service back/web: give a port, 80/tcp',
  ],
])('%s: it says that this cannot be told', async (_what, to, objects, text) => {
  const { status, stdout } = await command('trace', 'plain/c', to, '-f', written(...objects));
  expect([status, stdout]).toEqual([2, expect.stringContaining(text)]);
});

test('ICMP and other ports reach no Service', async () => {
  const file = written(...leading([onNode1]));
  expect(await traced(file, 'plain/c', `${web}/icmp`)).toEqual([
    expect.stringMatching(/^dropped - node1: .*at its ports alone: 80\/tcp/),
  ]);
  expect(await traced(file, 'plain/c', `${web}:81`)).toEqual([
    expect.stringMatching(/^dropped - node1: Service back\/web has no port 81\/tcp, but 80\/tcp/),
  ]);
});

test('pods of other namespaces are kept apart behind a Service, with the multitenant plugin', async () => {
  const file = written(network('multitenant'), ...leading([onNode2]).slice(1));
  expect(await traced(file, 'plain/c', `${web}:80`)).toEqual([expect.stringMatching(/^dropped - node2: another VNID/)]);
});

test('in words, with flows, and with what may make it wrong', async () => {
  const hints = { forZones: [{ name: 'a' }] };
  const zoned = {
    ...slice('web', onNode1, onNode2),
    endpoints: [onNode1, onNode2].map((one) => ({ ...endpoint(one), hints })),
  };
  const shared = { externalIPs: ['203.0.113.50'], sessionAffinity: 'ClientIP' };
  const objects = [
    ...[...cluster, ...back, zoned, slice('also', onNode1)],
    ...[service('web', web, shared), service('also', '172.30.0.11', shared)],
  ];
  const { status, stdout } = await command('trace', 'plain/c', `${web}:80`, '-f', written(...objects), '-v');
  expect(status).toBe(0);
  for (const text of [
    'arrives as 10.128.1.3 on node2',
    'Service back/web (80/tcp, by its cluster address) to 10.128.2.20:8080 on node2',
    'to back/x 10.128.1.20:8080 on node1',
    'table=60',
    'becomes 10.128.1.20:8080, one of 2; a client keeps it for 10800 s, and goes to br0, where policies are asked',
    'Answers go back by node1, which puts the address of Service back/web back into them.',
    'Not taken into account: the zones that EndpointSlices of back/web are for',
  ])
    expect(stdout).toContain(text);
  const external = await command('trace', 'plain/c', '203.0.113.50:80', '-f', written(...objects));
  expect(external.stdout).toContain(
    'Not taken into account: back/web with 203.0.113.50:80/tcp too: no rule says whether they or back/also get',
  );
});

test('a host outside is no node port, whatever its port', async () => {
  const { status, stdout } = await command(
    'trace',
    'plain/c',
    '203.0.113.9:30080',
    '-f',
    written(...leading([onNode1])),
  );
  expect(status).toBe(0);
  expect(stdout).toContain('leaves as 192.168.7.11 from node1: the address of the node');
  expect(stdout).not.toMatch(/Service|Not taken/);
  const reply = await traced(written(...leading([onNode1])), 'back/x', '203.0.113.9:30080', '--reply');
  expect(reply).toEqual([expect.stringMatching(/^leaves - node1: an answer leaves with the address/)]);
});

test('names are shown, and nothing in them is obeyed', async () => {
  const name = 'web\u001b[31m\u202e';
  const objects = [...cluster, ...back, service(name, web), slice(name, onNode1)];
  const { stdout } = await command('trace', 'plain/c', `${web}:80`, '-f', written(...objects));
  expect(stdout).toContain('Service back/web\\u001b[31m\\u202e');
  expect(stdout).not.toContain('\u001b');
});

test('of ten thousand Services it finds the one', async () => {
  const many = Array.from({ length: 10_000 }, (_, index) => {
    const [clusterIP, name] = [`172.30.${64 + Math.floor(index / 250)}.${index % 250}`, `s${index}`];
    return [service(name, clusterIP, { ports: [{ name: 'web', port: 80 }] }), slice(name, onNode1, onNode2)];
  });
  const file = written(...cluster, ...back, ...many.flat());
  expect(await traced(file, 'plain/c', '172.30.103.249:80')).toEqual([
    expect.stringMatching(/^delivered 10.128.1.3 node1: Service back\/s9999 /),
    expect.stringMatching(/^delivered 10.128.1.3 node2: Service back\/s9999 /),
  ]);
});
