/** The facade where others write too, where kinds go, and where OVN-Kubernetes is not there. */
import {
  customResourceDefinitions,
  egressFirewalls,
  egressIPs,
  hostSubnets,
  namespaces,
  netNamespaces,
  nodes,
} from '../../api/kinds.ts';
import { cleanUp } from '../../src/facade/cleanup.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { Running, until, World } from './running.ts';

let world: World;
beforeEach(async () => {
  world = await World.up('B');
});
afterEach(() => world.down());

const assigned = (name: string) => async (): Promise<boolean> => Object.keys(await world.places(name)).length > 0;

async function redOnNode0(): Promise<void> {
  await world.startFacade();
  await world.namespace('red');
  await world.offer('node0', { egressIPs: ['192.168.7.201'] });
  await world.request('red', '192.168.7.201');
  await until('red is assigned', assigned('red'));
  await until('red is open', async () => (await world.rules('red')) === undefined);
}

test('when the kinds of OpenShift SDN are removed while it runs, nothing of OVN-Kubernetes is taken away', async () => {
  await redOnNode0();
  for (const name of ['netnamespaces', 'hostsubnets'])
    await world.client.delete(customResourceDefinitions, { name: `${name}.network.openshift.io` });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await world.places('red')).toEqual({ '192.168.7.201': 'node0' });
  expect(await world.rules('red')).toBeUndefined();
  expect((await world.get(nodes, 'node0'))?.metadata.labels).toHaveProperty(['k8s.ovn.org/egress-assignable']);
});

test('a NetNamespace that is deleted is made anew and requests nothing; a Namespace takes its EgressIP with it', async () => {
  await redOnNode0();
  await world.client.delete(netNamespaces, { name: 'red' });
  await until('the EgressIP is gone', async () => (await world.get(egressIPs, 'egressip-red')) === undefined);
  await world.request('red', '192.168.7.201');
  await until('red is assigned', assigned('red'));
  await world.client.delete(namespaces, { name: 'red' });
  await until('the EgressIP is gone', async () => (await world.get(egressIPs, 'egressip-red')) === undefined);
});

test('a namespace keeps its address until its Namespace is gone, since its pods take their time', async () => {
  await redOnNode0();
  await world.client.delete(namespaces, { name: 'red' });
  let isServed = true;
  await until('the Namespace is gone', async () => {
    const isThere = (await world.get(namespaces, 'red')) !== undefined;
    if (isThere && !(await assigned('red')())) isServed = (await world.get(namespaces, 'red')) === undefined;
    return !isThere;
  });
  expect(isServed).toBe(true);
  await until('the EgressIP is gone', async () => (await world.get(egressIPs, 'egressip-red')) === undefined);
});

test('an EgressIP of its name that others made is left alone, and the namespace is told and closed', async () => {
  await world.startFacade();
  await world.namespace('red', 'other');
  const spec = {
    egressIPs: ['192.168.7.222'],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } },
  };
  const theirs = { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP', metadata: { name: 'egressip-red' }, spec };
  await world.client.create<KubeObject>(egressIPs, theirs);
  await world.offer('node0', { egressIPs: ['192.168.7.201'] });
  await world.request('red', '192.168.7.201');
  await world.event('EgressIPOfOthers', 'red');
  await until('red is closed', () => world.isClosed('red'));
  expect(await world.get(egressIPs, 'egressip-red')).toMatchObject({ spec });
});

