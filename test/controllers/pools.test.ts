/** Pools on an API server: what is given, that a restart and a second leader give nothing twice, and what is told. */
import { crds } from '../../api/crds.ts';
import { customResourceDefinitions, egressPools, leases, namespaces, netNamespaces, nodes } from '../../api/kinds.ts';
import { agentLabels, verdictLease } from '../../src/io/kube/verdict.ts';
import { inUseReason } from '../../src/model/egress/in-use.ts';
import type { EgressPoolObject, KubeObject } from '../../src/model/objects/raw.ts';
import { parseIp } from '../../src/model/values/address.ts';
import { define, type Server, startServer } from './server.ts';
import { type Cluster, prepare, Running, until } from './started.ts';

let server: Server;
let cluster: Cluster;
let running: Running;

beforeEach(async () => {
  server = await startServer({ kinds: [egressPools] });
  cluster = await prepare(server.client);
  running = new Running(server.client, { probeInterval: 0 });
  await running.started;
  await cluster.nodes(2);
  for (const name of ['node0', 'node1']) await cluster.patchHost(name, { egressCIDRs: ['192.168.7.0/24'] });
});
afterEach(async () => {
  await running.stop();
  await server.stop();
});

const pool = (name: string, ranges: readonly string[], more: object = {}) =>
  server.client.create(egressPools, { metadata: { name }, spec: { ranges, ...more } } as KubeObject);
const ask = (name: string, request: string | null) =>
  server.client.patch(
    namespaces,
    { name },
    { metadata: { annotations: { 'egress.sdn-compat.io/request': request } } },
    { type: 'merge' },
  );
const listOf = async (name: string): Promise<readonly string[]> => (await cluster.netNamespace(name))?.egressIPs ?? [];
const untilList = (name: string, list: readonly string[]) =>
  until(`${name} lists ${list.join() || 'nothing'}`, async () => (await listOf(name)).join() === list.join());
const grantedBy = async (name: string): Promise<readonly string[]> =>
  ((await server.client.get<EgressPoolObject>(egressPools, { name }))?.status?.granted ?? []).map(
    ({ address, namespace }) => `${address} ${namespace}`,
  );

test('an address is given, assigned and given back; nodes, the pod network and what others request are passed over', async () => {
  await cluster.namespace('theirs');
  await cluster.request('theirs', '192.168.7.12');
  // node0 and node1 have .10 and .11; nobody may host what lies elsewhere
  await pool('p', ['127.64.0.9', '10.9.9.9', '192.168.7.10-192.168.7.14']);
  await cluster.namespace('shop');
  await ask('shop', '2');
  await untilList('shop', ['192.168.7.13', '192.168.7.14']);
  await cluster.hostOf('192.168.7.13');
  await cluster.event('EgressIPGranted', 'shop');
  await ask('shop', '3');
  const event = await cluster.event('EgressIPNotGranted', 'shop');
  expect(event.message).toBe(
    'of 3 egress IPs that it asks for it lacks 1: EgressPool p has no more free address that a HostSubnet may host',
  );
  await ask('shop', '1');
  await untilList('shop', ['192.168.7.13']);
  await until('the pool has it back', async () => (await grantedBy('p')).join() === '192.168.7.13 shop');
  await server.client.delete(namespaces, { name: 'shop' });
  await until('the pool has all back', async () => (await grantedBy('p')).length === 0);
  expect(await listOf('theirs')).toEqual(['192.168.7.12']);
});

test('a namespace with a node selector gets what a selected node may host, once one is selected', async () => {
  for (const [name, range] of [
    ['node0', '192.168.7.100/32'],
    ['node1', '192.168.7.101/32'],
  ] as const)
    await cluster.patchHost(name, { egressCIDRs: [range] });
  await pool('p', ['192.168.7.100-192.168.7.101']);
  await cluster.namespace('shop');
  const selector = { metadata: { annotations: { 'egress.sdn-compat.io/node-selector': 'zone=b' } } };
  await server.client.patch(netNamespaces, { name: 'shop' }, selector, { type: 'merge' });
  await ask('shop', '1');
  const event = await cluster.event('EgressIPNotGranted', 'shop');
  expect(event.message).toContain('no more free address that a node of node selector zone=b may host');
  await server.client.patch(nodes, { name: 'node1' }, { metadata: { labels: { zone: 'b' } } }, { type: 'merge' });
  await untilList('shop', ['192.168.7.101']);
  expect(await cluster.hostOf('192.168.7.101')).toBe('node1');
});

