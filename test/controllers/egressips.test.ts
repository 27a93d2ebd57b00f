import { hostSubnets, namespaces, netNamespaces, nodes } from '../../api/kinds.ts';
import { type Probe, tcpProbe } from '../../src/io/health/probe.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { ApiError } from '../../src/io/kube/error.ts';
import { watchKind } from '../../src/io/kube/watch.ts';
import { placementAnnotations } from '../../src/model/objects/placement.ts';
import type { HostSubnetObject } from '../../src/model/objects/raw.ts';
import { logger } from '../apiserver/started.ts';
import { type Server, startServer } from './server.ts';
import { type Cluster, prepare, Running, until } from './started.ts';

const cidrs = { egressCIDRs: ['192.168.7.0/24'] };

let server: Server;
let cluster: Cluster;
let running: Running;
/** Gateways that answer no more. */
const dead = new Set<string>();
const probe: Probe = (ip, onAnswer) => (dead.has(ip) ? () => undefined : tcpProbe()(ip, onAnswer));

beforeEach(async () => {
  dead.clear();
  server = await startServer();
  cluster = await prepare(server.client);
  running = new Running(server.client, { probe });
  await running.started;
  await cluster.nodes(3);
});
afterEach(async () => {
  await running.stop();
  await server.stop();
});

const short = (name: string): Promise<HostSubnetObject> => cluster.hostSubnet(name);
const gatewayOf = async (name: string): Promise<string> => ((await short(name)).subnet ?? '').replace(/\.0\/24$/, '.1');
const pauseFor = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('prefixes are written back as bare addresses, on manual nodes nothing else', async () => {
  await cluster.patchHost('node0', { egressIPs: ['192.168.7.200/24', '192.168.7.201'] });
  await until('bare addresses', async () => (await short('node0')).egressIPs?.join() === '192.168.7.200,192.168.7.201');
});

test('IPs go to nodes with egressCIDRs, one of a namespace on each, and leave when nobody wants them', async () => {
  await cluster.patchHost('node0', cidrs);
  await cluster.patchHost('node1', cidrs);
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.200', '192.168.7.201');
  const first = await cluster.hostOf('192.168.7.200');
  const second = await cluster.hostOf('192.168.7.201');
  expect([first, second].sort()).toEqual(['node0', 'node1']);
  await cluster.request('a');
  await until('withdrawn', async () => (await cluster.hostsOf('192.168.7.200')).length === 0);
  expect((await short('node2')).egressIPs).toBeUndefined();
});

test('edits by hand are undone where there are egressCIDRs', async () => {
  await cluster.patchHost('node0', cidrs);
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.200');
  await cluster.hostOf('192.168.7.200');
  await cluster.patchHost('node0', { egressIPs: ['192.168.7.99/24'] });
  await until('as before', async () => (await short('node0')).egressIPs?.join() === '192.168.7.200');
  await cluster.patchHost('node0', { egressIPs: null });
  await until('as before', async () => (await short('node0')).egressIPs?.join() === '192.168.7.200');
  await cluster.patchHost('node1', { egressIPs: ['192.168.7.200'] });
  await until('the manual node wins', async () => (await cluster.hostsOf('192.168.7.200')).join() === 'node1');
});

test('an IP that another namespace takes over works at once; a deleted namespace frees its IPs', async () => {
  await cluster.patchHost('node0', cidrs);
  await cluster.namespace('a');
  await cluster.namespace('b');
  await cluster.request('a', '192.168.7.200');
  await cluster.hostOf('192.168.7.200');
  await cluster.request('b', '192.168.7.200');
  await until('two want it: withdrawn', async () => (await cluster.hostsOf('192.168.7.200')).length === 0);
  await cluster.event('EgressIPInSeveralNamespaces', 'b');
  await server.client.delete(namespaces, { name: 'a' });
  expect(await cluster.hostOf('192.168.7.200')).toBe('node0');
});

test('an IP leaves a node that answers no more, and comes back to nothing while nobody answers', async () => {
  for (const name of ['node0', 'node1']) await cluster.patchHost(name, cidrs);
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.200');
  const first = await cluster.hostOf('192.168.7.200');
  const other = first === 'node0' ? 'node1' : 'node0';
  dead.add(await gatewayOf(first));
  await until('it moves', async () => (await cluster.hostsOf('192.168.7.200')).join() === other);
  await cluster.event('EgressNodeOffline', first);
  for (const name of [other, 'node2']) dead.add(await gatewayOf(name));
  await cluster.event('ControllerCutOff', 'default');
  await pauseFor(500);
  expect(await cluster.hostsOf('192.168.7.200')).toEqual([other]);
  dead.clear();
});

