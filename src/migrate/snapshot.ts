/** A cluster at one moment, as the migrator sees it: every kind as a value, and what could not be read. */
import {
  apiVersionOf,
  cloudPrivateIPConfigs,
  clusterNetworks,
  clusterVersions,
  configMaps,
  customResourceDefinitions,
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  hostSubnets,
  infrastructures,
  type Kind,
  namespaces,
  netNamespaces,
  networkConfigs,
  networkOperators,
  networkPolicies,
  nodeNetworkPolicies,
  nodes,
  podDisruptionBudgets,
  pods,
  webhookConfigurations,
  workloads,
} from '../../api/kinds.ts';
import type { ClusterNetworkObject, HostSubnetObject, KubeObject, NetNamespaceObject } from '../model/objects/raw.ts';
import { clusterNetworkShape, hostSubnetShape, netNamespaceShape } from '../model/objects/shapes.ts';
import type { Result } from '../model/values/result.ts';
import { type ConfigMapItem, configMapItem } from './kinds/configmap.ts';
import { type DefinitionItem, definitionItem } from './kinds/definition.ts';
import { type EgressFirewallItem, egressFirewallItem } from './kinds/egressfirewall.ts';
import { type EgressIPItem, egressIPItem } from './kinds/egressip.ts';
import { type EgressPolicyItem, egressPolicyItem } from './kinds/egresspolicy.ts';
import { type Item, itemOf } from './kinds/item.ts';
import {
  type ClusterVersionItem,
  clusterVersionItem,
  type InfrastructureItem,
  infrastructureItem,
  type NetworkConfigItem,
  networkConfigItem,
  type NetworkOperatorItem,
  networkOperatorItem,
} from './kinds/network.ts';
import { type NodeItem, nodeItem } from './kinds/node.ts';
import {
  type BudgetItem,
  budgetItem,
  type NodeNetworkItem,
  nodeNetworkItem,
  type WebhookItem,
  webhookItem,
} from './kinds/obstacle.ts';
import { type WorkloadItem, workloadItem } from './kinds/workload.ts';
import type { ObjectRef } from './ref.ts';

/** A kind that could not be read, with the reason and the missing right, if there is one. */
export interface Unread {
  readonly kind: Kind;
  /** What went wrong, for people. */
  readonly reason: string;
  /** The right that the reader needs, as `list egressips.k8s.ovn.org`; undefined if rights are not the cause. */
  readonly right: string | undefined;
  /** Whether only warnings come from the kind, so that a plan without it is whole. */
  readonly isMinor?: boolean;
  /** The name of the only object that could not be read; absent if it is all of the kind. */
  readonly name?: string;
}

/** The objects of each kind, sorted by namespace and name. Empty if there are none or they could not be read. */
interface Kinds {
  readonly hostSubnets: readonly HostSubnetObject[];
  readonly netNamespaces: readonly NetNamespaceObject[];
  readonly clusterNetworks: readonly ClusterNetworkObject[];
  readonly egressPolicies: readonly EgressPolicyItem[];
  readonly namespaces: readonly Item[];
  readonly nodes: readonly NodeItem[];
  readonly networkPolicies: readonly Item[];
  readonly cloudPrivateIPConfigs: readonly Item[];
  readonly networkOperators: readonly NetworkOperatorItem[];
  readonly networkConfigs: readonly NetworkConfigItem[];
  readonly infrastructures: readonly InfrastructureItem[];
  readonly clusterVersions: readonly ClusterVersionItem[];
  readonly egressIPs: readonly EgressIPItem[];
  readonly egressFirewalls: readonly EgressFirewallItem[];
  readonly configMaps: readonly ConfigMapItem[];
  readonly definitions: readonly DefinitionItem[];
  readonly workloads: readonly WorkloadItem[];
  readonly webhooks: readonly WebhookItem[];
  readonly budgets: readonly BudgetItem[];
  readonly nodeNetworks: readonly NodeNetworkItem[];
}

