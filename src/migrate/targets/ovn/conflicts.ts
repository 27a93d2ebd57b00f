/** Finds existing objects that conflict with those of a translation. */
import {
  egressFirewalls,
  egressIPs,
  egressRouters,
  type Kind,
  namespaces,
  networkPolicies,
  nodes,
} from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { jsonEqual } from '../../../model/values/json.ts';
import { keyExists, objectExists } from '../../findings/conflicts.ts';
import type { Finding } from '../../findings/finding.ts';
import { type Item, specOf } from '../../kinds/item.ts';
import { type Snapshot, snapshotKey } from '../../snapshot.ts';

type ListOf = (snapshot: Snapshot) => readonly Item[];

/** What the snapshot has of the kinds that a translation writes. */
const lists: ReadonlyMap<string, ListOf> = new Map(
  (
    [
      [egressIPs, (snapshot) => snapshot.egressIPs],
      [egressFirewalls, (snapshot) => snapshot.egressFirewalls],
      [egressRouters, (snapshot) => snapshot.egressRouters],
      [networkPolicies, (snapshot) => snapshot.networkPolicies],
      [nodes, (snapshot) => snapshot.nodes],
      [namespaces, (snapshot) => snapshot.namespaces],
    ] satisfies readonly (readonly [Kind, ListOf])[]
  ).map(([kind, list]) => [snapshotKey(kind), list]),
);

/** The objects of each list by namespace and name. Each list is indexed once. */
const indexes = new WeakMap<readonly Item[], ReadonlyMap<string, Item>>();

/** The object of that kind, namespace and name in the snapshot; undefined if there is none. */
export function present(snapshot: Snapshot, { apiVersion = '', kind = '', metadata }: KubeObject): Item | undefined {
  const list = lists.get(`${apiVersion}/${kind}`)?.(snapshot) ?? [];
  const index = indexes.get(list) ?? new Map(list.map((one) => [keyOf(one), one]));
  indexes.set(list, index);
  return index.get(keyOf(metadata));
}

function keyOf({ namespace = '', name = '' }: { readonly namespace?: string; readonly name?: string }): string {
  return `${namespace}/${name}`;
}

/** Makes a finding if an object of this name exists with another spec. */
export function existing(snapshot: Snapshot, made: KubeObject): readonly Finding[] {
  const { kind = '', metadata } = made;
  const { namespace, name = '' } = metadata;
  const found = present(snapshot, made);
  if (found === undefined || jsonEqual(specOf(found.object), specOf(made))) return [];
  return [objectExists({ kind, ...(namespace === undefined ? {} : { namespace }), name })];
}

/** Makes findings on labels and annotations of ours that exist with other values, which somebody else wrote. */
export function clashes(snapshot: Snapshot, made: KubeObject): readonly Finding[] {
  const found = present(snapshot, made);
  return (['labels', 'annotations'] as const).flatMap((field) =>
    Object.entries(made.metadata[field] ?? {}).flatMap(([key, value]) => {
      const other = found?.[field][key];
      if (other === undefined || other === value) return [];
      const { kind = '', metadata } = made;
      const what = field === 'labels' ? 'label' : 'annotation';
      return [keyExists({ kind, name: metadata.name ?? '', what, key, value, other })];
    }),
  );
}
