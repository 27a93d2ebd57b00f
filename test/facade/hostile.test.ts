/** The facade where others undo what it does, take its kinds away, or leave things behind. */
import {
  customResourceDefinitions,
  egressFirewalls,
  egressIPs,
  hostSubnets,
  namespaces,
  netNamespaces,
  nodes,
} from '../../api/kinds.ts';
import { createMetrics } from '../../src/controllers/metrics.ts';
import { runControllers } from '../../src/controllers/run.ts';
import { cleanUp } from '../../src/facade/cleanup.ts';
import { namespacesNamedBy } from '../../src/facade/plan/egressip.ts';
import { closedAnnotation, keptAnnotation, ownRulesAnnotation, probeName } from '../../src/facade/plan/marks.ts';
import { tcpProbe } from '../../src/io/health/probe.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { ApiError } from '../../src/io/kube/error.ts';
import { watchKind } from '../../src/io/kube/watch.ts';
import { createLogger } from '../../src/io/log.ts';
import { assignedIn } from '../../src/migrate/kinds/egressip.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { until, World } from './running.ts';

const merge = { type: 'merge' } as const;
const silent = createLogger({ level: 'silent', name: 'test' });
const label = 'k8s.ovn.org/egress-assignable';
const ip = '192.168.7.201';
const firewall = { name: 'default', namespace: 'red' };

let world: World;
beforeEach(async () => {
  world = await World.up('B');
});
afterEach(() => world.down());

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

async function redOnNode0(): Promise<void> {
  await world.startFacade();
  await world.namespace('red', 'blue');
  await world.offer('node0', { egressIPs: [ip] });
  await world.request('red', ip);
  await until('red is assigned', async () => (await world.places('red'))[ip] === 'node0');
  await until('red is open', async () => (await world.rules('red')) === undefined);
}

/** Undoes something for three seconds each time it is there; returns how often it was. */
async function undoing(isThere: () => Promise<boolean>, undo: () => Promise<unknown>): Promise<number> {
  let times = 0;
  const end = Date.now() + 3_000;
  while (Date.now() < end) {
    await pause(5);
    if (!(await isThere())) continue;
    times += 1;
    await undo();
  }
  return times;
}

test('nobody who takes away a label, an EgressIP or a closing firewall is fought', async () => {
  await redOnNode0();
  await world.request('blue', '192.168.7.250');
  await until('blue is closed', () => world.isClosed('blue'));
  const counts = await Promise.all([
    undoing(
      async () => (await world.get(nodes, 'node0'))?.metadata.labels?.[label] !== undefined,
      () => world.client.patch(nodes, { name: 'node0' }, { metadata: { labels: { [label]: null } } }, merge),
    ),
    undoing(
      () => world.isClosed('blue'),
      () => world.client.delete(egressFirewalls, { name: 'default', namespace: 'blue' }),
    ),
    undoing(
      async () => (await world.get(egressIPs, 'egressip-red')) !== undefined,
      () => world.client.delete(egressIPs, { name: 'egressip-red' }),
    ),
  ]);
  for (const count of counts) {
    expect(count).toBeGreaterThan(1);
    expect(count).toBeLessThan(12);
  }
  await until('red is assigned', async () => (await world.places('red'))[ip] !== undefined);
  await until('blue is closed', () => world.isClosed('blue'));
});

test('the controllers for agents that run beside it by mistake are not fought', async () => {
  await world.client.patch(
    nodes,
    { name: 'node0' },
    { metadata: { annotations: { 'k8s.ovn.org/host-cidrs': '["10.0.0.10/24"]' } } },
    merge,
  );
  await world.startFacade();
  await world.namespace('red');
  await world.offer('node0', { egressCIDRs: ['192.168.7.208/28'] });
  await world.offer('node1', { egressIPs: [ip] });
  await world.request('red', '192.168.7.209');
  await until('red is assigned', async () => (await world.places('red'))['192.168.7.209'] === 'node1');
  const stop = new AbortController();
  const watched = watchKind<KubeObject>(world.client, hostSubnets, { logger: silent }, stop.signal);
  await watched.synced;
  let writes = 0;
  watched.subscribe(({ before }) => {
    writes += before === undefined ? 0 : 1;
  });
  const deps = { client: world.client, logger: silent, metrics: createMetrics(), probe: tcpProbe() };
  const controllers = runControllers(deps, { probeInterval: 0, cloud: 'never' }, stop.signal);
  await until('they disagree', () => writes > 1);
  await pause(5_000);
  stop.abort();
  await controllers;
  expect(writes).toBeLessThan(30);
  expect((await world.facade!.metrics.registry.metrics()).match(/refusals_total (\d+)/)?.[1]).not.toBe('0');
  await until('it shows what is', async () => (await world.hostSubnet('node0'))?.egressIPs?.length === 0);
});

