/** Selects the objects that a migration is made from, and makes a snapshot of them. */
import omit from 'lodash/omit.js';
import sortBy from 'lodash/sortBy.js';
import {
  apiVersionOf,
  cloudPrivateIPConfigs,
  clusterNetworks,
  clusterVersions,
  customResourceDefinitions,
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  egressRouters,
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
import type { FieldProblem } from '../../model/objects/fields.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { clusterNetworkShape, hostSubnetShape, netNamespaceShape, objectShape } from '../../model/objects/shapes.ts';
import { compareText } from '../../model/values/names.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { objectRef, resourceName } from '../ref.ts';
import { makeSnapshot, type Snapshot, snapshotKey, type Unread } from '../snapshot.ts';

/** Kinds that are translated or looked at, and kinds of the plan whose objects may exist already. */
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
  egressIPs,
  egressFirewalls,
  egressRouters,
];

/** The definitions of which the schemas show whether EgressIPs and firewalls can name nodes: the only ones read. */
export const readDefinitions: readonly string[] = [egressIPs, egressFirewalls].map(resourceName);

/** Kinds that only warnings come from: a plan without them is whole. */
export const obstacleKinds: readonly Kind[] = [podDisruptionBudgets, nodeNetworkPolicies, ...webhookConfigurations];

/** Kinds without which a plan is whole. */
export const minorKinds: readonly Kind[] = [...obstacleKinds, customResourceDefinitions];

/** Without objects of one of these there is nothing to migrate; the way back needs one of `ovnKinds`. */
export const sdnKinds: readonly Kind[] = [hostSubnets, netNamespaces];
export const ovnKinds: readonly Kind[] = [egressIPs, egressFirewalls];

/** Kinds of which only egress routers are read: pods with a macvlan interface and what makes such pods. */
export const macvlanKinds: readonly Kind[] = [pods, ...workloads];

/** The ConfigMap with the installer's configuration, which has the machine networks. */
export const installConfig = { namespace: 'kube-system', name: 'cluster-config-v1' } as const;

/** The namespaces of these pods and workloads: their ConfigMaps may be needed. */
export function namespacesOf(objects: readonly KubeObject[]): ReadonlySet<string> {
  return new Set(objects.map(({ metadata }) => metadata.namespace ?? ''));
}

/** The value as an object of the kind, with the current apiVersion and kind, or the first field that is wrong. */
export function shapeOf(kind: Kind, value: unknown): Result<KubeObject, FieldProblem> {
  const shaped = shapes.get(kind)?.(value) ?? objectShape(value);
  if (!shaped.ok) return shaped;
  const { metadata } = shaped.value;
  if (kind.namespaced && (metadata.namespace ?? '') === '')
    return err({ field: 'metadata.namespace', reason: 'is missing' });
  const apiVersion = apiVersionOf(kind);
  const isNamed = shaped.value.apiVersion === apiVersion && shaped.value.kind === kind.kind;
  return isNamed ? shaped : ok({ ...shaped.value, apiVersion, kind: kind.kind });
}

const shapes = new Map<Kind, (value: unknown) => Result<KubeObject, FieldProblem>>([
  [hostSubnets, hostSubnetShape],
  [netNamespaces, netNamespaceShape],
  [clusterNetworks, clusterNetworkShape],
]);

/** Kinds of which several objects with one name are all kept: the egress model resolves and reports them. */
const settledLater: readonly Kind[] = [hostSubnets, netNamespaces, nodes];

/** Makes the snapshot of these objects, in whatever order they come. */
export function snapshotOf(
  found: ReadonlyMap<Kind, readonly KubeObject[]>,
  unread: readonly Unread[],
  more: Partial<Pick<Snapshot, 'absent' | 'notFound' | 'missing'>> = {},
): Snapshot {
  const read = [...found].map(([kind, list]) => ({ kind, ...inOrder(list, !settledLater.includes(kind)) }));
  const objects = read.flatMap(({ kind, ordered }): [string, readonly KubeObject[]][] =>
    ordered.length === 0 ? [] : [[snapshotKey(kind), ordered]],
  );
  return makeSnapshot(
    new Map(objects.sort(([a], [b]) => compareText(a, b))),
    sortBy(unread, ({ kind }) => snapshotKey(kind)),
    { ...more, duplicates: read.flatMap(({ duplicates }) => duplicates) },
  );
}

interface Ordered {
  readonly ordered: readonly KubeObject[];
  readonly duplicates: Snapshot['duplicates'];
}

/**
 * Sorts by namespace, name and, within one name, by age. The same object twice counts once; of several versions the
 * newest counts if `one` is set, and is a duplicate.
 */
function inOrder(list: readonly KubeObject[], one: boolean): Ordered {
  const byName = Map.groupBy(list, ({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`);
  const groups = [...byName]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, group]) => (group.length === 1 ? group : byAge(group)));
  const differing = groups.filter((group) => one && group.length > 1 && new Set(group.map(lastingText)).size > 1);
  return {
    ordered: groups.flatMap((group) => (one ? group.slice(-1) : group)),
    duplicates: differing.flatMap(([first, ...more]) =>
      first === undefined ? [] : [{ object: objectRef(first), count: more.length + 1 }],
    ),
  };
}

/** What does not change by itself: all but status, versions and managers. */
function lastingText(object: KubeObject): string {
  const { labels, annotations } = object.metadata;
  return JSON.stringify({ ...omit({ ...object }, 'status'), metadata: { labels, annotations } });
}

/** Each version once: by resourceVersion, which is a number in practice, then by the JSON text. */
function byAge(group: readonly KubeObject[]): readonly KubeObject[] {
  const texts = new Map(group.map((object) => [JSON.stringify(object), object]));
  const age = ({ metadata }: KubeObject): number => Number(metadata.resourceVersion ?? 0) || 0;
  return [...texts]
    .sort(([a, one], [b, other]) => age(one) - age(other) || compareText(a, b))
    .map(([, object]) => object);
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
