/** Where egress IPs go, by what OVN-Kubernetes believes: A and B keep a placement that others write, C and D do not. */
import { egressIPs } from '../../api/kinds.ts';
import { probeName } from '../../src/facade/plan/marks.ts';
import { until, World } from './running.ts';

describe.each(['A', 'B'] as const)('build %s', (build) => {
  let world: World;
  beforeAll(async () => {
    world = await World.up(build, 4);
    await world.startFacade();
    await world.namespace(...numbers.map((index) => `ns${index}`));
  }, 30_000);
  afterAll(() => world.down());

  const numbers = Array.from({ length: 12 }, (_, index) => index);
  const ipOf = (index: number): string => `192.168.7.${100 + index}`;

  test('each address is on the node whose HostSubnet lists it, however uneven', async () => {
    await world.offer('node0', { egressIPs: numbers.slice(0, 9).map(ipOf) });
    await world.offer('node1', { egressIPs: numbers.slice(9).map(ipOf) });
    await world.offer('node2', { egressIPs: ['192.168.7.150'] });
    for (const index of numbers) await world.request(`ns${index}`, ipOf(index));
    await until(
      'all are where they should be',
      async () => {
        const all = await Promise.all(numbers.map((index) => world.places(`ns${index}`)));
        return numbers.every((index) => all[index]![ipOf(index)] === (index < 9 ? 'node0' : 'node1'));
      },
      20,
    );
    expect(await world.get(egressIPs, probeName)).toBeUndefined();
    for (const index of numbers)
      await until(`ns${index} is open`, async () => (await world.rules(`ns${index}`)) === undefined);
  }, 30_000);

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
  }, 30_000);
});

describe.each(['C', 'D'] as const)('build %s', (build) => {
  let world: World;
  beforeAll(async () => {
    world = await World.up(build, 4);
    await world.startFacade();
  }, 30_000);
  afterAll(() => world.down());

  test('chooses the node itself; an Event says so where it is another, and nobody fights', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `ns${index}`);
    const ips = names.map((_, index) => `192.168.7.${100 + index}`);
    await world.namespace(...names);
    await world.offer('node0', { egressIPs: ips });
    await world.offer('node1', { egressIPs: ['192.168.7.150'] });
    await world.offer('node2', { egressIPs: ['192.168.7.151'] });
    for (const [index, name] of names.entries()) await world.request(name, ips[index]!);
    await until(
      'all are assigned',
      async () =>
        (await Promise.all(names.map((name) => world.places(name)))).every((all) => Object.keys(all).length === 1),
      30,
    );
    const places = await Promise.all(names.map(async (name, index) => (await world.places(name))[ips[index]!]));
    const away = names.filter((_, index) => places[index] !== 'node0');
    expect(away.length).toBeGreaterThan(0);
    expect((await world.event('EgressIPElsewhere', away[0]!)).message).toContain(
      'not on node0 as HostSubnet node0 says',
    );
    const versions = async (): Promise<readonly unknown[]> =>
      (await world.client.list(egressIPs)).items.map(({ metadata }) => metadata.resourceVersion);
    const before = await versions();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await versions()).toEqual(before);
    for (const name of names) expect(await world.rules(name)).toBeUndefined();
  }, 60_000);
});
