/**
 * A cluster of 5,000 nodes, 10,000 namespaces, 100,000 pods and 1,000 nodes for egress IPs: sums of probes, watches and
 * bytes (scale-sums.ts), and the memory of a controller and of what an agent keeps, as processes against an embedded API
 * server that holds all these objects.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clusterNetworks,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  networkPolicies,
  nodes,
  pods,
} from '../api/kinds.ts';
import { inParallel } from '../src/io/async/parallel.ts';
import type { KubeClient } from '../src/io/kube/client.ts';
import type {
  HostSubnetObject,
  KubeObject,
  NetNamespaceObject,
  NetworkPolicyObject,
} from '../src/model/objects/raw.ts';
import { address } from './clusters.ts';
import { command, connect, numbers, peakMiB, until, wait } from './processes.ts';
import { big, type Bytes, loadOf, nameOf, probing, watchesOf } from './scale-sums.ts';

const line = (what: string, ...cells: readonly (string | number)[]): void =>
  console.log(what.padEnd(58) + cells.map((cell) => String(cell).padStart(14)).join(''));
const size = (bytes: number): string => {
  const [unit = 'B', factor = 1] =
    (
      [
        ['GB', 1e9],
        ['MB', 1e6],
        ['kB', 1e3],
      ] as const
    ).find(([, least]) => bytes >= least) ?? [];
  return `${(bytes / factor).toPrecision(3)} ${unit}`;
};
const at = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? 0;

function printProbes(): boolean {
  const agents = probing(big, 500);
  line('\nprobes', 'before', 'now: median', 'now: most');
  const row = (what: string, before: number, of: (one: (typeof agents)[number]) => number): void =>
    line(what, before, ...[0.5, 1].map((share) => at(agents.map(of), share).toFixed(1)));
  row('nodes in use that an agent probes', big.egressNodes, ({ used }) => used);
  row('others that it watches', 0, ({ spare }) => spare);
  row('ms between two probes of a node in use', 1_000, ({ spacing }) => spacing);
  row('probes a second of an agent', big.egressNodes, ({ perSecond }) => perSecond);
  const sum = agents.reduce((total, { perSecond }) => total + perSecond, 0) / agents.length;
  line('probes a second in the cluster', big.egressNodes * big.nodes, Math.round(sum * big.nodes));
  return agents.every(({ perSecond }) => perSecond <= 50);
}

/** A Node as kubelets report it, with the images that it has. */
const nodeOf = (index: number): KubeObject & Readonly<Record<string, unknown>> => ({
  metadata: { name: nameOf(index), labels: { 'kubernetes.io/hostname': nameOf(index), 'kubernetes.io/os': 'linux' } },
  status: {
    addresses: [{ type: 'InternalIP', address: `172.16.${index >> 8}.${index & 255}` }],
    conditions: ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
      type,
      status: type === 'Ready' ? 'True' : 'False',
      reason: `Kubelet${type}`,
      message: 'kubelet reports what it always reports of this condition',
    })),
    images: numbers(50).map((image) => ({
      names: [`registry.example.com/team/image-${image}@sha256:${'0'.repeat(64)}`],
      sizeBytes: 100_000_000 + image,
    })),
  },
});

/** A pod of one container, as it is in a usual cluster, without its volumes. */
const podOf = (index: number): KubeObject & Readonly<Record<string, unknown>> => ({
  metadata: {
    name: `app-${index}`,
    namespace: `project-${index % big.namespaces}`,
    labels: { app: 'web', 'pod-template-hash': '5d4f8c7b9d' },
    annotations: { 'openshift.io/scc': 'restricted-v2', 'k8s.v1.cni.cncf.io/network-status': 'x'.repeat(300) },
  },
  spec: {
    nodeName: nameOf(Math.floor(index / (big.pods / big.nodes))),
    containers: [
      {
        name: 'web',
        image: 'registry.example.com/team/web:1',
        env: numbers(10).map((env) => ({ name: `SETTING_${env}`, value: 'x'.repeat(30) })),
        ports: [{ name: 'http', containerPort: 8080 }],
      },
    ],
  },
  status: { phase: 'Running', podIP: `10.${128 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}` },
});

async function fill(client: KubeClient): Promise<void> {
  const network = { network: '10.128.0.0/9', hostsubnetlength: 8, serviceNetwork: '172.30.0.0/16' };
  const named = { ...network, pluginName: 'redhat/openshift-ovs-networkpolicy' };
  const first = {
    metadata: { name: 'default' },
    ...named,
    clusterNetworks: [{ CIDR: '10.128.0.0/9', hostSubnetLength: 8 }],
  };
  await client.create<KubeObject>(clusterNetworks, first);
  await inParallel(numbers(big.nodes), 16, async (index) => {
    await client.create(nodes, nodeOf(index));
  });
  await inParallel(numbers(big.namespaces), 16, async (index) => {
    await client.create<KubeObject>(namespaces, { metadata: { name: `project-${index}` } });
  });
  await inParallel(numbers(big.pods), 32, async (index) => {
    await client.create(pods, podOf(index));
  });
}

