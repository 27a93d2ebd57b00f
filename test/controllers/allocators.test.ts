import { hostSubnets, namespaces, netNamespaces, nodes } from '../../api/kinds.ts';
import { NetidsController } from '../../src/controllers/netids/controller.ts';
import { SubnetsController } from '../../src/controllers/subnets/controller.ts';
import type { Occurrence } from '../../src/io/kube/events.ts';
import { watchKind } from '../../src/io/kube/watch.ts';
import { parseClusterNetwork } from '../../src/model/objects/clusternetwork.ts';
import type {
  ClusterNetworkObject,
  HostSubnetObject,
  KubeObject,
  NetNamespaceObject,
  NodeObject,
} from '../../src/model/objects/raw.ts';
import { logger } from '../apiserver/started.ts';
import { type Server, startServer } from './server.ts';
import { type Cluster, clusterNetwork, prepare, Running, until } from './started.ts';

const annotation = 'pod.network.openshift.io/multitenant.change-network';

let server: Server;
let cluster: Cluster;
let running: Running;
const stop = new AbortController();
afterAll(() => stop.abort());

async function begin(changes: Partial<ClusterNetworkObject> = {}): Promise<void> {
  server = await startServer();
  cluster = await prepare(server.client, changes);
  running = new Running(server.client);
  await running.started;
}
afterEach(async () => {
  await running.stop();
  await server.stop();
});

const pauseFor = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** As `oc adm pod-network` does: sets the annotation and polls until it is gone. */
async function podNetwork(name: string, value: string): Promise<number> {
  await server.client.patch(
    netNamespaces,
    { name },
    { metadata: { annotations: { [annotation]: value } } },
    { type: 'merge' },
  );
  return until(`${value} of ${name} is acted on`, async () => {
    const present = await cluster.netNamespace(name);
    return present?.metadata.annotations?.[annotation] === undefined && present !== undefined
      ? present.netid + 0.5
      : undefined;
  }).then((netid) => netid - 0.5);
}

