/** Keeps one NetNamespace for each existing Namespace, with its own VNID or one it was joined to. */
import { namespaces, netNamespaces } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { involved, type ReportEvent } from '../../io/kube/events.ts';
import { guarded } from '../../io/kube/fresh.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { Netids } from '../../model/allocation/netids.ts';
import type { NamespaceObject, NetNamespaceObject } from '../../model/objects/raw.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { createReserved, type Creation, findReserved, lookAgainAfter } from '../create.ts';
import { controllerManager } from '../field-manager.ts';
import { removeObject } from '../remove.ts';
import { Reservations } from '../reservations.ts';
import { isLeftover, isOwnRecord, isRequest, namespaceUidAnnotation } from './origin.ts';
import { awaitStep, netNamespaceOf, type Step, stepFor, vnidOf } from './plan.ts';
import { changeNetworkAnnotation, type Outcome } from './request.ts';

export interface NetidsDeps {
  readonly client: KubeClient;
  readonly namespaces: ObjectCache<NamespaceObject>;
  readonly netNamespaces: ObjectCache<NetNamespaceObject>;
  /** Whether the cluster's plugin supports joined namespaces now. */
  readonly isMultitenant: () => boolean;
  /** The highest VNID to allocate; 2^24-1 if absent. */
  readonly lastVnid?: number;
  readonly report: ReportEvent;
  readonly logger: Logger;
}

type StepOf<K extends Step['kind']> = Extract<Step, { readonly kind: K }>;

export class NetidsController {
  readonly #deps: NetidsDeps;
  readonly #reservations: Reservations<Vnid>;
  readonly #creation: Creation<Vnid, NetNamespaceObject>;
  /** How many namespaces share each VNID. */
  readonly #sharers = new Map<number, number>();
  /** Namespaces that existed and are gone. */
  readonly #gone = new Set<string>();
  /** NetNamespaces whose Namespace was never seen, and since when. */
  readonly #orphans = new Map<string, number>();
  readonly #unsubscribe: readonly (() => void)[];

