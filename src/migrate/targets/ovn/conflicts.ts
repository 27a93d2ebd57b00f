/** Finds existing objects that conflict with those of a translation. */
import type { KubeObject } from '../../../model/objects/raw.ts';
import { fieldOf, jsonEqual, jsonOf } from '../../../model/values/json.ts';
import { keyExists, objectExists } from '../../findings/conflicts.ts';
import type { Finding } from '../../findings/finding.ts';
import type { Snapshot } from '../../snapshot.ts';

/** The objects of each list by namespace and name. Each list is indexed once. */
const indexes = new WeakMap<readonly KubeObject[], ReadonlyMap<string, KubeObject>>();

/** The object of that kind, namespace and name in the snapshot; undefined if there is none. */
export function present(
  { objects }: Snapshot,
  { apiVersion = '', kind = '', metadata }: KubeObject,
): KubeObject | undefined {
  const list = objects.get(`${apiVersion}/${kind}`) ?? [];
  const index = indexes.get(list) ?? new Map(list.map((one) => [keyOf(one), one]));
  indexes.set(list, index);
  return index.get(keyOf({ metadata }));
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}

/** Makes a finding if an object of this name exists with another spec. */
export function existing(snapshot: Snapshot, made: KubeObject & { readonly spec: unknown }): readonly Finding[] {
  const { kind = '', metadata } = made;
  const { namespace, name = '' } = metadata;
  const found = present(snapshot, made);
  if (found === undefined || jsonEqual(jsonOf(fieldOf(found, 'spec') ?? null), jsonOf(made.spec))) return [];
  return [objectExists({ kind, ...(namespace === undefined ? {} : { namespace }), name })];
}

/** Makes findings on labels and annotations of ours that exist with other values, which somebody else wrote. */
export function clashes(snapshot: Snapshot, made: KubeObject): readonly Finding[] {
  const found = present(snapshot, made);
  return (['labels', 'annotations'] as const).flatMap((field) =>
    Object.entries(made.metadata[field] ?? {}).flatMap(([key, value]) => {
      const other = found?.metadata[field]?.[key];
      if (other === undefined || other === value) return [];
      const { kind = '', metadata } = made;
      const what = field === 'labels' ? 'label' : 'annotation';
      return [keyExists({ kind, name: metadata.name ?? '', what, key, value, other })];
    }),
  );
}
