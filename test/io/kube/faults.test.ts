import { readFile } from 'node:fs/promises';
import { netNamespaces } from '../../../api/kinds.ts';
import { createClient, type KubeClient } from '../../../src/io/kube/client.ts';
import { createTransport } from '../../../src/io/kube/transport.ts';
import { type ObjectChange, watchKind } from '../../../src/io/kube/watch.ts';
import type { NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import { logger, start } from '../../apiserver/started.ts';
import { faultProxy } from './fault-proxy.ts';

const full = process.env['SDN_COMPAT_TEST_FULL'] === '1';
const changes = full ? 10_000 : 1000;

async function tokenOf(kubeconfig: string): Promise<string> {
  return /token: (\S+)/.exec(await readFile(kubeconfig, 'utf8'))?.[1] ?? '';
}

function clientTo(url: URL, token: string): KubeClient {
  const credentials = { headers: { authorization: `Bearer ${token}` }, tls: {} };
  return createClient(
    createTransport({ server: url, credentials: () => Promise.resolve(credentials), userAgent: 'test', timeout: 500 }),
  );
}

/** Random creates, changes and deletes of 60 objects. */
async function churn(client: KubeClient, count: number, present: Set<string>): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const name = `n${String(Math.floor(Math.random() * 60))}`;
    if (!present.has(name)) {
      present.add(name);
      await client.create<NetNamespaceObject>(netNamespaces, {
        apiVersion: 'network.openshift.io/v1',
        kind: 'NetNamespace',
        metadata: { name },
        netname: name,
        netid: index,
      });
    } else if (Math.random() < 0.2) {
      present.delete(name);
      await client.delete(netNamespaces, { name });
    } else await client.patch(netNamespaces, { name }, { netid: index }, { type: 'merge' });
    if (index % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Notes what is wrong with the order in which changes of an object are told. */
function orderCheck(): {
  readonly listener: (change: ObjectChange<NetNamespaceObject>) => void;
  readonly wrong: string[];
} {
  const last = new Map<string, NetNamespaceObject>();
  const versions = new Map<string, number>();
  const wrong: string[] = [];
  const listener = ({ key, before, after }: ObjectChange<NetNamespaceObject>): void => {
    if (before !== last.get(key)) wrong.push(`${key}: not what was told before`);
    if (after === undefined) {
      last.delete(key);
      return;
    }
    const version = Number(after.metadata.resourceVersion);
    if (version <= (versions.get(key) ?? 0))
      wrong.push(`${key}: ${String(version)} after ${String(versions.get(key))}`);
    versions.set(key, version);
    last.set(key, after);
  };
  return { listener, wrong };
}

test.each([1, 2, 3])(
  'a cache behind a bad network ends equal to the server, every object told in order (seed %i)',
  async (seed) => {
    const started = await start({ logLimit: 100, bookmarkInterval: 50 });
    const token = await tokenOf(started.kubeconfig);
    const proxy = await faultProxy(started.server.url, seed, 0.1);
    const client = clientTo(proxy.url, token);
    const stop = new AbortController();
    const cache = watchKind<NetNamespaceObject>(
      client,
      netNamespaces,
      { logger, idleTimeout: 400, pageSize: 7, maxDelay: 50 },
      stop.signal,
    );
    const { listener, wrong } = orderCheck();
    cache.subscribe(listener);
    const faults = (): number => [...proxy.faults.values()].reduce((sum, count) => sum + count, 0);
    const present = new Set<string>();
    await churn(started.client, Math.ceil(changes / 3), present);
    // A busy machine reconnects less often: it goes on until enough has gone wrong.
    for (let more = 0; more < 40 && faults() <= 20; more += 1)
      await churn(started.client, Math.ceil(changes / 30), present);
    proxy.heal();
    const { items } = await started.client.list<NetNamespaceObject>(netNamespaces);
    const text = (objects: readonly NetNamespaceObject[]): readonly string[] =>
      objects
        .map(({ metadata, netid }) => `${String(metadata.name)} ${String(metadata.resourceVersion)} ${String(netid)}`)
        .sort();
    for (const end = Date.now() + 60_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 20))) {
      if (JSON.stringify(text(cache.list())) === JSON.stringify(text(items))) break;
    }
    expect(text(cache.list())).toEqual(text(items));
    expect(wrong).toEqual([]);
    expect(faults()).toBeGreaterThan(20);
    stop.abort();
    await cache.ended;
    client.close();
    await proxy.close();
    await started.stop();
  },
  full ? 300_000 : 120_000,
);

test('a watch that falls silent is given up and taken up again', async () => {
  const started = await start({ bookmarkInterval: 3_600_000 });
  const stalling = await faultProxy(started.server.url, 1, 0);
  const client = clientTo(stalling.url, await tokenOf(started.kubeconfig));
  const stop = new AbortController();
  let watches = 0;
  const counting: KubeClient = {
    ...bound(client),
    watch: (kind, request) => {
      watches += 1;
      return client.watch(kind, { ...request, timeoutSeconds: 1000 });
    },
  };
  const cache = watchKind(counting, netNamespaces, { logger, idleTimeout: 200, maxDelay: 20 }, stop.signal);
  await cache.synced;
  await new Promise((resolve) => setTimeout(resolve, 900));
  expect(watches).toBeGreaterThanOrEqual(3);
  stop.abort();
  await cache.ended;
  client.close();
  await stalling.close();
  await started.stop();
});

function bound(client: KubeClient): KubeClient {
  return {
    get: client.get.bind(client),
    list: client.list.bind(client),
    newestVersion: client.newestVersion.bind(client),
    count: client.count.bind(client),
    log: client.log.bind(client),
    create: client.create.bind(client),
    patch: client.patch.bind(client),
    delete: client.delete.bind(client),
    watch: client.watch.bind(client),
    close: client.close.bind(client),
  };
}
