/** What NetworkPolicies select from, followed only in the mode that has them. */
import { namespaces, networkPolicies, pods } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { type ObjectCache, type ObjectChange, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import type { KubeObject, NamespaceObject, NetworkPolicyObject, PodObject } from '../../model/objects/raw.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import type { PolicyWorld } from '../plan/networkpolicy.ts';
import { Derived } from '../values/derived.ts';
import { namespacePart, podPart, policyPart, policyWorld, sameForPolicies } from './policy-world.ts';

interface PolicyCaches {
  readonly policies: ObjectCache<NetworkPolicyObject>;
  readonly namespaces: ObjectCache<NamespaceObject>;
  readonly pods: ObjectCache<PodObject>;
}

interface PolicyFeedOptions {
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly changed: () => void;
}

export class PolicyFeed {
  readonly #client: KubeClient;
  readonly #options: PolicyFeedOptions;
  readonly #world = new Derived<PolicyWorld>();
  #caches: PolicyCaches | undefined;

  /** Reads nothing yet. `changed` is called after each change that matters to policies. */
  constructor(client: KubeClient, options: PolicyFeedOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Begins to read, if that was not done before. */
  start(): void {
    this.#caches ??= this.#watch();
  }

  /** The VNIDs of namespaces changed. */
  spoil(): void {
    this.#world.spoil();
  }

  /** The world with these VNIDs, the same value until something changes; the error says that it is still being read. */
  world(vnids: ReadonlyMap<string, Vnid>): Result<PolicyWorld> {
    const caches = (this.#caches ??= this.#watch());
    if (!Object.values(caches).every((cache: ObjectCache<KubeObject>) => cache.isSynced()))
      return err('NetworkPolicies, Namespaces and Pods are still being read');
    const listed = () => ({
      policies: caches.policies.list(),
      namespaces: caches.namespaces.list(),
      pods: caches.pods.list(),
    });
    return ok(this.#world.get(() => policyWorld({ ...listed(), vnids })));
  }

  #watch(): PolicyCaches {
    const { logger, signal } = this.#options;
    const client = this.#client;
    const caches = {
      policies: watchKind<NetworkPolicyObject>(client, networkPolicies, { logger, keep: policyPart }, signal),
      namespaces: watchKind<NamespaceObject>(client, namespaces, { logger, keep: namespacePart }, signal),
      pods: watchKind<PodObject>(client, pods, { logger, keep: podPart, fromCache: true }, signal),
    };
    const spoil = (): void => {
      this.#world.spoil();
      this.#options.changed();
    };
    const changed = ({ before, after }: ObjectChange<KubeObject>): void => {
      if (!sameForPolicies(before, after)) spoil();
    };
    for (const cache of Object.values(caches)) cache.subscribe(changed, spoil);
    return caches;
  }
}