test('nobody moves when the controller itself is cut off, nor when it is back', async () => {
  for (const name of ['node0', 'node1', 'node2']) await cluster.patchHost(name, cidrs);
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.200', '192.168.7.201', '192.168.7.202');
  await until('all placed', async () =>
    (await Promise.all([200, 201, 202].map((n) => cluster.hostsOf(`192.168.7.${n}`)))).every(
      (hosts) => hosts.length === 1,
    ),
  );
  const before = await server.client.list<HostSubnetObject>(hostSubnets);
  for (const name of ['node0', 'node1', 'node2']) dead.add(await gatewayOf(name));
  await cluster.event('ControllerCutOff', 'default');
  await pauseFor(500);
  expect((await server.client.list<HostSubnetObject>(hostSubnets)).items).toEqual(before.items);
  expect(await running.metrics.registry.getSingleMetricAsString('sdn_compat_controller_cut_off')).toContain(
    'sdn_compat_controller_cut_off 1',
  );
  dead.clear();
  await until('it is back', async () =>
    (await running.metrics.registry.getSingleMetricAsString('sdn_compat_controller_cut_off')).includes('cut_off 0'),
  );
  await pauseFor(500);
  expect((await server.client.list<HostSubnetObject>(hostSubnets)).items).toEqual(before.items);
});

test('a node that is deleted is no longer in the health metrics', async () => {
  for (const name of ['node0', 'node1']) await cluster.patchHost(name, cidrs);
  dead.add(await gatewayOf('node0'));
  const told = (): Promise<string> => running.metrics.registry.getSingleMetricAsString('sdn_compat_node_online');
  await until('it is offline', async () => (await told()).includes('{node="node0"} 0'));
  await server.client.delete(nodes, { name: 'node0' });
  await until('it is gone', async () => !(await told()).includes('node0'));
  expect(await told()).toContain('{node="node1"} 1');
});

test('a HostSubnet that cannot be written keeps no IP from the others', async () => {
  await running.stop();
  const patch: KubeClient['patch'] = (kind, ref, body, options) =>
    ref.name === 'node0'
      ? Promise.reject(new ApiError(403, { message: 'forbidden', reason: 'Forbidden' }))
      : server.client.patch(kind, ref, body, options);
  const refusing = new Proxy(server.client, {
    get: (client, method: keyof KubeClient) => (method === 'patch' ? patch : client[method].bind(client)),
  });
  for (const name of ['node0', 'node1', 'node2']) await cluster.patchHost(name, cidrs);
  running = new Running(refusing, { probe });
  await running.started;
  await cluster.namespace('b');
  await cluster.request('b', '192.168.7.200', '192.168.7.201', '192.168.7.202');
  await until(
    'two are placed',
    async () => (await Promise.all([200, 201, 202].map((n) => cluster.hostsOf(`192.168.7.${n}`)))).flat().length === 2,
  );
});

test('Ready False moves IPs at once, Unknown does not while the node answers', async () => {
  for (const name of ['node0', 'node1']) await cluster.patchHost(name, cidrs);
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.200');
  const first = await cluster.hostOf('192.168.7.200');
  const other = first === 'node0' ? 'node1' : 'node0';
  await cluster.ready(first, 'Unknown');
  await pauseFor(400);
  expect(await cluster.hostsOf('192.168.7.200')).toEqual([first]);
  await cluster.ready(first, 'False');
  await until('it moves', async () => (await cluster.hostsOf('192.168.7.200')).join() === other);
  await cluster.ready(first, 'True');
  await until('the node is used again', async () =>
    (await running.metrics.registry.getSingleMetricAsString('sdn_compat_node_online')).includes(`{node="${first}"} 1`),
  );
});

/**
 * Watches all versions of HostSubnets until it is asked which IPs two of them had at once, and how many versions there
 * were.
 */
function watchSharing(): () => { twice: string[]; versions: number } {
  const stop = new AbortController();
  const cache = watchKind<HostSubnetObject>(server.client, hostSubnets, { logger }, stop.signal);
  const where = new Map<string, string>();
  const twice: string[] = [];
  let versions = 0;
  cache.subscribe(({ key, before, after }) => {
    versions += 1;
    for (const ip of before?.egressIPs ?? []) if (where.get(ip) === key) where.delete(ip);
    for (const ip of after?.egressIPs ?? []) {
      if (where.has(ip)) twice.push(`${ip}: ${where.get(ip)!} and ${key}`);
      where.set(ip, key);
    }
  });
  return () => {
    stop.abort();
    return { twice, versions };
  };
}

