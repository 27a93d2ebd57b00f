/** Looks up objects of a snapshot by name. Each snapshot is indexed once, because there are many thousands of both. */
import { type Kind, netNamespaces } from '../../../api/kinds.ts';
import type { NetNamespaceObject } from '../../model/objects.ts';
import { namespaceNameLabel } from '../../model/well-known.ts';
import type { Item } from '../kinds/item.ts';
import { objectsOf, type Snapshot, snapshotKey } from '../snapshot.ts';

interface Lookup {
  /** Namespaces by the value of the label that has their name; without the label, by name. */
  readonly namespaces: ReadonlyMap<string, readonly Item[]>;
  readonly netNamespaces: ReadonlyMap<string, NetNamespaceObject>;
  /** Names by `snapshotKey` of the kind; filled as kinds are asked for. */
  readonly names: Map<string, ReadonlySet<string>>;
}

const lookups = new WeakMap<Snapshot, Lookup>();

function lookup(snapshot: Snapshot): Lookup {
  const known = lookups.get(snapshot) ?? {
    namespaces: Map.groupBy(snapshot.namespaces, ({ name, labels }) => labels[namespaceNameLabel] ?? name),
    netNamespaces: new Map(snapshot.netNamespaces.map((one) => [one.metadata.name ?? '', one])),
    names: new Map(),
  };
  lookups.set(snapshot, known);
  return known;
}

/** The Namespaces whose label `kubernetes.io/metadata.name` has that value. */
export function namespacesNamed(snapshot: Snapshot, value: string): readonly Item[] {
  return lookup(snapshot).namespaces.get(value) ?? [];
}

/** The NetNamespace of that name; undefined if there is none. */
export function netNamespaceNamed(snapshot: Snapshot, name: string): NetNamespaceObject | undefined {
  return lookup(snapshot).netNamespaces.get(name);
}

/** Whether the snapshot has an object of that kind and name. */
export function hasNamed(snapshot: Snapshot, kind: Kind, name: string): boolean {
  if (kind === netNamespaces) return netNamespaceNamed(snapshot, name) !== undefined;
  const { names } = lookup(snapshot);
  const known =
    names.get(snapshotKey(kind)) ?? new Set(objectsOf(snapshot, kind).map(({ metadata }) => metadata.name ?? ''));
  names.set(snapshotKey(kind), known);
  return known.has(name);
}
