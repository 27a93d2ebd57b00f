/** The cluster as watches show it, on a real server: what changes, what may not be read, and a server that goes away. */
import { clusterNetworks, clusterRoleBindings, hostSubnets, namespaces, netNamespaces } from '../../../api/kinds.ts';
import { followCluster, type Following } from '../../../src/io/input/live.ts';
import { allow, clientOf } from '../../apiserver/accounts.ts';
import { logger, start, type Started } from '../../apiserver/started.ts';
import { clusterNetwork, until } from '../../controllers/started.ts';

let api: Started;
let stop: AbortController;
let changes = 0;
beforeEach(async () => {
  api = await start();
  stop = new AbortController();
  changes = 0;
  await api.client.create(clusterNetworks, clusterNetwork());
});
afterEach(async () => {
  stop.abort();
  await api.stop();
});

const namespace = (name: string, netid: number, egressIPs: readonly string[]) => ({
  ...{
    apiVersion: 'network.openshift.io/v1',
    kind: 'NetNamespace',
    metadata: { name },
    netname: name,
    netid,
    egressIPs,
  },
});
const host = {
  ...{ apiVersion: 'network.openshift.io/v1', kind: 'HostSubnet', metadata: { name: 'a' }, host: 'a' },
  ...{ hostIP: '192.0.2.10', subnet: '127.64.1.0/24', egressIPs: ['192.0.2.100'] },
};

const follow = (client = api.client): Promise<Following> =>
  followCluster(client, { logger, signal: stop.signal, onChange: () => changes++ });

test('it shows each change, and tells of it', async () => {
  const following = await follow();
  expect(following.now()).toMatchObject({ cluster: { netNamespaces: [] }, stale: undefined });
  expect(following.now().unread.size).toBe(0);
  await api.client.create(netNamespaces, namespace('shop', 10, ['192.0.2.100']));
  await until('the NetNamespace is shown', () => following.now().cluster.netNamespaces.length === 1);
  await until('it is told', () => changes > 0);
  await api.client.create(hostSubnets, host);
  await until('the HostSubnet is shown', () => following.now().cluster.hostSubnets.length === 1);
  await api.client.delete(netNamespaces, { name: 'shop' });
  await until('it is gone', () => following.now().cluster.netNamespaces.length === 0);
});

test('it is looked at again and again, as a leader that is gone changes nothing', async () => {
  const onChange = (): unknown => changes++;
  await followCluster(api.client, { logger, signal: stop.signal, onChange, lookAgain: 20 });
  await until('many looks', () => changes > 20);
});

test('while the server is away it shows what was, and says so until it is back', async () => {
  await api.client.create(hostSubnets, host);
  const following = await follow();
  await api.server.close();
  await until('it is known', () => following.now().stale !== undefined);
  expect(following.now().cluster.hostSubnets).toHaveLength(1);
  expect(following.now().unread.size).toBe(0);
});

test('a kind that may not be read is named, the others are shown, and it is shown once it may be', async () => {
  await api.stop();
  api = await start({ authorization: 'rbac' });
  await api.client.create(clusterNetworks, clusterNetwork());
  await api.client.create(hostSubnets, host);
  await api.client.create(namespaces, { metadata: { name: 'shop' } });
  const see = (resources: readonly string[]): object => ({
    apiGroups: ['network.openshift.io'],
    ...{ resources, verbs: ['list', 'watch'] },
  });
  await allow(api, 'shop', 'viewer', [see(['hostsubnets', 'clusternetworks'])]);
  const viewer = await clientOf(api, 'shop', 'viewer');
  const following = await follow(viewer);
  const { unread, cluster } = following.now();
  expect([...unread.keys()].map(({ kind }) => kind)).toEqual(['NetNamespace', 'Node', 'Lease']);
  expect([...unread.values()][0]).toMatch(/^netnamespaces\.network\.openshift\.io may not be listed: it is not known/);
  expect(cluster.hostSubnets).toHaveLength(1);
  expect(following.now().stale).toBeUndefined();
  await allow(api, 'shop', 'more', [see(['netnamespaces'])]);
  await api.client.patch(
    clusterRoleBindings,
    { name: 'more' },
    { subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace: 'shop' }] },
    { type: 'merge' },
  );
  await until('NetNamespaces are read', () => following.now().unread.size === 2);
  viewer.close();
});