test('a namespace that goes to another VNID with its address is at no moment open without it', async () => {
  await redOnNode0();
  const isServed = async (): Promise<boolean> =>
    (await world.client.list<KubeObject>(egressIPs)).items.some(
      (object) => namespacesNamedBy(object).includes('red') && assignedIn(object).size > 0,
    );
  let isOver = false;
  let open = 0;
  const looking = (async () => {
    while (!isOver) {
      const [before, isClosed, after] = [await isServed(), await world.isClosed('red'), await isServed()];
      if (!before && !isClosed && !after) open += 1;
    }
  })();
  for (const netid of [4_000_000, 4_000_001, 4_000_002]) {
    await world.client.patch(netNamespaces, { name: 'red' }, { netid }, merge);
    await until('it has the VNID', async () => {
      const object = await world.get(egressIPs, 'egressip-red');
      return object?.metadata.labels?.['migrate.sdn-compat/netid'] === String(netid) && assignedIn(object).size > 0;
    });
  }
  isOver = true;
  await looking;
  expect(open).toBe(0);
});

test('metrics say how many namespaces are closed', async () => {
  const closed = async (): Promise<string | undefined> =>
    /facade_namespaces_closed (\d+)/.exec(await world.facade!.metrics.registry.metrics())?.[1];
  await world.startFacade();
  await world.namespace('red');
  await world.request('red', ip);
  await until('one', async () => (await closed()) === '1');
  await world.request('red');
  await until('none', async () => (await closed()) === '0');
});

test('metrics say how many addresses are elsewhere', async () => {
  await redOnNode0();
  const elsewhere = async (): Promise<string | undefined> =>
    /facade_egressips_elsewhere (\d+)/.exec(await world.facade!.metrics.registry.metrics())?.[1];
  await world.offer('node1', { egressIPs: ['192.168.7.250'] });
  await until('node1 may host', async () => (await world.get(nodes, 'node1'))?.metadata.labels?.[label] !== undefined);
  await world.ready('node0', 'False');
  await until('one', async () => (await elsewhere()) === '1');
});

test("a user's own rules come back even if somebody drops the mark of the firewall that closes", async () => {
  await world.startFacade();
  await world.namespace('red');
  const egress = [{ type: 'Deny', to: { cidrSelector: '10.9.0.0/16' } }];
  const own: KubeObject & { readonly spec: object } = { metadata: firewall, spec: { egress } };
  await world.client.create<KubeObject>(egressFirewalls, own);
  await world.request('red', ip);
  await until('red is closed', () => world.isClosed('red'));
  await world.client.patch(
    egressFirewalls,
    firewall,
    { metadata: { annotations: { [closedAnnotation]: null } } },
    merge,
  );
  await until('the mark is back', async () => {
    const live = await world.get(egressFirewalls, 'default', 'red');
    return live?.metadata.annotations?.[closedAnnotation] !== undefined;
  });
  await world.request('red');
  await until('red is open', async () => !(await world.isClosed('red')));
  expect(await world.rules('red')).toEqual(egress);
});

const lost = [closedAnnotation, ownRulesAnnotation];
const egressOfUser = [{ type: 'Deny', to: { cidrSelector: '10.9.0.0/16' } }];

/** A user's firewall that closes red, and from which somebody dropped all annotations. */
async function closedWithoutMarks(): Promise<void> {
  const own: KubeObject & { readonly spec: object } = { metadata: firewall, spec: { egress: egressOfUser } };
  await world.client.create<KubeObject>(egressFirewalls, own);
  await world.request('red', ip);
  await until('red is closed', () => world.isClosed('red'));
  await world.facade!.stop();
  const annotations = Object.fromEntries(lost.map((key) => [key, null]));
  await world.client.patch(egressFirewalls, firewall, { metadata: { annotations } }, merge);
}

test("a user's own rules come back even if all annotations of the firewall that closes are dropped", async () => {
  await world.startFacade();
  await world.namespace('red');
  await closedWithoutMarks();
  await world.startFacade();
  await until('the marks are back', async () => {
    const live = await world.get(egressFirewalls, 'default', 'red');
    return lost.every((key) => live?.metadata.annotations?.[key] !== undefined);
  });
  await world.facade!.stop();
  const annotations = Object.fromEntries(lost.map((key) => [key, null]));
  await world.client.patch(egressFirewalls, firewall, { metadata: { annotations } }, merge);
  await world.request('red');
  await world.startFacade();
  await until('red is open', async () => !(await world.isClosed('red')));
  expect(await world.rules('red')).toEqual(egressOfUser);
  await until('nothing is kept', async () => {
    const space = await world.netNamespace('red');
    return space?.metadata.annotations?.[keptAnnotation] === undefined;
  });
});

test('cleanup gives them back then, too', async () => {
  await world.startFacade();
  await world.namespace('red');
  await closedWithoutMarks();
  world.facade = undefined;
  expect(await cleanUp(world.client, () => undefined, new AbortController().signal)).toBe(0);
  expect(await world.rules('red')).toEqual(egressOfUser);
  expect((await world.netNamespace('red'))?.metadata.annotations).not.toHaveProperty([keptAnnotation]);
});

