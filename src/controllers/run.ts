/** The control plane: VNIDs for namespaces, subnets for nodes, egress IPs. Each object is a key of one work queue. */
import { clusterNetworks, hostSubnets, namespaces, netNamespaces, nodes } from '../../api/kinds.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { isConflict } from '../io/kube/error.ts';
import { type ObjectCache, watchKind } from '../io/kube/watch.ts';
import type { Logger } from '../io/log.ts';
import { createQueue, type WorkQueue } from '../io/queue.ts';
import { type ClusterNetwork, parseClusterNetwork } from '../model/clusternetwork.ts';
import type {
  ClusterNetworkObject,
  HostSubnetObject,
  KubeObject,
  NamespaceObject,
  NetNamespaceObject,
  NodeObject,
} from '../model/objects.ts';
import { normalizeEgressIPs } from './egressips/normalize.ts';
import { NetidsController } from './netids/controller.ts';
import { SubnetsController } from './subnets/controller.ts';

export interface ControllerDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
}

/** Several objects are worked on at once; each of them by one worker. */
const concurrency = 8;
const retryConflictAfter = 50;

type Concern = 'namespace' | 'node' | 'hostsubnet';

function follow(queue: WorkQueue, concern: Concern, caches: readonly ObjectCache<KubeObject>[]): void {
  for (const cache of caches) cache.subscribe(({ key }) => queue.add(`${concern}/${key}`));
}

/** Waits for the ClusterNetwork "default"; undefined when the signal aborts before. */
async function awaitNetwork(cache: ObjectCache<ClusterNetworkObject>, logger: Logger, signal: AbortSignal): Promise<ClusterNetwork | undefined> {
  return new Promise((resolve) => {
    const look = (): void => {
      const raw = cache.get('default');
      const parsed = raw === undefined ? undefined : parseClusterNetwork(raw);
      if (parsed?.ok === true) resolve(parsed.value);
      else logger.warn({ problems: parsed?.error ?? 'it does not exist' }, 'waiting for a usable ClusterNetwork "default"');
    };
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    cache.subscribe(look);
    if (cache.get('default') === undefined) look();
  });
}

/** Runs the controllers until the signal aborts. */
export async function runControllers({ client, logger }: ControllerDeps, signal: AbortSignal): Promise<void> {
  const options = { logger };
  const networks = watchKind<ClusterNetworkObject>(client, clusterNetworks, options, signal);
  const namespaceCache = watchKind<NamespaceObject>(client, namespaces, options, signal);
  const netNamespaceCache = watchKind<NetNamespaceObject>(client, netNamespaces, options, signal);
  const nodeCache = watchKind<NodeObject>(client, nodes, options, signal);
  const hostSubnetCache = watchKind<HostSubnetObject>(client, hostSubnets, options, signal);
  const all = [networks, namespaceCache, netNamespaceCache, nodeCache, hostSubnetCache];
  await Promise.all(all.map((cache) => cache.synced));
  const network = await awaitNetwork(networks, logger, signal);
  if (network === undefined) return;

  const netids = new NetidsController({ client, logger, namespaces: namespaceCache, netNamespaces: netNamespaceCache });
  const subnets = new SubnetsController({ client, logger, nodes: nodeCache, hostSubnets: hostSubnetCache, networks: network.networks });
  const queue = createQueue({ logger, concurrency });
  follow(queue, 'namespace', [namespaceCache, netNamespaceCache]);
  follow(queue, 'node', [nodeCache, hostSubnetCache]);
  follow(queue, 'hostsubnet', [hostSubnetCache]);
  logger.info('controllers started');
  await queue.process(async (key): Promise<number | undefined> => {
    const at = key.indexOf('/');
    const [concern, name] = [key.slice(0, at), key.slice(at + 1)];
    try {
      if (concern === 'namespace') await netids.reconcile(name, signal);
      else if (concern === 'node') await subnets.reconcile(name, signal);
      else {
        const present = hostSubnetCache.get(name);
        if (present !== undefined) await normalizeEgressIPs(client, present, signal);
      }
      return undefined;
    } catch (error) {
      if (isConflict(error)) return retryConflictAfter;
      throw error;
    }
  }, signal);
}
