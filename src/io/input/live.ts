/** Follows a cluster by watches, for what shows it as it changes. */
import {
  clusterNetworks,
  egressFirewalls,
  egressIPs,
  hostSubnets,
  type Kind,
  leases,
  netNamespaces,
  nodes,
} from '../../../api/kinds.ts';
import type { EgressIPObject } from '../../model/cluster/assignments.ts';
import type {
  ClusterNetworkObject,
  HostSubnetObject,
  KubeObject,
  NetNamespaceObject,
} from '../../model/objects/raw.ts';
import { messageOf } from '../../model/values/message-of.ts';
import type { KubeClient } from '../kube/client.ts';
import { type ObjectCache, watchKind } from '../kube/watch.ts';
import type { Logger } from '../log.ts';
import { assemble, isOnOvn, ownSelector, type ReadCluster } from './cluster.ts';
import { unreadText, whyUnread } from './unread.ts';

/** The cluster as it is now. */
export interface LiveCluster extends ReadCluster {
  /** Why it may be old: the API server does not answer. Undefined while it does. */
  readonly stale: string | undefined;
}

export interface Following {
  /** The cluster as far as the watches have brought it. */
  now(): LiveCluster;
}

export interface FollowOptions {
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Called soon after something changed; several changes at once are one. Also now and then without a change. */
  readonly onChange: () => void;
  /** How often without a change, in milliseconds: a leader that is gone changes nothing, and is gone all the same. */
  readonly lookAgain?: number;
}

/** How long changes are collected, in milliseconds: a patch often changes several objects. */
const gathering = 100;
/** How often all is looked at again, in milliseconds. */
const lookAgain = 5_000;
/** How often a kind that failed is asked for again, in milliseconds. */
const askAgain = 2_000;

