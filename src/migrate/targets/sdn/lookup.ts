/** Looks up objects of a snapshot by name. Each snapshot is indexed once, because there are many thousands of both. */
import type { Kind } from '../../../../api/kinds.ts';
import type { LabelSelectorObject, NetNamespaceObject } from '../../../model/objects/raw.ts';
import { selecting, withNameLabel } from '../../kinds/selection.ts';
import { objectsOf, type Snapshot, snapshotKey } from '../../snapshot.ts';

interface Lookup {
  /** Finds the names of the Namespaces that a selector selects. */
  readonly select: ReturnType<typeof selecting>;
  readonly netNamespaces: ReadonlyMap<string, NetNamespaceObject>;
  /** Names by `snapshotKey` of the kind; filled as kinds are asked for. */
  readonly names: Map<string, ReadonlySet<string>>;
}

const lookups = new WeakMap<Snapshot, Lookup>();

function lookup(snapshot: Snapshot): Lookup {
  const known = lookups.get(snapshot) ?? {
    select: selecting(snapshot.namespaces.map(withNameLabel)),
    netNamespaces: new Map(snapshot.netNamespaces.map((one) => [one.metadata.name ?? '', one])),
    names: new Map(),
  };
  lookups.set(snapshot, known);
  return known;
}

/** Names of the Namespaces that the selector selects. */
export function namespacesSelected(snapshot: Snapshot, selector: LabelSelectorObject): readonly string[] {
  return lookup(snapshot).select(selector);
}

/** The NetNamespace of that name; undefined if there is none. */
export function netNamespaceNamed(snapshot: Snapshot, name: string): NetNamespaceObject | undefined {
  return lookup(snapshot).netNamespaces.get(name);
}

/** Whether the snapshot has an object of that kind and name. */
export function hasNamed(snapshot: Snapshot, kind: Kind, name: string): boolean {
  const { names } = lookup(snapshot);
  const known =
    names.get(snapshotKey(kind)) ?? new Set(objectsOf(snapshot, kind).map(({ metadata }) => metadata.name ?? ''));
  names.set(snapshotKey(kind), known);
  return known.has(name);
}
