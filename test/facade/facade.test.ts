/** The old API on OVN-Kubernetes, against the embedded server and what does to objects what OVN-Kubernetes does. */
import { egressFirewalls, egressIPs, namespaces, netNamespaces, nodes } from '../../api/kinds.ts';
import { closedRules, until, World } from './running.ts';

let world: World;

beforeAll(async () => {
  world = await World.up('B');
  await world.startFacade();
});
afterAll(() => world.down());

test('every Node has a HostSubnet with what OVN-Kubernetes gave it, and every Namespace a NetNamespace', async () => {
  const host = await until('HostSubnet', () => world.hostSubnet('node1'));
  expect(host).toMatchObject({ host: 'node1', hostIP: '192.168.7.11', subnet: '127.64.1.0/24' });
  await world.namespace('plain');
  expect(await world.get(egressIPs, 'egressip-plain')).toBeUndefined();
  expect(await world.rules('plain')).toBeUndefined();
});

test('a namespace that asks for an address that nobody offers is closed, and opened when the address is assigned', async () => {
  await world.namespace('red');
  await world.request('red', '192.168.7.201');
  await until('red is closed', () => world.isClosed('red'));
  expect(await world.get(egressIPs, 'egressip-red')).toBeUndefined();
  await world.offer('node1', { egressIPs: ['192.168.7.201'] });
  await until('it is on node1', async () => (await world.places('red'))['192.168.7.201'] === 'node1');
  await until('red is open', async () => (await world.rules('red')) === undefined);
  const node = await world.get(nodes, 'node1');
  expect(node?.metadata.labels).toMatchObject({ 'k8s.ovn.org/egress-assignable': '' });
});

test('an address whose HostSubnet changes moves there, by way of nowhere, and its namespace is closed meanwhile', async () => {
  const seen: string[] = [];
  const end = new AbortController();
  const watching = (async () => {
    while (!end.signal.aborted) {
      seen.push(`${(await world.places('red'))['192.168.7.201'] ?? '-'} ${await world.isClosed('red')}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  await world.offer('node1', { egressIPs: [] });
  await world.offer('node2', { egressIPs: ['192.168.7.201'] });
  await until('it is on node2', async () => (await world.places('red'))['192.168.7.201'] === 'node2');
  await until('red is open', async () => (await world.rules('red')) === undefined);
  end.abort();
  await watching;
  expect(seen).not.toContain('- false');
});

test('an address that goes is taken back, and the namespace is as before', async () => {
  await world.request('red');
  await until('no EgressIP', async () => (await world.get(egressIPs, 'egressip-red')) === undefined);
  await until('open', async () => (await world.rules('red')) === undefined);
});

test('what OVN-Kubernetes assigns shows in HostSubnets with egressCIDRs', async () => {
  await world.offer('node0', { egressCIDRs: ['192.168.7.208/28'] });
  await world.namespace('blue');
  await world.request('blue', '192.168.7.209');
  const node = await until('it is assigned', async () => (await world.places('blue'))['192.168.7.209']);
  if (node === 'node0')
    await until('it shows', async () => (await world.hostSubnet('node0'))?.egressIPs?.join() === '192.168.7.209');
});

test('an EgressNetworkPolicy is an EgressFirewall; while closed it is kept, and it comes back', async () => {
  await world.namespace('green');
  const policy = {
    apiVersion: 'network.openshift.io/v1',
    kind: 'EgressNetworkPolicy',
    metadata: { namespace: 'green', name: 'mine' },
    spec: { egress: [{ type: 'Deny', to: { cidrSelector: '10.1.0.0/16' } }] },
  };
  const { egressNetworkPolicies } = await import('../../api/kinds.ts');
  await world.client.create(egressNetworkPolicies, policy);
  const open = JSON.stringify([{ type: 'Deny', to: { cidrSelector: '10.1.0.0/16' } }]);
  await until('the firewall', async () => JSON.stringify(await world.rules('green')) === open);
  await world.request('green', '192.168.7.230');
  await until('closed', () => world.isClosed('green'));
  await world.request('green');
  await until('open', async () => JSON.stringify(await world.rules('green')) === open);
  await world.client.delete(egressNetworkPolicies, { namespace: 'green', name: 'mine' });
  await until('none', async () => (await world.rules('green')) === undefined);
});

test("a firewall of the user's own comes back exactly", async () => {
  await world.namespace('own');
  const egress = [{ type: 'Allow', to: { dnsName: '*.example.com' }, ports: [{ protocol: 'TCP', port: 443 }] }];
  await world.client.create(egressFirewalls, {
    metadata: { namespace: 'own', name: 'default' },
    ...{ spec: { egress } },
  });
  await world.request('own', '192.168.7.231');
  await until('closed', () => world.isClosed('own'));
  await world.request('own');
  await until('open', async () => JSON.stringify(await world.rules('own')) !== JSON.stringify(closedRules));
  expect(await world.rules('own')).toEqual(egress);
  expect((await world.get(egressFirewalls, 'default', 'own'))?.metadata.annotations ?? {}).toEqual({});
});

test('multicast of a NetNamespace is that of its Namespace', async () => {
  await world.namespace('many');
  const key = 'netnamespace.network.openshift.io/multicast-enabled';
  const set = (value: string | null) =>
    world.client.patch(
      netNamespaces,
      { name: 'many' },
      { metadata: { annotations: { [key]: value } } },
      { type: 'merge' },
    );
  const shown = async () =>
    (await world.get(namespaces, 'many'))?.metadata.annotations?.['k8s.ovn.org/multicast-enabled'];
  await set('true');
  await until('on', async () => (await shown()) === 'true');
  await set(null);
  await until('off', async () => (await shown()) === undefined);
});
