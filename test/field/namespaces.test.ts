/** NetNamespaces whose Namespace comes later, goes, or is made again: no request is lost, and none is inherited. */
import { namespaces, netNamespaces } from '../../api/kinds.ts';
import { namespaceUidAnnotation } from '../../src/controllers/netids/origin.ts';
import type { KubeObject, NetNamespaceObject } from '../../src/model/objects/raw.ts';
import { type Server, startServer } from '../controllers/server.ts';
import { type Cluster, prepare, Running, until } from '../controllers/started.ts';

let server: Server;
let cluster: Cluster;
let running: Running;

beforeEach(async () => {
  server = await startServer();
  cluster = await prepare(server.client, {});
  running = new Running(server.client);
  await running.started;
});
afterEach(async () => {
  await running.stop();
  await server.stop();
});

const pauseFor = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const makeNamespace = (name: string): Promise<KubeObject> =>
  server.client.create<KubeObject>(namespaces, { metadata: { name } });
const request = (name: string, ...egressIPs: readonly string[]): Promise<unknown> =>
  server.client.patch(netNamespaces, { name }, { egressIPs }, { type: 'merge' });

/** Deletes the Namespace and makes it again, in a later second, as on a real server, where deletion takes longer. */
async function makeAgain(name: string): Promise<KubeObject> {
  await pauseFor(1_100);
  await server.client.delete(namespaces, { name });
  await until('the Namespace is gone', async () => (await server.client.get(namespaces, { name })) === undefined);
  return makeNamespace(name);
}

/** Waits until the NetNamespace records this Namespace. */
async function recorded({ metadata: { name = '', uid } }: KubeObject): Promise<NetNamespaceObject> {
  await until(
    `NetNamespace ${name} records its Namespace`,
    async () => (await cluster.netNamespace(name))?.metadata.annotations?.[namespaceUidAnnotation] === uid,
  );
  return (await cluster.netNamespace(name))!;
}

async function restartAfter(meanwhile: () => Promise<KubeObject>): Promise<KubeObject> {
  await running.stop();
  const made = await meanwhile();
  running = new Running(server.client);
  await running.started;
  return made;
}

test('a request made before its Namespace, as by GitOps, is kept until that is made', async () => {
  await server.client.create<NetNamespaceObject>(netNamespaces, {
    apiVersion: 'network.openshift.io/v1',
    kind: 'NetNamespace',
    metadata: { name: 'gitops' },
    netname: 'gitops',
    netid: 5000,
    egressIPs: ['192.168.7.231'],
  });
  expect((await cluster.event('NamespaceMissing', 'gitops')).message).toBe(
    'Namespace gitops does not exist: the NetNamespace and the egress IPs that it requests are kept for it',
  );
  await pauseFor(11_000);
  expect(await recorded(await makeNamespace('gitops'))).toMatchObject({ netid: 5000, egressIPs: ['192.168.7.231'] });
});

test('a Namespace that is made again at once gets a VNID of its own and no egress IP', async () => {
  const first = await recorded(await makeNamespace('shop'));
  await request('shop', '192.168.7.231');
  const again = await recorded(await makeAgain('shop'));
  expect(again.egressIPs ?? []).toEqual([]);
  expect(again.metadata.uid).not.toBe(first.metadata.uid);
});

test('a Namespace that was made again while no controller ran gets a VNID of its own and no egress IP', async () => {
  const first = await recorded(await makeNamespace('shop'));
  await request('shop', '192.168.7.231');
  const again = await recorded(await restartAfter(() => makeAgain('shop')));
  expect(again.egressIPs ?? []).toEqual([]);
  expect(again.metadata.uid).not.toBe(first.metadata.uid);
  expect((await cluster.event('NetNamespaceRenewed', 'shop')).message).toContain('of an earlier Namespace shop');
});

test('what was written for the Namespace that was made again counts', async () => {
  const { netid } = await recorded(await makeNamespace('shop'));
  await request('shop', '192.168.7.231');
  const made = await restartAfter(async () => {
    const again = await makeAgain('shop');
    await request('shop', '192.168.7.232');
    return again;
  });
  expect(await recorded(made)).toMatchObject({ netid, egressIPs: ['192.168.7.232'] });
  expect((await cluster.event('NetNamespaceKept', 'shop')).message).toContain('was written for it');
});

test('a NetNamespace restored from a backup counts, although it names a Namespace of another time', async () => {
  const made = await restartAfter(async () => {
    await server.client.create<NetNamespaceObject>(netNamespaces, {
      apiVersion: 'network.openshift.io/v1',
      kind: 'NetNamespace',
      metadata: { name: 'shop', annotations: { [namespaceUidAnnotation]: 'of-another-time' } },
      netname: 'shop',
      netid: 5001,
      egressIPs: ['192.168.7.233'],
    });
    return makeNamespace('other');
  });
  await recorded(made);
  // ten seconds after it was made
  await cluster.event('NamespaceMissing', 'shop', 20);
  expect(await recorded(await makeNamespace('shop'))).toMatchObject({ netid: 5001, egressIPs: ['192.168.7.233'] });
});

test('a NetNamespace whose Namespace went while no controller ran goes too, with its request', async () => {
  await recorded(await makeNamespace('shop'));
  await request('shop', '192.168.7.231');
  await restartAfter(async () => {
    await server.client.delete(namespaces, { name: 'shop' });
    return makeNamespace('other');
  });
  await until('it is gone', async () => (await cluster.netNamespace('shop')) === undefined);
});