export interface Snapshot extends Kinds {
  /** The objects as they were read, by `apiVersion/kind`, each list sorted by namespace and name. */
  readonly objects: ReadonlyMap<string, readonly KubeObject[]>;
  /** Empty if everything was read; otherwise a plan made from it is incomplete and says so. */
  readonly unread: readonly Unread[];
  /** Kinds that the API server does not serve; empty if the input is files, which do not tell. */
  readonly absent: readonly Kind[];
  /** Objects that were asked for by name and are not there; empty if the input is files, which do not tell. */
  readonly notFound: readonly ObjectRef[];
  /** Kinds of which files may simply lack the objects; empty if the input is an API server. */
  readonly missing: readonly Kind[];
  /** Objects of which the input has several versions, with how many; the newest is used. */
  readonly duplicates: readonly { readonly object: ObjectRef; readonly count: number }[];
}

/** Reads each kind once. `objects`: by `snapshotKey`, each list sorted by namespace and name. */
export function makeSnapshot(
  objects: ReadonlyMap<string, readonly KubeObject[]>,
  unread: readonly Unread[] = [],
  {
    absent = [],
    notFound = [],
    missing = [],
    duplicates = [],
  }: Partial<Pick<Snapshot, 'absent' | 'notFound' | 'missing' | 'duplicates'>> = {},
): Snapshot {
  const all = (kind: Kind): readonly KubeObject[] => objects.get(snapshotKey(kind)) ?? [];
  return {
    objects,
    unread,
    absent,
    notFound,
    missing,
    duplicates,
    hostSubnets: shaped(all(hostSubnets), hostSubnetShape),
    netNamespaces: shaped(all(netNamespaces), netNamespaceShape),
    clusterNetworks: shaped(all(clusterNetworks), clusterNetworkShape),
    egressPolicies: all(egressNetworkPolicies).map(egressPolicyItem),
    namespaces: all(namespaces).map(itemOf),
    nodes: all(nodes).map(nodeItem),
    networkPolicies: all(networkPolicies).map(itemOf),
    cloudPrivateIPConfigs: all(cloudPrivateIPConfigs).map(itemOf),
    networkOperators: all(networkOperators).map(networkOperatorItem),
    networkConfigs: all(networkConfigs).map(networkConfigItem),
    infrastructures: all(infrastructures).map(infrastructureItem),
    clusterVersions: all(clusterVersions).map(clusterVersionItem),
    egressIPs: all(egressIPs).map(egressIPItem),
    egressFirewalls: all(egressFirewalls).map(egressFirewallItem),
    configMaps: all(configMaps).map(configMapItem),
    definitions: all(customResourceDefinitions).map(definitionItem),
    workloads: [pods, ...workloads].flatMap(all).map(workloadItem),
    webhooks: webhookConfigurations.flatMap(all).map(webhookItem),
    budgets: all(podDisruptionBudgets).map(budgetItem),
    nodeNetworks: all(nodeNetworkPolicies).map(nodeNetworkItem),
  };
}

/** Leaves out objects of a wrong shape, which are refused when they are read. */
function shaped<T>(objects: readonly KubeObject[], shape: (value: unknown) => Result<T, unknown>): readonly T[] {
  return objects.flatMap((object) => {
    const value = shape(object);
    return value.ok ? [value.value] : [];
  });
}

/** What identifies a cluster: the uid of its Namespace kube-system; undefined if the input does not have it. */
export function clusterUID({ namespaces: all }: Snapshot): string | undefined {
  return all.find(({ name }) => name === 'kube-system')?.object.metadata.uid;
}

/** The objects of a kind as they were read; empty if there are none or they could not be read. */
export function objectsOf({ objects }: Pick<Snapshot, 'objects'>, kind: Kind): readonly KubeObject[] {
  return objects.get(snapshotKey(kind)) ?? [];
}

/** The key of a kind's objects in a snapshot. */
export function snapshotKey(kind: Kind): string {
  return `${apiVersionOf(kind)}/${kind.kind}`;
}
