/** Services and EndpointSlices as the server stores them: what it chooses, fills in, keeps and refuses. */
import * as kinds from '../../../../api/kinds.ts';
import { fieldOf, type JsonObject } from '../../../../src/model/values/json.ts';
import { start } from '../../started.ts';
import { deleteNow, kindIn, refusalOf, shelf, writeAs } from '../../things.ts';

const { objects, registry } = shelf();
const services = { resource: kindIn(registry, 'services'), namespace: 'default' };
const slices = { resource: kindIn(registry, 'endpointslices', 'discovery.k8s.io'), namespace: 'default' };

const service = (name: string, spec: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
});
const create = (name: string, spec: JsonObject): JsonObject =>
  objects.create(services, service(name, spec), writeAs).object['spec'] as JsonObject;
const update = (name: string, spec: JsonObject): JsonObject =>
  objects.update({ ...services, name }, () => service(name, spec), writeAs).object['spec'] as JsonObject;
const refused = (spec: JsonObject): string =>
  refusalOf(() => create('refused', spec)).message.split(' is invalid: ')[1]!;

afterEach(() => {
  for (const { object } of objects.collection(services.resource).sorted())
    objects.delete({ ...services, name: object.metadata.name }, deleteNow);
});

it('gets an address that no other has, and what Kubernetes fills in', () => {
  const first = create('first', {});
  expect(first).toEqual({
    type: 'ClusterIP',
    clusterIP: '172.30.128.0',
    clusterIPs: ['172.30.128.0'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    internalTrafficPolicy: 'Cluster',
    sessionAffinity: 'None',
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
  });
  expect(create('second', {})['clusterIP']).toBe('172.30.128.1');
});

it('keeps the address and the ports that it asks for', () => {
  const ports = [{ port: 80, nodePort: 30080, targetPort: 'web' }];
  expect(create('mine', { type: 'NodePort', clusterIP: '172.30.0.10', ports })).toMatchObject({
    clusterIP: '172.30.0.10',
    externalTrafficPolicy: 'Cluster',
    ports: [{ port: 80, protocol: 'TCP', nodePort: 30080, targetPort: 'web' }],
  });
});

it('gets a node port for each port, of which those of one protocol differ', () => {
  const ports = [
    { name: 'a', port: 80 },
    { name: 'b', port: 81 },
    { name: 'c', port: 80, protocol: 'UDP' },
  ];
  const { ports: given } = create('three', { type: 'NodePort', ports }) as { ports: { nodePort: number }[] };
  expect(given.map(({ nodePort }) => nodePort)).toEqual([31384, 31385, 31384]);
});

it('has no address without asking for one: headless, or the name of another', () => {
  expect(create('headless', { clusterIP: 'None' })).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
  const named = create('named', { type: 'ExternalName', externalName: 'example.org' });
  expect(named['clusterIP']).toBeUndefined();
});

it('remembers clients for three hours unless told otherwise', () => {
  expect(create('sticky', { sessionAffinity: 'ClientIP' })['sessionAffinityConfig']).toEqual({
    clientIP: { timeoutSeconds: 10_800 },
  });
  const timeout = { clientIP: { timeoutSeconds: 5 } };
  expect(create('short', { sessionAffinity: 'ClientIP', sessionAffinityConfig: timeout })).toMatchObject({
    sessionAffinityConfig: timeout,
  });
});

it('keeps what the server chose when an update leaves it out', () => {
  const before = create('kept', { type: 'NodePort' });
  expect(update('kept', { type: 'NodePort', selector: { app: 'x' } })).toEqual({ ...before, selector: { app: 'x' } });
});

it('loses its node ports when it becomes a ClusterIP, and the address when it becomes a name', () => {
  create('less', { type: 'NodePort' });
  const less = update('less', {});
  expect(less).toMatchObject({ clusterIP: '172.30.128.0', ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] });
  expect(less['externalTrafficPolicy']).toBeUndefined();
  expect(update('less', { type: 'ExternalName', externalName: 'example.org' })['clusterIP']).toBeUndefined();
});

it('may not move', () => {
  create('fixed', {});
  expect(refusalOf(() => update('fixed', { clusterIP: '172.30.0.99' })).message).toContain(
    'spec.clusterIPs[0]: Invalid value: ["172.30.0.99"]: may not change once set',
  );
});

it('may take what a deleted one had', () => {
  create('gone', { clusterIP: '172.30.0.7' });
  objects.delete({ ...services, name: 'gone' }, deleteNow);
  expect(create('next', { clusterIP: '172.30.0.7' })['clusterIP']).toBe('172.30.0.7');
});