class Follower implements Following {
  readonly #client: KubeClient;
  readonly #options: FollowOptions;
  readonly #failures = new Map<Kind, unknown>();
  readonly #firsts: Promise<void>[] = [];
  readonly #hosts: ObjectCache<HostSubnetObject>;
  readonly #namespaces: ObjectCache<NetNamespaceObject>;
  readonly #nodes: ObjectCache<KubeObject>;
  readonly #networks: ObjectCache<ClusterNetworkObject>;
  readonly #leases: ObjectCache<KubeObject>;
  #egressIPs: ObjectCache<EgressIPObject> | undefined;
  #firewalls: ObjectCache<KubeObject> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: KubeClient, options: FollowOptions) {
    this.#client = client;
    this.#options = options;
    this.#hosts = this.#follow<HostSubnetObject>(hostSubnets);
    this.#namespaces = this.#follow<NetNamespaceObject>(netNamespaces);
    this.#nodes = this.#follow<KubeObject>(nodes);
    this.#networks = this.#follow<ClusterNetworkObject>(clusterNetworks);
    this.#leases = this.#follow<KubeObject>(leases, ownSelector);
    const again = setInterval(() => this.#changed(), options.lookAgain ?? lookAgain);
    const stop = (): void => {
      clearTimeout(this.#timer);
      clearInterval(again);
    };
    options.signal.addEventListener('abort', stop, { once: true });
  }

  /** Resolves when each kind has been read or has failed once; rejects if the server answers for none of them. */
  async begin(): Promise<void> {
    await Promise.all(this.#firsts);
    // only where OVN-Kubernetes forwards do they say anything
    if (isOnOvn(this.#leases.list())) {
      this.#egressIPs = this.#follow<EgressIPObject>(egressIPs);
      this.#firewalls = this.#follow<KubeObject>(egressFirewalls);
      await Promise.all(this.#firsts);
    }
    const errors = [...this.#failures.values()];
    if (errors.length >= this.#firsts.length && errors.every((error) => whyUnread(error) === undefined))
      throw new Error(messageOf(errors[0]));
  }

  now(): LiveCluster {
    const raw = {
      hostSubnets: this.#hosts.list(),
      netNamespaces: this.#namespaces.list(),
      nodes: this.#nodes.list(),
      clusterNetworks: this.#networks.list(),
    };
    const said = {
      leases: this.#leases.list(),
      hasLeases: this.#isRead(leases, this.#leases),
      egressIPs: this.#listOf(egressIPs, this.#egressIPs),
      firewalls: this.#listOf(egressFirewalls, this.#firewalls),
    };
    const caches: readonly (readonly [Kind, ObjectCache<KubeObject> | undefined])[] = [
      [hostSubnets, this.#hosts],
      [netNamespaces, this.#namespaces],
      [nodes, this.#nodes],
      [clusterNetworks, this.#networks],
      [leases, this.#leases],
      [egressIPs, this.#egressIPs],
      [egressFirewalls, this.#firewalls],
    ];
    const unread = caches.flatMap(([kind, cache]): (readonly [Kind, string])[] =>
      cache === undefined || this.#isRead(kind, cache) ? [] : [[kind, unreadText(kind, this.#failures.get(kind))]],
    );
    const [away] = [...this.#failures.values()].filter((error) => whyUnread(error) === undefined);
    return {
      ...assemble(raw, said, this.#isRead(nodes, this.#nodes) ? 'all' : 'unread'),
      unread: new Map(unread),
      stale: away === undefined ? undefined : messageOf(away),
    };
  }

  /** The objects of a kind that is followed; undefined if it is not, or could not be read. */
  #listOf<T extends KubeObject>(kind: Kind, cache: ObjectCache<T> | undefined): readonly T[] | undefined {
    return cache !== undefined && this.#isRead(kind, cache) ? cache.list() : undefined;
  }

  /** Whether what the cache holds is, or was until the server went away, what there is. */
  #isRead(kind: Kind, cache: Pick<ObjectCache<KubeObject>, 'isSynced'>): boolean {
    return cache.isSynced() && whyUnread(this.#failures.get(kind)) === undefined;
  }

  #follow<T extends KubeObject>(kind: Kind, labelSelector?: string): ObjectCache<T> {
    const { logger, signal } = this.#options;
    let first = (): void => undefined;
    this.#firsts.push(new Promise((resolve) => (first = resolve)));
    const onFailure = (error: unknown): void => {
      const isNew = !this.#failures.has(kind);
      this.#failures.set(kind, error);
      first();
      if (!isNew) return;
      this.#changed();
      this.#askAgain(kind);
    };
    const selected = labelSelector === undefined ? {} : { labelSelector };
    const cache = watchKind<T>(this.#client, kind, { logger, onFailure, ...selected }, signal);
    cache.onListed(() => {
      this.#failures.delete(kind);
      first();
      this.#changed();
    });
    cache.subscribe(() => this.#changed());
    return cache;
  }

  /** Whether a kind can be read again tells an own question: a watch that goes on is silent. */
  #askAgain(kind: Kind): void {
    const { signal } = this.#options;
    const ask = async (): Promise<void> => {
      if (signal.aborted || !this.#failures.has(kind)) return;
      await this.#client.list(kind, { signal }).then(
        () => {
          this.#failures.delete(kind);
          this.#changed();
        },
        (error: unknown) => {
          this.#failures.set(kind, error);
          this.#askAgain(kind);
        },
      );
    };
    const timer = setTimeout(() => void ask(), askAgain);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  #changed(): void {
    if (this.#timer !== undefined || this.#options.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#options.onChange();
    }, gathering);
  }
}

/**
 * Follows a cluster until the signal aborts. A kind that cannot be read is named in `unread`; what was read stays while
 * the API server is away. Rejects if the server answers for no kind.
 */
export async function followCluster(client: KubeClient, options: FollowOptions): Promise<Following> {
  const follower = new Follower(client, options);
  await follower.begin();
  return follower;
}
