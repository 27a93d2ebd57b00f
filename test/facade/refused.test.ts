/** An API server that refuses or fails single writes: what has nothing to do with them goes on. */
import { egressFirewalls, egressIPs, type Kind, namespaces, netNamespaces } from '../../api/kinds.ts';
import { probeName } from '../../src/facade/plan/marks.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { ApiError } from '../../src/io/kube/error.ts';
import { passing } from '../io/kube/passing.ts';
import { Running, until, World } from './running.ts';

const names = ['ns0', 'ns1', 'ns2', 'ns3'];
const ipOf = (index: number): string => `192.168.7.${101 + index}`;
const multicast = 'netnamespace.network.openshift.io/multicast-enabled';

let world: World;
afterEach(() => world.down());

/** The client, whose creations and patches `isRefused` may refuse. */
function refusing(isRefused: (kind: Kind, name: string, namespace: string) => boolean): KubeClient {
  const { client } = world;
  const denied = (): Promise<never> => Promise.reject(new ApiError(403, { message: 'a webhook denies it' }));
  return passing(client, {
    create: (kind, object, options) => {
      const { name = '', namespace = '' } = object.metadata;
      return isRefused(kind, name, namespace) ? denied() : client.create(kind, object, options);
    },
    patch: (kind, ref, body, options) =>
      isRefused(kind, ref.name, ref.namespace ?? '') ? denied() : client.patch(kind, ref, body, options),
  });
}

async function start(...facades: readonly KubeClient[]): Promise<readonly Running[]> {
  const running = facades.map((client) => new Running(client));
  await Promise.all(running.map(({ started }) => started));
  return running;
}

/** Asks for one address in each namespace, two on node0 and two on node1. */
async function ask(): Promise<void> {
  await world.namespace(...names);
  await world.offer('node0', { egressIPs: [ipOf(0), ipOf(1)] });
  await world.offer('node1', { egressIPs: [ipOf(2), ipOf(3)] });
  for (const [index, name] of names.entries()) await world.request(name, ipOf(index));
}

async function served(...but: readonly string[]): Promise<void> {
  for (const [index, name] of names.entries()) {
    if (but.includes(name)) continue;
    const node = index < 2 ? 'node0' : 'node1';
    await until(`${name} has its address`, async () => (await world.places(name))[ipOf(index)] === node);
    await until(`${name} is open`, async () => (await world.rules(name)) === undefined);
  }
}

test('build D: a Namespace that may not be patched for multicast is opened all the same', async () => {
  world = await World.up('D');
  let refusals = 0;
  const client = refusing((kind) => {
    if (kind === namespaces) refusals += 1;
    return kind === namespaces;
  });
  [world.facade] = await start(client);
  await world.namespace('ns0');
  await world.client.patch(
    netNamespaces,
    { name: 'ns0' },
    { metadata: { annotations: { [multicast]: 'true' } } },
    { type: 'merge' },
  );
  // the pauses between two tries are longer than 10 s from then on
  await until('it is refused often', () => Promise.resolve(refusals >= 10));
  await world.offer('node0', { egressCIDRs: ['192.168.7.64/26'] });
  await world.request('ns0', ipOf(0));
  await until('it is closed', () => world.isClosed('ns0'));
  await until('it is open', async () => (await world.rules('ns0')) === undefined, 8);
  expect(await world.places('ns0')).toEqual({ [ipOf(0)]: 'node0' });
});

test('a probe whose write fails is written again, and addresses go where they should', async () => {
  world = await World.up('B');
  let left = 2;
  [world.facade] = await start(refusing((_kind, name) => name === probeName && left-- > 0));
  await ask();
  await served();
});

test('a probe whose deletion fails does not stay and keep its address', async () => {
  world = await World.up('B');
  let left = 3;
  const { client } = world;
  const failing = passing(client, {
    delete: (kind, ref, options) =>
      ref.name === probeName && world.facade !== undefined && left-- > 0
        ? Promise.reject(new ApiError(500, { message: 'etcd' }))
        : client.delete(kind, ref, options),
  });
  [world.facade] = await start(failing);
  await ask();
  await served();
  await until('it is gone', async () => (await world.get(egressIPs, probeName)) === undefined);
  expect(left).toBeLessThan(0);
});

test.each(['B', 'D'] as const)('build %s: what is refused for one namespace holds up no other', async (build) => {
  world = await World.up(build);
  const isRefused = (kind: Kind, name: string, namespace: string): boolean =>
    (kind === egressFirewalls && namespace === 'ns0') || (kind === egressIPs && name === 'egressip-ns3');
  [world.facade] = await start(refusing(isRefused));
  await ask();
  await served('ns0', 'ns3');
  // one cannot be closed, so it gets no EgressIP that might be without an address; the other stays closed
  expect(await world.get(egressIPs, 'egressip-ns0')).toBeUndefined();
  expect(await world.isClosed('ns3')).toBe(true);
});

test('two facades without a Lease disturb each other, and still come to rest where they should', async () => {
  world = await World.up('B');
  const [first, second] = await start(world.client, world.client);
  world.facade = first;
  await ask();
  await served();
  await second?.stop();
});
