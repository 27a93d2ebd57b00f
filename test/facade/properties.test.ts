/**
 * Any sequence of what admins, nodes, OVN-Kubernetes and strangers do ends, when all rest, in the state that the objects
 * ask for or in a named reason; and at no moment on the way does a namespace that asks for egress IPs leave without one.
 */
import {
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  events,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  nodes,
} from '../../api/kinds.ts';
import { isOurs, namespacesNamedBy } from '../../src/facade/plan/egressip.ts';
import { isClosing } from '../../src/facade/plan/firewall.ts';
import { probeName } from '../../src/facade/plan/marks.ts';
import { assignedIn, requestedIn } from '../../src/migrate/kinds/egressip.ts';
import type { HostSubnetObject, KubeObject, NetNamespaceObject } from '../../src/model/objects/raw.ts';
import { type EventShape, until } from '../controllers/started.ts';
import { generator } from '../random.ts';
import { rounds } from '../rounds.ts';
import { tested, World } from './running.ts';

const names = ['red', 'blue', 'green', 'gold', 'gray'];
const hosts = ['node0', 'node1', 'node2', 'node3'];
const ips = Array.from({ length: 7 }, (_, index) => `192.168.7.${201 + index}`);
const cidr = '192.168.7.204/30';
const multicast = 'netnamespace.network.openshift.io/multicast-enabled';
const merge = { type: 'merge' } as const;

type Dice = (limit: number) => number;

/** One thing that somebody does. Objects that are not there at the moment are left out. */
interface Deed {
  readonly name: string;
  readonly do: (world: World, dice: Dice) => Promise<unknown>;
}

const one = <T>(from: readonly T[], dice: Dice): T => from[dice(from.length)]!;
const some = <T>(from: readonly T[], dice: Dice): readonly T[] => from.filter(() => dice(3) === 0);
const firewall = { name: 'default' };
const nodeOf = (name: string): number => Number(name.slice(4));

const deeds: readonly Deed[] = [
  ...Array.from({ length: 6 }, (): Deed => ({
    name: 'request',
    do: (world, dice) => world.request(one(names, dice), ...some(ips, dice).slice(0, 2)),
  })),
  {
    name: 'request oddly',
    do: (world, dice) =>
      world.request(one(names, dice), ...one([[''], ['x'], ['fd00::1'], [ips[0]!, ips[0]!], ['10.9.9.9']], dice)),
  },
  ...Array.from({ length: 4 }, (): Deed => ({
    name: 'offer',
    do: (world, dice) =>
      world.client.patch(
        hostSubnets,
        { name: one(hosts, dice) },
        { egressIPs: some(ips, dice), egressCIDRs: null },
        merge,
      ),
  })),
  {
    name: 'offer CIDRs',
    do: (world, dice) =>
      world.client.patch(hostSubnets, { name: one(hosts, dice) }, { egressCIDRs: one([[cidr], []], dice) }, merge),
  },
  {
    name: 'join or isolate',
    do: async (world, dice) => {
      const [name, with_] = [one(names, dice), one(names, dice)];
      const found = name === with_ ? undefined : await world.netNamespace(with_);
      const netid = found?.netid ?? 5_000_000 + dice(1_000_000);
      return world.client.patch(netNamespaces, { name }, { netid }, merge);
    },
  },
  {
    name: 'multicast',
    do: (world, dice) =>
      world.client.patch(
        netNamespaces,
        { name: one(names, dice) },
        { metadata: { annotations: { [multicast]: one(['true', null], dice) } } },
        merge,
      ),
  },
  {
    name: 'policy',
    do: async (world, dice) => {
      const ref = { namespace: one(names, dice), name: 'mine' };
      if (dice(2) === 0) return world.client.delete(egressNetworkPolicies, ref);
      return world.client.create<KubeObject>(egressNetworkPolicies, {
        metadata: ref,
        ...{ spec: { egress: [{ type: 'Deny', to: { cidrSelector: '10.1.0.0/16' } }] } },
      });
    },
  },
  {
    name: 'node failure',
    do: (world, dice) => world.ready(one(hosts, dice), one(['True', 'False'], dice)),
  },
  {
    name: 'node anew',
    do: async (world, dice) => {
      const name = one(hosts, dice);
      await world.client.delete(nodes, { name });
      await new Promise((resolve) => setTimeout(resolve, dice(60)));
      await world.node(name, nodeOf(name));
    },
  },
  {
    name: 'namespace anew',
    do: async (world, dice) => {
      const name = one(names, dice);
      if ((await world.get(namespaces, name)) !== undefined) return world.client.delete(namespaces, { name });
      return world.namespace(name);
    },
  },
  {
    name: 'NetNamespace deleted',
    do: (world, dice) => world.client.delete(netNamespaces, { name: one(names, dice) }),
  },
  {
    name: 'facade anew',
    do: async (world, dice) => {
      await world.facade?.stop();
      await new Promise((resolve) => setTimeout(resolve, dice(200)));
      await world.startFacade();
    },
  },
  {
    name: 'manager anew',
    do: async (world, dice) => {
      await world.manager?.stop();
      await new Promise((resolve) => setTimeout(resolve, dice(200)));
      await world.startManager();
    },
  },
  {
    name: 'status emptied',
    do: (world, dice) =>
      world.client.patch(egressIPs, { name: `egressip-${one(names, dice)}` }, { status: { items: [] } }, merge),
  },
  {
    name: 'spec changed',
    do: (world, dice) =>
      world.client.patch(
        egressIPs,
        { name: `egressip-${one(names, dice)}` },
        { spec: { egressIPs: [...some(ips, dice)] } },
        merge,
      ),
  },
  {
    name: 'EgressIP deleted',
    do: (world, dice) => world.client.delete(egressIPs, { name: `egressip-${one(names, dice)}` }),
  },
  {
    name: 'EgressFirewall deleted',
    do: (world, dice) => world.client.delete(egressFirewalls, { ...firewall, namespace: one(names, dice) }),
  },
  {
    name: 'label removed',
    do: (world, dice) =>
      world.client.patch(
        nodes,
        { name: one(hosts, dice) },
        { metadata: { labels: { 'k8s.ovn.org/egress-assignable': null } } },
        merge,
      ),
  },
];

