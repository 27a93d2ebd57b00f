/** A facade that starts again on a cluster that is as it should be. */
import {
  egressFirewalls,
  egressIPs,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  nodes,
} from '../../api/kinds.ts';
import { until, World } from './running.ts';

let world: World;

beforeAll(async () => {
  world = await World.up('B', 4);
  await world.startFacade();
});
afterAll(() => world.down());

const kinds: readonly Kind[] = [netNamespaces, hostSubnets, egressIPs, egressFirewalls, nodes, namespaces];

async function versions(): Promise<Readonly<Record<string, string>>> {
  const lists = await Promise.all(kinds.map((kind) => world.client.list(kind)));
  return Object.fromEntries(
    lists.flatMap(({ items }, index) =>
      items.map(({ metadata }) => [
        `${kinds[index]!.kind} ${metadata.namespace ?? ''}/${metadata.name ?? ''}`,
        metadata.resourceVersion ?? '',
      ]),
    ),
  );
}

test('writes nothing', async () => {
  await world.offer('node0', { egressIPs: ['192.168.7.201', '192.168.7.202'] });
  await world.offer('node1', { egressCIDRs: ['192.168.7.208/28'] });
  await world.offer('node2', { egressCIDRs: ['192.168.7.208/28'] });
  await world.namespace('one', 'two', 'auto', 'closed', 'plain');
  await world.request('one', '192.168.7.201');
  await world.request('two', '192.168.7.202');
  await world.request('auto', '192.168.7.209', '192.168.7.210');
  await world.request('closed', '192.168.7.250');
  await until('all is assigned', async () => {
    const all = await Promise.all(['one', 'two', 'auto'].map((name) => world.places(name)));
    return all.reduce((sum, places) => sum + Object.keys(places).length, 0) === 4;
  });
  await until('what has an address is open', async () => {
    const rules = await Promise.all(['one', 'two', 'auto'].map((name) => world.rules(name)));
    return rules.every((one) => one === undefined);
  });
  await until('closed is closed', () => world.isClosed('closed'));
  let before = await versions();
  for (let still = 0; still < 5; still += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await versions();
    if (JSON.stringify(now) !== JSON.stringify(before)) still = -1;
    before = now;
  }
  await world.facade!.stop();
  await world.startFacade();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(await versions()).toEqual(before);
});