test('a probe that an earlier run left does not keep its address from those who ask for it', async () => {
  await world.client.patch(nodes, { name: 'node0' }, { metadata: { labels: { [label]: '' } } }, merge);
  const spec = { egressIPs: ['192.168.7.209'], namespaceSelector: { matchLabels: { [probeName]: 'nothing' } } };
  const left: KubeObject & { readonly spec: object } = { metadata: { name: probeName }, spec };
  await world.client.create<KubeObject>(egressIPs, left);
  await until('it has it', async () => assignedIn((await world.get(egressIPs, probeName))!).size > 0);
  await world.startFacade();
  await world.namespace('red');
  await world.offer('node0', { egressCIDRs: ['192.168.7.208/28'] });
  await world.request('red', '192.168.7.209');
  await until('red has it', async () => (await world.places('red'))['192.168.7.209'] === 'node0');
});

/** Takes away the kinds with all objects, and serves them again when `meanwhile` is over. */
async function replaceKinds(meanwhile: () => Promise<unknown>): Promise<void> {
  const kept: KubeObject[] = [];
  for (const plural of ['netnamespaces', 'hostsubnets']) {
    const name = `${plural}.network.openshift.io`;
    kept.push((await world.client.get<KubeObject>(customResourceDefinitions, { name }))!);
    await world.client.delete(customResourceDefinitions, { name });
  }
  await meanwhile();
  for (const { metadata, ...rest } of kept)
    await world.client.create<KubeObject>(customResourceDefinitions, { ...rest, metadata: { name: metadata.name! } });
}

async function isAsItWas(netid: number): Promise<void> {
  expect(await until('red', () => world.netNamespace('red'))).toMatchObject({ netid, egressIPs: [ip] });
  expect(await until('node0', () => world.hostSubnet('node0'))).toMatchObject({ egressIPs: [ip] });
  await pause(1_000);
  expect(await world.places('red')).toEqual({ [ip]: 'node0' });
  expect((await world.get(nodes, 'node0'))?.metadata.labels).toHaveProperty([label]);
}

test('NetNamespaces and HostSubnets that went with their kinds are made again when those are back', async () => {
  await redOnNode0();
  const { netid } = (await world.netNamespace('red'))!;
  await replaceKinds(() => pause(1_000));
  await isAsItWas(netid);
});

test('they are made again as they were even if the kinds were back before the facade tried', async () => {
  await redOnNode0();
  const { netid } = (await world.netNamespace('red'))!;
  const create = world.client.create.bind(world.client);
  let goOn = (): void => undefined;
  const areBack = new Promise<void>((resolve) => (goOn = resolve));
  world.client.create = (async (kind: unknown, ...rest: readonly unknown[]) => {
    if (kind === netNamespaces || kind === hostSubnets) await areBack;
    return (create as (...args: readonly unknown[]) => Promise<unknown>)(kind, ...rest);
  }) as typeof create;
  // the time of a definition is in whole seconds
  await pause(1_100);
  await replaceKinds(() => Promise.resolve());
  goOn();
  await isAsItWas(netid);
});

test('they are made again even if they were made in the second in which another definition replaces theirs', async () => {
  await redOnNode0();
  const { netid } = (await world.netNamespace('red'))!;
  const name = 'netnamespaces.network.openshift.io';
  // a time has whole seconds, and on a slow machine what follows may take longer than one
  await until('they have one time', async () => {
    await pause(1_000 - (Date.now() % 1_000));
    await replaceKinds(() => Promise.resolve());
    const red = await until('red', () => world.netNamespace('red'));
    await until('node0', () => world.hostSubnet('node0'));
    await replaceKinds(() => Promise.resolve());
    const definition = await world.get(customResourceDefinitions, name);
    await isAsItWas(netid);
    return red.metadata.creationTimestamp === definition?.metadata.creationTimestamp;
  });
});

test('those that somebody deletes are made anew, and ask for nothing', async () => {
  await redOnNode0();
  await world.client.delete(hostSubnets, { name: 'node0' });
  expect((await until('node0', () => world.hostSubnet('node0'))).egressIPs ?? []).toEqual([]);
  await world.client.delete(netNamespaces, { name: 'red' });
  expect((await until('red', () => world.netNamespace('red'))).egressIPs ?? []).toEqual([]);
  await until('nothing is asked for', async () => (await world.get(egressIPs, 'egressip-red')) === undefined);
});

test('cleanup goes on where a kind cannot be listed', async () => {
  await redOnNode0();
  await world.facade!.stop();
  world.facade = undefined;
  const { client: real } = world;
  const list: KubeClient['list'] = (kind, options) =>
    kind === namespaces
      ? Promise.reject(new ApiError(403, { message: 'namespaces is forbidden' }))
      : real.list(kind, options);
  const client = new Proxy(real, {
    get: (target, key) => {
      if (key === 'list') return list;
      const found: unknown = Reflect.get(target, key);
      return typeof found === 'function' ? (found.bind(target) as unknown) : found;
    },
  });
  const lines: string[] = [];
  expect(await cleanUp(client, (line) => lines.push(line), new AbortController().signal)).toBe(1);
  expect(lines).toContain('Namespace: namespaces is forbidden');
  expect(await world.get(egressIPs, 'egressip-red')).toBeUndefined();
  expect((await world.client.list(hostSubnets)).items.length).toBeGreaterThan(0);
});
