/** Carries out the steps for one VNID: its EgressIP, the EgressFirewalls of its namespaces, and their multicast. */
import { egressFirewalls, egressIPs, type Kind, namespaces, netNamespaces } from '../../api/kinds.ts';
import { Backoff } from '../io/async/backoff.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { involved, type ReportEvent } from '../io/kube/events.ts';
import { guarded } from '../io/kube/fresh.ts';
import type { Logger } from '../io/log.ts';
import { assignedIn } from '../migrate/kinds/egressip.ts';
import { ovnMulticast } from '../migrate/targets/ovn/marks/annotations.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import type { Vnid } from '../model/values/vnid.ts';
import type { FacadeCaches } from './caches.ts';
import type { FacadeMetrics } from './metrics.ts';
import { Opening } from './opening.ts';
import type { Placements } from './placements.ts';
import {
  type EgressIPStep,
  egressIPStep,
  isOurs,
  movesOf,
  namespacesNamedBy,
  type Place,
  placesOf,
} from './plan/egressip.ts';
import { type FirewallStep, firewallStep, isClosing, isOverwritten } from './plan/firewall.ts';
import { facadeManager, multicastMark } from './plan/marks.ts';
import type { Wish } from './plan/wish.ts';
import type { World } from './world.ts';

export interface StepsDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: FacadeCaches;
  readonly world: World;
  readonly placements: Placements;
  readonly metrics: FacadeMetrics;
  readonly report: ReportEvent;
  /** Whether a namespace that asks for an egress IP and has none is closed. */
  readonly closes: boolean;
}

/** How long to wait before looking again at what others must do first, in milliseconds. */
const patience = 1_000;

interface Scene {
  readonly wish: Wish;
  readonly live: KubeObject | undefined;
  readonly place: Place;
}

export class Steps {
  readonly #deps: StepsDeps;
  readonly #opening = new Opening(() => performance.now());
  readonly #fights = new Backoff({ base: 100, most: 300_000, now: () => performance.now() });

  constructor(deps: StepsDeps) {
    this.#deps = deps;
  }

