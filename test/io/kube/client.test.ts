import { namespaces, netNamespaces, pods } from '../../../api/kinds.ts';
import { ApiError, isAlreadyExists, isConflict } from '../../../src/io/kube/error.ts';
import { type ObjectChange, watchKind } from '../../../src/io/kube/watch.ts';
import type { KubeObject, NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import { logger, start, type Started } from '../../apiserver/started.ts';

let started: Started;
beforeAll(async () => (started = await start({ namespaceDelay: 100 })));
afterAll(() => started.stop());

function netNamespace(name: string, netid: number): NetNamespaceObject {
  return { apiVersion: 'network.openshift.io/v1', kind: 'NetNamespace', metadata: { name }, netname: name, netid };
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !condition();) {
    if (Date.now() > end) throw new Error('not within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('objects are created, read, patched, listed and deleted', async () => {
  const { client } = started;
  const created = await client.create(netNamespaces, netNamespace('a', 1));
  expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  const patched = await client.patch<NetNamespaceObject>(
    netNamespaces,
    { name: 'a' },
    { egressIPs: ['10.0.0.1'] },
    { type: 'merge' },
  );
  expect(patched.egressIPs).toEqual(['10.0.0.1']);
  const same = await client.patch(netNamespaces, { name: 'a' }, { egressIPs: ['10.0.0.1'] }, { type: 'merge' });
  expect(same.metadata.resourceVersion).toBe(patched.metadata.resourceVersion);
  expect(await client.get(netNamespaces, { name: 'a' })).toEqual(patched);
  expect((await client.list(netNamespaces, { pageSize: 1 })).items).toEqual([patched]);
  await client.delete(netNamespaces, { name: 'a' });
  await client.delete(netNamespaces, { name: 'a' });
  expect(await client.get(netNamespaces, { name: 'a' })).toBeUndefined();
});

test('refusals carry the words of the server', async () => {
  const { client } = started;
  const created = await client.create(netNamespaces, netNamespace('b', 2));
  await expect(client.create(netNamespaces, netNamespace('b', 2))).rejects.toMatchObject({
    code: 409,
    reason: 'AlreadyExists',
    message: 'netnamespaces.network.openshift.io "b" already exists',
  });
  const patch = async (body: object): Promise<unknown> =>
    client.patch(netNamespaces, { name: 'b' }, body, { type: 'merge' }).catch((error: unknown) => error);
  expect(isAlreadyExists(await patch({}))).toBe(false);
  expect(isConflict(await patch({ metadata: { resourceVersion: '1' }, netid: 9 }))).toBe(true);
  const invalid = await patch({ netid: -1 });
  expect(invalid).toBeInstanceOf(ApiError);
  expect((invalid as ApiError).message).toBe(
    'NetNamespace.network.openshift.io "b" is invalid: netid: Invalid value: -1: netid in body should be greater than or equal to 0',
  );
  expect(created.metadata.generation).toBe(1);
  await client.delete(netNamespaces, { name: 'b' });
});

test('lists in pages and by selectors', async () => {
  const { client } = started;
  for (let index = 0; index < 25; index += 1) {
    const object = netNamespace(`page-${String(index)}`, index);
    await client.create(netNamespaces, {
      ...object,
      metadata: { ...object.metadata, labels: { half: index % 2 === 0 ? 'even' : 'odd' } },
    });
  }
  const names = async (options: object): Promise<number> =>
    (await client.list(netNamespaces, { pageSize: 4, ...options })).items.length;
  expect(await names({})).toBe(25);
  expect(await names({ labelSelector: 'half=even' })).toBe(13);
  expect(await names({ labelSelector: 'half in (odd,none)' })).toBe(12);
  expect(await names({ labelSelector: '!half' })).toBe(0);
  expect(await names({ fieldSelector: 'metadata.name=page-3' })).toBe(1);
  expect(await names({ resourceVersion: '0' })).toBe(25);
});

test('a watch tells what is there, then each change in order, and ends with its signal', async () => {
  const { client } = started;
  const stop = new AbortController();
  await client.create(namespaces, { metadata: { name: 'w' } });
  const pod = (name: string): KubeObject & { spec: object } => ({
    metadata: { name, namespace: 'w' },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
  });
  await client.create(pods, pod('p1'));
  const cache = watchKind(client, pods, { logger, namespace: 'w' }, stop.signal);
  const changes: string[] = [];
  let synced = 0;
  const note = ({ key, before, after }: ObjectChange<KubeObject>): void => {
    changes.push(`${before === undefined ? '+' : after === undefined ? '-' : '~'}${key}`);
  };
  cache.subscribe(note, () => (synced += 1));
  await cache.synced;
  expect(synced).toBe(1);
  await client.create(pods, pod('p2'));
  await client.patch(
    pods,
    { name: 'p2', namespace: 'w' },
    { status: { phase: 'Running' } },
    { type: 'strategic', subresource: 'status' },
  );
  await client.delete(pods, { name: 'p1', namespace: 'w' });
  await client.delete(pods, { name: 'p1', namespace: 'w' }, { gracePeriodSeconds: 0 });
  await until(() => changes.length === 5);
  expect(changes).toEqual(['+w/p1', '+w/p2', '~w/p2', '~w/p1', '-w/p1']);
  expect(cache.get('w/p2')).toMatchObject({ status: { phase: 'Running' } });
  expect(cache.list()).toHaveLength(1);
  stop.abort();
  await cache.ended;
});

test('a namespace that is deleted takes what is in it along', async () => {
  const { client } = started;
  await client.create(namespaces, { metadata: { name: 'gone' } });
  const body = { metadata: { name: 'p', namespace: 'gone' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  await client.create(pods, body);
  await client.delete(namespaces, { name: 'gone' });
  const present = async (): Promise<boolean> => (await client.get(namespaces, { name: 'gone' })) !== undefined;
  for (let tries = 0; tries < 6_000 && (await present()); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await present()).toBe(false);
  expect(await client.get(pods, { name: 'p', namespace: 'gone' })).toBeUndefined();
});

test('a JSON patch whose test fails names the object, which Kubernetes does not; other patches keep its words', async () => {
  const { client } = started;
  await client.create(netNamespaces, netNamespace('moved', 77));
  const patch = (body: unknown): Promise<unknown> =>
    client.patch(netNamespaces, { name: 'moved' }, body, { type: 'json' }).then(String, String);
  const old = { op: 'test', path: '/metadata/resourceVersion', value: '1' };
  expect(await patch([old, { op: 'add', path: '/egressIPs', value: [] }])).toBe(
    'ApiError: netnamespaces.network.openshift.io "moved" has changed since it was read; try again',
  );
  expect(await patch([{ op: 'remove', path: '/none' }])).toBe(
    'ApiError: the server rejected our request due to an error in our request',
  );
});