const watched: readonly Kind[] = [netNamespaces, hostSubnets, egressIPs, egressFirewalls, nodes, namespaces];

async function versions({ client }: World): Promise<string> {
  const lists = await Promise.all(watched.map((kind) => client.list(kind)));
  return lists.flatMap(({ items }) => items.map(({ metadata: m }) => `${m.uid} ${m.resourceVersion}`)).join('\n');
}

/** Waits until nothing has been written for a second. */
async function rest(world: World): Promise<void> {
  let before = await versions(world);
  let still = 0;
  const end = Date.now() + 60_000;
  while (still < 14) {
    if (Date.now() > end) throw new Error('it does not rest');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await versions(world);
    still = now === before && (await world.get(egressIPs, probeName)) === undefined ? still + 1 : 0;
    before = now;
  }
}

/** What is wrong with the cluster, now that it rests. */
async function faults(world: World): Promise<readonly string[]> {
  const { client } = world;
  const [spaces, nets, subnets, all, firewalls, told] = await Promise.all([
    client.list<KubeObject>(namespaces).then(({ items }) => items),
    client.list<NetNamespaceObject>(netNamespaces).then(({ items }) => items),
    client.list<HostSubnetObject>(hostSubnets).then(({ items }) => items),
    client.list<KubeObject>(egressIPs).then(({ items }) => items),
    client.list<KubeObject>(egressFirewalls).then(({ items }) => items),
    client.list<EventShape>(events).then(({ items }) => items),
  ]);
  const found: string[] = [];
  const live = new Set(
    spaces.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name!),
  );
  for (const name of names.filter((each) => live.has(each))) {
    const own = nets.find(({ metadata }) => metadata.name === name);
    if (own === undefined) {
      found.push(`${name} has no NetNamespace`);
      continue;
    }
    const group = nets.filter(({ netid }) => netid === own.netid);
    const asked = new Set(group.flatMap(({ egressIPs: list }) => list ?? []));
    const serving = all.filter((object) => isOurs(object) && namespacesNamedBy(object).includes(name));
    const assigned = new Set(serving.flatMap((object) => [...assignedIn(object).keys()]));
    const rules = firewalls.find(({ metadata }) => metadata.namespace === name);
    const isClosed = isClosing(rules);
    const shown = [...assigned].join();
    if (serving.length > 1) found.push(`${name} has ${serving.length} EgressIPs`);
    if (isClosed !== (asked.size > 0 && assigned.size === 0))
      found.push(`${name}: closed ${isClosed}, asks ${[...asked].join()}, has ${shown}`);
    if (asked.size === 0 && serving.length > 0) found.push(`${name} asks for nothing and has an EgressIP`);
    for (const ip of assigned) if (!asked.has(ip)) found.push(`${name} has ${ip}, which it does not ask for`);
    const isTold = told.some(({ involvedObject }) => [name, serving[0]?.metadata.name].includes(involvedObject.name));
    for (const ip of asked) if (!assigned.has(ip) && !isTold) found.push(`${name}: no word about ${ip}`);
    for (const ip of serving.flatMap(requestedIn)) {
      const listing = subnets.filter(({ egressIPs: list }) => list?.includes(ip));
      const [only, ...more] = listing;
      const at = serving.flatMap((object) => assignedIn(object).get(ip) ?? [])[0];
      const wanted = more.length === 0 && (only?.egressCIDRs ?? []).length === 0 ? only?.metadata.name : undefined;
      if (at === undefined || wanted === undefined || at === wanted) continue;
      const said = told.some(
        ({ reason, involvedObject, message }) =>
          reason === 'EgressIPElsewhere' && involvedObject.name === name && message.includes(ip),
      );
      if (!said) found.push(`${name}: ${ip} is on ${at}, not on ${wanted}, and nobody says why`);
    }
  }
  const held = all.flatMap((object) => [...assignedIn(object).keys()]);
  for (const ip of new Set(held)) if (held.filter((each) => each === ip).length > 1) found.push(`${ip} is held twice`);
  return found;
}