describe('VNIDs', () => {
  test('join, isolate and global with the multitenant plugin', async () => {
    await begin({ pluginName: 'redhat/openshift-ovs-multitenant' });
    const [a, b, c] = [await cluster.namespace('a'), await cluster.namespace('b'), await cluster.namespace('c')];
    expect(new Set([a.netid, b.netid, c.netid]).size).toBe(3);
    expect(await podNetwork('a', 'join:b')).toBe(b.netid);
    expect(await podNetwork('c', 'global')).toBe(0);
    const isolated = await podNetwork('c', 'isolate');
    expect([0, a.netid, b.netid]).not.toContain(isolated);
    expect(await podNetwork('c', 'isolate')).toBe(isolated);
    const apart = await podNetwork('b', 'isolate');
    expect(apart).not.toBe(b.netid);
    expect((await cluster.netNamespace('a'))?.netid).toBe(b.netid);
  });

  test('exhausted VNIDs are told on the Namespace, others go on, and a VNID that is free again is given', async () => {
    await begin();
    await running.stop();
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => server.client.create<KubeObject>(namespaces, { metadata: { name } })),
    );
    const { signal } = stop;
    const caches = {
      namespaces: watchKind<KubeObject>(server.client, namespaces, { logger }, signal),
      netNamespaces: watchKind<NetNamespaceObject>(server.client, netNamespaces, { logger }, signal),
    };
    await Promise.all(Object.values(caches).map(({ synced }) => synced));
    for (const { metadata } of caches.netNamespaces.list())
      await server.client.delete(netNamespaces, { name: metadata.name! });
    await until('no VNID is in use', () => caches.netNamespaces.list().length === 0);
    const told: Occurrence[] = [];
    const controller = new NetidsController({
      client: server.client,
      logger,
      isMultitenant: () => false,
      report: (one) => told.push(one),
      ...caches,
      lastVnid: 12,
    });
    for (const name of ['a', 'b', 'c']) await controller.reconcile(name, signal);
    await expect(controller.reconcile('d', signal)).rejects.toThrow(
      'namespace d gets no VNID: all VNIDs from 10 to 12 are in use',
    );
    expect(told).toMatchObject([{ object: { kind: 'Namespace', name: 'd' }, reason: 'VNIDsExhausted' }]);
    await controller.reconcile('default', signal);
    expect((await cluster.netNamespace('default'))?.netid).toBe(0);
    await server.client.delete(namespaces, { name: 'b' });
    await until('b is gone', () => caches.namespaces.get('b') === undefined);
    await controller.reconcile('b', signal);
    await until('its NetNamespace too', () => caches.netNamespaces.get('b') === undefined);
    await controller.reconcile('d', signal);
    expect((await cluster.netNamespace('d'))?.netid).toBe(11);
    controller.close();
  });

  test('a VNID is not given again while a joined namespace holds it', async () => {
    await begin({ pluginName: 'redhat/openshift-ovs-multitenant' });
    const b = await cluster.namespace('b');
    await cluster.namespace('a');
    await podNetwork('a', 'join:b');
    await server.client.delete(namespaces, { name: 'b' });
    await until('NetNamespace b is gone', async () => (await cluster.netNamespace('b')) === undefined);
    for (let index = 0; index < 20; index += 1) expect((await cluster.namespace(`n${index}`)).netid).not.toBe(b.netid);
  });

  test('a NetNamespace created with its Namespace, or before it, keeps what it asks for', async () => {
    await begin();
    const names = Array.from({ length: 40 }, (_, index) => `pair${index}`);
    await Promise.all(
      names.flatMap((name, index) => [
        server.client.create<NetNamespaceObject>(netNamespaces, {
          apiVersion: 'network.openshift.io/v1',
          kind: 'NetNamespace',
          metadata: { name },
          netname: name,
          netid: 500 + index,
          egressIPs: [`192.168.7.${index}`],
        }),
        pauseFor(index % 3).then(() => server.client.create<KubeObject>(namespaces, { metadata: { name } })),
      ]),
    );
    await pauseFor(500);
    for (const [index, name] of names.entries())
      expect(await cluster.netNamespace(name)).toMatchObject({ netid: 500 + index, egressIPs: [`192.168.7.${index}`] });
    await server.client.delete(namespaces, { name: 'pair0' });
    await until('it goes with its Namespace', async () => (await cluster.netNamespace('pair0')) === undefined);
  });

  test('what cannot be is refused with an Event, and the annotation removed', async () => {
    await begin({ pluginName: 'redhat/openshift-ovs-multitenant' });
    await cluster.namespace('a');
    expect(await podNetwork('default', 'isolate')).toBe(0);
    expect((await cluster.event('NetworkChangeRefused', 'default')).message).toContain('cannot be isolated');
    await podNetwork('a', 'join:nosuch');
    expect((await cluster.event('NetworkChangeRefused', 'a')).message).toContain(
      'namespace nosuch has no NetNamespace to join',
    );
    await podNetwork('a', 'frob');
    await until('an Event for frob', async () =>
      (await cluster.events()).some(({ message }) => message.includes('"frob" is none of')),
    );
  });

  test('other plugins know no joined namespaces', async () => {
    await begin();
    const a = await cluster.namespace('a');
    await cluster.namespace('b');
    expect(await podNetwork('a', 'join:b')).toBe(a.netid);
    expect((await cluster.event('NetworkChangeRefused', 'a')).message).toContain('redhat/openshift-ovs-multitenant');
  });

  test('joined namespaces that disagree get an Event each, once', async () => {
    await begin({ pluginName: 'redhat/openshift-ovs-multitenant' });
    await cluster.namespace('a');
    await cluster.namespace('b');
    await podNetwork('a', 'join:b');
    await cluster.request('a', '192.168.7.200');
    for (const name of ['a', 'b']) expect((await cluster.event('JoinedNamespacesDisagree', name)).count).toBe(1);
    await cluster.request('a', '192.168.7.201');
    await cluster.request('a', '192.168.7.200');
    await pauseFor(1500);
    expect((await cluster.events()).filter(({ reason }) => reason === 'JoinedNamespacesDisagree')).toHaveLength(2);
  });

  test('restarts renumber nobody, and a NetNamespace made by hand keeps its VNID', async () => {
    await begin();
    const before = [(await cluster.namespace('a')).netid, (await cluster.namespace('b')).netid];
    await running.stop();
    await server.client.create<KubeObject>(namespaces, { metadata: { name: 'hand' } });
    await server.client.create<NetNamespaceObject>(netNamespaces, {
      apiVersion: 'network.openshift.io/v1',
      kind: 'NetNamespace',
      metadata: { name: 'hand' },
      netname: 'hand',
      netid: 77,
    });
    running = new Running(server.client);
    await running.started;
    const c = await cluster.namespace('c');
    expect([(await cluster.netNamespace('a'))?.netid, (await cluster.netNamespace('b'))?.netid]).toEqual(before);
    expect([...before, 77]).not.toContain(c.netid);
    expect((await cluster.netNamespace('hand'))?.netid).toBe(77);
  });
});

