/** Where egress IPs go, by what OVN-Kubernetes believes: A and B keep a placement that others write, C and D do not. */
import { egressIPs, nodes } from '../../api/kinds.ts';
import { probeName } from '../../src/facade/plan/marks.ts';
import { watchKind } from '../../src/io/kube/watch.ts';
import { assignedIn } from '../../src/migrate/kinds/egressip.ts';
import { logger } from '../apiserver/started.ts';
import { until, World } from './running.ts';

const label = 'k8s.ovn.org/egress-assignable';
const merge = { type: 'merge' } as const;

describe.each(['A', 'B'] as const)('build %s', (build) => {
  let world: World;
  beforeAll(async () => {
    world = await World.up(build, 4);
    await world.startFacade();
    await world.namespace(...numbers.map((index) => `ns${index}`));
  });
  afterAll(() => world.down());

  const numbers = Array.from({ length: 12 }, (_, index) => index);
  const ipOf = (index: number): string => `192.168.7.${100 + index}`;

  test('each address is on the node whose HostSubnet lists it, however uneven', async () => {
    await world.offer('node0', { egressIPs: numbers.slice(0, 9).map(ipOf) });
    await world.offer('node1', { egressIPs: numbers.slice(9).map(ipOf) });
    await world.offer('node2', { egressIPs: ['192.168.7.150'] });
    for (const index of numbers) await world.request(`ns${index}`, ipOf(index));
    await until('all are where they should be', async () => {
      const all = await Promise.all(numbers.map((index) => world.places(`ns${index}`)));
      return numbers.every((index) => all[index]![ipOf(index)] === (index < 9 ? 'node0' : 'node1'));
    });
    expect(await world.get(egressIPs, probeName)).toBeUndefined();
    for (const index of numbers)
      await until(`ns${index} is open`, async () => (await world.rules(`ns${index}`)) === undefined);
  });

  test('one whose node fails stays away when the node is back, with an Event; asked for again, it goes back', async () => {
    await world.ready('node1', 'False');
    await until('it has left', async () => (await world.places('ns10'))[ipOf(10)] !== 'node1');
    const elsewhere = await until('it is elsewhere', async () => (await world.places('ns10'))[ipOf(10)]);
    await world.ready('node1', 'True');
    expect((await world.event('EgressIPElsewhere', 'ns10')).message).toContain(
      `egress IP ${ipOf(10)} is on ${elsewhere}, not on node1 as HostSubnet node1 says`,
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await world.places('ns10'))[ipOf(10)]).toBe(elsewhere);
    const listed = numbers.slice(9).map(ipOf);
    await world.offer('node1', { egressIPs: listed.filter((ip) => ip !== ipOf(10)) });
    await until('it is taken out', async () => Object.keys(await world.places('ns10')).length === 0);
    await world.offer('node1', { egressIPs: listed });
    await until('it is back', async () => (await world.places('ns10'))[ipOf(10)] === 'node1');
  });
});

/** Where each address was, one after the other, as the API server showed it; and which Nodes lost their label. */
async function followed(world: World): Promise<{
  readonly places: ReadonlyMap<string, readonly string[]>;
  readonly unlabeled: ReadonlySet<string>;
  readonly stop: () => void;
}> {
  const places = new Map<string, string[]>();
  const unlabeled = new Set<string>();
  const stop = new AbortController();
  const [seen, shown] = [egressIPs, nodes].map((kind) => watchKind(world.client, kind, { logger }, stop.signal));
  await Promise.all([seen!.synced, shown!.synced]);
  seen!.subscribe(({ after }) => {
    if (after === undefined || after.metadata.name === probeName) return;
    for (const [ip, node] of assignedIn(after)) {
      const all = places.get(ip) ?? [];
      if (all.at(-1) !== node) places.set(ip, [...all, node]);
    }
  });
  shown!.subscribe(({ key, before, after }) => {
    if (before?.metadata.labels?.[label] !== undefined && after?.metadata.labels?.[label] === undefined)
      unlabeled.add(key);
  });
  return { places, unlabeled, stop: () => stop.abort() };
}

describe.each(['C', 'D'] as const)('build %s, which chooses nodes itself', (build) => {
  let world: World;
  beforeAll(async () => {
    world = await World.up(build, 4);
    await world.startFacade();
  });
  afterAll(() => world.down());

  const names = Array.from({ length: 10 }, (_, index) => `ns${index}`);
  const ips = names.map((_, index) => `192.168.7.${100 + index}`);
  const isLabeled = async (name: string): Promise<boolean> =>
    (await world.get(nodes, name))?.metadata.labels?.[label] !== undefined;

  test('new addresses go where they should by labels, and nothing that has a node moves', async () => {
    const seen = await followed(world);
    await world.namespace(...names);
    await world.offer('node0', { egressIPs: ips.slice(0, 8) });
    await world.offer('node1', { egressIPs: ips.slice(8) });
    await world.offer('node2', { egressIPs: ['192.168.7.150'] });
    for (const [index, name] of names.entries()) await world.request(name, ips[index]!);
    await until('all have a node', () => Promise.resolve(seen.places.size === 10));
    const wanted = new Map(ips.map((ip, index) => [ip, [index < 8 ? 'node0' : 'node1']]));
    expect(new Map([...seen.places].sort())).toEqual(wanted);
    for (const name of ['node0', 'node1', 'node2']) await until(`${name} has its label`, () => isLabeled(name));
    for (const name of names) await until(`${name} is open`, async () => (await world.rules(name)) === undefined);
    expect(seen.unlabeled).not.toContain('node0');
    seen.stop();
  });

  test('where that would move others, it goes anywhere, an Event says so, and nobody fights', async () => {
    await world.namespace('more');
    const seen = await followed(world);
    await world.offer('node0', { egressIPs: [...ips.slice(0, 8), '192.168.7.120'] });
    await world.request('more', '192.168.7.120');
    const place = await until('it has a node', () => Promise.resolve(seen.places.get('192.168.7.120')));
    expect(place).not.toEqual(['node0']);
    expect((await world.event('EgressIPElsewhere', 'more')).message).toContain('not on node0 as HostSubnet node0 says');
    expect(seen.unlabeled).toEqual(new Set());
    const versions = async (): Promise<readonly unknown[]> =>
      (await world.client.list(egressIPs)).items.map(({ metadata }) => metadata.resourceVersion);
    await until('it is open', async () => (await world.rules('more')) === undefined);
    const before = await versions();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await versions()).toEqual(before);
    expect([...seen.places.values()].every(({ length }) => length === 1)).toBe(true);
    seen.stop();
  });

  test('a label that an admin gave is not taken, also from an empty node', async () => {
    const labels = { [label]: '' };
    await world.client.patch(nodes, { name: 'node3' }, { metadata: { labels } }, merge);
    await world.namespace('last');
    const seen = await followed(world);
    await world.offer('node1', { egressIPs: [...ips.slice(8), '192.168.7.121'] });
    await world.request('last', '192.168.7.121');
    await until('it has a node', () => Promise.resolve(seen.places.get('192.168.7.121')));
    expect(seen.unlabeled).toEqual(new Set());
    seen.stop();
  });
});
