/** The API client and the embedded server, each in its own process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { netNamespaces } from '../api/kinds.ts';
import type { KubeClient } from '../src/io/kube/client.ts';
import { openKube } from '../src/io/kube/config.ts';
import { watchKind } from '../src/io/kube/watch.ts';
import { createLogger } from '../src/io/log.ts';
import { exec } from '../src/io/programs/exec.ts';
import type { NetNamespaceObject } from '../src/model/objects/raw.ts';

const count = 10_000;
const logger = createLogger({ level: 'warn', name: 'bench' });

/** Bundled like the command. */
const bundle: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
};

interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly target: number;
  /** Whether larger is better. */
  readonly atLeast?: boolean;
}

async function startServer(folder: string): Promise<{ readonly process: ChildProcess; readonly kubeconfig: string }> {
  const kubeconfig = join(folder, 'kubeconfig');
  const program = join(import.meta.dirname, '../bin/sdn-compat');
  const child = spawn(program, ['apiserver', '--listen', '127.0.0.1:0', '--write-kubeconfig', kubeconfig], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', () => reject(new Error('the server did not start')));
  });
  return { process: child, kubeconfig };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** The best of three. */
async function best(work: () => Promise<unknown>): Promise<number> {
  const times = [await timed(work), await timed(work), await timed(work)];
  return Math.min(...times);
}

/** Does the work for each number from 0, 32 at a time. */
async function inParallel(total: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < total) await work(next++);
  };
  await Promise.all(Array.from({ length: 32 }, lane));
}

function netNamespace(index: number): NetNamespaceObject {
  const name = `bench-${String(index)}`;
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'NetNamespace',
    metadata: { name },
    netname: name,
    netid: index,
  };
}

/** Reads a whole answer without parsing it, to measure the server and not the client. */
function raw(server: URL, token: string, accept: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const url = new URL('/apis/network.openshift.io/v1/netnamespaces', server);
    const headers = { authorization: `Bearer ${token}`, accept };
    https
      .get(url, { headers, rejectUnauthorized: false }, (response) => {
        let size = 0;
        response.on('data', (piece: Buffer) => (size += piece.length));
        response.on('end', () => resolve(size));
        response.on('error', reject);
      })
      .on('error', reject);
  });
}

/** Fifty watches of the raw stream: milliseconds from the last write until each has received all changes. */
async function watchers(server: URL, token: string, write: () => Promise<void>): Promise<number> {
  const agent = new https.Agent({ rejectUnauthorized: false });
  const requests: ReturnType<typeof https.get>[] = [];
  const done = Array.from(
    { length: 50 },
    () =>
      new Promise<void>((resolve) => {
        const url = new URL(
          `/apis/network.openshift.io/v1/netnamespaces?watch=1&labelSelector=${encodeURIComponent('!nothing')}`,
          server,
        );
        let seen = 0;
        requests.push(
          https.get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
            response.on('error', () => undefined);
            response.on('data', (piece: Buffer) => {
              for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) seen += 1;
              if (seen >= 2 * count) resolve();
            });
          }),
        );
      }),
  );
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await write();
  const elapsed = await timed(() => Promise.all(done));
  for (const request of requests) request.on('error', () => undefined).destroy();
  return elapsed;
}

