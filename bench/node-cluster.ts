/** The big cluster around the measured node: namespaces with egress IPs, other nodes, pods. */
import { hostSubnets, namespaces, netNamespaces, pods } from '../api/kinds.ts';
import { inParallel } from '../src/io/async/parallel.ts';
import type { KubeClient } from '../src/io/kube/client.ts';
import { type ObjectCache, watchKind } from '../src/io/kube/watch.ts';
import { createLogger } from '../src/io/log.ts';
import type { HostSubnetObject, KubeObject, NetNamespaceObject, PodObject } from '../src/model/objects/raw.ts';
import { until } from '../test/e2e/lab.ts';
import { address } from './clusters.ts';

export const namespaceCount = 10_000;
export const podCount = 250;
export const otherNodes = 250;
const hostedHere = 20;
export const logger = createLogger({ level: 'silent', name: 'bench' });
export const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
export const project = (index: number): string => `project-${index}`;
const full = (worker: string): string => `${worker}.ocp4.rober.lab`;

/** Those with a pod have two, on two nodes. */
export function egressIPs(index: number): string[] {
  const first = index < hostedHere ? `192.168.7.${100 + index}` : address(index + 1);
  return index < podCount ? [first, address(100_000 + index)] : [first];
}

export async function makeCluster(client: KubeClient, signal: AbortSignal): Promise<ObjectCache<NetNamespaceObject>> {
  const cache = watchKind<NetNamespaceObject>(client, netNamespaces, { logger }, signal);
  await cache.synced;
  await inParallel(numbers(namespaceCount), 16, async (index) => {
    await client.create<KubeObject>(namespaces, { metadata: { name: project(index) } });
  });
  await until('every namespace has a VNID', () => cache.list().length >= namespaceCount, 60);
  await inParallel(numbers(otherNodes), 16, async (index) => {
    const name = `far-${index}`;
    const host = {
      apiVersion: 'network.openshift.io/v1' as const,
      kind: 'HostSubnet' as const,
      metadata: { name },
      host: name,
      hostIP: `192.168.8.${index}`,
      subnet: `10.254.${index + 5}.0/24`,
    };
    await client.create<HostSubnetObject>(hostSubnets, host);
  });
  await inParallel(numbers(namespaceCount), 16, async (index) => {
    await client.patch(netNamespaces, { name: project(index) }, { egressIPs: egressIPs(index) }, { type: 'merge' });
  });
  return cache;
}

export async function listIPs(client: KubeClient): Promise<void> {
  const all = numbers(namespaceCount).map(egressIPs);
  const firsts = all.map(([ip]) => ip!);
  const lists = {
    worker0: firsts.slice(0, hostedHere),
    worker1: firsts.slice(hostedHere),
    worker2: all.flatMap(([, ip]) => ip ?? []),
  };
  for (const [worker, listed] of Object.entries(lists))
    await client.patch(hostSubnets, { name: full(worker) }, { egressIPs: listed }, { type: 'merge' });
}

export async function makePods(client: KubeClient): Promise<void> {
  await inParallel(numbers(podCount), 16, async (index) => {
    const spec = { nodeName: full('worker0'), containers: [{ name: 'c', image: 'c' }] };
    await client.create<PodObject>(pods, { metadata: { name: 'pod', namespace: project(index) }, spec });
  });
  const isReady = ({ status }: PodObject): boolean =>
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
  await until(
    'all pods are ready',
    async () => (await client.list<PodObject>(pods)).items.filter(isReady).length === podCount,
    180,
  );
}
