/** The controller in a big cluster, as a process against the embedded API server in another. */
import { type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterNetworks, hostSubnets, namespaces, netNamespaces, nodes } from '../api/kinds.ts';
import { inParallel } from '../src/io/async/parallel.ts';
import type { KubeClient } from '../src/io/kube/client.ts';
import { type ObjectCache, watchKind } from '../src/io/kube/watch.ts';
import type { HostSubnetObject, KubeObject, NetNamespaceObject } from '../src/model/objects/raw.ts';
import { address, table } from './clusters.ts';
import { command, connect, cpuSeconds, logger, numbers, peakMiB, type Process, until, wait } from './processes.ts';

const nodeCount = 500;
const namespaceCount = 10_000;
async function makeObjects(client: KubeClient): Promise<void> {
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
    const object = {
      metadata: { name: `node-${index}` },
      status: { addresses: [{ type: 'InternalIP', address: `172.16.${index >> 8}.${index & 255}` }] },
    };
    await client.create<KubeObject>(nodes, object);
  });
  await inParallel(numbers(namespaceCount), 16, async (index) => {
    await client.create<KubeObject>(namespaces, { metadata: { name: `project-${index}` } });
  });
}

const listed = (cache: ObjectCache<HostSubnetObject>): number =>
  cache.list().reduce((sum, one) => sum + (one.egressIPs?.length ?? 0), 0);

/** Milliseconds from a NetNamespace's patch to the HostSubnet that lists its new IP, for each of `count` patches. */
async function patches(
  client: KubeClient,
  cache: ObjectCache<HostSubnetObject>,
  count: number,
): Promise<readonly number[]> {
  const found: number[] = [];
  for (const index of numbers(count)) {
    const ip = address(1_000_000 + index);
    const seen = new Promise<void>((resolve) => {
      const end = cache.subscribe(({ after }) => {
        if (after?.egressIPs?.includes(ip) !== true) return;
        resolve();
        setImmediate(() => end());
      });
    });
    const began = performance.now();
    await client.patch(
      netNamespaces,
      { name: `project-${index}` },
      { egressIPs: [ip, address(2 * index + 2)] },
      { type: 'merge' },
    );
    await seen;
    found.push(performance.now() - began);
    await wait(100);
  }
  return found.sort((a, b) => a - b);
}

interface Figures {
  readonly vnids: number;
  readonly settled: number;
  readonly patch: number;
  readonly idle: number;
  readonly mib: number;
}

async function measure(client: KubeClient, kubeconfig: string, started: ChildProcess[]): Promise<Figures> {
  const controller = (): Process => {
    const process = command('controller', '--kubeconfig', kubeconfig, '--status-address', 'off');
    started.push(process.child);
    return process;
  };
  await makeObjects(client);
  const stop = new AbortController();
  const names = watchKind<NetNamespaceObject>(client, netNamespaces, { logger }, stop.signal);
  const hosts = watchKind<HostSubnetObject>(client, hostSubnets, { logger }, stop.signal);
  await Promise.all([names.synced, hosts.synced]);

  let began = performance.now();
  const first = controller();
  await until('all have VNIDs', () => names.list().length >= namespaceCount && hosts.list().length === nodeCount);
  const vnids = performance.now() - began;
  if (new Set(names.list().map(({ netid }) => netid)).size !== names.list().length)
    throw new Error('a VNID is used twice');
  first.child.kill('SIGTERM');
  await new Promise((resolve) => first.child.on('close', resolve));
  await inParallel(numbers(namespaceCount), 16, async (index) => {
    await client.patch(
      netNamespaces,
      { name: `project-${index}` },
      { egressIPs: [address(2 * index + 1), address(2 * index + 2)] },
      { type: 'merge' },
    );
  });
  await inParallel(numbers(nodeCount), 16, async (index) => {
    await client.patch(hostSubnets, { name: `node-${index}` }, { egressCIDRs: ['10.0.0.0/8'] }, { type: 'merge' });
  });

  began = performance.now();
  const second = controller();
  await until('all IPs are placed', () => listed(hosts) === 2 * namespaceCount);
  const settled = performance.now() - began;
  const pid = Number((await readFile(`/proc/${second.child.pid!}/stat`, 'utf8')).split(' ', 1)[0]);
  await wait(3_000);
  const times = await patches(client, hosts, 60);
  await wait(3_000);
  const before = await cpuSeconds(pid);
  await wait(10_000);
  const idle = ((await cpuSeconds(pid)) - before) * 10;
  const mib = await peakMiB(pid);
  stop.abort();
  return {
    vnids: vnids / 1000,
    settled: settled / 1000,
    patch: times[Math.floor(times.length * 0.95)] ?? Number.NaN,
    idle,
    mib,
  };
}

const targets = { vnids: 10, settled: 20, patch: 100, idle: 5, mib: 300 } as const;

/** Prints the table; returns false if a figure misses its target. */
export async function bench(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'sdn-compat-bench-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const started = [command('apiserver', '--listen', '127.0.0.1:0', '--write-kubeconfig', kubeconfig).child];
  try {
    const client = await connect(kubeconfig);
    const figures = await measure(client, kubeconfig, started);
    client.close();
    const rows: readonly (readonly [keyof Figures, string])[] = [
      ['vnids', 's, start until 10,000 namespaces have VNIDs and 500 nodes subnets'],
      ['settled', 's, start until 20,000 egress IPs are placed'],
      ['patch', 'ms at p95, patch of a NetNamespace until the HostSubnet lists the IP'],
      ['idle', '% CPU of one core with 500 nodes probed'],
      ['mib', 'MiB of memory at most'],
    ];
    table(
      'Controllers: 500 nodes, 10,000 namespaces with 2 egress IPs',
      ['', 'measured', 'at most'],
      rows.map(([key, what]) => [what, figures[key], targets[key]]),
    );
    return rows.every(([key]) => figures[key] <= targets[key]);
  } finally {
    for (const child of started) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}
