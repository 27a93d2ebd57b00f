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

test('each VNID is translated once, and it says so until nothing is left', () => {
  const names = Array.from({ length: 2_500 }, (_, index) => `project-${index}`);
  const none = cacheOf();
  const caches = {
    ...{ networks: none, nodes: none, hostSubnets: none, policies: none },
    ...{ egressIPs: none, egressFirewalls: none, isolation: none },
    namespaces: cacheOf(...names.map((name) => ({ metadata: { name } }))),
    netNamespaces: cacheOf(
      ...names.map((name, index) => ({ metadata: { name }, ...{ netname: name, netid: index + 1, egressIPs: [] } })),
    ),
  } as unknown as FacadeCaches;
  const world = new World(caches, { prefix: 'egressip', allowAPIServer: true });
  let calls = 0;
  world.onDirty(() => (calls += 1));
  world.follow();
  const translated: number[] = [];
  for (let seen = 0; seen !== calls;) {
    seen = calls;
    translated.push(...world.translate());
  }
  expect(translated.toSorted((a, b) => a - b)).toEqual(names.map((_, index) => index + 1));
  expect([...world.wishes()]).toHaveLength(names.length);
});