  /** Does what is due for the VNID. Returns the milliseconds until the next look, if any. */
  async reconcile(vnid: Vnid, signal: AbortSignal): Promise<number | undefined> {
    const { world } = this.#deps;
    // it comes again when it has been translated
    if (world.isDirty(vnid)) return undefined;
    const lives = world.egressIPsOf(vnid);
    if (lives.some((live) => this.#isUnsettled(live))) return patience;
    const found = world.wishOf(vnid);
    if (found === undefined) {
      for (const live of lives) await this.#delete(live, signal);
      return undefined;
    }
    const { live, wish } = this.#chosen(found, lives);
    const others = lives.filter((other) => other !== live);
    const place = this.#deps.placements.placeFor();
    if (live === undefined || isOurs(live)) return this.#work({ wish, live, place }, others, signal);
    this.#tellTaken(wish, live);
    // the address cannot be asked for, so the namespace stays closed
    await this.#work({ wish: { ...wish, egressIP: undefined }, live: undefined, place }, others, signal);
    return 60_000;
  }

  /** A namespace is closed before its EgressIP is written, and opened after. */
  async #work(scene: Scene, others: readonly KubeObject[], signal: AbortSignal): Promise<number | undefined> {
    const isClosed = this.#isClosed(scene);
    const untilOpen = this.#untilOpen(scene, isClosed);
    const waits = isClosed ? await this.#firewalls(scene.wish, true, signal) : [];
    for (const other of others) await this.#delete(other, signal);
    const after = await this.#egressIP(scene, signal);
    if (after !== undefined) waits.push(after);
    if (untilOpen > 0) waits.push(untilOpen);
    else if (!isClosed) waits.push(...(await this.#firewalls(scene.wish, false, signal)));
    await this.#multicast(scene.wish, signal);
    this.#tellElsewhere(scene);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** Whether the EgressIP selects a namespace that has no NetNamespace at the moment: nothing tells what it asks for. */
  #isUnsettled(live: KubeObject): boolean {
    const { world, caches } = this.#deps;
    return namespacesNamedBy(live).some(
      (name) => world.vnidOf(name) === undefined && caches.namespaces.get(name) !== undefined,
    );
  }

  /** The EgressIP that is used for the wish: one that is there keeps its name. */
  #chosen(wish: Wish, lives: readonly KubeObject[]): Pick<Scene, 'wish' | 'live'> {
    if (wish.egressIP === undefined) return { wish, live: lives[0] };
    const { metadata } = wish.egressIP;
    const live =
      lives.find((one) => one.metadata.name === metadata.name) ??
      lives[0] ??
      this.#deps.caches.egressIPs.get(metadata.name ?? '');
    if (live === undefined || live.metadata.name === metadata.name) return { wish, live };
    const egressIP = { ...wish.egressIP, metadata: { ...metadata, name: live.metadata.name ?? '' } };
    return { wish: { ...wish, egressIP }, live };
  }

  #tellTaken({ egressIP }: Wish, { metadata }: KubeObject): void {
    const { report } = this.#deps;
    const message = `EgressIP ${metadata.name ?? ''} is there and was not made for this: the egress IPs are not asked for`;
    for (const name of egressIP === undefined ? [] : namespacesNamedBy(egressIP))
      report({ object: this.#netNamespace(name), type: 'Warning', reason: 'EgressIPOfOthers', message });
  }

  #isClosed({ wish, live, place }: Scene): boolean {
    if (!this.#deps.closes || !wish.isAsking) return false;
    const moves = new Set(movesOf(live, wish, place));
    return [...placesOf(live, wish.egressIP).keys()].every((ip) => moves.has(ip));
  }

  /** Milliseconds for which namespaces that have an address now stay closed, until OVN-Kubernetes forwards with it. */
  #untilOpen({ wish }: Scene, isClosed: boolean): number {
    const { egressFirewalls: firewalls } = this.#deps.caches;
    const isAnyClosing = [...wish.namespaces.keys()].some((name) => isClosing(firewalls.get(`${name}/default`)));
    return this.#opening.left(wish.vnid, wish.isAsking && !isClosed, isAnyClosing);
  }

  /** Brings the firewalls of the namespaces to what they should be. Returns the delays after which to look again. */
  async #firewalls(wish: Wish, isClosed: boolean, signal: AbortSignal): Promise<number[]> {
    const waits: number[] = [];
    const failures: unknown[] = [];
    for (const namespace of wish.namespaces.keys()) {
      try {
        const wait = await this.#firewall(namespace, { wish, isClosed }, signal);
        if (wait > 0) waits.push(wait);
      } catch (error) {
        failures.push(error);
      }
    }
    // an address is asked for only when all its namespaces are closed
    if (failures.length > 0) throw failures[0];
    return waits;
  }

  async #firewall(
    namespace: string,
    { wish, isClosed }: { readonly wish: Wish; readonly isClosed: boolean },
    signal: AbortSignal,
  ): Promise<number> {
    const { caches, logger } = this.#deps;
    const live = caches.egressFirewalls.get(`${namespace}/default`);
    const { rules } = wish.namespaces.get(namespace) ?? {};
    const step = firewallStep(live, { namespace, isClosed, closedRules: wish.closedRules, rules });
    const left = live !== undefined && isClosed && isOverwritten(live) ? this.#fight(namespace) : 0;
    if (left > 0 || step.kind === 'nothing') return left;
    if (step.kind === 'foreign') {
      this.#foreign(namespace, live);
      return 0;
    }
    await this.#write(namespace, { step, live }, signal);
    if (isClosing(live) !== isClosed)
      logger.info({ namespace, closed: isClosed }, 'the EgressFirewall of a namespace changes');
    return 0;
  }