test('whoever writes over a firewall that closes gets it back in the end, and is not fought', async () => {
  await world.startFacade();
  await world.namespace('red');
  await world.request('red', '192.168.7.201');
  await until('red is closed', () => world.isClosed('red'));
  const mine = [{ type: 'Deny', to: { cidrSelector: '10.9.0.0/16' } }];
  let writes = 0;
  const stop = new AbortController();
  const other = (async () => {
    while (!stop.signal.aborted) {
      if (await world.isClosed('red')) {
        writes += 1;
        await world.client.patch(
          egressFirewalls,
          { name: 'default', namespace: 'red' },
          { spec: { egress: mine } },
          { type: 'merge' },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  stop.abort();
  await other;
  expect(writes).toBeGreaterThan(1);
  expect(writes).toBeLessThan(12);
  await world.request('red');
  await until(
    'what they wrote is there',
    async () => JSON.stringify(await world.rules('red')) === JSON.stringify(mine),
  );
  // and stays: the facade looks at it again for every change
  await world.client.patch(
    egressFirewalls,
    { name: 'default', namespace: 'red' },
    { metadata: { annotations: { looked: 'again' } } },
    { type: 'merge' },
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await world.rules('red')).toEqual(mine);
});

test('a label that others gave stays; one of the facade goes with the last address', async () => {
  const label = 'k8s.ovn.org/egress-assignable';
  await world.client.patch(nodes, { name: 'node1' }, { metadata: { labels: { [label]: '' } } }, { type: 'merge' });
  await world.startFacade();
  const isLabeled = async (name: string): Promise<boolean> =>
    (await world.get(nodes, name))?.metadata.labels?.[label] !== undefined;
  for (const name of ['node0', 'node1']) await world.offer(name, { egressIPs: ['192.168.7.201'] });
  await until('node0 has it', () => isLabeled('node0'));
  for (const name of ['node0', 'node1']) await world.offer(name, { egressIPs: [] });
  await until('node0 has lost it', async () => !(await isLabeled('node0')));
  expect(await isLabeled('node1')).toBe(true);
});

test('without OVN-Kubernetes it waits, and goes on when it is there', async () => {
  const definition = await world.client.get<KubeObject>(customResourceDefinitions, { name: 'egressips.k8s.ovn.org' });
  await world.client.delete(customResourceDefinitions, { name: 'egressips.k8s.ovn.org' });
  const facade = new Running(world.client);
  world.facade = facade;
  let isStarted = false;
  void facade.started.then(() => (isStarted = true));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(isStarted).toBe(false);
  const { metadata, ...rest } = definition!;
  await world.client.create<KubeObject>(customResourceDefinitions, { ...rest, metadata: { name: metadata.name! } });
  await facade.started;
  expect(await until('HostSubnet', () => world.hostSubnet('node0'))).toMatchObject({ subnet: '127.64.0.0/24' });
});

test('cleanup takes away what the facade made, gives back what was there, and leaves the rest', async () => {
  await redOnNode0();
  await world.namespace('own', 'closed');
  const egress = [{ type: 'Allow', to: { cidrSelector: '10.9.0.0/16' } }];
  const own = { metadata: { namespace: 'own', name: 'default' }, spec: { egress } };
  await world.client.create<KubeObject>(egressFirewalls, own);
  for (const name of ['own', 'closed']) await world.request(name, `192.168.7.${name.length + 230}`);
  for (const name of ['own', 'closed']) await until(`${name} is closed`, () => world.isClosed(name));
  await world.facade!.stop();
  world.facade = undefined;
  const lines: string[] = [];
  expect(await cleanUp(world.client, (line) => lines.push(line), new AbortController().signal)).toBe(0);
  expect(lines.sort()).toEqual([
    'EgressFirewall closed/default: deleted',
    'EgressFirewall own/default: given back',
    'EgressIP egressip-red: deleted',
    'NetNamespace own: given back',
    'Node node0: given back',
  ]);
  expect(await world.rules('own')).toEqual(egress);
  expect((await world.get(nodes, 'node0'))?.metadata.annotations).not.toHaveProperty(['facade.sdn-compat.io/labeled']);
  expect((await world.netNamespace('red'))?.egressIPs).toEqual(['192.168.7.201']);
  expect(await world.client.list(hostSubnets)).toMatchObject({ items: { length: 3 } });
  expect(await cleanUp(world.client, (line) => lines.push(line), new AbortController().signal)).toBe(0);
  expect(lines).toHaveLength(5);
});
