/** The facade of OVN-Kubernetes in a big cluster, as a process against the embedded API server in another. */
import { type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clusterNetworks,
  customResourceDefinitions,
  egressIPs,
  hostSubnets,
  namespaces,
  netNamespaces,
  nodes,
} from '../api/kinds.ts';
import { inParallel } from '../src/io/async/parallel.ts';
import type { KubeClient } from '../src/io/kube/client.ts';
import { type ObjectCache, watchKind } from '../src/io/kube/watch.ts';
import { ovnDefinitions } from '../src/lab/ovn/definitions.ts';
import type { HostSubnetObject, KubeObject } from '../src/model/objects/raw.ts';
import { clusterCRDs } from '../test/migrate/crds.ts';
import { address, table } from './clusters.ts';
import { command, connect, cpuSeconds, logger, numbers, peakMiB, type Process, until, wait } from './processes.ts';

const nodeCount = 500;
const namespaceCount = 10_000;

async function makeObjects(client: KubeClient): Promise<void> {
  for (const crd of [...ovnDefinitions, ...clusterCRDs])
    await client.create(customResourceDefinitions, crd as KubeObject).catch(() => undefined);
  await client.create<KubeObject>(clusterNetworks, {
    metadata: { name: 'default' },
    ...{
      network: '127.64.0.0/12',
      hostsubnetlength: 8,
      clusterNetworks: [{ CIDR: '127.64.0.0/12', hostSubnetLength: 8 }],
      serviceNetwork: '172.30.0.0/16',
    },
  });
  await inParallel(numbers(nodeCount), 16, async (index) => {
    const [name, ip] = [`node-${index}`, `10.200.${index >> 8}.${index & 255}`];
    await client.create<KubeObject>(nodes, {
      metadata: {
        name,
        labels: { 'kubernetes.io/hostname': name },
        annotations: {
          'k8s.ovn.org/node-subnets': JSON.stringify({ default: [`127.${64 + (index >> 8)}.${index & 255}.0/24`] }),
          'k8s.ovn.org/host-cidrs': JSON.stringify([`${ip}/8`]),
          'k8s.ovn.org/node-primary-ifaddr': JSON.stringify({ ipv4: `${ip}/8` }),
        },
      },
      ...{
        status: {
          addresses: [{ type: 'InternalIP', address: ip }],
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      },
    });
  });
  await inParallel(numbers(namespaceCount), 16, async (index) => {
    const name = `project-${index}`;
    await client.create<KubeObject>(namespaces, {
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    });
  });
}

/** Writes the status of every EgressIP, as OVN-Kubernetes would: each address on the next node. */
function assign(client: KubeClient, cache: ObjectCache<KubeObject>): () => void {
  let next = 0;
  return cache.subscribe(({ key, after }) => {
    const { spec, status } = (after ?? {}) as { spec?: { egressIPs: string[] }; status?: { items?: unknown[] } };
    if (spec === undefined || (status?.items ?? []).length === spec.egressIPs.length) return;
    const items = spec.egressIPs.map((egressIP) => ({ egressIP, node: `node-${(next += 1) % nodeCount}` }));
    void client.patch(egressIPs, { name: key }, { status: { items } }, { type: 'merge' }).catch(() => undefined);
  });
}

/** Milliseconds from a NetNamespace's patch to the EgressIP with its new address, and to the HostSubnet, `count` times. */
async function patches(
  client: KubeClient,
  objects: ObjectCache<KubeObject>,
  hosts: ObjectCache<HostSubnetObject>,
  count: number,
): Promise<{ readonly written: readonly number[]; readonly shown: readonly number[] }> {
  const [written, shown]: [number[], number[]] = [[], []];
  for (const index of numbers(count)) {
    const ip = address(1_000_000 + index);
    const has = <T extends KubeObject>(cache: ObjectCache<T>, where: (object: T) => unknown): Promise<number> =>
      new Promise((resolve) => {
        const end = cache.subscribe(({ after }) => {
          if (after === undefined || !JSON.stringify(where(after) ?? null).includes(`"${ip}"`)) return;
          resolve(performance.now());
          setImmediate(() => end());
        });
      });
    const asked = has(objects, (one) => (one as { spec?: unknown }).spec);
    const placed = has(objects, (one) => (one as { status?: unknown }).status);
    const seen = has(hosts, ({ egressIPs: list }) => list);
    const began = performance.now();
    await client.patch(netNamespaces, { name: `project-${index}` }, { egressIPs: [ip] }, { type: 'merge' });
    written.push((await asked) - began);
    const at = await placed;
    shown.push((await seen) - at);
    await wait(50);
  }
  return { written: written.sort((a, b) => a - b), shown: shown.sort((a, b) => a - b) };
}

interface Figures {
  readonly start: number;
  readonly again: number;
  readonly rest: number;
  readonly facadeCPU: number;
  readonly apiCPU: number;
  readonly writes: number;
  readonly written: number;
  readonly shown: number;
  readonly idle: number;
  readonly mib: number;
}

/** Waits until a process has used no CPU for two seconds; returns when it last did, as `performance.now()`. */
async function untilAtRest(pid: number): Promise<number> {
  let [last, used] = [performance.now(), await cpuSeconds(pid)];
  await until('it is at rest', async () => {
    const now = await cpuSeconds(pid);
    if (now > used) [last, used] = [performance.now(), now];
    return performance.now() - last > 2_000;
  });
  return last;
}

const p95 = (times: readonly number[]): number => times[Math.floor(times.length * 0.95)] ?? Number.NaN;

async function measure(
  client: KubeClient,
  { kubeconfig, apiPid }: { readonly kubeconfig: string; readonly apiPid: number },
  started: ChildProcess[],
): Promise<Figures> {
  const facade = (): Process => {
    const process = command('controller', '--backend', 'ovn', '--kubeconfig', kubeconfig, '--status-address', 'off');
    started.push(process.child);
    return process;
  };
  await makeObjects(client);
  const stop = new AbortController();
  const objects = watchKind<KubeObject>(client, egressIPs, { logger }, stop.signal);
  const hosts = watchKind<HostSubnetObject>(client, hostSubnets, { logger }, stop.signal);
  const asking = watchKind<KubeObject>(client, netNamespaces, { logger }, stop.signal);
  await Promise.all([objects.synced, hosts.synced, asking.synced]);
  const end = assign(client, objects);
  const first = facade();
  await until('the HostSubnets', () => hosts.list().length === nodeCount && asking.list().length >= namespaceCount);
  await inParallel(numbers(nodeCount), 16, async (index) => {
    await client.patch(hostSubnets, { name: `node-${index}` }, { egressCIDRs: ['10.0.0.0/8'] }, { type: 'merge' });
  });
  let began = performance.now();
  await inParallel(numbers(namespaceCount), 16, async (index) => {
    const list = [address(2 * index + 1), address(2 * index + 2)];
    await client.patch(netNamespaces, { name: `project-${index}` }, { egressIPs: list }, { type: 'merge' });
  });
  const listed = (): number => hosts.list().reduce((sum, one) => sum + (one.egressIPs?.length ?? 0), 0);
  await until('all are shown', () => listed() === 2 * namespaceCount, 300);
  const start = performance.now() - began;
  await wait(5_000);
  first.child.kill('SIGTERM');
  await new Promise((resolve) => first.child.on('close', resolve));
  let writes = 0;
  const counts = [objects, hosts, asking].map((cache) =>
    cache.subscribe(({ before }) => {
      writes += before === undefined ? 0 : 1;
    }),
  );
  const apiBefore = await cpuSeconds(apiPid);
  began = performance.now();
  const second = facade();
  await until('it has started', () => second.said().includes('the facade of OVN-Kubernetes started'));
  const again = performance.now() - began;
  const rest = (await untilAtRest(second.child.pid!)) - began;
  const facadeCPU = await cpuSeconds(second.child.pid!);
  const apiCPU = (await cpuSeconds(apiPid)) - apiBefore;
  await wait(15_000);
  for (const one of counts) one();
  const times = await patches(client, objects, hosts, 60);
  await wait(3_000);
  const before = await cpuSeconds(second.child.pid!);
  await wait(10_000);
  const idle = ((await cpuSeconds(second.child.pid!)) - before) * 10;
  const mib = await peakMiB(second.child.pid!);
  end();
  stop.abort();
  return {
    start: start / 1000,
    again: again / 1000,
    rest: rest / 1000,
    facadeCPU,
    apiCPU,
    writes,
    written: p95(times.written),
    shown: p95(times.shown),
    idle,
    mib,
  };
}

const targets: Partial<Figures> = {
  start: 120,
  again: 5,
  rest: 5,
  writes: 0,
  written: 100,
  shown: 200,
  idle: 3,
  mib: 250,
};

/** Prints the table; returns false if a figure misses its target. */
export async function bench(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'sdn-compat-bench-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const api = command('apiserver', '--listen', '127.0.0.1:0', '--write-kubeconfig', kubeconfig).child;
  const started = [api];
  try {
    const client = await connect(kubeconfig);
    const figures = await measure(client, { kubeconfig, apiPid: api.pid! }, started);
    client.close();
    const rows: readonly (readonly [keyof Figures, string])[] = [
      ['start', 's, 10,000 requests until all EgressIPs are made, assigned and shown'],
      ['again', 's, start with all of it there'],
      ['rest', 's, that start until the facade is at rest'],
      ['facadeCPU', 's of CPU that this takes the facade'],
      ['apiCPU', 's of CPU that this takes the API server'],
      ['writes', 'writes after that start'],
      ['written', 'ms at p95, patch of a NetNamespace until its EgressIP is written'],
      ['shown', 'ms at p95, assigned until the HostSubnet shows it'],
      ['idle', '% CPU of one core'],
      ['mib', 'MiB of memory at most'],
    ];
    table(
      'Facade: 500 nodes, 10,000 namespaces with 2 egress IPs',
      ['', 'measured', 'at most'],
      rows.map(([key, what]) => [what, figures[key], targets[key] ?? '']),
    );
    return rows.every(([key]) => figures[key] <= (targets[key] ?? Number.POSITIVE_INFINITY));
  } finally {
    for (const child of started) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}
