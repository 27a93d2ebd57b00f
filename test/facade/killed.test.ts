/** A facade that is killed after any of its writes: the next one brings everything to where it should be. */
import { egressFirewalls, egressIPs, hostSubnets, netNamespaces, nodes } from '../../api/kinds.ts';
import { keptAnnotation } from '../../src/facade/plan/marks.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { sortedText } from '../../src/model/values/json.ts';
import { rounds } from '../rounds.ts';
import { Running, until, World } from './running.ts';

const merge = { type: 'merge' } as const;
const label = 'k8s.ovn.org/egress-assignable';
const egress = [{ type: 'Deny', to: { cidrSelector: '10.9.0.0/16' } }];

/** A client with which nothing can be done after so many writes, as if its process were killed; the last may get no answer. */
function mortal(inner: KubeClient, most: number, isAnswered: boolean): { client: KubeClient; isDead: () => boolean } {
  let left = most;
  const dead = (): Promise<never> => Promise.reject(new Error('killed'));
  const writing =
    <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (left <= 0) return dead();
      left -= 1;
      const isLast = left === 0;
      const result = await write(...args);
      return isLast && !isAnswered ? dead() : result;
    };
  const write = ['create', 'patch', 'delete'] as const;
  const client = new Proxy(inner, {
    get: (target, key) => {
      const found: unknown = Reflect.get(target, key);
      if (typeof found !== 'function') return found;
      const bound = found.bind(target) as (...args: unknown[]) => Promise<unknown>;
      return write.some((one) => one === key) ? writing(bound) : bound;
    },
  });
  return { client, isDead: () => left <= 0 };
}

/** Waits until the condition holds or the facade is dead. */
async function reached(isDead: () => boolean, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 8_000;
  while (!isDead() && Date.now() < end && !(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const most = 20;
const step = most / rounds(most);
const counts = Array.from({ length: most }, (_, index) => index + 1).filter((count) => count % step === 4 % step);

describe.each(['B', 'D'] as const)('build %s', (build) => {
  let world: World;
  beforeAll(async () => {
    world = await World.up(build);
    await world.startFacade();
    await world.namespace('red');
    await world.facade!.stop();
  });
  afterAll(() => world.down());

  const firewall = { name: 'default', namespace: 'red' };
  const isOwn = async (): Promise<boolean> => sortedText(await world.rules('red')) === sortedText(egress);

  test.each(counts)('killed after write %d', async (count) => {
    const ip = `192.168.7.${100 + count}`;
    await world.client.create<KubeObject>(egressFirewalls, { metadata: firewall, ...{ spec: { egress } } });
    const { client, isDead } = mortal(world.client, count, count % 2 === 0);
    const facade = new Running(client);
    await Promise.race([facade.started, reached(isDead, () => Promise.resolve(false))]);
    await world.request('red', ip);
    await reached(isDead, () => world.isClosed('red'));
    await world.offer('node0', { egressIPs: [ip] });
    await reached(isDead, async () => (await world.places('red'))[ip] === 'node0' && (await isOwn()));
    await world.client.patch(hostSubnets, { name: 'node0' }, { egressIPs: [] }, merge);
    await world.offer('node1', { egressIPs: [ip] });
    await reached(isDead, async () => (await world.places('red'))[ip] === 'node1' && (await isOwn()));
    await facade.stop();
    await world.startFacade();
    await until('red is on a node', async () => (await world.places('red'))[ip] !== undefined);
    if (build === 'B') await until('red is on node1', async () => (await world.places('red'))[ip] === 'node1');
    await until('red has its own rules', isOwn);
    const live = await world.get(egressFirewalls, 'default', 'red');
    expect(Object.keys(live?.metadata.annotations ?? {})).toEqual([]);
    await until('node1 has the label', async () => (await world.get(nodes, 'node1'))?.metadata.labels?.[label] === '');
    await until(
      'node0 has none',
      async () => (await world.get(nodes, 'node0'))?.metadata.labels?.[label] === undefined,
    );
    await world.request('red');
    await until('it is gone', async () => (await world.get(egressIPs, 'egressip-red')) === undefined);
    await until('no probe is left', async () => (await world.client.list(egressIPs)).items.length === 0);
    await world.client.patch(hostSubnets, { name: 'node1' }, { egressIPs: [] }, merge);
    await until(
      'node1 has none',
      async () => (await world.get(nodes, 'node1'))?.metadata.labels?.[label] === undefined,
    );
    await world.facade!.stop();
    const space = await world.client.get<KubeObject>(netNamespaces, { name: 'red' });
    expect(space?.metadata.annotations).not.toHaveProperty([keptAnnotation]);
    await world.client.delete(egressFirewalls, firewall);
  });
});
