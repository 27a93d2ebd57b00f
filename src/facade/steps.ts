/** Carries out the steps for one VNID: its EgressIP, and the EgressFirewalls of its namespaces. */
import { createHash } from 'node:crypto';
import omit from 'lodash/omit.js';
import { egressIPs, netNamespaces, pods } from '../../api/kinds.ts';
import { removeObject } from '../controllers/remove.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { involved, type ReportEvent } from '../io/kube/events.ts';
import type { Logger } from '../io/log.ts';
import { assignedIn, requestedIn } from '../migrate/kinds/egressip.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import { sortedText } from '../model/values/json.ts';
import type { Vnid } from '../model/values/vnid.ts';
import type { FacadeCaches } from './caches.ts';
import { ComingLabels } from './coming-labels.ts';
import { Elsewhere, type Scene } from './elsewhere.ts';
import { Fights } from './fights.ts';
import { Firewalls } from './firewalls.ts';
import { mergeInto } from './merge-into.ts';
import type { FacadeMetrics } from './metrics.ts';
import { Opening } from './opening.ts';
import { placeOf } from './place.ts';
import type { Placements } from './placements.ts';
import { type EgressIPStep, egressIPStep, isOurs, movesOf, namespacesNamedBy, placesOf } from './plan/egressip.ts';
import { facadeManager, touchedLabel } from './plan/marks.ts';
import { isAble } from './plan/nodes.ts';
import type { Wish } from './plan/wish.ts';
import type { Steering } from './steering.ts';
import { Stuck } from './stuck.ts';
import type { World } from './world.ts';

export interface StepsDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: FacadeCaches;
  readonly world: World;
  readonly placements: Placements;
  readonly steering: Steering;
  readonly metrics: FacadeMetrics;
  readonly report: ReportEvent;
  /** Whether a namespace that asks for an egress IP and has none is closed. */
  readonly closes: boolean;
}

/** How long to wait before looking again at what others must do first, in milliseconds. */
const patience = 1_000;

export class Steps {
  readonly #deps: StepsDeps;
  readonly #opening = new Opening(() => performance.now());
  readonly #stuck = new Stuck(() => performance.now());
  readonly #coming = new ComingLabels(() => performance.now());
  readonly #fights = new Fights(() => performance.now());
  /** A hash of what was written to each EgressIP last: who must write it again has somebody against it. */
  readonly #written = new Map<string, string>();
  readonly #firewalls: Firewalls;
  readonly #elsewhere: Elsewhere;