interface Fed {
  readonly mib: number;
  readonly read: Readonly<Record<string, number>>;
}

async function feed(kubeconfig: string): Promise<Fed> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'scale-feed.ts'), kubeconfig, nameOf(4_000)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  return JSON.parse(said) as Fed;
}

/** Lets a controller give VNIDs, subnets and egress IPs; its memory in MiB when all are there. */
async function control(client: KubeClient, kubeconfig: string, started: ChildProcess[]): Promise<number> {
  const { child } = command(
    'controller',
    '--kubeconfig',
    kubeconfig,
    '--status-address',
    'off',
    '--probe-interval',
    '0',
  );
  started.push(child);
  const has = async (kind: Kind, count: number): Promise<boolean> => ((await client.count(kind)) ?? 0) >= count;
  await until('all have VNIDs', () => has(netNamespaces, big.namespaces), 900);
  await until('all have subnets', () => has(hostSubnets, big.nodes), 900);
  await inParallel(numbers(big.egressNodes), 16, async (index) => {
    await client.patch(hostSubnets, { name: nameOf(index) }, { egressCIDRs: ['11.0.0.0/8'] }, { type: 'merge' });
  });
  await inParallel(numbers(big.namespaces), 16, async (index) => {
    const egressIPs = numbers(big.ipsEach).map((ip) => address(big.ipsEach * index + ip + 1).replace(/^10/, '11'));
    await client.patch(netNamespaces, { name: `project-${index}` }, { egressIPs }, { type: 'merge' });
  });
  await until(
    'all IPs are placed',
    async () => {
      const { items } = await client.list<HostSubnetObject>(hostSubnets);
      return items.reduce((sum, { egressIPs }) => sum + (egressIPs?.length ?? 0), 0) === big.namespaces * big.ipsEach;
    },
    900,
  );
  await wait(5_000);
  return peakMiB(child.pid!);
}

const meanBytes = (items: readonly object[]): number =>
  items.reduce((sum, item) => sum + JSON.stringify(item).length, 0) / items.length;

function printLoad(bytes: Bytes): void {
  const churn = 10;
  const failed = 100;
  const [before, now] = [true, false].map((allPods) => loadOf(big, bytes, { allPods, churn, failed }));
  line('\nAPI server to agents, networkpolicy mode', 'all pods', 'own pods');
  line('watches of all agents', watchesOf.networkpolicy * big.nodes, watchesOf.networkpolicy * big.nodes);
  line('bytes that an agent reads when it starts', size(before!.start), size(now!.start));
  line('the same for a restart of all agents', size(before!.start * big.nodes), size(now!.start * big.nodes));
  line(`a second at rest, ${churn} pods a second come and go`, size(before!.rest), size(now!.rest));
  line(`when ${failed} nodes fail`, size(before!.failure), size(now!.failure));
}

async function measure(client: KubeClient, kubeconfig: string, started: ChildProcess[]): Promise<void> {
  await fill(client);
  const controller = await control(client, kubeconfig, started);
  const own = await feed(kubeconfig);
  const spec = { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }] };
  const policy: NetworkPolicyObject = { metadata: { name: 'some', namespace: 'project-1' }, spec };
  await client.create(networkPolicies, policy);
  const all = await feed(kubeconfig);
  const bytes: Bytes = {
    hostSubnet: meanBytes((await client.list<HostSubnetObject>(hostSubnets)).items),
    netNamespace: meanBytes((await client.list<NetNamespaceObject>(netNamespaces)).items),
    node: own.read['nodes']! / big.nodes,
    pod: all.read['pods']! / big.pods,
  };
  line('\nmemory', 'MiB');
  line('controller', Math.round(controller));
  line('what an agent keeps of the cluster, pods of its node', Math.round(own.mib));
  line('the same when a policy selects pods elsewhere', Math.round(all.mib));
  line('\nbytes of an object, as JSON', 'bytes');
  for (const [what, count] of Object.entries<number>({ ...bytes })) line(what, Math.round(count));
  line('\nwhat that agent read', 'own pods', 'all pods');
  for (const what of Object.keys(all.read)) line(what, ...[own, all].map(({ read }) => read[what] ?? 0));
  printLoad(bytes);
}

/** Prints the tables; false if an agent sends more probes than it may. */
export async function bench(): Promise<boolean> {
  const isGood = printProbes();
  const folder = await mkdtemp(join(tmpdir(), 'sdn-compat-bench-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const started: ChildProcess[] = [];
  try {
    started.push(command('apiserver', '--listen', '127.0.0.1:0', '--write-kubeconfig', kubeconfig).child);
    await until('the kubeconfig is written', () =>
      readFile(kubeconfig).then(
        () => true,
        () => false,
      ),
    );
    const client = await connect(kubeconfig);
    await measure(client, kubeconfig, started);
    client.close();
  } finally {
    for (const child of started) child.kill('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  }
  return isGood;
}
