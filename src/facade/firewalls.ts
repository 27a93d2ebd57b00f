/** Brings the EgressFirewalls of namespaces to what they should be: open, or closed while an egress IP is missing. */
import { egressFirewalls, netNamespaces } from '../../api/kinds.ts';
import { removeObject } from '../controllers/remove.ts';
import { pause } from '../io/async/pause.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { isNamespaceEnding } from '../io/kube/error.ts';
import { involved, type ReportEvent } from '../io/kube/events.ts';
import type { Logger } from '../io/log.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import type { Vnid } from '../model/values/vnid.ts';
import type { FacadeCaches } from './caches.ts';
import { Fights } from './fights.ts';
import { mergeInto } from './merge-into.ts';
import type { FacadeMetrics } from './metrics.ts';
import {
  type FirewallStep,
  firewallStep,
  isClosing,
  isOverwritten,
  type Kept,
  keptAfter,
  keptIn,
  keptText,
} from './plan/firewall.ts';
import { facadeManager, keptAnnotation } from './plan/marks.ts';
import type { Wish } from './plan/wish.ts';

export interface FirewallsDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: Pick<FacadeCaches, 'egressFirewalls' | 'netNamespaces'>;
  readonly metrics: Pick<FacadeMetrics, 'refused'>;
  readonly report: ReportEvent;
  /** Whether the namespace has this VNID now. */
  readonly isOf: (namespace: string, vnid: Vnid) => boolean;
}

/** How long to wait until the watch shows what was written, in milliseconds. */
const shownWithin = 5_000;

interface Wanted {
  readonly wish: Wish;
  readonly isClosed: boolean;
}

export class Firewalls {
  readonly #deps: FirewallsDeps;
  readonly #fights = new Fights(() => performance.now());
  /** The namespaces that were closed and not opened since. */
  readonly #closed = new Set<string>();
  /**
   * The namespaces whose firewall is being written, until the watch shows it. Another worker, for the VNID that a
   * namespace has since, would take what is written over for what is there.
   */
  readonly #writing = new Set<string>();