test('a write that arrives late, after it was given up, puts no IP on two HostSubnets', async () => {
  await running.stop();
  const ended = watchSharing();
  let late: Promise<unknown> | undefined;
  const patch: KubeClient['patch'] = async (kind, ref, body, options) => {
    if (late !== undefined) return server.client.patch(kind, ref, body, options);
    dead.add(await gatewayOf(ref.name));
    late = pauseFor(1_500)
      .then(() => server.client.patch(kind, ref, body, options))
      .catch((error: unknown) => error);
    await pauseFor(500); // by then the node is offline
    throw new Error('no answer');
  };
  const losing = new Proxy(server.client, {
    get: (client, method: keyof KubeClient) => (method === 'patch' ? patch : client[method].bind(client)),
  });
  for (const name of ['node0', 'node1']) await cluster.patchHost(name, cidrs);
  running = new Running(losing, { probe });
  await running.started;
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.200');
  await until('the late write has arrived', () => late);
  await late;
  const [dying = ''] = [...dead];
  await until('it is on the other node', async () => {
    const [host = ''] = await cluster.hostsOf('192.168.7.200');
    return host !== '' && (await gatewayOf(host)) !== dying;
  });
  expect(ended().twice).toEqual([]);
});

test('no version of any two HostSubnets ever shares an IP, whatever happens to nodes and requests', async () => {
  const ended = watchSharing();
  for (const name of ['node0', 'node1', 'node2']) await cluster.patchHost(name, cidrs);
  const names = ['a', 'b', 'c', 'd'];
  for (const name of names) await cluster.namespace(name);
  for (let step = 0; step < 60; step += 1) {
    const ips = [step, step + 7].map((n) => `192.168.7.${100 + (n % 20)}`);
    await cluster.request(names[step % 4]!, ...ips);
    if (step % 5 === 0) await cluster.ready(`node${(step / 5) % 3}`, step % 2 === 0 ? 'False' : 'True');
    if (step % 7 === 0)
      await cluster.patchHost(`node${step % 3}`, {
        egressCIDRs: ['192.168.7.64/26', '192.168.7.0/25'].slice(step % 2),
      });
    await pauseFor(step % 3 === 0 ? 15 : 0);
  }
  for (const name of ['node0', 'node1', 'node2']) await cluster.ready(name, 'True');
  await pauseFor(500);
  const { twice, versions } = ended();
  expect(twice).toEqual([]);
  expect(versions).toBeGreaterThan(25);
});

test("a node's address or one of the cluster's own is never placed, and withdrawn when it becomes that; an Event says why", async () => {
  await cluster.patchHost('node0', { egressCIDRs: ['0.0.0.0/0'] });
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.12', '127.64.9.9', '172.30.0.1', '192.168.7.200');
  await until('the one that may be', async () => (await short('node0')).egressIPs?.join() === '192.168.7.200');
  const messages = async (reason: string): Promise<readonly string[]> =>
    (await cluster.events())
      .filter((one) => one.reason === reason && one.involvedObject.name === 'a')
      .map(({ message }) => message)
      .sort();
  await until('Events', async () => (await messages('EgressIPInsideCluster')).length === 2);
  expect(await messages('EgressIPInsideCluster')).toEqual([
    '127.64.9.9 lies in 127.64.0.0/12, a network of the cluster',
    '172.30.0.1 lies in 172.30.0.0/16, a network of the cluster',
  ]);
  await until(
    'an Event',
    async () => (await messages('EgressIPIsNodeAddress')).join() === '192.168.7.12 is the address of node node2',
  );
  await cluster.node('node3', '192.168.7.200');
  await until('withdrawn', async () => (await short('node0')).egressIPs?.length === 0);
  await server.client.delete(nodes, { name: 'node3' });
  expect(await cluster.hostOf('192.168.7.200')).toBe('node0');
});

