/** Joined and isolated projects under the multitenant plugin, as NetworkPolicies. */
import {
  clusterNetworks,
  egressIPs,
  namespaces,
  netNamespaces,
  networkConfigs,
  networkPolicies,
} from '../../api/kinds.ts';
import { changePodNetwork } from '../../src/cli/pod-network.ts';
import type { NetworkRequest } from '../../src/controllers/netids/request.ts';
import { cleanUp } from '../../src/facade/cleanup.ts';
import { namespacesNamedBy } from '../../src/facade/plan/egressip.ts';
import { groupsIn } from '../../src/facade/plan/isolation.ts';
import { assignedIn } from '../../src/migrate/kinds/egressip.ts';
import { admittedBy } from '../../src/migrate/targets/ovn/cluster/isolation.ts';
import type { ClusterNetworkObject, KubeObject, NetworkPolicyObject } from '../../src/model/objects/raw.ts';
import { until, World } from './running.ts';

const merge = { type: 'merge' } as const;
const name = 'openshift-sdn-isolation';
const never = new AbortController().signal;

let world: World;
beforeEach(async () => {
  world = await World.up('B');
});
afterEach(() => world.down());

async function plugin(mode: 'multitenant' | 'networkpolicy'): Promise<void> {
  const pluginName = `redhat/openshift-ovs-${mode}`;
  await world.client.patch(clusterNetworks, { name: 'default' }, { pluginName }, merge);
}

const policyOf = (namespace: string): Promise<NetworkPolicyObject | undefined> =>
  world.client.get<NetworkPolicyObject>(networkPolicies, { namespace, name });

/** The namespaces that it admits, but for `default`, whose VNID is 0. */
async function admitted(namespace: string): Promise<string> {
  const policy = await policyOf(namespace);
  const names = policy === undefined ? ['all', 'default'] : (admittedBy(policy) ?? ['something else']);
  return names.includes('default')
    ? names.filter((one) => one !== 'default').join()
    : `${names.join()} without default`;
}

const shows = (namespace: string, wanted: string): Promise<boolean> =>
  until(`${namespace} admits ${wanted}`, async () => (await admitted(namespace)) === wanted);

const change = (namespace: string, request: NetworkRequest): Promise<void> =>
  changePodNetwork(world.client, { names: [namespace], selector: undefined }, request, never);

test('a namespace is reached by those of its VNID and of VNID 0 alone; join, isolate and make-global do what they say', async () => {
  await plugin('multitenant');
  await world.startFacade();
  await world.namespace('red', 'blue', 'green');
  await shows('red', 'red');
  await change('blue', { kind: 'join', to: 'red' });
  await shows('red', 'blue,red');
  await shows('blue', 'blue,red');
  await shows('green', 'green');
  await change('green', { kind: 'global' });
  await shows('green', 'all');
  await shows('red', 'blue,green,red');
  await change('blue', { kind: 'isolate' });
  await shows('blue', 'blue,green');
  await shows('red', 'green,red');
  await world.client.delete(namespaces, { name: 'green' });
  await shows('red', 'red');
  await plugin('networkpolicy');
  await shows('red', 'all');
  await shows('blue', 'all');
});