const firstSeed = Number(process.env['SDN_COMPAT_TEST_SEED'] ?? 1);

test.each(Array.from({ length: rounds(40) }, (_, index) => index + firstSeed))(
  'sequence %i ends as asked',
  async (seed) => {
    const dice = generator(seed * 7919);
    const world = await World.up(tested[seed % tested.length], hosts.length);
    const log: string[] = [];
    try {
      await world.startFacade();
      await world.namespace(...names);
      for (const name of hosts) await until(name, () => world.hostSubnet(name));
      for (let step = 0; step < 25; step += 1) {
        const deed = one(deeds, dice);
        log.push(deed.name);
        await deed.do(world, dice).catch((error: unknown) => log.push(String(error)));
        if (dice(3) === 0) await new Promise((resolve) => setTimeout(resolve, dice(300)));
      }
      for (const name of hosts) await world.ready(name, 'True');
      await rest(world);
      const wrong = await faults(world);
      expect(wrong.length === 0 ? [] : [...wrong, ...log]).toEqual([]);
    } finally {
      await world.down();
    }
  },
);

/** What admins do; the rest of the deeds are faults, in which OVN-Kubernetes itself may leave a namespace open. */
const adminDeeds = deeds.filter(({ name }) =>
  ['request', 'offer', 'offer CIDRs', 'join or isolate', 'multicast', 'policy'].includes(name),
);

/** Looks until it is stopped for namespaces that are open though none of their addresses is assigned. */
function looking({ client }: World): () => Promise<readonly string[]> {
  const found = new Set<string>();
  let isOver = false;
  const unserved = async (): Promise<ReadonlyMap<string, string>> => {
    const { items } = await client.list<KubeObject>(egressIPs);
    return new Map(
      items
        .filter((object) => isOurs(object) && requestedIn(object).length > 0 && assignedIn(object).size === 0)
        .flatMap((object) => namespacesNamedBy(object).map((name) => [name, object.metadata.uid ?? ''] as const)),
    );
  };
  const closed = async (): Promise<ReadonlySet<string | undefined>> => {
    const { items } = await client.list<KubeObject>(egressFirewalls);
    return new Set(items.filter(isClosing).map(({ metadata }) => metadata.namespace));
  };
  const ended = (async () => {
    while (!isOver) {
      const [before, shut, after] = [await unserved(), await closed(), await unserved()];
      for (const [name, uid] of before) if (after.get(name) === uid && !shut.has(name)) found.add(`${name} was open`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  return async () => {
    isOver = true;
    await ended;
    return [...found];
  };
}

test.each(Array.from({ length: rounds(20) }, (_, index) => index + firstSeed))(
  'while admins do sequence %i no namespace is open without its address',
  async (seed) => {
    const dice = generator(seed * 104_729);
    const world = await World.up(tested[seed % tested.length], hosts.length);
    const log: string[] = [];
    try {
      await world.startFacade();
      await world.namespace(...names);
      for (const name of hosts) await until(name, () => world.hostSubnet(name));
      const stop = looking(world);
      for (let step = 0; step < 20; step += 1) {
        const deed = one(adminDeeds, dice);
        log.push(deed.name);
        await deed.do(world, dice).catch((error: unknown) => log.push(String(error)));
        await new Promise((resolve) => setTimeout(resolve, dice(500)));
      }
      await rest(world);
      const wrong = [...(await stop()), ...(await faults(world))];
      expect(wrong.length === 0 ? [] : [...wrong, ...log]).toEqual([]);
    } finally {
      await world.down();
    }
  },
);
