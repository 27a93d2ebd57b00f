import omit from 'lodash/omit.js';
import { addressesOf, type EgressPool, parseEgressPool } from '../../../src/model/objects/egresspool.ts';
import {
  placementAnnotations,
  placementsByName,
  readPlacement,
  selects,
} from '../../../src/model/objects/placement.ts';
import type { EgressPoolObject, NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import {
  grantedAnnotation,
  grantedOf,
  type PoolsInput,
  type PoolsPlan,
  poolsPlan,
} from '../../../src/model/pools/plan.ts';
import { generator } from '../../random.ts';
import { rounds } from '../../rounds.ts';
import { ip } from '../parsed.ts';

const poolHead = { apiVersion: 'egress.sdn-compat.io/v1', kind: 'EgressPool' } as const;

/** Objects as an API server has them, and what the controller of one moment does with them. */
class World {
  readonly pools = new Map<string, EgressPoolObject>();
  readonly netNamespaces = new Map<string, NetNamespaceObject>();
  readonly asking = new Map<string, { uid: string; count: number | undefined }>();
  readonly inUse = new Set<string>();
  readonly taken = new Set<string>();
  now = Date.parse('2026-01-01T00:00:00Z');
  #version = 0;

  pool(name: string, ranges: readonly string[], quota?: number): void {
    const was = this.pools.get(name);
    const spec = { ranges: [...ranges], ...(quota === undefined ? {} : { quota }) };
    this.pools.set(name, { ...poolHead, ...was, ...this.#meta(name), spec });
  }

  namespace(name: string, count: number | undefined, uid = `uid of ${name}`): void {
    this.asking.set(name, { uid, count });
    if (!this.netNamespaces.has(name)) this.list(name, []);
  }

  gone(name: string): void {
    this.asking.delete(name);
    this.netNamespaces.delete(name);
  }

  /** What an admin writes. */
  list(name: string, egressIPs: readonly string[]): void {
    const was = this.netNamespaces.get(name);
    const { metadata } = this.#meta(name);
    this.netNamespaces.set(name, {
      apiVersion: 'network.openshift.io/v1',
      kind: 'NetNamespace',
      netname: name,
      netid: name.charCodeAt(0),
      ...was,
      metadata: { ...was?.metadata, ...metadata },
      egressIPs: [...egressIPs],
    });
  }

  /** Has only the nodes that the text selects host what the namespace has; undefined: all. */
  select(name: string, text: string | undefined): void {
    const was = this.netNamespaces.get(name)!;
    const others = omit(was.metadata.annotations, placementAnnotations.nodeSelector);
    const annotations = text === undefined ? others : { ...others, [placementAnnotations.nodeSelector]: text };
    this.netNamespaces.set(name, { ...was, metadata: { ...was.metadata, ...this.#meta(name).metadata, annotations } });
  }

  #meta(name: string) {
    return { metadata: { name, resourceVersion: String(++this.#version) } };
  }

  input(): PoolsInput {
    const pools = [...this.pools.values()].map((object): EgressPool => {
      const pool = parseEgressPool(object);
      if (!pool.ok) throw new Error(pool.error);
      return pool.value;
    });
    return {
      pools: pools.sort((a, b) => (a.name < b.name ? -1 : 1)),
      namespaces: new Map([...this.asking].map(([name, one]) => [name, { name, ...one }])),
      netNamespaces: [...this.netNamespaces.values()],
      isTaken: (ip) => this.taken.has(ip),
      placements: placementsByName(
        [...this.netNamespaces].map(([name, { metadata, netid }]) => {
          const placement = readPlacement(metadata.annotations);
          return { name, vnid: netid, ...(placement === undefined ? {} : { placement }) };
        }),
      ),
      // what selects `zone=b` may host the upper half, all others everything
      hostableBy: (placement) => (address) =>
        placement === undefined || (selects(placement, { zone: 'b' }) === true && Number(address.split('.')[3]) > 4),
      inUse: this.inUse,
      now: this.now,
    };
  }

  /** The writes of a plan, each by itself, as they may arrive: refused if the object has changed since. */
  writesOf({ lists, ledgers }: PoolsPlan): readonly (() => void)[] {
    return [
      ...lists.map(({ object, egressIPs, granted }) => () => {
        const { name = '', resourceVersion } = object.metadata;
        const is = this.netNamespaces.get(name);
        if (is === undefined || is.metadata.resourceVersion !== resourceVersion) return;
        const annotations = { ...is.metadata.annotations, [grantedAnnotation]: granted.join() };
        this.netNamespaces.set(name, {
          ...is,
          metadata: { ...is.metadata, ...this.#meta(name).metadata, annotations },
          egressIPs: [...egressIPs],
        });
      }),
      ...ledgers.map(({ pool, ledger }) => () => {
        const is = this.pools.get(pool.name);
        if (is === undefined || is.metadata.resourceVersion !== pool.object.metadata.resourceVersion) return;
        const status = { granted: [...ledger.granted], inUse: [...ledger.inUse] };
        this.pools.set(pool.name, { ...is, ...this.#meta(pool.name), status });
      }),
    ];
  }

  /** Looks until nothing is to be written. */
  settle(): PoolsPlan {
    for (let round = 0; round < 20; round++) {
      const plan = poolsPlan(this.input());
      const writes = this.writesOf(plan);
      if (writes.length === 0) return plan;
      for (const write of writes) write();
    }
    throw new Error('it never comes to rest');
  }

  lists(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries([...this.netNamespaces].map(([name, { egressIPs }]) => [name, egressIPs ?? []]));
  }

  granted(): readonly string[] {
    return [...this.pools.values()]
      .flatMap(({ status }) => status?.granted ?? [])
      .map(({ address, namespace }) => `${address} ${namespace}`)
      .sort();
  }
}

/** What a plan gives that nobody had. */
const givenBy = ({ notes }: PoolsPlan): readonly { readonly address: string; readonly namespace: string }[] =>
  notes
    .filter(({ reason }) => reason === 'EgressIPGranted')
    .map(({ name, message }) => ({ address: message.split(' ')[0]!, namespace: name }));

const reasons = ({ notes }: PoolsPlan): readonly string[] =>
  notes.filter(({ type }) => type === 'Warning').map(({ name, message }) => `${name}: ${message}`);

test('a namespace gets what it asks for, first in the pool, then in its list; and gives it back', () => {
  const world = new World();
  world.pool('p', ['10.0.0.1-10.0.0.3']);
  world.namespace('a', 2);
  world.namespace('b', 0);
  const first = poolsPlan(world.input());
  expect(first.lists).toEqual([]);
  expect(first.ledgers).toHaveLength(1);
  world.settle();
  expect(world.lists()).toEqual({ a: ['10.0.0.1', '10.0.0.2'], b: [] });
  world.namespace('a', 1);
  const back = poolsPlan(world.input());
  expect(back.ledgers).toEqual([]);
  world.settle();
  expect(world.lists()).toEqual({ a: ['10.0.0.1'], b: [] });
  expect(world.granted()).toEqual(['10.0.0.1 a']);
  world.gone('a');
  world.settle();
  expect(world.granted()).toEqual([]);
});

test('what an admin lists stays the admin’s, here and elsewhere, also when it is listed later', () => {
  const world = new World();
  world.pool('p', ['10.0.0.1-10.0.0.9']);
  world.namespace('a', 1);
  world.list('a', ['10.0.0.2', '192.168.7.9']);
  world.namespace('b', 0);
  world.list('b', ['10.0.0.1']);
  world.settle();
  expect(world.lists()).toEqual({ a: ['10.0.0.2', '192.168.7.9', '10.0.0.3'], b: ['10.0.0.1'] });
  world.list('b', ['10.0.0.1', '10.0.0.3']);
  world.settle();
  expect(world.lists()).toEqual({ a: ['10.0.0.2', '192.168.7.9', '10.0.0.4'], b: ['10.0.0.1', '10.0.0.3'] });
  world.namespace('a', 0);
  world.settle();
  expect(world.lists()['a']).toEqual(['10.0.0.2', '192.168.7.9']);
});

test('addresses of nodes and those in use elsewhere are passed over, the latter for an hour', () => {
  const world = new World();
  world.pool('p', ['10.0.0.1-10.0.0.4']);
  world.taken.add('10.0.0.1');
  world.namespace('a', 1);
  world.settle();
  expect(world.lists()).toEqual({ a: ['10.0.0.2'] });
  world.inUse.add('10.0.0.2');
  const { notes } = poolsPlan(world.input());
  expect(notes.map(({ reason }) => reason)).toContain('EgressIPInUse');
  world.settle();
  world.inUse.clear();
  expect(world.lists()).toEqual({ a: ['10.0.0.3'] });
  world.namespace('b', 2);
  const lacking = world.settle();
  expect(world.lists()['b']).toEqual(['10.0.0.4']);
  expect(reasons(lacking)).toEqual([
    'b: of 2 egress IPs that it asks for it lacks 1: EgressPool p has no more free address that a HostSubnet may host',
  ]);
  world.now += 61 * 60_000;
  world.settle();
  expect(world.lists()['b']).toEqual(['10.0.0.4', '10.0.0.2']);
});

test('a namespace with a node selector gets what a selected node may host, and waits if there is none', () => {
  const world = new World();
  world.pool('p', ['10.0.0.1-10.0.0.5']);
  for (const name of ['a', 'b', 'c']) world.namespace(name, 0);
  world.select('b', 'zone=b');
  world.select('c', 'zone=c');
  world.namespace('a', 1);
  world.namespace('b', 2);
  world.namespace('c', 1);
  const plan = world.settle();
  expect(world.lists()).toEqual({ a: ['10.0.0.1'], b: ['10.0.0.5'], c: [] });
  expect(reasons(plan)).toEqual([
    'b: of 2 egress IPs that it asks for it lacks 1: EgressPool p has no more free address that a node of node selector zone=b may host',
    'c: of 1 egress IPs that it asks for it lacks 1: EgressPool p has no more free address that a node of node selector zone=c may host',
  ]);
  // another selector takes nothing from who has it, and lets who waits have what there is
  world.select('b', 'zone=c');
  world.select('c', undefined);
  world.settle();
  expect(world.lists()).toEqual({ a: ['10.0.0.1'], b: ['10.0.0.5'], c: ['10.0.0.2'] });
  world.select('c', 'zone>b');
  world.namespace('c', 2);
  expect(reasons(world.settle()).at(-1)).toContain('node selector (one that cannot be read) may host');
});

test('a quota holds for each pool, and an address of two pools is the first’s', () => {
  const world = new World();
  world.pool('p', ['10.0.0.1-10.0.0.4'], 1);
  world.pool('q', ['10.0.0.2-10.0.0.5'], 1);
  world.namespace('a', 3);
  const plan = world.settle();
  expect(world.lists()).toEqual({ a: ['10.0.0.1', '10.0.0.5'] });
  expect(reasons(plan)[0]).toContain('lacks 1: EgressPool p has a quota of 1; EgressPool q has a quota of 1');
});

test('a pool that is gone, smaller, or without its status takes nothing from who has it', () => {
  const world = new World();
  world.pool('p', ['10.0.0.1-10.0.0.4']);
  world.namespace('a', 2);
  world.settle();
  world.pool('p', ['10.0.0.2-10.0.0.4']);
  world.settle();
  expect(world.lists()).toEqual({ a: ['10.0.0.1', '10.0.0.2'] });
  world.pools.set('p', {
    ...poolHead,
    metadata: { name: 'p', resourceVersion: 'x' },
    spec: { ranges: ['10.0.0.1-10.0.0.4'] },
  });
  world.namespace('b', 1);
  world.settle();
  expect(world.lists()).toEqual({ a: ['10.0.0.1', '10.0.0.2'], b: ['10.0.0.3'] });
  world.pools.clear();
  world.settle();
  expect(world.lists()).toEqual({ a: ['10.0.0.1', '10.0.0.2'], b: ['10.0.0.3'] });
  world.namespace('a', 0);
  world.settle();
  expect(world.lists()).toEqual({ a: [], b: ['10.0.0.3'] });
});

test('a request that cannot be read keeps what the namespace has, and gets nothing', () => {
  const world = new World();
  world.pool('p', ['10.0.0.1-10.0.0.4']);
  world.namespace('a', 2);
  world.settle();
  world.namespace('a', undefined);
  world.namespace('b', undefined);
  world.settle();
  expect(world.lists()).toEqual({ a: ['10.0.0.1', '10.0.0.2'], b: [] });
});

test('a Namespace made again under the name is another', () => {
  const world = new World();
  world.pool('p', ['10.0.0.1-10.0.0.4']);
  world.namespace('a', 1);
  world.settle();
  world.netNamespaces.delete('a');
  world.namespace('a', 0, 'other');
  world.settle();
  expect(world.granted()).toEqual([]);
  expect(world.lists()).toEqual({ a: [] });
});

test('whatever changes, stops between two writes or arrives late: no address is ever two namespaces’ at rest, and none is lost', () => {
  for (let seed = 0; seed < rounds(600); seed++) {
    const random = generator(seed + 1);
    const world = new World();
    world.pool('p', ['10.0.0.1-10.0.0.5'], random(2) === 0 ? undefined : 2);
    if (random(2) === 0) world.pool('q', ['10.0.0.4-10.0.0.8']);
    const late: (() => void)[] = [];
    const names = ['a', 'b', 'c'];
    for (let step = 0; step < 25; step++) {
      const name = names[random(3)] ?? 'a';
      const was = world.netNamespaces.get(name);
      switch (random(8)) {
        case 0:
          world.gone(name);
          break;
        case 1:
          world.namespace(name, random(4), `uid ${random(2)}`);
          break;
        case 2:
          if (was !== undefined) world.list(name, [...grantedOf(was), `10.0.0.${1 + random(9)}`]);
          break;
        case 3:
          if (was !== undefined) world.list(name, (was.egressIPs ?? []).slice(random(2)));
          break;
        case 4:
          if (was !== undefined) world.select(name, [undefined, 'zone=b', '!zone', 'zone>b'][random(4)]);
          break;
        default: {
          // a leader that stops somewhere, and of which some writes arrive when another leads
          const input = world.input();
          const plan = poolsPlan(input);
          for (const { address, namespace } of givenBy(plan))
            expect([seed, input.hostableBy(input.placements.get(namespace))(ip(address))]).toEqual([seed, true]);
          const writes = world.writesOf(plan);
          for (const write of writes) {
            const fate = random(3);
            if (fate === 0) late.push(write);
            else if (fate === 1) write();
          }
          if (late.length > 0 && random(2) === 0) late.splice(random(late.length), 1)[0]?.();
        }
      }
    }
    for (const write of late) write();
    const rest = world.settle();
    // who waits could get nothing
    const atRest = world.input();
    const listed = new Set(Object.values(world.lists()).flat());
    for (const { name, reason } of rest.notes.filter((note) => note.reason === 'EgressIPNotGranted')) {
      const isHostable = atRest.hostableBy(atRest.placements.get(name));
      const free = atRest.pools
        .filter(({ quota }) => quota === Infinity)
        .flatMap((pool) => [...addressesOf(pool)])
        .filter((one) => !listed.has(one) && isHostable(one));
      // an address of two pools is the first's
      expect([seed, reason, world.pools.size > 1 || free.length === 0]).toEqual([seed, reason, true]);
    }
    const granted = [...world.netNamespaces.values()].flatMap((one) => grantedOf(one));
    expect([seed, granted.length]).toEqual([seed, new Set(granted).size]);
    // what the pools say is what the lists say
    const said = [...world.netNamespaces].flatMap(([name, one]) => grantedOf(one).map((ip) => `${ip} ${name}`));
    expect([seed, world.granted()]).toEqual([seed, said.sort()]);
    // no admin's address is taken, and none of ours is somebody else's
    const own = [...world.netNamespaces].flatMap(([name, one]) =>
      (one.egressIPs ?? []).filter((ip) => !grantedOf(one).includes(ip)).map((ip) => ({ ip, name })),
    );
    for (const { ip, name } of own)
      expect([seed, said.filter((text) => text.startsWith(`${ip} `) && text !== `${ip} ${name}`)]).toEqual([seed, []]);
  }
});