  /** Both caches must be synced. */
  constructor(deps: NetidsDeps) {
    this.#deps = deps;
    // a namespace that shows another VNID than the reserved one may still be changing to it
    this.#reservations = new Reservations(new Netids([], deps.lastVnid), (seen, reserved) => seen === reserved);
    this.#creation = {
      client: deps.client,
      kind: netNamespaces,
      reservations: this.#reservations,
      isAnswer: ({ metadata, netid }) => netid === this.#reservations.of(metadata.name ?? '')?.value,
    };
    const netNamespacesEnd = deps.netNamespaces.subscribe(({ key, before, after }) => {
      const vnids = { before: vnidOf(before), after: vnidOf(after) };
      this.#reservations.seen(key, vnids);
      this.#share(vnids.after, 1);
      this.#share(vnids.before, -1);
    });
    const namespacesEnd = deps.namespaces.subscribe(({ key, after }) => {
      if (after === undefined) this.#gone.add(key);
      else this.#noOrphan(key);
    });
    this.#unsubscribe = [netNamespacesEnd, namespacesEnd];
  }

  /** Stops listening to changes. */
  close(): void {
    for (const end of this.#unsubscribe) end();
  }

  /**
   * Creates one namespace's NetNamespace, does what its annotation requests, or removes it. Throws if the API server
   * refuses. Returns the milliseconds until the next look, if any.
   */
  async reconcile(name: string, signal: AbortSignal): Promise<number | undefined> {
    const step = this.#stepFor(name);
    switch (step.kind) {
      case 'nothing':
        this.#reservations.free(name); // the outcome of any write is known by now
        return undefined;
      case 'forget':
        this.#forget(name);
        return undefined;
      case 'wait':
        if (!this.#orphans.has(name)) this.#orphans.set(name, performance.now());
        return step.left;
      case 'await':
        return this.#await(step);
      case 'create':
        return this.#create(name, signal);
      case 'find':
        return findReserved(this.#creation, name, signal);
      default:
        return this.#write(name, step, signal);
    }
  }

  /** Writes or removes the NetNamespace that is there. */
  #write(
    name: string,
    step: StepOf<'record' | 'inherited' | 'remove' | 'change' | 'refuse'>,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    switch (step.kind) {
      case 'record':
        return this.#record(step.present, step.uid, signal);
      case 'inherited':
        return this.#inherited(name, signal);
      case 'remove':
        return this.#remove(step.present, signal);
      case 'change':
        return this.#change(step, signal);
      case 'refuse':
        return this.#refuse(step, signal);
    }
  }

  #stepFor(name: string): Step {
    const { namespaces, netNamespaces: cache, isMultitenant } = this.#deps;
    const now = performance.now();
    return stepFor(
      {
        namespace: namespaces.get(name),
        present: cache.get(name),
        isWritten: this.#reservations.of(name)?.isWritten === true,
        isGone: this.#gone.has(name),
        orphanedFor: now - (this.#orphans.get(name) ?? now),
      },
      {
        isMultitenant: isMultitenant(),
        isShared: (vnid) => (this.#sharers.get(vnid) ?? 0) > 1,
        vnidOf: (other) => vnidOf(cache.get(other)),
      },
    );
  }

  /** Records that the name has no NetNamespace without its Namespace. */
  #noOrphan(name: string): void {
    this.#gone.delete(name);
    this.#orphans.delete(name);
  }

  #share(vnid: Vnid | undefined, more: 1 | -1): void {
    if (vnid === undefined) return;
    const sharers = (this.#sharers.get(vnid) ?? 0) + more;
    if (sharers > 0) this.#sharers.set(vnid, sharers);
    else this.#sharers.delete(vnid);
  }

  async #create(name: string, signal: AbortSignal): Promise<number> {
    const { logger, report } = this.#deps;
    const netid = this.#reservations.reserve(name);
    if (!netid.ok) {
      report({
        object: involved(namespaces, name, this.#deps.namespaces.get(name)),
        type: 'Warning',
        reason: 'VNIDsExhausted',
        message: `the namespace gets no VNID: ${netid.error}`,
      });
      throw new Error(`namespace ${name} gets no VNID: ${netid.error}`);
    }
    const isCreated = await createReserved(
      this.#creation,
      netNamespaceOf(this.#deps.namespaces.get(name) ?? { metadata: { name } }, netid.value),
      signal,
    );
    if (isCreated) logger.info({ namespace: name, netid: netid.value }, 'NetNamespace created');
    return lookAgainAfter;
  }

  #change({ present, asked, outcome }: StepOf<'change'>, signal: AbortSignal): Promise<undefined> {
    return this.#answer(present, asked, this.#vnidFor(present, outcome), signal);
  }

  #refuse({ present, asked, why }: StepOf<'refuse'>, signal: AbortSignal): Promise<undefined> {
    this.#deps.report({
      object: involved(netNamespaces, present.metadata.name ?? '', present),
      type: 'Warning',
      reason: 'NetworkChangeRefused',
      message: `${changeNetworkAnnotation}=${asked}: ${why}`,
    });
    return this.#answer(present, asked, present.netid, signal);
  }

  /** The VNID that the namespace gets, reserved unless it already has it. */
  #vnidFor({ metadata: { name = '' }, netid }: NetNamespaceObject, outcome: Outcome): number {
    switch (outcome.kind) {
      case 'keep':
        return netid;
      case 'take':
        this.#reservations.share(name, outcome.vnid);
        return outcome.vnid;
      case 'allocate': {
        const allocated = this.#reservations.reserve(name);
        if (!allocated.ok) throw new Error(`namespace ${name} cannot be isolated: ${allocated.error}`);
        return allocated.value;
      }
    }
  }

  /** Writes the VNID, and removes the annotation, which has been acted on or refused. */
  async #answer(present: NetNamespaceObject, asked: string, vnid: number, signal: AbortSignal): Promise<undefined> {
    const { client, logger } = this.#deps;
    const { name = '' } = present.metadata;
    const patch = guarded(present, vnid === present.netid ? {} : { netid: vnid }, {
      annotations: { [changeNetworkAnnotation]: null },
    });
    await client.patch(netNamespaces, { name }, patch, { type: 'merge', signal });
    logger.info({ namespace: name, asked, before: present.netid, netid: vnid }, 'network change of a namespace');
  }

  /**
   * Removes a NetNamespace without a Namespace, once the API server itself confirms that there is none: two watches
   * report the two, and one may be behind.
   */
  async #remove(present: NetNamespaceObject, signal: AbortSignal): Promise<number | undefined> {
    const { name = '' } = present.metadata;
    const { client } = this.#deps;
    if ((await client.get(namespaces, { name }, { signal })) !== undefined) return lookAgainAfter;
    if (!this.#gone.has(name) && isRequest(present)) {
      const stored = await client.get<NetNamespaceObject>(netNamespaces, { name }, { signal });
      if (stored !== undefined && !isOwnRecord(stored)) return this.#await(awaitStep(present));
    }
    await removeObject(client, netNamespaces, present, signal);
    this.#forget(name);
    this.#deps.logger.info({ namespace: name, netid: present.netid }, 'NetNamespace removed with its Namespace');
    return undefined;
  }

  /** Reports a request whose Namespace is still to come. */
  #await({ present, left }: StepOf<'await'>): number {
    const { name = '' } = present.metadata;
    this.#deps.report({
      object: involved(netNamespaces, name, present),
      type: 'Warning',
      reason: 'NamespaceMissing',
      message: `Namespace ${name} does not exist: the NetNamespace and the egress IPs that it requests are kept for it`,
    });
    return left;
  }

  async #record(present: NetNamespaceObject, uid: string, signal: AbortSignal): Promise<undefined> {
    const { name = '' } = present.metadata;
    const patch = guarded(present, {}, { annotations: { [namespaceUidAnnotation]: uid } });
    await this.#deps.client.patch(netNamespaces, { name }, patch, {
      type: 'merge',
      fieldManager: controllerManager,
      signal,
    });
  }

  /**
   * Removes what an earlier Namespace of that name left, so that a new one is made; or records that it is the new
   * one's.
   */
  async #inherited(name: string, signal: AbortSignal): Promise<number | undefined> {
    const { client, report, logger } = this.#deps;
    const [namespace, stored] = await Promise.all([
      client.get<NamespaceObject>(namespaces, { name }, { signal }),
      client.get<NetNamespaceObject>(netNamespaces, { name }, { signal }),
    ]);
    if (namespace?.metadata.uid === undefined || stored === undefined) return lookAgainAfter;
    if (!isLeftover(stored, namespace)) {
      await this.#record(stored, namespace.metadata.uid, signal);
      const message = `Namespace ${name} was made again, and the NetNamespace was written for it: its VNID and egress IPs count`;
      report({ object: involved(netNamespaces, name, stored), type: 'Normal', reason: 'NetNamespaceKept', message });
      return undefined;
    }
    await removeObject(client, netNamespaces, stored, signal);
    this.#reservations.free(name);
    const message = `the NetNamespace was of an earlier Namespace ${name}: this one gets a VNID of its own and requests no egress IP`;
    report({ object: involved(namespaces, name, namespace), type: 'Warning', reason: 'NetNamespaceRenewed', message });
    logger.info({ namespace: name, netid: stored.netid }, 'NetNamespace of an earlier Namespace removed');
    return lookAgainAfter;
  }

  /** Forgets a name whose Namespace and NetNamespace are both gone. */
  #forget(name: string): void {
    this.#reservations.free(name);
    this.#noOrphan(name);
  }
}
