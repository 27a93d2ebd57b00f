/** HostSubnets as real clusters have them: restored, replaced, and of Nodes that come and go. */
import { hostSubnets, nodes } from '../../api/kinds.ts';
import type { HostSubnetObject, NodeObject } from '../../src/model/objects/raw.ts';
import { type Server, startServer } from '../controllers/server.ts';
import { prepare, Running, until } from '../controllers/started.ts';

let server: Server;
let running: Running;

beforeEach(async () => {
  server = await startServer();
  await prepare(server.client, {});
  running = new Running(server.client);
  await running.started;
});
afterEach(async () => {
  await running.stop();
  await server.stop();
});

const hostSubnet = (name: string): Promise<HostSubnetObject | undefined> =>
  server.client.get<HostSubnetObject>(hostSubnets, { name });

test('a HostSubnet that was restored without the uid of its Node gets it, and goes with the Node', async () => {
  const made = await server.client.create<NodeObject>(nodes, { metadata: { name: 'edge' } });
  await server.client.patch(
    nodes,
    { name: 'edge' },
    { status: { addresses: [{ type: 'InternalIP', address: '192.168.7.77' }] } },
    { type: 'merge', subresource: 'status' },
  );
  const first = await until('it has a HostSubnet', () => hostSubnet('edge'));
  await running.stop();
  await server.client.delete(hostSubnets, { name: 'edge' });
  const { apiVersion, kind, host, hostIP, subnet = '' } = first;
  await server.client.create<HostSubnetObject>(hostSubnets, {
    apiVersion,
    kind,
    metadata: { name: 'edge' },
    host,
    hostIP,
    subnet,
  });
  running = new Running(server.client);
  await running.started;
  await until(
    'it has the uid again',
    async () =>
      (await hostSubnet('edge'))?.metadata.annotations?.['pod.network.openshift.io/node-uid'] === made.metadata.uid,
  );
  expect(await hostSubnet('edge')).toMatchObject({ hostIP, subnet });
  await server.client.delete(nodes, { name: 'edge' });
  await until('it goes with its Node', async () => (await hostSubnet('edge')) === undefined);
});
