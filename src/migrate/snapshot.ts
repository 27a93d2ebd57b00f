/** A cluster at one moment, as the migrator sees it: raw objects by kind, and what could not be read. */
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../model/objects.ts';

/** A kind that could not be read, with the reason and the missing right, if there is one. */
export interface Unread {
  readonly kind: Kind;
  /** What went wrong, for people. */
  readonly reason: string;
  /** The right that the reader needs, as `list egressips.k8s.ovn.org`; undefined if rights are not the cause. */
  readonly right: string | undefined;
}

export interface Snapshot {
  /** Objects by `apiVersion/kind`, each list sorted by namespace and name. Read with `objectsOf`. */
  readonly objects: ReadonlyMap<string, readonly KubeObject[]>;
  /** Empty if everything was read; otherwise a plan made from it is incomplete and says so. */
  readonly unread: readonly Unread[];
}

/** The objects of a kind, sorted by namespace and name; empty if there are none or they could not be read. */
export function objectsOf({ objects }: Snapshot, kind: Kind): readonly KubeObject[] {
  return objects.get(snapshotKey(kind)) ?? [];
}

/** The key of a kind's objects in a snapshot. */
export function snapshotKey(kind: Kind): string {
  return `${apiVersionOf(kind)}/${kind.kind}`;
}
