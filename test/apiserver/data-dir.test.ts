import { appendFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namespaces, netNamespaces, pods } from '../../api/kinds.ts';
import { watchKind } from '../../src/io/kube/watch.ts';
import type { NetNamespaceObject } from '../../src/model/objects/raw.ts';
import { until } from '../controllers/started.ts';
import { logger, start } from './started.ts';

let folder = '';
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'sdn-compat-data-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

function netNamespace(name: string, netid: number): NetNamespaceObject {
  return { apiVersion: 'network.openshift.io/v1', kind: 'NetNamespace', metadata: { name }, netname: name, netid };
}

const pod = {
  metadata: { name: 'p', namespace: 'going' },
  spec: { nodeName: 'n', containers: [{ name: 'c', image: 'c' }] },
};

test('a folder keeps objects, versions and identity over restarts and crashes', async () => {
  const dataDir = join(folder, 'data');
  const first = await start({ dataDir, namespaceDelay: 0 });
  for (let index = 0; index < 20; index += 1)
    await first.client.create(netNamespaces, netNamespace(`n${String(index)}`, index));
  await first.client.delete(netNamespaces, { name: 'n3' });
  await first.client.patch(netNamespaces, { name: 'n4' }, { netid: 400 }, { type: 'merge' });
  await first.client.create(namespaces, { metadata: { name: 'going' } });
  await first.client.create(pods, pod);
  await first.client.delete(namespaces, { name: 'going' });
  const before = await first.client.list(netNamespaces);
  const port = Number(new URL(first.server.url).port);
  const { kubeconfig } = first.server;
  await first.stop();
  await appendFile(join(dataDir, 'objects.ndjson'), '{"id":"netnamespaces.network.openshift.io","object":{"apiVer');
  expect((await stat(join(dataDir, 'objects.ndjson'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(dataDir, 'identity.json'))).mode & 0o777).toBe(0o600);

  const second = await start({ dataDir, namespaceDelay: 100, listen: { host: '127.0.0.1', port } });
  expect(second.server.kubeconfig).toBe(kubeconfig);
  const after = await second.client.list<NetNamespaceObject>(netNamespaces);
  expect(after.items).toEqual(before.items);
  expect(after.items.find(({ metadata }) => metadata.name === 'n4')?.netid).toBe(400);
  const created = await second.client.create(netNamespaces, netNamespace('later', 99));
  expect(Number(created.metadata.resourceVersion)).toBeGreaterThan(Number(before.resourceVersion));
  await second.client.delete(pods, { name: 'p', namespace: 'going' }, { gracePeriodSeconds: 0 });
  await until(
    'the namespace is gone',
    async () => (await second.client.get(namespaces, { name: 'going' })) === undefined,
  );
  let lines = '';
  const signal = AbortSignal.timeout(2000);
  const watch = {
    resourceVersion: '2',
    timeoutSeconds: 1,
    idleTimeout: 1500,
    signal,
    onText: (text: string) => (lines += text),
  };
  await second.client.watch(netNamespaces, watch);
  expect(JSON.parse(lines)).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  await second.stop();
});

test('two servers do not share a folder, and a failed start gives it back', async () => {
  const dataDir = join(folder, 'shared');
  const first = await start({ dataDir });
  await expect(start({ dataDir })).rejects.toThrow(`${dataDir} is used by another API server that is running`);
  const port = Number(new URL(first.server.url).port);
  const other = join(folder, 'other');
  await expect(start({ dataDir: other, listen: { host: '127.0.0.1', port } })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  await expect(start({ dataDir: other, crds: [{ kind: 'CustomResourceDefinition' }] })).rejects.toThrow();
  await (await start({ dataDir: other })).stop();
  await first.stop();
});

test('a watch goes on over a restart of the server', async () => {
  const dataDir = join(folder, 'restart');
  const first = await start({ dataDir });
  const port = Number(new URL(first.server.url).port);
  const stop = new AbortController();
  const cache = watchKind<NetNamespaceObject>(first.client, netNamespaces, { logger, maxDelay: 50 }, stop.signal);
  await first.client.create(netNamespaces, netNamespace('early', 1));
  await cache.synced;
  await first.server.close();
  const second = await start({ dataDir, listen: { host: '127.0.0.1', port } });
  await second.client.create(netNamespaces, netNamespace('late', 2));
  for (let tries = 0; tries < 3_000 && cache.get('late') === undefined; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(cache.list().map(({ metadata }) => metadata.name)).toEqual(['early', 'late']);
  stop.abort();
  await cache.ended;
  first.client.close();
  await second.stop();
});