  constructor(deps: FirewallsDeps) {
    this.#deps = deps;
    deps.caches.egressFirewalls.subscribe(({ key }) => this.#writing.delete(key.split('/')[0] ?? ''));
  }

  /** Whether a firewall closes the namespace, as far as the cache shows. */
  isClosing(namespace: string): boolean {
    return isClosing(this.#deps.caches.egressFirewalls.get(`${namespace}/default`));
  }

  /**
   * Closes or opens these namespaces of the wish. Returns the delays after which to look again; with one, the namespace
   * is not yet what it should be.
   */
  async bring(names: readonly string[], wanted: Wanted, signal: AbortSignal): Promise<number[]> {
    const waits: number[] = [];
    const failures: unknown[] = [];
    for (const namespace of names) {
      try {
        const wait = await this.#firewall(namespace, wanted, signal);
        if (wait > 0) waits.push(wait);
      } catch (error) {
        // nothing can be made in a namespace that ends; the others must not wait for it
        if (!isNamespaceEnding(error)) failures.push(error);
      }
    }
    // an address is asked for only when all its namespaces are closed
    if (failures.length > 0) throw failures[0];
    return waits;
  }

  /** What opens goes from this look to its write without waiting for anything, so no other worker comes between. */
  async #firewall(namespace: string, wanted: Wanted, signal: AbortSignal): Promise<number> {
    if (this.#writing.has(namespace)) await this.#shown(namespace, signal);
    // whoever has it now decides whether it is open
    if (!wanted.isClosed && !this.#deps.isOf(namespace, wanted.wish.vnid)) return 0;
    return this.#bringShown(namespace, wanted, signal);
  }

  async #bringShown(namespace: string, wanted: Wanted, signal: AbortSignal): Promise<number> {
    const { isClosed } = wanted;
    const { egressFirewalls: cache, netNamespaces: spaces } = this.#deps.caches;
    const [live, space] = [cache.get(`${namespace}/default`), spaces.get(namespace)];
    const step = stepFor(namespace, wanted, live, space);
    const left = isClosed && this.#isUndone(namespace, live) ? this.#fight(namespace) : 0;
    if (left > 0) return left;
    if (isClosed && step.kind === 'nothing') this.#closed.add(namespace);
    else this.#closed.delete(namespace);
    const kept = keptAfter(step, live);
    if (kept !== undefined) await this.#keep(space, kept, signal);
    if (step.kind === 'foreign') this.#foreign(namespace, live);
    else if (step.kind !== 'nothing') await this.#writeShown(namespace, this.#write(step, live, signal));
    if (kept === undefined) await this.#keep(space, undefined, signal);
    if (isClosing(live) !== isClosed)
      this.#deps.logger.info({ namespace, closed: isClosed }, 'the EgressFirewall of a namespace changes');
    return 0;
  }

  /** Keeps the user's rules at the NetNamespace as well, before the firewall closes and until it does no longer. */
  async #keep(space: KubeObject | undefined, kept: Kept | undefined, signal: AbortSignal): Promise<void> {
    const text = kept === undefined ? undefined : keptText(kept);
    if (space === undefined || space.metadata.annotations?.[keptAnnotation] === text) return;
    const patch = { metadata: { annotations: { [keptAnnotation]: text ?? null } } };
    await mergeInto(this.#deps.client, netNamespaces, { live: space, patch }, signal);
  }

  /** Whether somebody else took away or wrote over the firewall that closes the namespace. */
  #isUndone(namespace: string, live: KubeObject | undefined): boolean {
    return this.#closed.has(namespace) ? !isClosing(live) : live !== undefined && isOverwritten(live);
  }

  /** Milliseconds until a firewall that somebody else writes too may be written again; 0: now. */
  #fight(namespace: string): number {
    const left = this.#fights.next(namespace);
    if (left > 0) return left;
    this.#deps.metrics.refused();
    const message = 'the EgressFirewall was changed while it closes its namespace: it is closed again';
    this.#deps.logger.warn({ namespace }, message);
    return 0;
  }

  /** Waits until the watch shows what was written last; fails if it does not. */
  async #shown(namespace: string, signal: AbortSignal): Promise<void> {
    const end = performance.now() + shownWithin;
    while (this.#writing.has(namespace) && !signal.aborted && performance.now() < end) await pause(10, signal);
    if (!this.#writing.delete(namespace)) return;
    throw new Error(`the watch does not show the EgressFirewall of ${namespace} that was written`);
  }

  async #writeShown(namespace: string, write: Promise<void>): Promise<void> {
    this.#writing.add(namespace);
    await write.catch((error: unknown) => {
      this.#writing.delete(namespace);
      throw error;
    });
  }

  async #write(
    step: Exclude<FirewallStep, { kind: 'foreign' | 'nothing' }>,
    live: KubeObject | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { client } = this.#deps;
    if (step.kind === 'create')
      await client.create(egressFirewalls, step.object, { signal, fieldManager: facadeManager });
    else if (live === undefined) return;
    else if (step.kind === 'patch') await mergeInto(client, egressFirewalls, { live, patch: step.patch }, signal);
    else await removeObject(client, egressFirewalls, live, signal);
  }

  #foreign(namespace: string, live: KubeObject | undefined): void {
    const message =
      'the EgressFirewall has other rules than the EgressNetworkPolicy, and was not made from it: it stays as it is';
    const object = involved(egressFirewalls, 'default', live);
    this.#deps.report({ object: { ...object, namespace }, type: 'Warning', reason: 'EgressFirewallOfOthers', message });
  }
}

function stepFor(
  namespace: string,
  { wish, isClosed }: Wanted,
  live: KubeObject | undefined,
  space: KubeObject | undefined,
): FirewallStep {
  const { rules } = wish.namespaces.get(namespace) ?? {};
  const kept = keptIn(space?.metadata.annotations?.[keptAnnotation]);
  return firewallStep(live, { namespace, isClosed, closedRules: wish.closedRules, rules, kept });
}
