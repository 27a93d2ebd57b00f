/** A cluster whose NetNamespaces, HostSubnets and policies went with the old plugin: they are made again. */
import {
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  namespaces,
  netNamespaces,
  nodes,
} from '../../api/kinds.ts';
import { adoptionOf, type Present } from '../../src/facade/begin/adoption.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { until, World } from './running.ts';

const label = 'k8s.ovn.org/egress-assignable';
const byName = (...names: readonly string[]): object => ({
  matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: names }],
});
const made = (name: string, labels: Readonly<Record<string, string>>, spec: object): KubeObject => {
  const object = { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP', metadata: { name, labels }, spec };
  return object;
};
const firewall = (namespace: string, egress: readonly object[]): KubeObject => {
  const metadata = { namespace, name: 'default' };
  const object = { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressFirewall', metadata, spec: { egress } };
  return object;
};
const deny = { type: 'Deny', to: { cidrSelector: '10.1.0.0/16' } };

let world: World;
beforeEach(async () => {
  world = await World.up('B');
});
afterEach(() => world.down());

async function namespacesNamed(...names: readonly string[]): Promise<void> {
  for (const name of names)
    await world.client.create<KubeObject>(namespaces, {
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    });
}

test('what the migrator made becomes what it was made from: VNIDs, joined namespaces, lists, places and CIDRs', async () => {
  await namespacesNamed('red', 'also-red', 'blue', 'auto');
  const cidrs = '{"EgressCIDRs":["192.168.7.208/28"]}';
  const annotations = { 'networkoperator.openshift.io/sdn-to-ovn-migration': cidrs };
  await world.client.patch(nodes, { name: 'node0' }, { metadata: { labels: { [label]: '' } } }, { type: 'merge' });
  await world.client.patch(
    nodes,
    { name: 'node1' },
    { metadata: { labels: { [label]: '' }, annotations } },
    { type: 'merge' },
  );
  const netid = 'migrate.sdn-compat/netid';
  await world.client.create(
    egressIPs,
    made(
      'egressip-also-red',
      { [netid]: '77', 'placed.sdn-compat/192.168.7.201': 'node0', 'requests.sdn-compat/also-red': 'none' },
      { egressIPs: ['192.168.7.201'], namespaceSelector: byName('also-red', 'red') },
    ),
  );
  await world.client.create(
    egressIPs,
    made(
      'egressip-auto',
      { [netid]: '78' },
      { egressIPs: ['192.168.7.209'], namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'auto' } } },
    ),
  );
  await world.client.create(egressFirewalls, firewall('blue', [deny]));
  await world.startFacade();
  expect(await until('red', () => world.netNamespace('red'))).toMatchObject({
    netid: 77,
    egressIPs: ['192.168.7.201'],
  });
  expect(await until('also-red', () => world.netNamespace('also-red'))).toMatchObject({ netid: 77 });
  expect(await until('auto', () => world.netNamespace('auto'))).toMatchObject({
    netid: 78,
    egressIPs: ['192.168.7.209'],
  });
  expect(await until('node0', () => world.hostSubnet('node0'))).toMatchObject({
    egressIPs: expect.arrayContaining(['192.168.7.201']) as unknown,
    subnet: '127.64.0.0/24',
  });
  expect(await until('node1', () => world.hostSubnet('node1'))).toMatchObject({ egressCIDRs: ['192.168.7.208/28'] });
  const { items } = await world.client.list<KubeObject>(egressNetworkPolicies);
  expect(items).toMatchObject([{ metadata: { namespace: 'blue' }, spec: { egress: [deny] } }]);
  await until('all is assigned', async () => Object.keys(await world.places('auto')).length === 1);
  expect(await world.get(egressIPs, 'egressip-also-red')).toBeDefined();
});

