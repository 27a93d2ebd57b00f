/**
 * EgressNetworkPolicies as the facade takes them: one that somebody deletes is gone, and one that went with its kind
 * counts until it is made again. Else its EgressFirewall would go, and with it what the namespace may not reach.
 */
import pick from 'lodash/pick.js';
import { egressNetworkPolicies } from '../../../api/kinds.ts';
import { pause } from '../../io/async/pause.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isNamespaceEnding, isNotFound } from '../../io/kube/error.ts';
import { type ObjectCache, type ObjectChange, objectKey } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import type { EgressNetworkPolicyObject } from '../../model/objects/raw.ts';
import { makeAgain } from './adoption.ts';
import type { Loss, Losses } from './losses.ts';

type Policy = EgressNetworkPolicyObject;
type Listener = (change: ObjectChange<Policy>) => void;

interface KeptDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly losses: Losses;
  /** Whether a namespace is there, and stays. */
  readonly hasNamespace: (name: string) => boolean;
}

/** Milliseconds between questions while the kind is not served, or the API server does not answer. */
const askAgain = 1_000;

class KeptPolicies implements ObjectCache<Policy> {
  readonly synced: Promise<void>;
  readonly ended: Promise<void>;
  readonly #cache: ObjectCache<Policy>;
  readonly #deps: KeptDeps;
  /** Those of which it is not known yet why they are gone, and those to be made again. */
  readonly #lost = new Map<string, Policy>();
  readonly #listeners = new Set<Listener>();

  constructor(cache: ObjectCache<Policy>, deps: KeptDeps, signal: AbortSignal) {
    this.#cache = cache;
    this.#deps = deps;
    this.synced = cache.synced;
    this.ended = cache.ended;
    cache.subscribe((change) => this.#follow(change, signal));
  }

  isSynced(): boolean {
    return this.#cache.isSynced();
  }

  get(key: string): Policy | undefined {
    return this.#cache.get(key) ?? this.#lost.get(key);
  }

  list(): readonly Policy[] {
    return this.#lost.size === 0 ? this.#cache.list() : [...this.#cache.list(), ...this.#lost.values()];
  }

  subscribe(listener: Listener, onSynced?: () => void): () => void {
    for (const after of this.list()) listener({ key: objectKey(after), after });
    if (onSynced !== undefined) void this.synced.then(onSynced, () => undefined);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onListed(listener: () => void): () => void {
    return this.#cache.onListed(listener);
  }

  #follow({ key, before, after }: ObjectChange<Policy>, signal: AbortSignal): void {
    const was = before ?? this.#lost.get(key);
    if (after !== undefined) {
      this.#lost.delete(key);
      this.#tell({ key, after, ...(was === undefined ? {} : { before: was }) });
    } else if (was !== undefined) {
      this.#lost.set(key, was);
      void this.#resolve(key, was, signal);
    }
  }

  /** Finds out why the policy is gone, and says so or makes it again. */
  async #resolve(key: string, policy: Policy, signal: AbortSignal): Promise<void> {
    const loss = this.#deps.losses.lost(egressNetworkPolicies, policy);
    // somebody else may have made it again, or another one that is gone since
    while (!signal.aborted && this.#lost.get(key) === policy) {
      try {
        if (await this.#isToStay(policy, loss, signal)) await this.#makeAgain(policy, signal);
        else if (this.#lost.get(key) === policy) {
          this.#lost.delete(key);
          this.#tell({ key, before: policy });
        }
      } catch (error) {
        this.#deps.logger.debug({ err: error, policy: key }, 'why the policy is gone is not known yet');
      }
      if (this.#lost.get(key) === policy) await pause(askAgain, signal);
    }
  }

  /** A policy goes with its namespace, too. */
  async #isToStay({ metadata }: Policy, loss: Loss, signal: AbortSignal): Promise<boolean> {
    const { losses, hasNamespace } = this.#deps;
    if (!hasNamespace(metadata.namespace ?? '')) return false;
    return (await losses.why(loss, signal)) === 'with its kind';
  }

  /** The watch shows it then. */
  async #makeAgain(policy: Policy, signal: AbortSignal): Promise<void> {
    const metadata = pick(policy.metadata, ['name', 'namespace', 'labels', 'annotations']);
    const object: Policy = { ...policy, metadata };
    await makeAgain(this.#deps, egressNetworkPolicies, object, signal).catch((error: unknown) => {
      // the next look finds the namespace gone
      if (!isNamespaceEnding(error) && !isNotFound(error)) throw error;
    });
  }

  #tell(change: ObjectChange<Policy>): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** The cache with what went with its kind, which is made again once that is back. */
export function keepingPolicies(cache: ObjectCache<Policy>, deps: KeptDeps, signal: AbortSignal): ObjectCache<Policy> {
  return new KeptPolicies(cache, deps, signal);
}
