/** Which other nodes this one probes, of those that host egress IPs and of all others. */
import { enoughWatched } from '../../io/health/monitor.ts';
import { firstFor, watchedBy } from '../../model/egress/witnesses.ts';
import type { RemoteNode } from '../values/facts.ts';

export interface WatchedPeers {
  /** Those that pods of this node leave by. */
  readonly used: readonly RemoteNode[];
  /** Those that this node watches although no pod here leaves by them. */
  readonly spare: readonly RemoteNode[];
  /** Nodes whose answers only show that this one is not cut off. */
  readonly witnesses: readonly RemoteNode[];
}

export interface Surroundings {
  readonly own: string;
  /** All other nodes. */
  readonly remotes: readonly RemoteNode[];
  /** Those of them that list an egress IP. */
  readonly hosts: readonly RemoteNode[];
}

/** Those whose watch is this node's part, though nothing here uses them. */
export function dutyOf({ own, remotes, hosts }: Surroundings): readonly RemoteNode[] {
  return watchedBy(
    own,
    hosts,
    remotes.map(({ name }) => name),
  );
}

/** Chooses by names alone, so that all agents agree on who watches whom. `used` are those that pods here leave by. */
export function watchedPeers(
  around: Surroundings,
  used: ReadonlySet<string>,
  duty: readonly RemoteNode[] = dutyOf(around),
): WatchedPeers {
  const inUse = around.hosts.filter(({ name }) => used.has(name));
  const spare = duty.filter(({ name }) => !used.has(name));
  const watched = new Set([...inUse, ...spare].map(({ name }) => name));
  const others = around.remotes.filter(({ name }) => !watched.has(name));
  const witnesses = watched.size === 0 ? [] : firstFor(around.own, others, enoughWatched - watched.size);
  return { used: inUse, spare, witnesses };
}