describe('subnets', () => {
  const subnetOf = async (name: string): Promise<string | undefined> =>
    (await server.client.get<HostSubnetObject>(hostSubnets, { name }))?.subnet;

  test('are given in order, follow the address of the Node, and go with it', async () => {
    await begin();
    await cluster.nodes(2);
    expect([await subnetOf('node0'), await subnetOf('node1')]).toEqual(['127.64.0.0/24', '127.64.1.0/24']);
    await server.client.patch(
      nodes,
      { name: 'node1' },
      { status: { addresses: [{ type: 'InternalIP', address: '192.168.7.99' }] } },
      { type: 'merge', subresource: 'status' },
    );
    await until('hostIP follows', async () => (await cluster.hostSubnet('node1')).hostIP === '192.168.7.99');
    expect(await subnetOf('node1')).toBe('127.64.1.0/24');
    await server.client.delete(nodes, { name: 'node0' });
    await until('HostSubnet node0 is gone', async () => (await subnetOf('node0')) === undefined);
    await cluster.node('node2', '192.168.7.12');
    expect((await cluster.hostSubnet('node2')).subnet).toBe('127.64.0.0/24');
  });

  test('a HostSubnet goes only when the server itself says that its Node is gone', async () => {
    await begin();
    await cluster.nodes(1);
    const before = await cluster.hostSubnet('node0');
    await running.stop();
    const network = parseClusterNetwork(clusterNetwork());
    if (!network.ok) throw new Error('no network');
    const behind = watchKind<NodeObject>(server.client, nodes, { logger, labelSelector: 'is=unheard' }, stop.signal);
    const present = watchKind<HostSubnetObject>(server.client, hostSubnets, { logger }, stop.signal);
    await Promise.all([behind.synced, present.synced]);
    const controller = new SubnetsController({
      client: server.client,
      logger,
      report: () => undefined,
      network: () => network.value,
      nodes: behind,
      hostSubnets: present,
    });
    expect(await controller.reconcile('node0', stop.signal)).toBeGreaterThan(0);
    expect(await cluster.hostSubnet('node0')).toEqual(before);
    await server.client.delete(nodes, { name: 'node0' });
    await controller.reconcile('node0', stop.signal);
    expect(await subnetOf('node0')).toBeUndefined();
    controller.close();
  });

  test('a Node that was replaced gets a new HostSubnet; one made by hand stays', async () => {
    await begin();
    await cluster.nodes(1);
    const before = await cluster.hostSubnet('node0');
    await running.stop();
    await server.client.delete(nodes, { name: 'node0' });
    await cluster.node('node0', '192.168.7.10');
    const byHand = {
      apiVersion: 'network.openshift.io/v1',
      kind: 'HostSubnet',
      metadata: { name: 'hand' },
      host: 'hand',
      hostIP: '192.168.7.77',
      subnet: '127.64.9.0/24',
    } as const;
    await server.client.create<HostSubnetObject>(hostSubnets, byHand);
    running = new Running(server.client);
    await until('a new HostSubnet', async () => {
      const now = await server.client.get<HostSubnetObject>(hostSubnets, { name: 'node0' });
      return now !== undefined && now.metadata.uid !== before.metadata.uid;
    });
    expect(await subnetOf('hand')).toBe('127.64.9.0/24');
  });

  test('HostSubnets that overlap get an Event each, and a subnet that overlaps one in use is never given', async () => {
    await begin();
    const hand = (name: string, last: number, subnet: string): HostSubnetObject => ({
      apiVersion: 'network.openshift.io/v1',
      kind: 'HostSubnet',
      metadata: { name },
      host: name,
      hostIP: `192.168.7.${last}`,
      subnet,
    });
    await server.client.create(hostSubnets, hand('b', 71, '127.64.0.0/23'));
    await server.client.create(hostSubnets, hand('broken', 72, '127.64.2.5/24'));
    await cluster.nodes(1);
    expect(await subnetOf('node0')).toBe('127.64.3.0/24');
    await server.client.create(hostSubnets, hand('c', 73, '127.64.3.0/24'));
    expect((await cluster.event('SubnetInSeveralHostSubnets', 'c')).message).toBe(
      'subnet 127.64.3.0/24 overlaps 127.64.3.0/24 of HostSubnet node0, whose Node exists: this HostSubnet counts as absent',
    );
    expect((await cluster.event('SubnetInSeveralHostSubnets', 'node0')).message).toBe(
      'subnet 127.64.3.0/24 of HostSubnet c overlaps 127.64.3.0/24: HostSubnet c counts as absent',
    );
    await server.client.patch(hostSubnets, { name: 'c' }, { egressCIDRs: ['192.168.7.0/24'] }, { type: 'merge' });
    await cluster.patchHost('node0', { egressCIDRs: ['192.168.7.128/25'] });
    await cluster.namespace('a');
    await cluster.request('a', '192.168.7.100', '192.168.7.200');
    expect(await cluster.hostOf('192.168.7.200')).toBe('node0');
    expect(await cluster.hostsOf('192.168.7.100')).toEqual([]);
    await pauseFor(1500);
    expect(
      (await cluster.events())
        .filter(({ reason }) => reason === 'SubnetInSeveralHostSubnets')
        .map(({ count }) => count),
    ).toEqual([1, 1]);
  });

  test('an exhausted pod network is told on the Node, and others go on', async () => {
    await begin({ network: '127.64.0.0/23', clusterNetworks: [{ CIDR: '127.64.0.0/23', hostSubnetLength: 8 }] });
    await cluster.nodes(2);
    await cluster.node('node2', '192.168.7.12');
    expect((await cluster.event('SubnetsExhausted', 'node2')).message).toContain(
      'all subnets of the cluster networks are in use',
    );
    await cluster.namespace('still-works');
    await server.client.delete(nodes, { name: 'node0' });
    await until('node2 gets the free one', async () => (await subnetOf('node2')) === '127.64.0.0/24');
  });

  test('a host IP in a network of the cluster is refused with an Event', async () => {
    await begin();
    await cluster.node('loopback', '127.64.3.3');
    await cluster.node('service', '172.30.0.9');
    expect((await cluster.event('HostIPRefused', 'service')).message).toBe(
      'host IP 172.30.0.9 is in 172.30.0.0/16, a network of the cluster',
    );
    await cluster.event('NodeAddressMissing', 'loopback');
    for (const name of ['service', 'loopback']) expect(await subnetOf(name)).toBeUndefined();
  });

  test('assign-subnet gives a host outside the cluster a subnet, fixed-vnid-host stays', async () => {
    await begin();
    const annotations = {
      'pod.network.openshift.io/assign-subnet': 'true',
      'pod.network.openshift.io/fixed-vnid-host': '0',
    };
    const object = { metadata: { name: 'f5', annotations }, host: 'f5', hostIP: '192.168.7.50' };
    await server.client.create<KubeObject>(hostSubnets, object);
    const subnet = await until('a subnet', async () => (await subnetOf('f5')) ?? undefined);
    expect(subnet).toBe('127.64.0.0/24');
    expect((await cluster.hostSubnet('f5')).metadata.annotations).toEqual(annotations);
    await cluster.node('node0', '192.168.7.10');
    expect((await cluster.hostSubnet('node0')).subnet).toBe('127.64.1.0/24');
  });
});

test('the same thing is one Event, whatever restarts', async () => {
  await begin();
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.200');
  expect((await cluster.event('NoNodeHostsEgressIP', 'a')).message).toBe('no HostSubnet lists 192.168.7.200');
  await running.stop();
  running = new Running(server.client);
  await until('the count grows', async () => (await cluster.event('NoNodeHostsEgressIP', 'a')).count === 2);
  expect((await cluster.events()).filter(({ reason }) => reason === 'NoNodeHostsEgressIP')).toHaveLength(1);
});
