/** An API server that is restored from a backup: its versions go back, and what it says is the truth all the same. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crds } from '../../api/crds.ts';
import { type ApiServer, startApiServer } from '../../src/apiserver/serve/server.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { openKube } from '../../src/io/kube/config.ts';
import { ApiError } from '../../src/io/kube/error.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { logger } from '../apiserver/started.ts';
import { type Cluster, prepare, Running, until } from './started.ts';

const pauseFor = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let folder: string;
let server: ApiServer;
let client: KubeClient;
let cluster: Cluster;
let running: Running;
/** Writes the controllers tried. */
let writes: number;

const listen = (port: number): Promise<ApiServer> =>
  startApiServer({ listen: { host: '127.0.0.1', port }, crds, logger, dataDir: join(folder, 'data') });

/** The same client, whose writes are counted and, while `refuses` says so, answered with an error. */
function counting(refuses: (name: string) => Error | undefined = () => undefined): KubeClient {
  const counted = new Set<keyof KubeClient>(['patch', 'create', 'delete']);
  return new Proxy(client, {
    get: (target, method: keyof KubeClient) => {
      if (!counted.has(method)) return target[method].bind(target);
      return (...args: unknown[]) => {
        const [kind, ref] = args as [{ kind: string }, KubeObject & { name?: string }];
        if (kind.kind !== 'Event') writes += 1;
        const error = refuses(ref.name ?? '');
        if (error !== undefined) return Promise.reject(error);
        return (target[method] as (...all: unknown[]) => unknown)(...args);
      };
    },
  });
}

beforeEach(async () => {
  writes = 0;
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-restore-'));
  server = await listen(0);
  await writeFile(join(folder, 'kubeconfig'), server.kubeconfig);
  client = await openKube({ kubeconfig: join(folder, 'kubeconfig'), logger, userAgent: 'test' });
  cluster = await prepare(client);
  running = new Running(counting());
  await running.started;
  await cluster.nodes(3);
  for (const name of ['node0', 'node1']) await cluster.patchHost(name, { egressCIDRs: ['192.168.7.0/24'] });
});
afterEach(async () => {
  await running.stop();
  client.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const listed = async (): Promise<string> =>
  (await Promise.all(['node0', 'node1'].map(async (name) => (await cluster.hostSubnet(name)).egressIPs ?? [])))
    .flat()
    .sort()
    .join();

/** Stops the server, puts the folder of `backup` in the place of its own, and starts it at the same port. */
async function restore(): Promise<void> {
  const port = Number(/:(\d+)/.exec(/server: \S+/.exec(server.kubeconfig)![0].slice('server: https:'.length))![1]);
  await server.close();
  await rm(join(folder, 'data'), { recursive: true });
  await cp(join(folder, 'backup'), join(folder, 'data'), { recursive: true });
  server = await listen(port);
}
const backUp = (): Promise<void> => cp(join(folder, 'data'), join(folder, 'backup'), { recursive: true });

test('after a restore the controller settles on what the server says, follows changes, and writes little', async () => {
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.200', '192.168.7.201');
  await until('placed', async () => (await listed()) === '192.168.7.200,192.168.7.201');
  await backUp();
  for (const n of [202, 204, 206]) {
    await cluster.request('a', `192.168.7.${n}`, `192.168.7.${n + 1}`);
    await until('placed elsewhere', async () => (await listed()) === `192.168.7.${n},192.168.7.${n + 1}`);
  }
  await cluster.namespace('later');
  await restore();
  writes = 0;
  await until('the old list', async () => (await listed()) === '192.168.7.200,192.168.7.201');
  await cluster.request('a', '192.168.7.210');
  await until('a new change is followed', async () => (await listed()) === '192.168.7.210');
  await cluster.patchHost('node2', { egressIPs: ['192.168.7.210'] });
  await until('and another', async () => (await listed()) === '');
  await cluster.namespace('new');
  await cluster.node('node3', '192.168.7.33');
  await cluster.hostSubnet('node3');
  await pauseFor(1_000);
  expect(writes).toBeLessThan(25);
});

test('a write of ours that a restore took back is known to be gone, though no watch has told of it', async () => {
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.200');
  await cluster.hostOf('192.168.7.200');
  await backUp();
  await cluster.request('a', '192.168.7.201');
  await until('written', async () => (await listed()) === '192.168.7.201');
  await restore(); // at once: the watch may not have told of the last write
  await until('the old list', async () => (await listed()) === '192.168.7.200');
  await cluster.request('a', '192.168.7.202');
  await until('a new change is followed', async () => (await listed()) === '192.168.7.202');
});

test('a HostSubnet whose writes conflict for ever is tried less and less often, and the others are written at once', async () => {
  await running.stop();
  let refused = 0;
  running = new Running(
    counting((name) => {
      if (name !== 'node0') return undefined;
      refused += 1;
      return new ApiError(409, { message: 'the object has been modified', reason: 'Conflict' });
    }),
  );
  await running.started;
  await cluster.namespace('a');
  await cluster.request('a', '192.168.7.200', '192.168.7.201');
  await until('one is placed', async () => (await listed()) !== '');
  for (let index = 0; index < 30; index += 1) {
    await cluster.request('a', '192.168.7.200', '192.168.7.201', `192.168.7.${100 + index}`); // events do not hurry it on
    await pauseFor(100);
  }
  expect(refused).toBeGreaterThan(3);
  expect(refused).toBeLessThan(25);
});
