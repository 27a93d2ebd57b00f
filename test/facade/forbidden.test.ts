/** Kinds that the facade may not list: it waits for them, and writes nothing meanwhile. */
import {
  clusterNetworks,
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  networkPolicies,
  nodes,
} from '../../api/kinds.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { ApiError } from '../../src/io/kube/error.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { passing } from '../io/kube/passing.ts';
import { Running, until, World } from './running.ts';

const ip = '192.168.7.201';
let world: World;
beforeAll(async () => {
  world = await World.up('B');
  await world.startFacade();
  await world.namespace('red');
  await world.offer('node0', { egressIPs: [ip] });
  await world.request('red', ip);
  await until('red is assigned', async () => (await world.places('red'))[ip] === 'node0');
  await until('red is open', async () => (await world.rules('red')) === undefined);
}, 600_000);
afterAll(() => world.down());

/** The client, which counts what it writes and may not list the kind while that is closed. */
function without(kind: Kind, state: { isClosed: boolean; tries: number; writes: number }): KubeClient {
  const { client } = world;
  const denied = (): Promise<never> => {
    state.tries += 1;
    return Promise.reject(new ApiError(403, { reason: 'Forbidden', message: `${kind.plural} is forbidden` }));
  };
  const wrote = <T>(result: T): T => {
    state.writes += 1;
    return result;
  };
  return passing(client, {
    list: (one, options) => (one === kind && state.isClosed ? denied() : client.list(one, options)),
    create: (one, object, options) => wrote(client.create(one, object, options)),
    patch: (one, ref, body, options) => wrote(client.patch(one, ref, body, options)),
    delete: (one, ref, options) => wrote(client.delete(one, ref, options)),
  });
}

test.each([
  ['NetNamespaces', netNamespaces],
  ['HostSubnets', hostSubnets],
  ['Namespaces', namespaces],
  ['Nodes', nodes],
  ['EgressIPs', egressIPs],
  ['EgressFirewalls', egressFirewalls],
  ['EgressNetworkPolicies', egressNetworkPolicies],
  ['NetworkPolicies', networkPolicies],
  ['ClusterNetworks', clusterNetworks],
] as const)(
  'without %s nothing of an earlier run is taken away, and with them it goes on',
  async (_what, kind) => {
    // the run of the test before, which goes on
    await world.facade!.stop();
    const state = { isClosed: true, tries: 0, writes: 0 };
    const again = new Running(without(kind, state));
    world.facade = again;
    await until('it has tried', () => state.tries >= 3);
    expect(state.writes).toBe(0);
    expect(await world.places('red')).toEqual({ [ip]: 'node0' });
    expect((await world.client.list<KubeObject>(egressFirewalls)).items).toEqual([]);
    state.isClosed = false;
    await again.started;
    const blue = `blue-${kind.plural}`;
    await world.namespace(blue);
    await world.request(blue, '192.168.7.250');
    await until('blue is closed', () => world.isClosed(blue));
    expect(await world.places('red')).toEqual({ [ip]: 'node0' });
    await world.request(blue);
    await until('blue is open', async () => (await world.rules(blue)) === undefined);
  },
  150_000,
);
