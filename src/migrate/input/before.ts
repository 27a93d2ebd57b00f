/** A snapshot without what plans of ours wrote: what was there before any migration. Pure. */
import { type Kind, namespaces, nodes } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { managedBy, managedByLabel } from '../../model/objects/well-known.ts';
import { bearsOurMark, isOurs, isPlanManager, keysOfPlans, managersOf } from '../ownership.ts';
import { type Snapshot, snapshotKey } from '../snapshot.ts';
import { makeSnapshot } from './make-snapshot.ts';

/** Leaves out whole objects of the kinds that plans make, and our labels and annotations of Nodes and Namespaces. */
export function withoutPlans(snapshot: Snapshot, makes: readonly Kind[]): Snapshot {
  const objects = new Map(snapshot.objects);
  for (const kind of makes) replace(objects, kind, (list) => list.filter((object) => !isMade(object)));
  for (const kind of [nodes, namespaces]) replace(objects, kind, (list) => list.map(withoutKeys));
  const isSame = [...snapshot.objects].every(([key, list]) => objects.get(key) === list);
  if (isSame) return snapshot;
  return makeSnapshot(objects, snapshot.unread, snapshot);
}

type Objects = Map<string, readonly KubeObject[]>;

function replace(objects: Objects, kind: Kind, change: (list: readonly KubeObject[]) => readonly KubeObject[]): void {
  const list = objects.get(snapshotKey(kind));
  if (list === undefined) return;
  const left = change(list);
  if (left.length === list.length && left.every((object, index) => object === list[index])) return;
  if (left.length === 0) objects.delete(snapshotKey(kind));
  else objects.set(snapshotKey(kind), left);
}

function isMade(object: KubeObject): boolean {
  if (managersOf(object).length > 0) return isOurs(object, isPlanManager);
  // for inputs without metadata.managedFields
  return object.metadata.labels?.[managedByLabel] === managedBy[managedByLabel];
}

function withoutKeys(object: KubeObject): KubeObject {
  if (!bearsOurMark(object, isPlanManager)) return object;
  const [labels, annotations] = [keysOfPlans(object, 'labels'), keysOfPlans(object, 'annotations')];
  if (labels.length + annotations.length === 0) return object;
  const { metadata } = object;
  const left = (field: 'labels' | 'annotations', keys: readonly string[]): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(metadata[field] ?? {}).filter(([key]) => !keys.includes(key)));
  return {
    ...object,
    metadata: { ...metadata, labels: left('labels', labels), annotations: left('annotations', annotations) },
  };
}
