/** Firewalls that cannot close their namespace, because it ends or because somebody writes over them. */
import { egressFirewalls, egressIPs, netNamespaces, nodes } from '../../api/kinds.ts';
import { Firewalls } from '../../src/facade/firewalls.ts';
import { isClosing } from '../../src/facade/plan/firewall.ts';
import type { Wish } from '../../src/facade/plan/wish.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { ApiError } from '../../src/io/kube/error.ts';
import { watchKind } from '../../src/io/kube/watch.ts';
import type { KubeObject, NetNamespaceObject } from '../../src/model/objects/raw.ts';
import { fieldOf } from '../../src/model/values/json.ts';
import { isVnid } from '../../src/model/values/vnid.ts';
import { logger } from '../apiserver/started.ts';
import { passing } from '../io/kube/passing.ts';
import { closedRules, Running, until, World } from './running.ts';

const mark = 'k8s.ovn.org/egress-assignable';
const merge = { type: 'merge' } as const;
const open = { spec: { egress: [{ type: 'Allow', to: { cidrSelector: '0.0.0.0/0' } }] } };

let world: World;
beforeEach(async () => {
  world = await World.up('B');
});
afterEach(() => world.down());

function wishFor(...names: readonly string[]): Wish {
  const vnid = 7;
  if (!isVnid(vnid)) throw new Error('no VNID');
  const asks = { rules: undefined, multicast: false, isolation: { kind: 'none' } } as const;
  return {
    ...{ vnid, isAsking: true, egressIP: undefined, pinned: new Map() },
    namespaces: new Map(names.map((name) => [name, asks])),
    closedRules: closedRules as Wish['closedRules'],
  };
}

function firewallsBy(client: KubeClient, isOf = (): boolean => true): Firewalls {
  const stop = new AbortController();
  const cache = watchKind<KubeObject>(client, egressFirewalls, { logger }, stop.signal);
  const spaces = watchKind<NetNamespaceObject>(client, netNamespaces, { logger }, stop.signal);
  const metrics = { refused: () => undefined };
  return new Firewalls({
    client,
    logger,
    caches: { egressFirewalls: cache, netNamespaces: spaces },
    metrics,
    report: () => undefined,
    isOf,
  });
}

/** A client whose server refuses to make a firewall in the namespace. */
function refusing(namespace: string, ...causes: readonly { readonly reason: string }[]): KubeClient {
  return passing(world.client, {
    create: (kind, object, options) =>
      object.metadata.namespace === namespace
        ? Promise.reject(new ApiError(403, { message: 'it is forbidden', details: { causes } }))
        : world.client.create(kind, object, options),
  });
}

test('one that is refused because its namespace ends does not hold up the others; any other refusal does', async () => {
  await world.startFacade({ closed: 'never' });
  await world.namespace('going', 'red');
  const signal = new AbortController().signal;
  const wanted = { wish: wishFor('going', 'red'), isClosed: true };
  const ending = firewallsBy(refusing('going', { reason: 'NamespaceTerminating' }));
  expect(await ending.bring(['going', 'red'], wanted, signal)).toEqual([]);
  expect(await world.isClosed('red')).toBe(true);
  const forbidden = firewallsBy(refusing('going'));
  await expect(forbidden.bring(['going', 'red'], wanted, signal)).rejects.toThrow('it is forbidden');
});

