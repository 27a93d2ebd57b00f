/** The objects that a migration is made from, and how many of each kind there are. */
import sortBy from 'lodash/sortBy.js';
import {
  apiVersionOf,
  cloudPrivateIPConfigs,
  clusterNetworks,
  clusterVersions,
  configMaps,
  customResourceDefinitions,
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
} from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import type { Snapshot } from '../snapshot.ts';

/** Kinds that every plan is made from. */
export const sourceKinds: readonly Kind[] = [
  clusterNetworks,
  hostSubnets,
  netNamespaces,
  egressNetworkPolicies,
  namespaces,
  nodes,
  networkPolicies,
  cloudPrivateIPConfigs,
  networkOperators,
  networkConfigs,
  infrastructures,
  clusterVersions,
];

/** What is read. The targets add to `sourceKinds` what they make, and what they are translated from. */
export interface Wanted {
  /** Kinds of which all objects are read. */
  readonly kinds: readonly Kind[];
  /** Kinds whose definitions are read; of others there can be hundreds, and they are large. */
  readonly definitions: readonly Kind[];
}

/** Kinds that only warnings come from: a plan without them is whole. */
export const obstacleKinds: readonly Kind[] = [podDisruptionBudgets, nodeNetworkPolicies, ...webhookConfigurations];

/** Kinds without which a plan is whole. */
export const minorKinds: readonly Kind[] = [...obstacleKinds, customResourceDefinitions];

/** Kinds of which only egress routers are read: pods with a macvlan interface and what makes such pods. */
export const macvlanKinds: readonly Kind[] = [pods, ...workloads];

/** Those of them of which only egress routers are read: of others a target wants all. */
export function macvlanOnly({ kinds }: Pick<Wanted, 'kinds'>): readonly Kind[] {
  return macvlanKinds.filter((kind) => !kinds.includes(kind));
}

/** Every kind of which something is read. */
export function allKinds(wanted: Wanted): readonly Kind[] {
  return [...wanted.kinds, ...minorKinds, ...macvlanOnly(wanted), configMaps];
}

/** The namespaces of these pods and workloads: their ConfigMaps may be needed. */
export function namespacesOf(objects: readonly KubeObject[]): ReadonlySet<string> {
  return new Set(objects.map(({ metadata }) => metadata.namespace ?? ''));
}

/** How many objects of a kind were read. */
export interface InventoryRow {
  readonly kind: string;
  readonly apiVersion: string;
  readonly count: number;
  /** Why the kind could not be read; absent if it was. */
  readonly unread?: string;
}

/** All kinds that were found or could not be read, sorted by name. */
export function inventoryOf({ objects, unread }: Snapshot): readonly InventoryRow[] {
  const found = [...objects.values()].map((list): InventoryRow => ({
    kind: list[0]?.kind ?? '',
    apiVersion: list[0]?.apiVersion ?? '',
    count: list.length,
  }));
  const missing = unread.map(({ kind, reason }): InventoryRow => ({
    kind: kind.kind,
    apiVersion: apiVersionOf(kind),
    count: 0,
    unread: reason,
  }));
  return sortBy([...found, ...missing], ['kind', 'apiVersion']);
}