test('what a HostSubnet with a mistake in its egressCIDRs lists goes nowhere else before it is withdrawn there', async () => {
  const ended = watchSharing();
  await cluster.patchHost('node0', cidrs);
  await cluster.patchHost('node1', cidrs);
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.200', '192.168.7.201');
  await until('both are placed', async () =>
    (await Promise.all(['node0', 'node1'].map(short))).every(({ egressIPs }) => egressIPs?.length === 1),
  );
  await cluster.patchHost('node2', cidrs);
  await cluster.patchHost('node0', { egressCIDRs: ['192.168.7.5/24'] });
  await until('withdrawn', async () => (await short('node0')).egressIPs?.length === 0);
  await until('placed elsewhere', async () =>
    (await Promise.all(['node1', 'node2'].map(short))).every(({ egressIPs }) => egressIPs?.length === 1),
  );
  expect(ended().twice).toEqual([]);
});

test('what an admin lists in a HostSubnet that is not valid is placed nowhere until it is fixed or withdrawn', async () => {
  await cluster.patchHost('node0', { egressIPs: ['192.168.7.200'], host: 'other' });
  await cluster.patchHost('node1', cidrs);
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.200', '192.168.7.201');
  expect(await cluster.hostOf('192.168.7.201')).toBe('node1'); // and .200, the first it asks for, is not
  await pauseFor(500);
  expect(await cluster.hostsOf('192.168.7.200')).toEqual(['node0']);
  await cluster.request('a', '192.168.7.200');
  await cluster.patchHost('node0', { egressIPs: null });
  await until('placed', async () => (await cluster.hostsOf('192.168.7.200')).join() === 'node1');
});

/** Sets annotations of a NetNamespace; null removes one. */
const annotate = (name: string, annotations: Readonly<Record<string, string | null>>) =>
  server.client.patch(netNamespaces, { name }, { metadata: { annotations } }, { type: 'merge' });
const label = (name: string, labels: Readonly<Record<string, string | null>>) =>
  server.client.patch(nodes, { name }, { metadata: { labels } }, { type: 'merge' });

test('a namespace selects its nodes by label, and follows the labels', async () => {
  for (const name of ['node0', 'node1', 'node2']) await cluster.patchHost(name, cidrs);
  await label('node2', { zone: 'x' });
  await cluster.namespace('a');
  await annotate('a', { [placementAnnotations.nodeSelector]: 'zone in (x, y)' });
  await cluster.request('a', '192.168.7.200');
  expect(await cluster.hostOf('192.168.7.200')).toBe('node2');
  await label('node2', { zone: null });
  await until('nowhere', async () => (await cluster.hostsOf('192.168.7.200')).length === 0);
  const { message } = await cluster.event('NoSelectedNode', 'a');
  expect(message).toContain('node selector zone in (x, y) leaves none');
  expect(message).toContain('node0 is not selected, node1 is not selected, node2 is not selected');
  await label('node1', { zone: 'y' });
  expect(await cluster.hostOf('192.168.7.200')).toBe('node1');
  await annotate('a', { [placementAnnotations.nodeSelector]: 'zone in y' });
  await cluster.event('InvalidEgressRule', 'a');
  await label('node1', { zone: null });
  await cluster.request('a', '192.168.7.200', '192.168.7.201');
  await cluster.namespace('b');
  await cluster.request('b', '192.168.7.202');
  await cluster.hostOf('192.168.7.202');
  expect([await cluster.hostsOf('192.168.7.200'), await cluster.hostsOf('192.168.7.201')]).toEqual([['node1'], []]);
  await annotate('a', { [placementAnnotations.nodeSelector]: null });
  expect(await cluster.hostOf('192.168.7.201')).not.toBe('node1');
});

test('an IP of a namespace without failback stays when its node is back; a new one goes there', async () => {
  for (const name of ['node0', 'node1']) await cluster.patchHost(name, cidrs);
  const ips = [200, 201, 202, 203].map((n) => `192.168.7.${n}`);
  for (const [index, ip] of ips.entries()) {
    await cluster.namespace(`n${index}`);
    await annotate(`n${index}`, { [placementAnnotations.noFailback]: 'true' });
    await cluster.request(`n${index}`, ip);
    await cluster.hostOf(ip);
  }
  await cluster.ready('node0', 'False');
  const allOn1 = async (): Promise<boolean> => (await short('node1')).egressIPs?.length === 4;
  await until('all on node1', allOn1);
  await cluster.ready('node0', 'True');
  await cluster.event('EgressNodeOnline', 'node0');
  // what is requested now goes to the node that is back: the round that placed it left the others where they were
  await cluster.namespace('late');
  await cluster.request('late', '192.168.7.204');
  expect(await cluster.hostOf('192.168.7.204')).toBe('node0');
  expect(await allOn1()).toBe(true);
});
