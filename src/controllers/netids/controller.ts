/** Every Namespace has a NetNamespace with a VNID, its own or one it was joined to, for as long as it exists. */
import { namespaces, netNamespaces } from '../../../api/kinds.ts';
import { involved, type ReportEvent } from '../../io/events.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { ApiError, isAlreadyExists } from '../../io/kube/error.ts';
import { guarded } from '../../io/kube/fresh.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { Netids } from '../../model/netids.ts';
import type { NamespaceObject, NetNamespaceObject } from '../../model/objects.ts';
import type { Result } from '../../model/result.ts';
import { isVnid, type Vnid } from '../../model/vnid.ts';
import { changeNetworkAnnotation, outcomeOf } from './request.ts';

export interface NetidsDeps {
  readonly client: KubeClient;
  readonly namespaces: ObjectCache<NamespaceObject>;
  readonly netNamespaces: ObjectCache<NetNamespaceObject>;
  /** Whether the cluster's plugin knows joined namespaces now. */
  readonly isMultitenant: () => boolean;
  /** The highest VNID that is given; 2^24-1 when absent. */
  readonly lastVnid?: number;
  readonly report: ReportEvent;
  readonly logger: Logger;
}

/** A VNID that was written, or may have been, and is not in the cache yet. */
interface Pending {
  readonly vnid: Vnid;
  /** The server has taken the write. */
  isWritten: boolean;
}

/** When a write that the cache has not told is looked for, in milliseconds. */
const lookAgainAfter = 5_000;
/** How long a NetNamespace is left alone whose Namespace was never seen, in milliseconds: it may be created next. */
const orphanGrace = 10_000;

export class NetidsController {
  readonly #deps: NetidsDeps;
  readonly #netids: Netids;
  readonly #pending = new Map<string, Pending>();
  /** How many namespaces have a VNID, for those that have one together. */
  readonly #sharers = new Map<number, number>();
  /** Namespaces that were there and are gone. */
  readonly #gone = new Set<string>();
  /** NetNamespaces whose Namespace was never seen, and since when. */
  readonly #orphans = new Map<string, number>();
  readonly #unsubscribe: readonly (() => void)[];

  /** Both caches must be synced. */
  constructor(deps: NetidsDeps) {
    this.#deps = deps;
    this.#netids = new Netids([], deps.lastVnid);
    const netNamespaces = deps.netNamespaces.subscribe(({ key, before, after }) => {
      if (after !== undefined) this.#hold(after.netid);
      if (before !== undefined) this.#release(before.netid);
      if (after !== undefined && after.netid === this.#pending.get(key)?.vnid) this.#settle(key);
    });
    const namespaces = deps.namespaces.subscribe(({ key, after }) => {
      if (after === undefined) this.#gone.add(key);
      else this.#gone.delete(key);
    });
    this.#unsubscribe = [netNamespaces, namespaces];
  }

  /** Hears no more of changes. */
  close(): void {
    for (const end of this.#unsubscribe) end();
  }

  /**
   * Brings one namespace's NetNamespace into being, acts on what it asks for, or removes it; throws when the API server
   * refuses. Returns after how many milliseconds to look again, if at all.
   */
  async reconcile(name: string, signal: AbortSignal): Promise<number | undefined> {
    const { namespaces, netNamespaces: cache } = this.#deps;
    const present = cache.get(name);
    if (namespaces.get(name) === undefined) {
      if (present !== undefined) return this.#orphaned(present, signal);
      this.#forget(name);
      return undefined;
    }
    this.#orphans.delete(name);
    if (present === undefined) return this.#create(name, signal);
    const asked = present.metadata.annotations?.[changeNetworkAnnotation];
    if (asked !== undefined) await this.#change(present, asked, signal);
    else this.#settle(name); // whatever was written has been told by now
    return undefined;
  }

  #hold(netid: number): void {
    if (!isVnid(netid)) return;
    this.#netids.hold(netid);
    this.#sharers.set(netid, (this.#sharers.get(netid) ?? 0) + 1);
  }

  #release(netid: number): void {
    if (!isVnid(netid)) return;
    this.#netids.release(netid);
    const left = (this.#sharers.get(netid) ?? 0) - 1;
    if (left > 0) this.#sharers.set(netid, left);
    else this.#sharers.delete(netid);
  }

  #settle(name: string): void {
    const pending = this.#pending.get(name);
    if (pending === undefined) return;
    this.#pending.delete(name);
    this.#netids.release(pending.vnid);
  }

  /** Holds a VNID for the namespace until the cache tells that it has it. */
  #take(name: string, vnid: Vnid): void {
    if (this.#pending.get(name)?.vnid === vnid) return;
    this.#settle(name);
    this.#netids.hold(vnid);
    this.#pending.set(name, { vnid, isWritten: false });
  }

