/** Allocates VNIDs for namespaces and subnets for nodes, object by object. */
import type { KubeClient } from '../io/kube/client.ts';
import type { ReportEvent } from '../io/kube/events.ts';
import type { Logger } from '../io/log.ts';
import type { Caches } from './caches.ts';
import { NetidsController } from './netids/controller.ts';
import type { LiveNetwork } from './network.ts';
import type { ObjectReconciler } from './objects.ts';
import { SubnetsController } from './subnets/controller.ts';

export interface AllocatorsDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: Caches;
  readonly network: LiveNetwork;
  readonly report: ReportEvent;
}

/** Reconciles NetNamespaces; woken by changes to them and to Namespaces. The caches must be synced. */
export function netidsReconciler({ caches, network, ...deps }: AllocatorsDeps): ObjectReconciler {
  const { namespaces, netNamespaces } = caches;
  const isMultitenant = (): boolean => network.current().mode === 'multitenant';
  const netids = new NetidsController({ ...deps, namespaces, netNamespaces, isMultitenant });
  return {
    name: 'namespace',
    watch: (wake) => [namespaces.subscribe(({ key }) => wake(key)), netNamespaces.subscribe(({ key }) => wake(key))],
    reconcile: (name, signal) => netids.reconcile(name, signal),
    close: () => netids.close(),
  };
}

/** Reconciles HostSubnets; woken by changes to them, to Nodes and to the ClusterNetwork. The caches must be synced. */
export function subnetsReconciler({ caches, network, ...deps }: AllocatorsDeps): ObjectReconciler {
  const { nodes, hostSubnets } = caches;
  const subnets = new SubnetsController({ ...deps, nodes, hostSubnets, network: network.current });
  return {
    name: 'node',
    watch: (wake) => [
      nodes.subscribe(({ key }) => wake(key)),
      hostSubnets.subscribe(({ key }) => wake(key)),
      network.subscribe(() => {
        subnets.networkChanged();
        for (const { metadata } of [...nodes.list(), ...hostSubnets.list()]) wake(metadata.name ?? '');
      }),
    ],
    reconcile: (name, signal) => subnets.reconcile(name, signal),
    close: () => subnets.close(),
  };
}