  /** Milliseconds until a firewall that somebody else writes too may be written again; 0: now. */
  #fight(namespace: string): number {
    const left = this.#fights.left(namespace);
    if (left > 0) return left;
    this.#fights.failed(namespace);
    this.#deps.metrics.refused();
    const message = 'the EgressFirewall was changed while it closes its namespace: it is closed again';
    this.#deps.logger.warn({ namespace }, message);
    return 0;
  }

  async #write(
    namespace: string,
    {
      step,
      live,
    }: { readonly step: Exclude<FirewallStep, { kind: 'nothing' | 'foreign' }>; readonly live: KubeObject | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const { client } = this.#deps;
    const ref = { namespace, name: 'default' };
    if (step.kind === 'create')
      await client.create(egressFirewalls, step.object, { signal, fieldManager: facadeManager });
    else if (live === undefined) return;
    else if (step.kind === 'patch') await this.#patch(egressFirewalls, { ref, live, patch: step.patch }, signal);
    else await client.delete(egressFirewalls, ref, { signal, ...preconditions(live) });
  }

  #foreign(namespace: string, live: KubeObject | undefined): void {
    const message =
      'the EgressFirewall has other rules than the EgressNetworkPolicy, and was not made from it: it stays as it is';
    const object = involved(egressFirewalls, 'default', live);
    this.#deps.report({ object: { ...object, namespace }, type: 'Warning', reason: 'EgressFirewallOfOthers', message });
  }

  async #egressIP({ wish, live, place }: Scene, signal: AbortSignal): Promise<number | undefined> {
    const { client, logger, placements } = this.#deps;
    const step: EgressIPStep = egressIPStep(live, wish, place);
    switch (step.kind) {
      case 'nothing':
        return undefined;
      case 'wait':
        logger.debug({ egressIPs: step.egressIPs }, 'OVN-Kubernetes has not taken egress IPs from their nodes yet');
        return patience;
      case 'probe':
        placements.ask(step);
        return patience;
      case 'create':
        placements.asked(step.object);
        await client.create(egressIPs, step.object, { signal, fieldManager: facadeManager });
        logger.info({ egressIP: step.object.metadata.name, vnid: wish.vnid }, 'EgressIP created');
        return undefined;
      case 'patch':
        if (live === undefined) return undefined;
        placements.asked({ ...step.patch, metadata: live.metadata });
        await this.#patch(egressIPs, { ref: { name: live.metadata.name ?? '' }, live, patch: step.patch }, signal);
        return undefined;
      case 'delete':
        if (live !== undefined) await this.#delete(live, signal);
        return undefined;
    }
  }

  async #delete(live: KubeObject, signal: AbortSignal): Promise<void> {
    const { name = '' } = live.metadata;
    await this.#deps.client.delete(egressIPs, { name }, { signal, ...preconditions(live) });
    this.#deps.logger.info({ egressIP: name }, 'EgressIP deleted');
  }

  async #patch(
    kind: Kind,
    {
      ref,
      live,
      patch,
    }: {
      readonly ref: { readonly name: string; readonly namespace?: string };
      readonly live: KubeObject;
      readonly patch: Readonly<Record<string, unknown>> & { readonly metadata?: object };
    },
    signal: AbortSignal,
  ): Promise<void> {
    const { metadata = {}, ...rest } = patch;
    const body = guarded(live, rest, { ...metadata });
    await this.#deps.client.patch(kind, ref, body, { type: 'merge', signal, fieldManager: facadeManager });
  }

  /** OVN-Kubernetes' multicast follows that of the NetNamespace, as long as it was turned on for that. */
  async #multicast(wish: Wish, signal: AbortSignal): Promise<void> {
    for (const [name, { multicast }] of wish.namespaces) {
      const live = this.#deps.caches.namespaces.get(name);
      const annotations = live?.metadata.annotations ?? {};
      const isMarked = annotations[multicastMark] !== undefined;
      const isRight = multicast ? isMarked && annotations[ovnMulticast] === 'true' : !isMarked;
      if (live === undefined || isRight) continue;
      const patch = multicast
        ? { [ovnMulticast]: 'true', [multicastMark]: 'true' }
        : { [ovnMulticast]: null, [multicastMark]: null };
      await this.#patch(namespaces, { ref: { name }, live, patch: { metadata: { annotations: patch } } }, signal);
    }
  }

  /** Reports addresses that are on another node than the admin wants, with the reason. */
  #tellElsewhere({ wish, live, place }: Scene): void {
    if (live === undefined || wish.egressIP === undefined) return;
    const moves = new Set(movesOf(live, wish, place));
    for (const [ip, node] of assignedIn(live)) {
      const wanted = wish.pinned.get(ip);
      if (wanted === undefined || wanted === node || moves.has(ip)) continue;
      const why = place.isAble(wanted)
        ? place.believesStatus === true
          ? `OVN-Kubernetes moved it when ${wanted} could not host it; it goes back when HostSubnet ${wanted} is written without it and with it again`
          : 'OVN-Kubernetes of this version chooses the node itself'
        : `${wanted} is not Ready or not set up for egress IPs`;
      const message = `egress IP ${ip} is on ${node}, not on ${wanted} as HostSubnet ${wanted} says: ${why}`;
      for (const name of namespacesNamedBy(live))
        this.#deps.report({ object: this.#netNamespace(name), type: 'Warning', reason: 'EgressIPElsewhere', message });
    }
  }

  #netNamespace(name: string): ReturnType<typeof involved> {
    return involved(netNamespaces, name, this.#deps.caches.netNamespaces.get(name));
  }
}

function preconditions({ metadata: { uid, resourceVersion } }: KubeObject): object {
  if (uid === undefined) return {};
  return { preconditions: { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
}