  constructor(deps: StepsDeps) {
    this.#deps = deps;
    const isOf = (namespace: string, vnid: Vnid): boolean => deps.world.vnidOf(namespace) === vnid;
    this.#firewalls = new Firewalls({ ...deps, isOf });
    this.#elsewhere = new Elsewhere(deps);
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
      this.#elsewhere.forget(vnid);
      for (const live of lives) if (!this.#isTakenOver(live)) await this.#leave(live, vnid, signal);
      return undefined;
    }
    const { live, wish } = this.#chosen(found, lives);
    const others = lives.filter((other) => other !== live);
    const place = placeOf(live, wish, { ...this.#deps, coming: this.#coming });
    if (live === undefined || isOurs(live)) return this.#work({ wish, live, place }, others, signal);
    this.#tellTaken(wish, live);
    // the address cannot be asked for, so the namespace stays closed
    await this.#work({ wish: { ...wish, egressIP: undefined }, live: undefined, place }, others, signal);
    return 60_000;
  }

  /** A namespace is closed before its EgressIP is written, and opened after. */
  async #work(scene: Scene, others: readonly KubeObject[], signal: AbortSignal): Promise<number | undefined> {
    const { wish, live } = scene;
    const names = [...wish.namespaces.keys()];
    const toClose = names.filter(this.#closes(scene));
    const untilOpen = await this.#untilOpen(scene, toClose.length === names.length, signal);
    const waits = await this.#firewalls.bring(toClose, { wish, isClosed: true }, signal);
    for (const other of others) await this.#leave(other, wish.vnid, signal);
    if (live !== undefined) await this.#closeLeaving(live, wish.vnid, signal);
    // a delay here: somebody else has opened one that must be closed first
    const isOpen = waits.length > 0 && !this.#staysServed(scene);
    const after = isOpen ? undefined : await this.#egressIP(scene, signal);
    if (after !== undefined) waits.push(after);
    if (untilOpen > 0) waits.push(untilOpen);
    else {
      const toOpen = names.filter((name) => !toClose.includes(name));
      waits.push(...(await this.#firewalls.bring(toOpen, { wish, isClosed: false }, signal)));
    }
    this.#elsewhere.tell(scene);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** Whether another VNID uses the EgressIP from now on, because its namespace moved there. */
  #isTakenOver(live: KubeObject): boolean {
    const { world } = this.#deps;
    return namespacesNamedBy(live).some((namespace) => {
      const vnid = world.vnidOf(namespace);
      if (vnid === undefined || world.egressIPsOf(vnid).length > 0) return false;
      return world.wishOf(vnid)?.egressIP?.metadata.name === live.metadata.name;
    });
  }

  /** Deletes an EgressIP. Namespaces that ask for egress IPs by another VNID now are closed first. */
  async #leave(live: KubeObject, vnid: Vnid, signal: AbortSignal): Promise<void> {
    await this.#closeLeaving(live, vnid, signal);
    await this.#delete(live, signal);
  }

  async #closeLeaving(live: KubeObject, vnid: Vnid, signal: AbortSignal): Promise<void> {
    const { world, closes } = this.#deps;
    for (const name of closes ? namespacesNamedBy(live) : []) {
      const now = world.vnidOf(name);
      const wish = now === undefined || now === vnid ? undefined : world.wishOf(now);
      if (now === undefined || wish?.isAsking !== true) continue;
      const isServed = world.egressIPsOf(now).some((one) => assignedIn(one).size > 0 && isSelected(one, name));
      if (!isServed) await this.#firewalls.bring([name], { wish, isClosed: true }, signal);
    }
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

  /** Tells which namespaces must be closed: none of their addresses is assigned, or none stays while others move. */
  #closes(scene: Scene): (namespace: string) => boolean {
    const { wish, live } = scene;
    if (!this.#deps.closes || !wish.isAsking) return () => false;
    if (live === undefined || !this.#staysServed(scene)) return () => true;
    return (namespace) => !isSelected(live, namespace);
  }

  /** Whether an address of the wish is in use and stays where it is: then an open namespace gets one by it. */
  #staysServed({ wish, live, place }: Scene): boolean {
    const moves = new Set(movesOf(live, wish, place));
    return [...placesOf(live, wish.egressIP).keys()].some((ip) => !moves.has(ip));
  }

  /** Milliseconds for which namespaces that have an address now stay closed, until OVN-Kubernetes forwards with it. */
  #untilOpen({ wish }: Scene, isClosed: boolean, signal: AbortSignal): Promise<number> {
    const names = [...wish.namespaces.keys()];
    const isClosing = names.some((name) => this.#firewalls.isClosing(name));
    const count = (): Promise<number | undefined> => podsIn(this.#deps, names, signal);
    return this.#opening.left(wish.vnid, { isServed: wish.isAsking && !isClosed, isClosing }, count);
  }

  async #egressIP({ wish, live, place }: Scene, signal: AbortSignal): Promise<number | undefined> {
    const { logger, placements } = this.#deps;
    const step: EgressIPStep = egressIPStep(live, wish, place);
    switch (step.kind) {
      case 'nothing':
        return live === undefined ? undefined : this.#touch(live, signal);
      case 'wait':
        logger.debug({ egressIPs: step.egressIPs }, 'egress IPs are asked for later');
        return patience;
      case 'probe':
        placements.ask(step);
        return patience;
      case 'create':
      case 'patch':
        return this.#write(step, { live, wish }, signal);
      case 'delete':
        if (live !== undefined) await this.#delete(live, signal);
        return undefined;
    }
  }

  /** Writes the EgressIP. What must be written again, because somebody wrote over it, is written later each time. */
  async #write(
    step: Extract<EgressIPStep, { kind: 'create' | 'patch' }>,
    { live, wish }: Pick<Scene, 'live' | 'wish'>,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { client, logger, placements, metrics } = this.#deps;
    const name = live?.metadata.name ?? wish.egressIP?.metadata.name ?? '';
    const hash = hashOf(omit(step.kind === 'create' ? step.object : step.patch, 'status'));
    if (this.#written.get(name) === hash) {
      const left = this.#fights.next(name);
      if (left > 0) return left;
      metrics.refused();
    }
    if (step.kind === 'create') {
      placements.asked(step.object);
      await client.create(egressIPs, step.object, { signal, fieldManager: facadeManager });
      logger.info({ egressIP: name, vnid: wish.vnid }, 'EgressIP created');
    } else if (live !== undefined) {
      placements.asked({ ...step.patch, metadata: live.metadata });
      await mergeInto(client, egressIPs, { live, patch: step.patch }, signal);
    }
    this.#written.set(name, hash);
    return undefined;
  }

  /** Has OVN-Kubernetes look again at addresses that it gave no node, though some node could have one. */
  async #touch(live: KubeObject, signal: AbortSignal): Promise<number | undefined> {
    const { client, caches, report, logger } = this.#deps;
    const { name = '' } = live.metadata;
    const assigned = assignedIn(live);
    const missing = requestedIn(live).filter((ip) => !assigned.has(ip));
    const canHost = missing.length > 0 && caches.nodes.list().some(isAble);
    const left = this.#stuck.left(name, canHost ? missing : []);
    if (left !== 0) return left;
    const [first = ''] = missing;
    const message = `OVN-Kubernetes has given egress IP ${first} of EgressIP ${name} no node: see the Events of the EgressIP`;
    for (const one of namespacesNamedBy(live))
      report({ object: this.#netNamespace(one), type: 'Warning', reason: 'EgressIPUnassigned', message });
    logger.warn(
      { egressIP: name, unassigned: missing },
      'OVN-Kubernetes gives egress IPs no node: it is to look again',
    );
    const patch = { metadata: { labels: { [touchedLabel]: String(Date.now()) } } };
    await mergeInto(client, egressIPs, { live, patch }, signal);
    return patience;
  }

  async #delete(live: KubeObject, signal: AbortSignal): Promise<void> {
    const { name = '' } = live.metadata;
    this.#written.delete(name);
    await removeObject(this.#deps.client, egressIPs, live, signal);
    this.#deps.logger.info({ egressIP: name }, 'EgressIP deleted');
  }

  #netNamespace(name: string): ReturnType<typeof involved> {
    return involved(netNamespaces, name, this.#deps.caches.netNamespaces.get(name));
  }
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(sortedText(value)).digest('base64');
}

/** How many pods the namespaces have; undefined if that cannot be told. */
async function podsIn(
  { client, logger }: Pick<StepsDeps, 'client' | 'logger'>,
  names: readonly string[],
  signal: AbortSignal,
): Promise<number | undefined> {
  let sum = 0;
  for (const namespace of names) {
    const count = await client.count(pods, { namespace, signal }).catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ err: error, namespace }, 'the pods of a namespace cannot be counted');
    });
    if (count === undefined) return undefined;
    sum += count;
  }
  return sum;
}

function isSelected(live: KubeObject, namespace: string): boolean {
  return namespacesNamedBy(live).includes(namespace);
}