test('what is opened for one VNID while the next one closes it is closed in the end, and nobody took it for closed before', async () => {
  await world.startFacade({ closed: 'never' });
  await world.namespace('red');
  // it would open it again
  await world.facade?.stop();
  world.facade = undefined;
  const signal = new AbortController().signal;
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const slow = passing(world.client, {
    delete: async (kind, ref, options) => {
      if (kind === egressFirewalls) await held;
      return world.client.delete(kind, ref, options);
    },
  });
  const firewalls = firewallsBy(slow);
  const wish = wishFor('red');
  await firewalls.bring(['red'], { wish, isClosed: true }, signal);
  await until('it is seen', () => Promise.resolve(firewalls.isClosing('red')));
  const opening = firewalls.bring(['red'], { wish, isClosed: false }, signal);
  let isClosed = false;
  const closing = firewalls.bring(['red'], { wish, isClosed: true }, signal).then((waits) => {
    isClosed = true;
    return waits;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(isClosed).toBe(false);
  goOn();
  await opening;
  expect(await closing).toEqual([]);
  expect(await world.isClosed('red')).toBe(true);
});

test('a namespace is not opened by a VNID that it no longer has', async () => {
  await world.startFacade({ closed: 'never' });
  await world.namespace('red');
  // it would open it again
  await world.facade?.stop();
  world.facade = undefined;
  const signal = new AbortController().signal;
  let isIts = true;
  const firewalls = firewallsBy(world.client, () => isIts);
  const wish = wishFor('red');
  await firewalls.bring(['red'], { wish, isClosed: true }, signal);
  await until('it is seen', () => Promise.resolve(firewalls.isClosing('red')));
  isIts = false;
  await firewalls.bring(['red'], { wish, isClosed: false }, signal);
  expect(await world.isClosed('red')).toBe(true);
  isIts = true;
  await firewalls.bring(['red'], { wish, isClosed: false }, signal);
  expect(await world.isClosed('red')).toBe(false);
});

test('an EgressIP is not made while somebody else holds its namespace open', async () => {
  await world.startFacade();
  await world.namespace('red');
  await world.request('red', '192.168.7.201');
  const firewall = (): Promise<KubeObject | undefined> => world.get(egressFirewalls, 'default', 'red');
  // each time it is closed again later than before
  for (let round = 0; round < 5; round += 1) {
    await until('it is closed', async () => isClosing(await firewall()));
    await world.client.patch(egressFirewalls, { namespace: 'red', name: 'default' }, open, merge);
  }
  expect(isClosing(await firewall())).toBe(false);
  const order: string[] = [];
  const stop = new AbortController();
  const firewalls = watchKind<KubeObject>(world.client, egressFirewalls, { logger }, stop.signal);
  const addresses = watchKind<KubeObject>(world.client, egressIPs, { logger }, stop.signal);
  firewalls.subscribe(({ after }) => order.push(isClosing(after) ? 'closed' : 'open'));
  addresses.subscribe(({ key }) => key === 'egressip-red' && order.push('EgressIP'));
  await world.offer('node0', { egressCIDRs: ['192.168.7.192/26'] });
  await until('the EgressIP is made', () => Promise.resolve(order.includes('EgressIP')));
  expect(order.slice(0, order.indexOf('EgressIP'))).toEqual(['open', 'closed']);
  stop.abort();
});

test('a node keeps its label until the namespaces that lose their address with it are closed', async () => {
  const { client } = world;
  const slow = passing(client, {
    create: async (kind, object, options) => {
      // as behind a slow webhook
      if (kind === egressFirewalls) await new Promise((resolve) => setTimeout(resolve, 400));
      return client.create(kind, object, options);
    },
  });
  world.facade = new Running(slow);
  await world.facade.started;
  await world.namespace('red');
  await world.offer('node0', { egressIPs: ['192.168.7.201'] });
  await world.request('red', '192.168.7.201');
  await until('it is assigned', async () => (await world.places('red'))['192.168.7.201'] === 'node0');
  await until('it is open', async () => (await world.rules('red')) === undefined);
  let open = 0;
  const look = async (): Promise<boolean> => {
    const served = Object.keys(await world.places('red')).length;
    const isClosed = await world.isClosed('red');
    if (served === 0 && !isClosed) open += 1;
    return isClosed;
  };
  await world.offer('node0', { egressIPs: [] });
  await until('it is closed', look);
  expect(open).toBe(0);
  const label = async (): Promise<unknown> => fieldOf(await world.get(nodes, 'node0'), 'metadata', 'labels', mark);
  await until('the node has no label', async () => (await label()) === undefined);
});
