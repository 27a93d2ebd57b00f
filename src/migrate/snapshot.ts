/** A cluster at one moment, as the migrator sees it: every kind as a value, and what could not be read. */
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import type { ClusterNetworkObject, HostSubnetObject, KubeObject, NetNamespaceObject } from '../model/objects/raw.ts';
import type { ConfigMapItem } from './kinds/configmap.ts';
import type { DefinitionItem } from './kinds/definition.ts';
import type { EgressFirewallItem } from './kinds/egressfirewall.ts';
import type { EgressIPItem } from './kinds/egressip.ts';
import type { EgressPolicyItem } from './kinds/egresspolicy.ts';
import type { Item } from './kinds/item.ts';
import type {
  ClusterVersionItem,
  InfrastructureItem,
  NetworkConfigItem,
  NetworkOperatorItem,
} from './kinds/network.ts';
import type { NodeItem } from './kinds/node.ts';
import type { BudgetItem, NodeNetworkItem, WebhookItem } from './kinds/obstacle.ts';
import type { WorkloadItem } from './kinds/workload.ts';
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
  readonly egressRouters: readonly Item[];
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
  /** Files of the input that may hold objects of any kind and could not be read; empty if it is an API server. */
  readonly unreadFiles: readonly { readonly file: string; readonly reason: string }[];
  /** Objects of which the input has several versions, with how many; the newest is used. */
  readonly duplicates: readonly { readonly object: ObjectRef; readonly count: number }[];
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
