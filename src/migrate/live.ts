/** The current objects of a cluster, of the kinds that plans touch: what a plan is applied to and verified against. */
import { type Kind, nodes } from '../../api/kinds.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import { compareText } from '../model/values/names.ts';
import { kindAmong, type ObjectRef, objectRef, refKey } from './ref.ts';
import { objectsOf, type Snapshot, snapshotKey } from './snapshot.ts';

export interface Live {
  /** By `refKey`. */
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** Kinds that the API server does not serve, as `apiVersion/kind`. */
  readonly unserved: ReadonlySet<string>;
}

/** What a snapshot shows of the kinds that plans touch. */
export function liveOf(snapshot: Snapshot, kinds: readonly Kind[]): Live {
  const all = kinds.flatMap((kind) => objectsOf(snapshot, kind));
  return {
    objects: new Map(all.map((object) => [refKey(objectRef(object)), object])),
    unserved: new Set(snapshot.absent.map(snapshotKey)),
  };
}

/** The object; undefined if there is none. */
export function liveObject({ objects }: Live, ref: ObjectRef): KubeObject | undefined {
  return objects.get(refKey(ref));
}

/** Whether the API server serves the object's kind. */
export function isServed({ unserved }: Live, { apiVersion, kind }: Pick<ObjectRef, 'apiVersion' | 'kind'>): boolean {
  return !unserved.has(`${apiVersion}/${kind}`);
}

/** All objects of the kind. */
export function liveObjectsOf({ objects }: Live, kind: Kind): readonly KubeObject[] {
  return [...objects.values()].filter((object) => kindAmong([kind], object) !== undefined);
}

/** All Nodes, sorted by name. */
export function liveNodes(live: Live): readonly KubeObject[] {
  return liveObjectsOf(live, nodes).toSorted((a, b) => compareText(a.metadata.name ?? '', b.metadata.name ?? ''));
}
