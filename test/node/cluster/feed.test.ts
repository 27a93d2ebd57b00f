/** What a node reads of the cluster, against the embedded server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterNetworks, hostSubnets, netNamespaces, nodes, pods } from '../../../api/kinds.ts';
import type { HostSubnetObject, KubeObject } from '../../../src/model/objects/raw.ts';
import type { Result } from '../../../src/model/values/result.ts';
import { ClusterFeed, type ClusterView } from '../../../src/node/cluster/feed.ts';
import { logger, start, type Started } from '../../apiserver/started.ts';
import { type Cluster, clusterNetwork, prepare, until } from '../../controllers/started.ts';
import { passing } from '../../io/kube/passing.ts';
import { rawHostSubnet } from '../../model/parsed.ts';

let folder: string;
const networkFile = (): string => join(folder, 'me.network.json');
let server: Started;
let cluster: Cluster;
let stop: AbortController;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'feed-'));
  server = await start();
  cluster = await prepare(server.client, { ...clusterNetwork(), pluginName: 'redhat/openshift-ovs-multitenant' });
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await server.stop();
  await rm(folder, { recursive: true });
});

const files = () => ({ networkFile: networkFile(), drainsFile: join(folder, 'drains.json') });

async function follow(node: string): Promise<ClusterFeed> {
  const options = { logger, signal: stop.signal, ...files(), changed: () => undefined };
  const feed = new ClusterFeed(server.client, node, options);
  await feed.follow();
  return feed;
}

const host = (name: string, last: number, subnet: string): Promise<HostSubnetObject> =>
  server.client.create<HostSubnetObject>(hostSubnets, rawHostSubnet(name, { hostIP: `192.168.7.${last}`, subnet }));
const seen = (view: Result<ClusterView>): string[] | string =>
  view.ok ? view.value.remotes.map(({ name }) => name).sort() : view.error;

test('of HostSubnets with one subnet the one whose Node exists counts, for every agent and after every restart', async () => {
  await host('old', 21, '127.64.1.0/24');
  await host('me', 20, '127.64.0.0/24');
  await host('wide', 23, '127.64.0.0/22');
  await host('real', 22, '127.64.1.0/24');
  const feed = await follow('me');
  expect(seen(feed.view())).toEqual(['old']);
  await cluster.node('real', '192.168.7.22');
  await until('the one with a Node is told', () => seen(feed.view()).includes('real'));
  expect(seen(feed.view())).toEqual(['real']);
  expect(seen((await follow('me')).view())).toEqual(['real']);
  await until('who loses says so', async () =>
    String(seen((await follow('old')).view())).startsWith(
      'HostSubnet old counts as absent: its subnet 127.64.1.0/24 overlaps 127.64.1.0/24 of HostSubnet real',
    ),
  );
  await server.client.delete(nodes, { name: 'real' });
  await server.client.patch(hostSubnets, { name: 'old' }, { subnet: '127.64.7.0/24' }, { type: 'merge' });
  await until('both count', () => seen(feed.view()).length === 2);
});

test.each(['invalid', 'gone'])('a restarted agent goes on with the last ClusterNetwork while it is %s', async (how) => {
  await host('me', 20, '127.64.0.0/24');
  const before = (await follow('me')).view();
  expect(before.ok).toBe(true);
  if (how === 'gone') await server.client.delete(clusterNetworks, { name: 'default' });
  else
    await server.client.patch(
      clusterNetworks,
      { name: 'default' },
      { pluginName: 'redhat/openshift-ovs-foo' },
      { type: 'merge' },
    );
  const after = (await follow('me')).view();
  expect(after.ok && after.value.network).toEqual(before.ok && before.value.network);
});

test('a Node with another address is not the Node of a HostSubnet', async () => {
  await host('b', 21, '127.64.1.0/24');
  await server.client.create<KubeObject>(nodes, { metadata: { name: 'a' } });
  await host('a', 22, '127.64.1.0/24');
  await cluster.node('me', '192.168.7.20');
  await host('me', 20, '127.64.0.0/24');
  const feed = await follow('me');
  const { metadata: one } = await cluster.hostSubnet('a');
  const { metadata: two } = await cluster.hostSubnet('b');
  expect(seen(feed.view())).toEqual([one.creationTimestamp === two.creationTimestamp ? 'a' : 'b']);
});

test('what NetworkPolicies need is read while the other kinds are still coming; only Nodes and Pods may be late', async () => {
  await server.client.patch(
    clusterNetworks,
    { name: 'default' },
    { pluginName: 'redhat/openshift-ovs-networkpolicy' },
    { type: 'merge' },
  );
  const asked = new Set<string>();
  const late = new Set<string>();
  const client = passing(server.client, {
    async list(kind, options) {
      asked.add(kind.plural);
      if (options?.resourceVersion === '0') late.add(kind.plural);
      if (kind === netNamespaces) await until('pods are asked for', () => asked.has(pods.plural));
      return server.client.list(kind, options);
    },
  });
  let changes = 0;
  const options = { logger, signal: stop.signal, ...files(), changed: () => (changes += 1) };
  const feed = new ClusterFeed(client, 'me', options);
  await feed.follow();
  expect([...asked]).toEqual(expect.arrayContaining(['networkpolicies', 'namespaces', 'pods']));
  expect([...late].sort()).toEqual(['nodes', 'pods']);
  await host('me', 20, '127.64.0.0/24');
  await until('the view is whole', () => feed.view().ok);
  expect(changes).toBeGreaterThan(0);
});

test('the state of VNIDs is the same value until something changes it, or others are asked for', async () => {
  await host('me', 20, '127.64.0.0/24');
  const feed = await follow('me');
  const netNamespace = { apiVersion: 'network.openshift.io/v1', kind: 'NetNamespace', netname: 'red', netid: 77 };
  await server.client.create<KubeObject>(netNamespaces, { ...netNamespace, metadata: { name: 'red' } });
  await until('red has a VNID', () => feed.vnids.has('red'));
  const red = feed.vnids.get('red')!;
  await server.client.patch(netNamespaces, { name: 'red' }, { egressIPs: ['192.168.7.200'] }, { type: 'merge' });
  await until('it requests', () => feed.stateOf([red]).vnids.has(red));
  const dropped = feed.stateOf([red]);
  expect(feed.stateOf(new Set([red, red]))).toBe(dropped);
  expect(feed.stateOf([]).vnids.size).toBe(0);
  await server.client.patch(hostSubnets, { name: 'me' }, { egressIPs: ['192.168.7.200'] }, { type: 'merge' });
  await until('it has it', () => feed.stateOf([red]).vnids.get(red)?.kind === 'via');
  expect(feed.stateOf([])).toEqual(feed.stateOf([red])); // what this node hosts belongs to it
  await server.client.patch(hostSubnets, { name: 'me' }, { hostIP: '192.168.7.30' }, { type: 'merge' });
  await until('its node has moved', () => [...feed.stateOf([red]).assigned.values()][0]?.nodeIP === '192.168.7.30');
});
