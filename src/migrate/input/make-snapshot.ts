/** Makes a snapshot of the objects that were read: each in order, once, and as a value of its kind. Pure. */
import omit from 'lodash/omit.js';
import omitBy from 'lodash/omitBy.js';
import sortBy from 'lodash/sortBy.js';
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
import { configMapItem } from '../kinds/configmap.ts';
import { definitionItem } from '../kinds/definition.ts';
import { egressFirewallItem } from '../kinds/egressfirewall.ts';
import { egressIPItem } from '../kinds/egressip.ts';
import { egressPolicyItem } from '../kinds/egresspolicy.ts';
import { itemOf } from '../kinds/item.ts';
import { clusterVersionItem, infrastructureItem, networkConfigItem, networkOperatorItem } from '../kinds/network.ts';
import { nodeItem } from '../kinds/node.ts';
import { budgetItem, nodeNetworkItem, webhookItem } from '../kinds/obstacle.ts';
import { workloadItem } from '../kinds/workload.ts';
import { objectRef } from '../ref.ts';
import { type Snapshot, snapshotKey, type Unread } from '../snapshot.ts';

/** The value as an object of the kind, with the current apiVersion and kind, or the first field that is wrong. */
export function shapeOf(kind: Kind, value: unknown): Result<KubeObject, FieldProblem> {
  const shaped = shapes.get(kind)?.(value) ?? objectShape(value);
  if (!shaped.ok) return shaped;
  const { metadata } = shaped.value;
  if (kind.namespaced && (metadata.namespace ?? '') === '')
    return err({ field: 'metadata.namespace', reason: 'is missing' });
  const apiVersion = apiVersionOf(kind);
  const isNamed = shaped.value.apiVersion === apiVersion && shaped.value.kind === kind.kind;
  const isWhole = isNamed && !Object.values(metadata).some(isNull);
  return isWhole ? shaped : ok({ ...shaped.value, apiVersion, kind: kind.kind, metadata: omitBy(metadata, isNull) });
}

/** Whether a field is as good as absent: YAML that people write has `labels:` with nothing after it. */
function isNull(value: unknown): boolean {
  return value === null;
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
  more: Partial<Pick<Snapshot, 'absent' | 'notFound' | 'missing' | 'unreadFiles'>> = {},
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

/** Reads each kind once. `objects`: by `snapshotKey`, each list sorted by namespace and name. */
export function makeSnapshot(
  objects: ReadonlyMap<string, readonly KubeObject[]>,
  unread: readonly Unread[] = [],
  {
    absent = [],
    notFound = [],
    missing = [],
    unreadFiles = [],
    duplicates = [],
  }: Partial<Pick<Snapshot, 'absent' | 'notFound' | 'missing' | 'unreadFiles' | 'duplicates'>> = {},
): Snapshot {
  const all = (kind: Kind): readonly KubeObject[] => objects.get(snapshotKey(kind)) ?? [];
  return {
    objects,
    unread,
    absent,
    notFound,
    missing,
    unreadFiles,
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
    egressRouters: all(egressRouters).map(itemOf),
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
