/** What the facade does not follow, and says so. */
import { egressPools, events, netNamespaces } from '../../api/kinds.ts';
import { clusterFromServer, statusOfRead } from '../../src/io/input/cluster.ts';
import type { EventShape } from '../controllers/started.ts';
import { until, World } from './running.ts';

let world: World;
beforeEach(async () => {
  world = await World.up('B');
});
afterEach(() => world.down());

const told = async (reason: string): Promise<readonly EventShape[]> =>
  (await world.client.list<EventShape>(events)).items.filter((one) => one.reason === reason);
const annotate = (name: string, annotations: Readonly<Record<string, string | null>>) =>
  world.client.patch(netNamespaces, { name }, { metadata: { annotations } }, { type: 'merge' });
const noted = async (): Promise<readonly string[]> =>
  statusOfRead({ ...(await clusterFromServer(world.client)), assignments: [] })
    .notes.filter(({ code }) => code === 'AnnotationNotFollowed')
    .map(({ name, message }) => `${name}: ${message}`);

test('annotations and EgressPools are named once, and are gone from the status with what asks for it', async () => {
  await world.client.create(egressPools, { metadata: { name: 'public' }, spec: { ranges: ['192.168.7.100'] } });
  await world.startFacade();
  await world.namespace('red', 'blue');
  await world.request('red', '192.168.7.201');
  const ours = { 'egress.sdn-compat.io/node-selector': 'zone=a', 'egress.sdn-compat.io/destinations': 'tcp:443' };
  await annotate('red', { ...ours, 'example.com/other': 'x' });
  const [event] = await until('an Event', async () => {
    const all = await told('AnnotationNotFollowed');
    return all.length > 0 ? all : undefined;
  });
  expect(event?.involvedObject).toMatchObject({ kind: 'NetNamespace', name: 'red' });
  expect(event?.message).toMatch(/^egress\.sdn-compat\.io\/destinations, egress\.sdn-compat\.io\/node-selector: /);
  const [pool] = await until('an Event of the pool', async () => {
    const all = await told('EgressPoolNotFollowed');
    return all.length > 0 ? all : undefined;
  });
  expect(pool?.involvedObject).toMatchObject({ kind: 'EgressPool', name: 'public' });
  expect(await noted()).toEqual([`red: ${event?.message ?? ''}`]);
  await annotate('red', { 'egress.sdn-compat.io/node-selector': null, 'egress.sdn-compat.io/destinations': null });
  expect(await noted()).toEqual([]);
  expect((await told('AnnotationNotFollowed')).map(({ count }) => count)).toEqual([1]);
  expect(await told('NoSelectedNode')).toEqual([]);
});
