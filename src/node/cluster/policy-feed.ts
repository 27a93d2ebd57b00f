/**
 * What NetworkPolicies select from, followed only in the mode that has them. Pods of other nodes are followed only while
 * a policy needs them. One that begins to need them is in force once they are known: until then the one of that name
 * before it is, if there was one, and pods that are added wait.
 */
import { namespaces, networkPolicies, pods } from '../../../api/kinds.ts';
import { linkedSignal } from '../../io/async/linked-signal.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { type ObjectCache, type ObjectChange, objectKey, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import type { KubeObject, NamespaceObject, NetworkPolicyObject, PodObject } from '../../model/objects/raw.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import type { PolicyWorld } from '../plan/networkpolicy.ts';
import { needsOtherPods } from '../plan/policy-reach.ts';
import { Derived } from '../values/derived.ts';
import { namespacePart, podPart, policyOf, policyPart, policyWorld, sameForPolicies } from './policy-world.ts';

interface PolicyCaches {
  readonly policies: ObjectCache<NetworkPolicyObject>;
  readonly namespaces: ObjectCache<NamespaceObject>;
  /** Those of this node. */
  readonly pods: ObjectCache<PodObject>;
}

interface PolicyFeedOptions {
  readonly node: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly changed: () => void;
}

interface OtherPods {
  readonly cache: ObjectCache<PodObject>;
  readonly stop: () => void;
  /** Since when no policy needs them; undefined while one does. */
  unneededSince: number | undefined;
}

/** Milliseconds for which pods that no policy needs are still followed: a policy may be written anew. */
const linger = 600_000;

const unread: Result<never> = err('NetworkPolicies, Namespaces and Pods are still being read');

export class PolicyFeed {
  readonly #client: KubeClient;
  readonly #options: PolicyFeedOptions;
  readonly #world = new Derived<Result<PolicyWorld>>();
  #caches: PolicyCaches | undefined;
  #others: OtherPods | undefined;
  /** The policies of the last world; undefined before the first. */
  #inForce: ReadonlyMap<string, NetworkPolicyObject> | undefined;

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
    if (!Object.values(caches).every((cache: ObjectCache<KubeObject>) => cache.isSynced())) return unread;
    return this.#world.get(() => this.#made(caches, vnids));
  }

  /** Resolves once all policies are in force as they are written. */
  async inForce(vnids: ReadonlyMap<string, Vnid>): Promise<void> {
    this.world(vnids);
    if (this.#others?.unneededSince === undefined) await this.#others?.cache.synced;
  }

  #made(caches: PolicyCaches, vnids: ReadonlyMap<string, Vnid>): Result<PolicyWorld> {
    const isShared = new Set(vnids.values()).size < vnids.size;
    const listed = caches.policies.list();
    const needing = new Set(listed.filter((policy) => needsOtherPods(policyOf(policy), isShared)));
    const others = this.#otherPods(needing.size > 0);
    const areKnown = needing.size === 0 || others?.isSynced() === true;
    const before = this.#inForce;
    if (!areKnown && before === undefined) return unread;
    const policies = areKnown
      ? listed
      : listed.flatMap((policy) => (needing.has(policy) ? (before?.get(objectKey(policy)) ?? []) : [policy]));
    this.#inForce = new Map(policies.map((policy) => [objectKey(policy), policy]));
    // one that was just bound to this node may still be among the others, without its address
    const all = [...(others?.isSynced() === true ? others.list() : []), ...caches.pods.list()];
    return ok(policyWorld({ policies, namespaces: caches.namespaces.list(), pods: all, vnids }));
  }

  /** Begins to follow the pods of other nodes, or ends that when they have not been needed for long. */
  #otherPods(areNeeded: boolean): ObjectCache<PodObject> | undefined {
    const { node, logger, now } = this.#options;
    if (areNeeded && this.#others === undefined) {
      logger.info('a NetworkPolicy selects pods of other nodes: all pods are followed');
      const { signal, abort, release } = linkedSignal(this.#options.signal);
      const stop = (): void => {
        abort();
        release();
      };
      this.#others = { cache: this.#follow(`spec.nodeName!=${node}`, signal), stop, unneededSince: undefined };
    }
    const others = this.#others;
    if (others === undefined) return undefined;
    others.unneededSince = areNeeded ? undefined : (others.unneededSince ?? now());
    if (others.unneededSince === undefined || now() - others.unneededSince < linger) return others.cache;
    logger.info('no NetworkPolicy selects pods of other nodes: only those of this node are followed');
    others.stop();
    this.#others = undefined;
    return undefined;
  }

  #follow(fieldSelector: string, signal: AbortSignal): ObjectCache<PodObject> {
    const { logger } = this.#options;
    const options = { logger, keep: podPart, fromCache: true, fieldSelector };
    const cache = watchKind<PodObject>(this.#client, pods, options, signal);
    this.#subscribe(cache);
    return cache;
  }

  #watch(): PolicyCaches {
    const { node, logger, signal } = this.#options;
    const client = this.#client;
    const policies = watchKind<NetworkPolicyObject>(client, networkPolicies, { logger, keep: policyPart }, signal);
    const known = watchKind<NamespaceObject>(client, namespaces, { logger, keep: namespacePart }, signal);
    this.#subscribe(policies);
    this.#subscribe(known);
    return { policies, namespaces: known, pods: this.#follow(`spec.nodeName=${node}`, signal) };
  }

  #subscribe(cache: ObjectCache<KubeObject>): void {
    const spoil = (): void => {
      this.#world.spoil();
      this.#options.changed();
    };
    const changed = ({ before, after }: ObjectChange<KubeObject>): void => {
      if (!sameForPolicies(before, after)) spoil();
    };
    cache.subscribe(changed, spoil);
  }
}