test.each<readonly [string, JsonObject, string]>([
  ['without ports', { ports: [] }, 'spec.ports: Required value'],
  [
    'of no type',
    { type: 'Some' },
    'spec.type: Unsupported value: "Some": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ],
  [
    'with port 0',
    { ports: [{ port: 0, targetPort: 'web' }] },
    'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
  ],
  [
    'with a node port that it may not have',
    { ports: [{ port: 80, nodePort: 30080 }] },
    "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
  ],
  [
    'with a node port out of the range',
    { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] },
    'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
  ],
  [
    'with an address out of the range',
    { clusterIP: '10.0.0.1' },
    'spec.clusterIPs: Invalid value: ["10.0.0.1"]: failed to allocate IP 10.0.0.1: the provided IP (10.0.0.1) is not in the valid range. The range of valid IPs is 172.30.0.0/16',
  ],
  ...[0, -5, 86_401].map((timeoutSeconds): [string, JsonObject, string] => [
    `whose clients keep their endpoint for ${timeoutSeconds} s`,
    { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds } } },
    `spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: ${timeoutSeconds}: must be greater than 0 and less than 86400`,
  ]),
  [
    'with no address',
    { clusterIP: 'x' },
    'spec.clusterIPs[0]: Invalid value: ["x"]: must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ],
  [
    'with two ports without names',
    { ports: [{ port: 1, name: 'a' }, { port: 2 }] },
    'spec.ports[1].name: Required value',
  ],
  [
    'with one port twice',
    {
      ports: [
        { port: 80, name: 'a' },
        { port: 80, name: 'b' },
        { port: 80, name: 'c', protocol: 'UDP' },
      ],
    },
    'spec.ports[1]: Duplicate value: core.ServicePort{Name:"", Protocol:"TCP", AppProtocol:(*string)(nil), Port:80, TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:""}, NodePort:0}',
  ],
])('%s it is refused', (_what, spec, why) => {
  expect(refused(spec)).toBe(why);
});

it('becomes an ExternalName and a NodePort again, and gets another port then', () => {
  create('turns', { type: 'NodePort', ports: [{ port: 80, nodePort: 30077 }], sessionAffinity: 'ClientIP' });
  const { spec } = objects.get({ ...services, name: 'turns' });
  const change = (more: JsonObject): JsonObject =>
    objects.update(
      { ...services, name: 'turns' },
      (old) => ({ ...old, spec: { ...(old['spec'] as JsonObject), ...more } }),
      writeAs,
    ).object['spec'] as JsonObject;
  const named = change({ type: 'ExternalName', externalName: 'a.example' });
  expect(named).not.toHaveProperty('clusterIP');
  expect(named['ports']).toEqual([{ port: 80, protocol: 'TCP', targetPort: 80 }]);
  expect(change({ sessionAffinity: 'None' })).not.toHaveProperty('sessionAffinityConfig');
  expect(change({ type: 'NodePort' })).toMatchObject({
    clusterIP: expect.any(String) as string,
    ports: [{ nodePort: expect.any(Number) as number }],
  });
  expect(spec).toMatchObject({ sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } });
});

it('has node ports of the range that the server is told', async () => {
  const started = await start({ nodePorts: { first: 80, last: 81 } });
  const make = (name: string): Promise<unknown> =>
    started.client.create(kinds.services, {
      ...service(name, { type: 'NodePort' }),
      metadata: { name, namespace: 'default' },
    });
  try {
    const made = await Promise.all([make('first'), make('second')]);
    const ports = made
      .map((one) => fieldOf(one, 'spec', 'ports'))
      .flat()
      .map((port) => fieldOf(port, 'nodePort'));
    expect(ports.sort()).toEqual([80, 81]);
    await expect(make('third')).rejects.toThrow('spec.ports[0].nodePort: Invalid value: 0: range is full');
  } finally {
    await started.stop();
  }
});

it('is refused if another has its address or its node port', () => {
  create('holder', { type: 'NodePort', clusterIP: '172.30.0.9', ports: [{ port: 80, nodePort: 30009 }] });
  expect(refused({ clusterIP: '172.30.0.9' })).toBe(
    'spec.clusterIPs: Invalid value: ["172.30.0.9"]: failed to allocate IP 172.30.0.9: provided IP is already allocated',
  );
  expect(refused({ type: 'NodePort', ports: [{ port: 80, nodePort: 30009 }] })).toBe(
    'spec.ports[0].nodePort: Invalid value: 30009: provided port is already allocated',
  );
});

describe('an EndpointSlice', () => {
  const slice = (more: JsonObject): JsonObject => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 's' },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.254.1.2'] }],
    ports: [{ port: 80 }],
    ...more,
  });

  it('has ports of TCP without a name', () => {
    const { object } = objects.create(slices, slice({}), writeAs);
    expect(object).toMatchObject({ ports: [{ name: '', port: 80, protocol: 'TCP' }] });
    expect(
      refusalOf(() => objects.update({ ...slices, name: 's' }, () => slice({ addressType: 'FQDN' }), writeAs)).message,
    ).toContain('addressType: Invalid value: "FQDN": field is immutable');
    objects.delete({ ...slices, name: 's' }, deleteNow);
  });

  test.each<readonly [string, JsonObject, string]>([
    ['of no type', { addressType: 'IPv5' }, 'addressType: Unsupported value: "IPv5"'],
    [
      'with an endpoint without address',
      { endpoints: [{ addresses: [] }] },
      'endpoints[0].addresses: Required value: must contain at least 1 item',
    ],
    [
      'with an address that is none',
      { endpoints: [{ addresses: ['1.2.3'] }] },
      'endpoints[0].addresses[0]: Invalid value: "1.2.3": must be a valid IPv4 address',
    ],
    ['with the machine itself', { endpoints: [{ addresses: ['127.0.0.1'] }] }, 'may not be in the loopback range'],
    [
      'with a link-local address',
      { endpoints: [{ addresses: ['169.254.0.1'] }] },
      'may not be in the link-local range',
    ],
    ['with port 70000', { ports: [{ port: 70_000 }] }, 'ports[0].port: Invalid value: 70000'],
  ])('%s is refused', (_what, more, why) => {
    expect(refusalOf(() => objects.create(slices, slice(more), writeAs)).message).toContain(why);
  });
});