test('policies of users stay; one that is deleted or overwritten comes back; the cleanup removes ours', async () => {
  await plugin('multitenant');
  await world.startFacade();
  await world.namespace('red');
  const other = { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'] };
  const beside = { metadata: { namespace: 'red', name: 'own' }, spec: other };
  await world.client.create<KubeObject>(networkPolicies, beside);
  await shows('red', 'red');
  await world.client.delete(networkPolicies, { namespace: 'red', name });
  await shows('red', 'red');
  const spec = { ingress: [], egress: [] };
  await world.client.patch(networkPolicies, { namespace: 'red', name }, { spec }, merge);
  await shows('red', 'red');
  await world.facade?.stop();
  await cleanUp(world.client, () => undefined, never);
  expect(await policyOf('red')).toBeUndefined();
  expect((await world.client.list(networkPolicies)).items.map(({ metadata }) => metadata.name)).toContain('own');
});

test('one of that name that says something else stays, and an Event tells it', async () => {
  await plugin('multitenant');
  await world.client.create<KubeObject>(namespaces, { metadata: { name: 'blue' } });
  const spec = { podSelector: {}, policyTypes: ['Egress'] };
  await world.client.create<KubeObject>(networkPolicies, { metadata: { namespace: 'blue', name }, ...{ spec } });
  await world.startFacade();
  expect((await world.event('NetworkPolicyOfOthers', name)).message).toContain('was not made for this');
  expect(await policyOf('blue')).toMatchObject({ spec });
  await plugin('networkpolicy');
  await cleanUp(world.client, () => undefined, never);
  expect(await policyOf('blue')).toMatchObject({ spec });
});

test('policies that a migration left give back the plugin and the VNIDs, also without egress IPs', async () => {
  await plugin('multitenant');
  const first = await world.startFacade();
  await world.namespace('red', 'blue', 'alone', 'global');
  await change('blue', { kind: 'join', to: 'red' });
  await change('global', { kind: 'global' });
  await shows('red', 'blue,global,red');
  await shows('alone', 'alone,global');
  await first.stop();
  const { items } = await world.client.list<NetworkPolicyObject>(networkPolicies);
  for (const { metadata } of items) {
    const { namespace = '' } = metadata;
    // as `migrate apply` makes them
    await world.client.patch(networkPolicies, { namespace, name }, { metadata: { labels: null } }, merge);
    await world.client.delete(netNamespaces, { name: namespace });
  }
  await world.client.delete(netNamespaces, { name: 'global' });
  await world.client.delete(clusterNetworks, { name: 'default' });
  const networks = { clusterNetwork: [{ cidr: '127.64.0.0/14', hostPrefix: 24 }], serviceNetwork: ['172.30.0.0/16'] };
  await world.client.create<KubeObject>(networkConfigs, { metadata: { name: 'cluster' }, ...{ spec: networks } });
  await world.startFacade();
  const network = await world.client.get<ClusterNetworkObject>(clusterNetworks, { name: 'default' });
  expect(network?.pluginName).toBe('redhat/openshift-ovs-multitenant');
  const [red, blue, alone, all] = await Promise.all(
    ['red', 'blue', 'alone', 'global'].map((one) => until(one, () => world.netNamespace(one))),
  );
  expect(blue?.netid).toBe(red?.netid);
  expect(alone?.netid).not.toBe(red?.netid);
  expect(all?.netid).toBe(0);
  await until('all have our label', async () =>
    (await world.client.list(networkPolicies)).items.every(({ metadata }) => metadata.labels !== undefined),
  );
  await shows('red', 'blue,global,red');
  await shows('alone', 'alone,global');
});

test('a policy that says something else says nothing of VNIDs', () => {
  expect(groupsIn([{ metadata: { namespace: 'red', name }, spec: { podSelector: {} } }])).toEqual({
    joined: [],
    global: [],
  });
});

test('no namespace that asks for an address is open without one while it is joined and isolated quickly', async () => {
  await plugin('multitenant');
  await world.startFacade();
  const asking = ['red', 'blue'];
  await world.namespace(...asking, 'green');
  await world.offer('node0', { egressIPs: ['192.168.7.201'] });
  await world.offer('node1', { egressIPs: ['192.168.7.202'] });
  await world.request('red', '192.168.7.201');
  await world.request('blue', '192.168.7.202');
  const isServed = async (namespace: string): Promise<boolean> =>
    (await world.client.list<KubeObject>(egressIPs)).items.some(
      (object) => namespacesNamedBy(object).includes(namespace) && assignedIn(object).size > 0,
    );
  const isOpen = async (namespace: string): Promise<boolean> =>
    (await isServed(namespace)) && !(await world.isClosed(namespace));
  for (const one of asking) await until(`${one} is open`, () => isOpen(one));
  let isOver = false;
  const open: string[] = [];
  const looking = asking.map(async (one) => {
    while (!isOver) {
      const [before, isClosed, after] = [await isServed(one), await world.isClosed(one), await isServed(one)];
      if (!before && !isClosed && !after) open.push(one);
    }
  });
  for (let round = 0; round < 6; round += 1) {
    await change('blue', { kind: 'join', to: 'red' });
    await change('green', { kind: 'join', to: 'blue' });
    await change('red', { kind: 'isolate' });
    await change('green', { kind: 'isolate' });
    await change('blue', { kind: 'isolate' });
  }
  for (const one of asking) await until(`${one} is open again`, () => isOpen(one));
  isOver = true;
  await Promise.all(looking);
  expect(open).toEqual([]);
  for (const one of [...asking, 'green']) await shows(one, one);
  expect(await world.places('red')).toEqual({ '192.168.7.201': 'node0' });
  expect(await world.places('blue')).toEqual({ '192.168.7.202': 'node1' });
  expect(await isServed('green')).toBe(false);
  expect(await world.isClosed('green')).toBe(false);
});
