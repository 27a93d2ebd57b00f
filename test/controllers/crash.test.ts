import fc from 'fast-check';
import { hostSubnets, namespaces, netNamespaces, nodes } from '../../api/kinds.ts';
import { type ObjectCache, watchKind } from '../../src/io/kube/watch.ts';
import { clusterOf } from '../../src/model/cluster/cluster.ts';
import type {
  HostSubnetObject,
  KubeObject,
  NamespaceObject,
  NetNamespaceObject,
  NodeObject,
} from '../../src/model/objects/raw.ts';
import { settled } from '../../src/model/simulation/settle.ts';
import { logger } from '../apiserver/started.ts';
import { rounds } from '../rounds.ts';
import { ControllerProcess } from './process.ts';
import { startServer } from './server.ts';
import { type Cluster, prepare, until } from './started.ts';

const names = Array.from({ length: 8 }, (_, index) => `project-${index}`);
const hosts = Array.from({ length: 5 }, (_, index) => `node${index}`);
const ips = Array.from({ length: 14 }, (_, index) => `192.168.7.${100 + index}`);
const cidrs = ['192.168.7.0/24', '192.168.7.64/26', '192.168.7.96/28'];

type Operation =
  | { readonly kind: 'request'; readonly name: string; readonly ips: readonly string[] }
  | { readonly kind: 'namespace' | 'node'; readonly name: string; readonly exists: boolean }
  | { readonly kind: 'cidrs'; readonly name: string; readonly cidrs: readonly string[] }
  | { readonly kind: 'ready'; readonly name: string; readonly ready: boolean };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('request' as const),
      name: fc.constantFrom(...names),
      ips: fc.uniqueArray(fc.constantFrom(...ips), { maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('namespace' as const),
      name: fc.constantFrom(...names),
      exists: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('node' as const), name: fc.constantFrom(...hosts), exists: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('cidrs' as const),
      name: fc.constantFrom(...hosts),
      cidrs: fc.subarray(cidrs, { minLength: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('ready' as const), name: fc.constantFrom(...hosts), ready: fc.boolean() }),
  },
);

/** Does it; that the object is not there, or there already, is no error. */
async function perform(cluster: Cluster, op: Operation): Promise<void> {
  const { client } = cluster;
  const merge = { type: 'merge' } as const;
  const ignore = (): undefined => undefined;
  switch (op.kind) {
    case 'request':
      await cluster.request(op.name, ...op.ips).catch(ignore);
      return;
    case 'namespace':
      if (op.exists) await client.create<KubeObject>(namespaces, { metadata: { name: op.name } }).catch(ignore);
      else await client.delete(namespaces, { name: op.name });
      return;
    case 'node':
      if (op.exists) await cluster.node(op.name, `192.168.7.${10 + hosts.indexOf(op.name)}`).catch(ignore);
      else await client.delete(nodes, { name: op.name });
      return;
    case 'cidrs':
      await client.patch(hostSubnets, { name: op.name }, { egressCIDRs: op.cidrs }, merge).catch(ignore);
      return;
    case 'ready':
      return cluster.ready(op.name, op.ready ? 'True' : 'False').catch(ignore);
  }
}

/** Watches every version: what was ever on two nodes or used twice. */
function watchForDoubles(cluster: Cluster, signal: AbortSignal): readonly string[] {
  const found: string[] = [];
  const follow = <T extends KubeObject>(
    cache: ObjectCache<T>,
    valuesOf: (object: T) => readonly (string | number)[],
  ): void => {
    const where = new Map<string | number, string>();
    cache.subscribe(({ key, before, after }) => {
      for (const value of before === undefined ? [] : valuesOf(before))
        if (where.get(value) === key) where.delete(value);
      for (const value of after === undefined ? [] : valuesOf(after)) {
        if (where.has(value)) found.push(`${value}: ${where.get(value)!} and ${key}`);
        where.set(value, key);
      }
    });
  };
  follow(watchKind<HostSubnetObject>(cluster.client, hostSubnets, { logger }, signal), ({ egressIPs, subnet = '' }) => [
    ...(egressIPs ?? []),
    subnet,
  ]);
  follow(watchKind<NetNamespaceObject>(cluster.client, netNamespaces, { logger }, signal), ({ netid }) => [netid]);
  return found;
}

test(
  'killed at any moment, the controller ends where the model does, and uses nothing twice',
  async () => {
    const kills = rounds(200);
    const operations = fc.sample(operation, rounds(300));
    const server = await startServer();
    const cluster = await prepare(server.client);
    const stop = new AbortController();
    const doubles = watchForDoubles(cluster, stop.signal);
    for (const [index, name] of hosts.entries()) await cluster.node(name, `192.168.7.${10 + index}`);
    for (const name of names) await server.client.create<KubeObject>(namespaces, { metadata: { name } });

    const flags = ['--probe-interval', '100ms', '--log-level', 'info'];
    let controller = new ControllerProcess(server.kubeconfig, ...flags);
    let isDone = false;
    const killing = (async () => {
      for (let kill = 0; kill < kills; kill += 1) {
        // half of them while it starts, half while it works
        const isAtWork = kill % 2 === 0;
        if (isAtWork) await until('the controller works', () => controller.said('controllers started'));
        await new Promise((resolve) => setTimeout(resolve, Math.random() * (isAtWork ? 300 : 1_000)));
        await controller.end('SIGKILL');
        controller = new ControllerProcess(server.kubeconfig, ...flags);
      }
      isDone = true;
    })();
    let next = 0;
    while (!isDone) {
      const op = operations[next % operations.length];
      if (op !== undefined && next < operations.length) await perform(cluster, op);
      next += 1;
      await new Promise((resolve) => setTimeout(resolve, (kills * 900) / operations.length));
    }
    await killing;
    for (const op of operations.slice(next)) await perform(cluster, op);

    const read = async () => ({
      hostSubnets: (await server.client.list<HostSubnetObject>(hostSubnets)).items,
      netNamespaces: (await server.client.list<NetNamespaceObject>(netNamespaces)).items,
      nodes: (await server.client.list<NodeObject>(nodes)).items,
      namespaces: (await server.client.list<NamespaceObject>(namespaces)).items,
    });
    const nameOf = ({ metadata }: KubeObject): string => metadata.name ?? '';
    await until('the cluster is as the model says', async () => {
      const raw = await read();
      const down = raw.nodes
        .filter(
          ({ status }) =>
            status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'False') === true,
        )
        .map(nameOf);
      const cluster_ = clusterOf(raw, new Set());
      const offline = new Set(
        cluster_.hostSubnets.filter(({ name }) => down.includes(name)).map(({ hostIP }) => hostIP),
      );
      const isComplete =
        raw.hostSubnets.map(nameOf).sort().join() === raw.nodes.map(nameOf).sort().join() &&
        raw.netNamespaces.map(nameOf).sort().join() === raw.namespaces.map(nameOf).sort().join();
      const now = { ...cluster_, offline };
      return (
        isComplete &&
        JSON.stringify(settled(now).cluster.hostSubnets.map(({ egressIPs }) => egressIPs)) ===
          JSON.stringify(now.hostSubnets.map(({ egressIPs }) => egressIPs))
      );
    });
    stop.abort();
    await controller.end();
    await server.stop();
    expect(doubles).toEqual([]);
  },
  rounds(200) * 4_000 + 60_000,
);