  /** The VNID that was allocated for the namespace before and may have been written, else a new one. */
  #allocate(name: string): Result<Pending> {
    const pending = this.#pending.get(name);
    if (pending !== undefined) return { ok: true, value: pending };
    const vnid = this.#netids.allocate(name);
    if (!vnid.ok) return vnid;
    const made = { vnid: vnid.value, isWritten: false };
    this.#pending.set(name, made);
    return { ok: true, value: made };
  }

  async #create(name: string, signal: AbortSignal): Promise<number | undefined> {
    const { client, logger, report } = this.#deps;
    if (this.#pending.get(name)?.isWritten === true) return this.#lookFor(name, signal);
    const pending = this.#allocate(name);
    if (!pending.ok) {
      const message = `the namespace gets no VNID: ${pending.error}`;
      report({
        object: involved(namespaces, name, this.#deps.namespaces.get(name)),
        type: 'Warning',
        reason: 'VNIDsExhausted',
        message,
      });
      throw new Error(`namespace ${name} gets no VNID: ${pending.error}`);
    }
    const { vnid } = pending.value;
    const apiVersion = 'network.openshift.io/v1';
    const object: NetNamespaceObject = {
      apiVersion,
      kind: 'NetNamespace',
      metadata: { name },
      netname: name,
      netid: vnid,
    };
    try {
      await client.create(netNamespaces, object, { signal });
      logger.info({ namespace: name, netid: vnid }, 'NetNamespace created');
    } catch (error) {
      // only an answer says that it was not created; after anything else the same VNID is tried again
      if (error instanceof ApiError && error.code < 500 && !isAlreadyExists(error)) this.#settle(name);
      if (!isAlreadyExists(error)) throw error;
    }
    pending.value.isWritten = true;
    return lookAgainAfter;
  }

  /** A NetNamespace that was created and that the watch has not told for long: is it there, and with that VNID? */
  async #lookFor(name: string, signal: AbortSignal): Promise<number | undefined> {
    const stored = await this.#deps.client.get<NetNamespaceObject>(netNamespaces, { name }, { signal });
    if (stored?.netid === this.#pending.get(name)?.vnid) return lookAgainAfter;
    this.#settle(name);
    return 0;
  }

  async #change(present: NetNamespaceObject, asked: string, signal: AbortSignal): Promise<void> {
    const { client, logger, report, netNamespaces: cache, isMultitenant } = this.#deps;
    const { name = '' } = present.metadata;
    const outcome = outcomeOf(asked, {
      name,
      vnid: present.netid,
      isShared: (this.#sharers.get(present.netid) ?? 0) > 1,
      isMultitenant: isMultitenant(),
      vnidOf: (namespace) => {
        const netid = cache.get(namespace)?.netid;
        return netid !== undefined && isVnid(netid) ? netid : undefined;
      },
    });
    if (!outcome.ok) {
      report({
        object: involved(netNamespaces, name, present),
        type: 'Warning',
        reason: 'NetworkChangeRefused',
        message: `${changeNetworkAnnotation}=${asked}: ${outcome.error}`,
      });
    }
    const vnid = outcome.ok ? this.#vnidFor(name, outcome.value, present.netid) : present.netid;
    const patch = guarded(present, vnid === present.netid ? {} : { netid: vnid }, {
      annotations: { [changeNetworkAnnotation]: null },
    });
    await client.patch(netNamespaces, { name }, patch, { type: 'merge', signal });
    logger.info({ namespace: name, asked, before: present.netid, netid: vnid }, 'network change of a namespace');
  }

  #vnidFor(
    name: string,
    outcome: { readonly kind: 'take'; readonly vnid: Vnid } | { readonly kind: 'allocate' | 'keep' },
    before: number,
  ): number {
    if (outcome.kind === 'keep') return before;
    if (outcome.kind === 'take') {
      if (outcome.vnid !== before) this.#take(name, outcome.vnid);
      return outcome.vnid;
    }
    const pending = this.#allocate(name);
    if (!pending.ok) throw new Error(`namespace ${name} cannot be isolated: ${pending.error}`);
    return pending.value.vnid;
  }

  /**
   * Removes a NetNamespace without a Namespace, once the API server itself says that there is none: the two are told by
   * two watches, of which one may be behind. One that stood before its Namespace, as after a restore, is given time.
   */
  async #orphaned(present: NetNamespaceObject, signal: AbortSignal): Promise<number | undefined> {
    const { name = '', uid } = present.metadata;
    const { client } = this.#deps;
    if (!this.#gone.has(name)) {
      const since = this.#orphans.get(name) ?? performance.now();
      this.#orphans.set(name, since);
      const left = since + orphanGrace - performance.now();
      if (left > 0) return left;
    }
    if ((await client.get(namespaces, { name }, { signal })) !== undefined) return lookAgainAfter;
    await client.delete(netNamespaces, { name }, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
    this.#forget(name);
    this.#deps.logger.info({ namespace: name, netid: present.netid }, 'NetNamespace removed with its Namespace');
    return undefined;
  }

  /** Neither the Namespace nor its NetNamespace is there any more. */
  #forget(name: string): void {
    this.#settle(name);
    this.#gone.delete(name);
    this.#orphans.delete(name);
  }
}