test('a restart changes nothing, and two that lead at once give no address twice', async () => {
  await pool('p', ['192.168.7.100-192.168.7.140']);
  const names = Array.from({ length: 20 }, (_, index) => `project-${index}`);
  for (const name of names) await cluster.namespace(name);
  const second = new Running(server.client, { probeInterval: 0 });
  await second.started;
  await Promise.all(names.map((name) => ask(name, '2')));
  const all = async (): Promise<readonly string[]> => (await Promise.all(names.map(listOf))).flat();
  await until('all have two', async () => (await all()).length === 40);
  await second.stop();
  const before = await Promise.all(names.map(listOf));
  expect(new Set(before.flat()).size).toBe(40);
  await running.stop();
  running = new Running(server.client, { probeInterval: 0 });
  await running.started;
  await cluster.namespace('late');
  await ask('late', '1');
  await until('a new one has one', async () => (await listOf('late')).length === 1);
  expect(await Promise.all(names.map(listOf))).toEqual(before);
});

test('an address that another machine has is exchanged, and noted', async () => {
  await pool('p', ['192.168.7.100-192.168.7.101']);
  await cluster.namespace('shop');
  await ask('shop', '1');
  await untilList('shop', ['192.168.7.100']);
  const ip = parseIp('192.168.7.100');
  if (!ip.ok) throw new Error(ip.error);
  const refused = new Map([[ip.value, inUseReason(ip.value, '02:00:00:00:00:01')]]);
  const author = { node: 'node0', nodeUid: undefined, namespace: 'kube-system', version: 'test' };
  const lease = verdictLease(author, { carried: new Set(), refused, applied: undefined });
  expect(lease.metadata.labels).toEqual(agentLabels);
  await server.client.create(leases, lease);
  await untilList('shop', ['192.168.7.101']);
  await cluster.event('EgressIPInUse', 'shop');
  const stored = await server.client.get<EgressPoolObject>(egressPools, { name: 'p' });
  expect(stored?.status?.inUse?.map(({ address }) => address)).toEqual(['192.168.7.100']);
});

test('a request and a pool that cannot be read are told, and take nothing away', async () => {
  await pool('p', ['192.168.7.100-192.168.7.101']);
  await cluster.namespace('shop');
  await ask('shop', 'two');
  expect((await cluster.event('EgressIPRequestInvalid', 'shop')).message).toContain('"two" is no number');
  await ask('shop', '1');
  await untilList('shop', ['192.168.7.100']);
  await server.client.patch(egressPools, { name: 'p' }, { spec: { ranges: ['nonsense'] } }, { type: 'merge' });
  await cluster.event('EgressPoolInvalid', 'p');
  await cluster.namespace('late');
  await ask('late', '1');
  await cluster.event('EgressIPNotGranted', 'late');
  expect(await listOf('shop')).toEqual(['192.168.7.100']);
});

test('where the kind is not served nothing fails, and nothing is given', async () => {
  const definition = 'egresspools.egress.sdn-compat.io';
  await running.stop();
  await server.client.delete(customResourceDefinitions, { name: definition });
  running = new Running(server.client, { probeInterval: 0 });
  await running.started;
  await cluster.namespace('shop');
  await ask('shop', '1');
  await cluster.request('shop', '192.168.7.77');
  await cluster.hostOf('192.168.7.77');
  expect(await running.metrics.registry.metrics()).not.toMatch(/sync_errors_total\{concern="pools"\}/);
  expect(await listOf('shop')).toEqual(['192.168.7.77']);
  const own = crds.find((crd) => (crd as KubeObject).metadata.name === definition);
  await define(server.client, own as KubeObject);
});
