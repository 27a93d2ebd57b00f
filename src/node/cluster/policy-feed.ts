/**
 * What NetworkPolicies select from, followed only in the mode that has them. Pods of other nodes are followed only while
 * a policy needs them, and Namespaces only while one selects them by other labels than that of their name. A policy that
 * begins to need them is in force once they are known: until then the one of that name before it is, if there was one,
 * and pods that are added wait.
 */
import { namespaces, networkPolicies, pods } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { type ObjectCache, type ObjectChange, objectKey, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import type { KubeObject, NamespaceObject, NetworkPolicyObject, PodObject } from '../../model/objects/raw.ts';
import { hostNetworkNamespace } from '../../model/objects/well-known.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import type { PolicyWorld } from '../plan/networkpolicy.ts';
import { needsNamespaceLabels, needsOtherPods } from '../plan/policy-reach.ts';
import { Derived } from '../values/derived.ts';
import { OnNeed } from './on-need.ts';
import {
  namespacePart,
  namespacesByName,
  podPart,
  policyOf,
  policyPart,
  policyWorld,
  sameForPolicies,
} from './policy-world.ts';

interface PolicyCaches {
  readonly policies: ObjectCache<NetworkPolicyObject>;
  /** The one that stands for the nodes, if there is one. */
  readonly hosts: ObjectCache<NamespaceObject>;
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

const unread: Result<never> = err('NetworkPolicies, Namespaces and Pods are still being read');

export class PolicyFeed {
  readonly #client: KubeClient;
  readonly #options: PolicyFeedOptions;
  readonly #world = new Derived<Result<PolicyWorld>>();
  readonly #otherPods: OnNeed<PodObject>;
  readonly #labelled: OnNeed<NamespaceObject>;
  #caches: PolicyCaches | undefined;
  /** The policies of the last world; undefined before the first. */
  #inForce: ReadonlyMap<string, NetworkPolicyObject> | undefined;

  /** Reads nothing yet. `changed` is called after each change that matters to policies. */
  constructor(client: KubeClient, options: PolicyFeedOptions) {
    this.#client = client;
    this.#options = options;
    this.#otherPods = new OnNeed({
      ...options,
      begins: 'a NetworkPolicy selects pods of other nodes: all pods are followed',
      ends: 'no NetworkPolicy selects pods of other nodes: only those of this node are followed',
      follow: (signal) => this.#followPods(`spec.nodeName!=${options.node}`, signal),
    });
    this.#labelled = new OnNeed({
      ...options,
      begins: 'a NetworkPolicy selects namespaces by labels: Namespaces are followed',
      ends: 'no NetworkPolicy selects namespaces by labels: Namespaces are not followed',
      follow: (signal) => this.#followNamespaces({}, signal),
    });
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
    await Promise.all([this.#otherPods.settled(), this.#labelled.settled()]);
  }

  #made(caches: PolicyCaches, vnids: ReadonlyMap<string, Vnid>): Result<PolicyWorld> {
    const isShared = new Set(vnids.values()).size < vnids.size;
    const listed = caches.policies.list();
    const before = this.#inForce;
    // what is read for a policy that may still be in force is read on, too
    const meant = [...listed, ...listed.flatMap((policy) => before?.get(objectKey(policy)) ?? [])];
    const needing = new Set(meant.filter((policy) => needsOtherPods(policyOf(policy), isShared)));
    const labelling = new Set(meant.filter((policy) => needsNamespaceLabels(policyOf(policy))));
    this.#otherPods.need(needing.size > 0);
    this.#labelled.need(labelling.size > 0);
    const [others, labelled] = [this.#otherPods.known, this.#labelled.known];
    const isKnown = (policy: NetworkPolicyObject): boolean =>
      (others !== undefined || !needing.has(policy)) && (labelled !== undefined || !labelling.has(policy));
    if (before === undefined && !listed.every(isKnown)) return unread;
    const policies = listed.flatMap((policy) => (isKnown(policy) ? [policy] : (before?.get(objectKey(policy)) ?? [])));
    this.#inForce = new Map(policies.map((policy) => [objectKey(policy), policy]));
    // one that was just bound to this node may still be among the others, without its address
    const all = [...(others ?? []), ...caches.pods.list()];
    const known = labelled ?? namespacesByName(vnids, caches.hosts.list());
    return ok(policyWorld({ policies, namespaces: known, pods: all, vnids }));
  }

  #followPods(fieldSelector: string, signal: AbortSignal): ObjectCache<PodObject> {
    const { logger } = this.#options;
    const options = { logger, keep: podPart, fromCache: true, fieldSelector };
    return this.#subscribed(watchKind<PodObject>(this.#client, pods, options, signal));
  }

  #followNamespaces(selection: { fieldSelector?: string }, signal: AbortSignal): ObjectCache<NamespaceObject> {
    const options = { logger: this.#options.logger, keep: namespacePart, ...selection };
    return this.#subscribed(watchKind<NamespaceObject>(this.#client, namespaces, options, signal));
  }

  #watch(): PolicyCaches {
    const { node, logger, signal } = this.#options;
    const options = { logger, keep: policyPart };
    return {
      policies: this.#subscribed(watchKind<NetworkPolicyObject>(this.#client, networkPolicies, options, signal)),
      hosts: this.#followNamespaces({ fieldSelector: `metadata.name=${hostNetworkNamespace}` }, signal),
      pods: this.#followPods(`spec.nodeName=${node}`, signal),
    };
  }

  #subscribed<T extends KubeObject>(cache: ObjectCache<T>): ObjectCache<T> {
    const spoil = (): void => {
      this.#world.spoil();
      this.#options.changed();
    };
    const changed = ({ before, after }: ObjectChange<KubeObject>): void => {
      if (!sameForPolicies(before, after)) spoil();
    };
    cache.subscribe(changed, spoil);
    return cache;
  }
}
