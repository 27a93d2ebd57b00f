/** The ClusterNetwork may change while the controller runs. */
import { clusterNetworks, netNamespaces } from '../../api/kinds.ts';
import { type Server, startServer } from './server.ts';
import { type Cluster, prepare, Running, until } from './started.ts';

const annotation = 'pod.network.openshift.io/multitenant.change-network';
const range = { CIDR: '127.64.0.0/23', hostSubnetLength: 8 };

let server: Server;
let cluster: Cluster;
let running: Running;

beforeEach(async () => {
  server = await startServer();
  cluster = await prepare(server.client, { network: range.CIDR, clusterNetworks: [range] });
  running = new Running(server.client);
  await running.started;
  await cluster.nodes(2);
});
afterEach(async () => {
  await running.stop();
  await server.stop();
});

const change = (body: object): Promise<unknown> =>
  server.client.patch(clusterNetworks, { name: 'default' }, body, { type: 'merge' });

test('a pod network that is added is used at once, and one that cannot be read leaves the last one in use', async () => {
  await cluster.node('node2', '192.168.7.12');
  await cluster.event('SubnetsExhausted', 'node2');
  await change({ clusterNetworks: [range, { CIDR: '127.80.0.0/24', hostSubnetLength: 8 }] });
  expect((await cluster.hostSubnet('node2')).subnet).toBe('127.80.0.0/24');
  await change({ clusterNetworks: [range, { CIDR: '127.64.1.0/24', hostSubnetLength: 8 }] });
  expect((await cluster.event('InvalidClusterNetwork', 'default')).message).toBe(
    'clusterNetworks[1].CIDR: 127.64.1.0/24 overlaps 127.64.0.0/23; what was read of it before stays in use',
  );
  await cluster.namespace('goes-on');
  await cluster.node('node3', '192.168.7.13');
  await cluster.event('SubnetsExhausted', 'node3');
  await change({ clusterNetworks: [range, { CIDR: '127.80.0.0/23', hostSubnetLength: 8 }] });
  expect((await cluster.hostSubnet('node3')).subnet).toBe('127.80.1.0/24');
  await server.client.delete(clusterNetworks, { name: 'default' });
  await cluster.namespace('goes-on-without');
});

test('another service network and another plugin count at once', async () => {
  await cluster.patchHost('node0', { egressCIDRs: ['0.0.0.0/0'] });
  const [a, b] = [await cluster.namespace('a'), await cluster.namespace('b')];
  await cluster.request('a', '172.31.0.7');
  expect(await cluster.hostOf('172.31.0.7')).toBe('node0');
  await change({ serviceNetwork: '172.31.0.0/16' });
  await until('withdrawn', async () => (await cluster.hostsOf('172.31.0.7')).length === 0);
  await cluster.event('EgressIPInsideCluster', 'a');
  const join = (): Promise<unknown> =>
    server.client.patch(
      netNamespaces,
      { name: 'a' },
      { metadata: { annotations: { [annotation]: 'join:b' } } },
      { type: 'merge' },
    );
  await join();
  await cluster.event('NetworkChangeRefused', 'a');
  expect((await cluster.netNamespace('a'))?.netid).toBe(a.netid);
  await change({ pluginName: 'redhat/openshift-ovs-multitenant' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await join();
  await until('joined', async () => (await cluster.netNamespace('a'))?.netid === b.netid);
});