/** A client in its own process with a cache of all objects: its memory after this many changes. */
async function memoryRow(client: KubeClient, kubeconfig: string): Promise<Row> {
  const program = join(dirname(kubeconfig), 'cache.mjs');
  await build({ ...bundle, entryPoints: [join(import.meta.dirname, 'cache.ts')], outfile: program });
  const child = spawn(process.execPath, [program, kubeconfig, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = child.stdout.setEncoding('utf8')[Symbol.asyncIterator]() as AsyncIterator<string>;
  await output.next();
  await inParallel(count, (index) =>
    client.patch(netNamespaces, { name: `bench-${String(index)}` }, { netid: index + 1 }, { type: 'merge' }),
  );
  const { value } = (await output.next()) as { value: string };
  return {
    what: `client: memory of a process that caches ${String(count)}, after ${String(count)} changes`,
    value: Number(value),
    unit: 'MiB',
    target: 150,
  };
}

/** Events per second when a watch reads an existing log. */
async function eventRate(client: KubeClient): Promise<Row> {
  const { items } = await client.list(netNamespaces, { pageSize: 1 });
  const oldest = Math.min(...items.slice(0, 1).map(({ metadata }) => Number(metadata.resourceVersion)));
  const stop = new AbortController();
  let lines = 0;
  let began = 0;
  const total = 9000;
  const versions = (await client.list(netNamespaces)).items
    .map(({ metadata }) => Number(metadata.resourceVersion))
    .sort((a, b) => a - b);
  const from = versions.at(-total - 1) ?? oldest;
  const fake: KubeClient = Object.assign(Object.create(client) as KubeClient, {
    list: () => Promise.resolve({ items: [], resourceVersion: String(from) }),
    watch: (...[kind, request]: Parameters<KubeClient['watch']>) =>
      client.watch(kind, {
        ...request,
        onText: (text) => {
          if (began === 0) began = performance.now();
          request.onText(text);
        },
      }),
  });
  const cache = watchKind(fake, netNamespaces, { logger }, stop.signal);
  await new Promise<void>((resolve) =>
    cache.subscribe(() => {
      lines += 1;
      if (lines === total) resolve();
    }),
  );
  const rate = total / ((performance.now() - began) / 1000);
  stop.abort();
  await cache.ended;
  return { what: 'client: watch events handled', value: rate, unit: '/s', target: 50_000, atLeast: true };
}

async function serverRows(client: KubeClient, kubeconfig: string, folder: string): Promise<Row[]> {
  const text = await readFile(kubeconfig, 'utf8');
  const server = new URL(/server: (\S+)/.exec(text)?.[1] ?? '');
  const token = /token: (\S+)/.exec(text)?.[1] ?? '';
  const json = await best(() => raw(server, token, 'application/json'));
  const table = await best(() => raw(server, token, 'application/json;as=Table;v=v1;g=meta.k8s.io'));
  const seen = await watchers(server, token, () =>
    inParallel(count, (index) =>
      client.patch(netNamespaces, { name: `bench-${String(index)}` }, { netid: index + 2 }, { type: 'merge' }),
    ),
  );
  const rows: Row[] = [
    { what: `server: list of ${String(count)} as JSON`, value: json, unit: 'ms', target: 150 },
    { what: `server: list of ${String(count)} as table`, value: table, unit: 'ms', target: 300 },
    {
      what: `server: 50 watchers have ${String(count)} changes after the last write`,
      value: seen,
      unit: 'ms',
      target: 5000,
    },
  ];
  const kubectl = (): Promise<unknown> =>
    exec('kubectl', [`--kubeconfig=${kubeconfig}`, `--cache-dir=${folder}`, 'get', 'netnamespace']);
  if ((await exec('sh', ['-c', 'command -v kubectl'])).status === 0) {
    await kubectl();
    rows.push({
      what: `kubectl get netnamespace with ${String(count)}`,
      value: await best(kubectl),
      unit: 'ms',
      target: 1500,
    });
  }
  return rows;
}

/** Prints the figures; returns false if one misses its target. */
export async function bench(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'sdn-compat-bench-'));
  const server = await startServer(folder);
  try {
    const client = await openKube({ kubeconfig: server.kubeconfig, logger, userAgent: 'sdn-compat-bench' });
    const creating = await timed(() => inParallel(count, (index) => client.create(netNamespaces, netNamespace(index))));
    const created: Row = {
      what: `server: creates, ${String(count)} of them`,
      value: count / (creating / 1000),
      unit: '/s',
      target: 3000,
      atLeast: true,
    };
    const list: Row = {
      what: `client: list of ${String(count)}`,
      value: await best(() => client.list(netNamespaces)),
      unit: 'ms',
      target: 100,
    };
    const rows = [
      created,
      list,
      await memoryRow(client, server.kubeconfig),
      await eventRate(client),
      ...(await serverRows(client, server.kubeconfig, folder)),
    ];
    client.close();
    for (const { what, value, unit, target, atLeast } of rows) {
      const good = atLeast === true ? value >= target : value <= target;
      console.log(
        `${what.padEnd(66)} ${value.toFixed(0).padStart(8)} ${unit.padEnd(4)} ${atLeast === true ? 'at least' : 'at most '} ${String(target).padStart(6)}${good ? '' : '  MISSED'}`,
      );
    }
    return rows.every(({ value, target, atLeast }) => (atLeast === true ? value >= target : value <= target));
  } finally {
    server.process.kill();
    await rm(folder, { recursive: true, force: true });
  }
}