test("what the vendor's conversion made is taken over, and foreign EgressIPs are left alone", async () => {
  await namespacesNamed('red', 'other');
  await world.client.patch(nodes, { name: 'node0' }, { metadata: { labels: { [label]: '' } } }, { type: 'merge' });
  const selector = (name: string): object => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });
  const red = { egressIPs: ['192.168.7.201'], namespaceSelector: selector('red') };
  await world.client.create(egressIPs, made('egressip-red', {}, red));
  const foreign = made('theirs', {}, { egressIPs: ['192.168.7.222'], namespaceSelector: selector('other') });
  await world.client.create(egressIPs, foreign);
  await until('it is assigned', async () => (await world.places('red'))['192.168.7.201'] !== undefined);
  await world.startFacade();
  await until('NetNamespace red', async () => (await world.netNamespace('red'))?.egressIPs?.join() === '192.168.7.201');
  await until('NetNamespace other', () => world.netNamespace('other'));
  expect((await world.hostSubnet('node0'))?.egressIPs).toEqual(['192.168.7.201']);
  expect(await world.get(egressIPs, 'theirs')).toMatchObject({ spec: { egressIPs: ['192.168.7.222'] } });
  await world.request('red');
  await until('it is taken back', async () => (await world.get(egressIPs, 'egressip-red')) === undefined);
  expect(await world.get(egressIPs, 'theirs')).toBeDefined();
});

test('what is there counts: a NetNamespace without egress IPs requests none', async () => {
  await namespacesNamed('red');
  await world.client.create<KubeObject>(netNamespaces, {
    metadata: { name: 'red' },
    ...{ netname: 'red', netid: 77 },
  });
  const spec = { egressIPs: ['192.168.7.201'], namespaceSelector: byName('red') };
  await world.client.create(egressIPs, made('egressip-red', { 'migrate.sdn-compat/netid': '77' }, spec));
  await world.startFacade();
  await until('it is taken back', async () => (await world.get(egressIPs, 'egressip-red')) === undefined);
  expect((await world.netNamespace('red'))?.egressIPs ?? []).toEqual([]);
});

test('a NetNamespace that cannot be made again yet keeps its EgressIP, and is made when it can be', async () => {
  await namespacesNamed('red');
  const spec = { egressIPs: ['192.168.7.201'], namespaceSelector: byName('red') };
  await world.client.create(egressIPs, made('egressip-red', { 'migrate.sdn-compat/netid': '77' }, spec));
  const create = world.client.create.bind(world.client);
  let refused = 0;
  // the API server refuses, as a webhook does
  world.client.create = ((kind: unknown, object: KubeObject, options: unknown) => {
    if (kind === netNamespaces && object.metadata.name === 'red' && refused < 3) {
      refused += 1;
      return Promise.reject(new Error('refused'));
    }
    return (create as (...args: readonly unknown[]) => Promise<unknown>)(kind, object, options);
  }) as typeof create;
  await world.startFacade();
  const red = await until('NetNamespace red', () => world.netNamespace('red'));
  expect(red).toMatchObject({ netid: 77, egressIPs: ['192.168.7.201'] });
  expect(refused).toBe(3);
});

const nothing: Present = {
  netNamespaces: [],
  hostSubnets: [],
  nodes: [],
  namespaces: [],
  policies: [],
  egressIPs: [],
  egressFirewalls: [],
  isolation: [],
};

test('a firewall that a policy cannot express is not adopted', () => {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'blue' } };
  const adopted = (egress: readonly object[]): number =>
    adoptionOf({ ...nothing, namespaces: [namespace], egressFirewalls: [firewall('blue', egress)] }).policies.length;
  expect(adopted([deny])).toBe(1);
  expect(adopted([{ ...deny, ports: [{ protocol: 'TCP', port: 443 }] }])).toBe(0);
  expect(adopted([{ type: 'Allow', to: { dnsName: '*.example.com' } }])).toBe(0);
  expect(adopted([{ type: 'Allow', to: { nodeSelector: { matchLabels: { a: 'b' } } } }])).toBe(0);
});
