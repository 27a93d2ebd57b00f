/** Many changes at once are translated part by part. */
import type { FacadeCaches } from '../../src/facade/caches.ts';
import { World } from '../../src/facade/world.ts';
import type { ObjectCache } from '../../src/io/kube/watch.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';

/** A cache that never changes. */
function cacheOf(...objects: readonly KubeObject[]): ObjectCache<KubeObject> {
  const all = new Map(objects.map((object) => [object.metadata.name ?? '', object]));
  return {
    ...{ synced: Promise.resolve(), ended: Promise.resolve(), isSynced: () => true },
    ...{ get: (key) => all.get(key), list: () => [...all.values()], onListed: () => () => undefined },
    subscribe: (listener) => {
      for (const [key, after] of all) listener({ key, after });
      return () => undefined;
    },
  };
}

/** The caches of a cluster with these NetNamespaces and nodes. */
function clusterOf(
  netNamespaces: readonly KubeObject[],
  nodes: readonly string[] = [],
  offered: (index: number) => object = () => ({}),
): FacadeCaches {
  const none = cacheOf();
  const made = nodes.map((name, index) => ({
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    address: `10.200.${index >> 8}.${index & 255}`,
    offers: offered(index),
  }));
  return {
    ...{ networks: none, policies: none, egressIPs: none, egressFirewalls: none, isolation: none },
    namespaces: cacheOf(...netNamespaces.map(({ metadata: { name = '' } }) => ({ metadata: { name } }))),
    netNamespaces: cacheOf(...netNamespaces),
    hostSubnets: cacheOf(
      ...made.map(({ metadata: { name }, address: hostIP, offers }, index) => ({
        metadata: { name },
        ...{ host: name, hostIP, subnet: `127.64.${index}.0/24`, ...offers },
      })),
    ),
    nodes: cacheOf(
      ...made.map(({ metadata, address }) => ({
        metadata,
        ...{ status: { addresses: [{ type: 'InternalIP', address }] } },
      })),
    ),
  } as unknown as FacadeCaches;
}

/** Translates until nothing is left; the VNIDs in the order that they come in. */
function translatedAtStart(caches: FacadeCaches): { readonly world: World; readonly vnids: readonly number[] } {
  const world = new World(caches, { prefix: 'egressip', allowAPIServer: true });
  let calls = 0;
  world.onDirty(() => (calls += 1));
  world.follow();
  const vnids: number[] = [];
  for (let seen = 0; seen !== calls;) {
    seen = calls;
    vnids.push(...world.translate());
  }
  return { world, vnids };
}

test('each VNID is translated once, and it says so until nothing is left', () => {
  const names = Array.from({ length: 2_500 }, (_, index) => `project-${index}`);
  const objects = names.map((name, index) => ({
    metadata: { name },
    ...{ netname: name, netid: index + 1, egressIPs: [] },
  }));
  const { world, vnids } = translatedAtStart(clusterOf(objects));
  expect(vnids.toSorted((a, b) => a - b)).toEqual(names.map((_, index) => index + 1));
  expect([...world.wishes()]).toHaveLength(names.length);
});

/** How often a number, such as a VNID, is put into any set meanwhile. */
function countingNumbers(work: () => void): number {
  const before = Object.getOwnPropertyDescriptor(Set.prototype, 'add')!;
  const add = before.value as (this: Set<unknown>, value: unknown) => Set<unknown>;
  let count = 0;
  const value = function (this: Set<unknown>, one: unknown): Set<unknown> {
    if (typeof one === 'number') count += 1;
    return add.call(this, one);
  };
  Object.defineProperty(Set.prototype, 'add', { ...before, value });
  try {
    work();
  } finally {
    Object.defineProperty(Set.prototype, 'add', before);
  }
  return count;
}

test.each([
  ['list addresses', (index: number) => ({ egressIPs: [`10.201.0.${index % 200}`] })],
  ['have ranges', () => ({ egressCIDRs: ['10.201.0.0/24'] })],
])('at a start nodes that %s do not mark everybody, each for itself', (_, offered) => {
  const objects = Array.from({ length: 200 }, (__, index) => ({
    metadata: { name: `project-${index}` },
    ...{ netname: `project-${index}`, netid: index + 1, egressIPs: [`10.201.0.${index}`] },
  }));
  const marked = (count: number): number => {
    const nodes = Array.from({ length: count }, (__, index) => `node-${index}`);
    return countingNumbers(() => {
      const { vnids, world } = translatedAtStart(clusterOf(objects, nodes, offered));
      expect(vnids).toHaveLength(objects.length);
      expect([...world.wishes()]).toHaveLength(objects.length);
    });
  };
  // each node may mark who requests what it lists: one namespace here
  expect(marked(150)).toBeLessThan(2 * marked(3));
});
