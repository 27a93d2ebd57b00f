/** A cluster at one moment, as the migrator sees it: raw objects by kind, and what could not be read. */
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../model/objects.ts';

/** A kind that could not be read, with the reason and the right that is missing, if it is one. */
export interface Unread {
  readonly kind: Kind;
  /** For people: what went wrong. */
  readonly reason: string;
  /** What the reader would have to be allowed, as `list egressips.k8s.ovn.org`; undefined when rights are not the matter. */
  readonly right: string | undefined;
}

export interface Snapshot {
  /** Objects by `apiVersion/kind`, each list in order of namespace and name. Read with `objectsOf`. */
  readonly objects: ReadonlyMap<string, readonly KubeObject[]>;
  /** Empty when all was read; otherwise a plan made of it is incomplete and says so. */
  readonly unread: readonly Unread[];
}

/** The objects of a kind, in order of namespace and name; empty when there are none or they could not be read. */
export function objectsOf({ objects }: Snapshot, kind: Kind): readonly KubeObject[] {
  return objects.get(snapshotKey(kind)) ?? [];
}

/** Under what a kind's objects are kept in a snapshot. */
export function snapshotKey(kind: Kind): string {
  return `${apiVersionOf(kind)}/${kind.kind}`;
}
