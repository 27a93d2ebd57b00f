import { NetidsController } from '../../../src/controllers/netids/controller.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import type { ObjectCache, ObjectChange } from '../../../src/io/kube/watch.ts';
import type { KubeObject, NamespaceObject, NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import { logger } from '../../apiserver/started.ts';
import { rawNetNamespace } from '../../model/parsed.ts';

/** A cache that shows what the test puts into it. */
class FakeCache<T extends KubeObject> implements ObjectCache<T> {
  readonly synced = Promise.resolve();
  readonly ended = Promise.resolve();
  readonly #objects = new Map<string, T>();
  readonly #listeners = new Set<(change: ObjectChange<T>) => void>();

  isSynced = (): boolean => true;
  get = (key: string): T | undefined => this.#objects.get(key);
  list = (): readonly T[] => [...this.#objects.values()];
  onListed = (): (() => void) => () => undefined;
  subscribe(listener: (change: ObjectChange<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  show(key: string, after?: T): void {
    const before = this.#objects.get(key);
    if (after === undefined) this.#objects.delete(key);
    else this.#objects.set(key, after);
    for (const tell of this.#listeners)
      tell({ key, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) });
  }
}

const { signal } = new AbortController();
const namespace = { metadata: { name: 'a' } };
let namespaces: FakeCache<NamespaceObject>;
let netNamespaces: FakeCache<NetNamespaceObject>;
let controller: NetidsController;
/** Whether the server itself has the Namespace, whatever the cache shows. */
let isThere: boolean;
let deleted: string[];

beforeEach(() => {
  [namespaces, netNamespaces] = [new FakeCache(), new FakeCache()];
  isThere = false;
  deleted = [];
  const client = {
    get: () => Promise.resolve(isThere ? namespace : undefined),
    delete: (_kind: unknown, { name }: { readonly name: string }) => Promise.resolve(void deleted.push(name)),
  } as unknown as KubeClient;
  const report = (): void => undefined;
  controller = new NetidsController({ client, logger, report, isMultitenant: () => false, namespaces, netNamespaces });
  netNamespaces.show('a', rawNetNamespace('a', 11));
});
afterEach(() => controller.close());

test('the time that a NetNamespace is left alone without a Namespace counts from when it was first seen so', async () => {
  const left: (number | undefined)[] = [];
  for (let look = 0; look < 3; look += 1) {
    left.push(await controller.reconcile('a', signal));
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  expect(left[0]).toBe(10_000);
  expect(left[1]).toBeLessThan(9_980);
  expect(left[2]).toBeLessThan(left[1]! - 20);
  namespaces.show('a', namespace);
  expect(await controller.reconcile('a', signal)).toBeUndefined();
  expect(deleted).toEqual([]);
});

test('a NetNamespace whose Namespace was there goes at once, unless the server says that it is there again', async () => {
  await controller.reconcile('a', signal);
  namespaces.show('a', namespace);
  namespaces.show('a');
  isThere = true;
  expect(await controller.reconcile('a', signal)).toBe(5_000);
  expect(deleted).toEqual([]);
  isThere = false;
  expect(await controller.reconcile('a', signal)).toBeUndefined();
  expect(deleted).toEqual(['a']);
});
