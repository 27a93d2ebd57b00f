/** Which namespaces a plan is about: those that exist, and those that were chosen with all that share their VNID. Pure. */
import type { Cluster } from '../../model/cluster/cluster.ts';
import { canNameNamespace, compareText } from '../../model/values/names.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import type { Item } from '../kinds/item.ts';
import type { Snapshot } from '../snapshot.ts';

export interface Scope {
  /** Namespaces by name; undefined if the snapshot has none at all, so that missing ones are unknown. */
  readonly namespaces: ReadonlyMap<string, Item> | undefined;
  readonly vnidOf: (namespace: string) => Vnid | undefined;
  /** Names of the namespaces that share the VNID, sorted, whether or not their Namespace exists. */
  readonly namespacesOf: (vnid: Vnid) => readonly string[];
  /** Whether the Namespace exists, as far as the input shows. */
  readonly exists: (namespace: string) => boolean;
  /**
   * Whether `--namespace` chose the namespace, or one that shares its VNID: what is made for a VNID, such as an EgressIP,
   * is for all its namespaces, and so are their firewalls.
   */
  readonly chosen: (namespace: string) => boolean;
}

/** The scope of a plan with these chosen namespaces; empty means all. */
export function scopeOf(
  snapshot: Pick<Snapshot, 'namespaces'>,
  { netNamespaces }: Pick<Cluster, 'netNamespaces'>,
  only: readonly string[],
): Scope {
  const vnids = new Map<string, Vnid>(netNamespaces.map(({ name, vnid }) => [name, vnid]));
  const byVnid = Map.groupBy(netNamespaces, ({ vnid }) => vnid);
  const known =
    snapshot.namespaces.length === 0 ? undefined : new Map(snapshot.namespaces.map((one) => [one.name, one]));
  const joined = (name: string): readonly string[] => {
    const vnid = vnids.get(name);
    return vnid === undefined || vnid === 0 ? [] : (byVnid.get(vnid) ?? []).map((one) => one.name);
  };
  const chosen = new Set(only.flatMap((name) => [name, ...joined(name)]));
  return {
    namespaces: known,
    vnidOf: (namespace) => vnids.get(namespace),
    namespacesOf: (vnid) => (byVnid.get(vnid) ?? []).map(({ name }) => name).sort(compareText),
    // what is made in a Terminating namespace is refused, and goes with it
    exists: (namespace) =>
      known === undefined ? canNameNamespace(namespace) : known.get(namespace)?.isTerminating === false,
    chosen: (namespace) => chosen.size === 0 || chosen.has(namespace),
  };
}
