/**
 * Does to EgressIPs what OVN-Kubernetes's cluster manager was seen to do. What it decides is in `placement.ts` and
 * `nodes.ts`; here is when it looks, one object after another, and how it writes.
 */
import { egressIPs, nodes } from '../../../api/kinds.ts';
import { pause } from '../../io/async/pause.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isNotFound } from '../../io/kube/error.ts';
import { EventRecorder, involved } from '../../io/kube/events.ts';
import { type ObjectCache, type ObjectChange, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { egressIPItem } from '../../migrate/kinds/egressip.ts';
import { listAt, selectorAt, textAt } from '../../migrate/kinds/item.ts';
import { assignableLabel, ownMark } from '../../migrate/targets/ovn/marks/annotations.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { Allowance } from './allowance.ts';
import { type Build, type Habits, habits } from './builds.ts';
import { Cloud } from './cloud.ts';
import { afterHealth, afterNode, afterNodeDeletion, type Memory, type NodeEffect, type Surroundings } from './nodes.ts';
import {
  type Assignment,
  forgetting,
  type Random,
  reconcile,
  remembering,
  type Request,
  shuffled,
} from './placement.ts';

export interface ManagerOptions {
  readonly build: Build;
  readonly random: Random;
  readonly logger: Logger;
  /** On a cloud each egress IP needs a CloudPrivateIPConfig first, which takes that many milliseconds. */
  readonly cloud?: number;
  /** Whether a node with the label answers a probe; by default each does. */
  readonly isReachable?: (node: string) => boolean | Promise<boolean>;
  /** Milliseconds between two probes of all nodes; 5,000 by default. */
  readonly healthInterval?: number;
  /** Writes to the API in a second, and at once; 50 by default. */
  readonly writesPerSecond?: number;
  /**
   * Milliseconds for each node and EgressIP for which, after its start, it does nothing about nodes, because it lists
   * all EgressIPs for each; 0.2 by default.
   */
  readonly listing?: number;
  /** Is told of every status that is written. */
  readonly onWritten?: (name: string, items: readonly Assignment[]) => void;
}

/** The field manager of its writes; OVN-Kubernetes uses the name of its host. */
const fieldManager = 'ovnkube-control-plane';
const firstMark = 50_000;
const retryDelay = 1_000;

function requestOf(object: KubeObject): Request {
  const { name, egressIPs: ips } = egressIPItem(object);
  return {
    name,
    egressIPs: ips,
    items: listAt(object, 'status', 'items').map((one) => ({
      egressIP: textAt(one, 'egressIP'),
      node: textAt(one, 'node'),
    })),
    onNodes: selectorAt(object, 'spec', 'egressNodeSelector'),
  };
}

const isIncomplete = ({ egressIPs: ips, items }: Request): boolean => ips.length !== items.length;

/** How an object is looked at. */
interface Look {
  readonly isStarting: boolean;
  readonly overlooks: boolean;
}

const usual: Look = { isStarting: false, overlooks: false };

export class ClusterManager {
  readonly #client: KubeClient;
  readonly #options: ManagerOptions;
  readonly #habits: Habits;
  readonly #stop = new AbortController();
  readonly #nodes: ObjectCache<KubeObject>;
  readonly #objects: ObjectCache<KubeObject>;
  readonly #allowance: Allowance;
  readonly #recorder: EventRecorder;
  readonly #cloud: Cloud | undefined;
  /** What was written and has not come back by the watch yet. */
  readonly #written = new Map<string, KubeObject>();
  readonly #running: Promise<unknown>[] = [];
  #memory: Memory = new Map();
  #work: Promise<unknown> = Promise.resolve();
  /** Until it listens to nodes. */
  #deaf: Promise<void> = Promise.resolve();

  private constructor(client: KubeClient, options: ManagerOptions) {
    this.#client = client;
    this.#options = options;
    this.#habits = habits[options.build];
    const { logger, writesPerSecond = 50, cloud } = options;
    const now = (): number => performance.now();
    this.#allowance = new Allowance({ perSecond: writesPerSecond, burst: writesPerSecond, now });
    this.#recorder = new EventRecorder({ client, logger, component: 'ovnk-controlplane', now: Date.now });
    this.#cloud = cloud === undefined ? undefined : new Cloud(client, { delay: cloud, signal: this.#stop.signal });
    this.#nodes = watchKind(client, nodes, { logger }, this.#stop.signal);
    this.#objects = watchKind(client, egressIPs, { logger }, this.#stop.signal);
  }

  /** Starts one; returns when it knows the nodes and EgressIPs that are there. */
  static async start(client: KubeClient, options: ManagerOptions): Promise<ClusterManager> {
    const manager = new ClusterManager(client, options);
    await Promise.all([manager.#nodes.synced, manager.#objects.synced]);
    await manager.#begin();
    return manager;
  }

  /** Ends it, in the middle of what it does. Its memory is lost. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#nodes.ended, this.#objects.ended, this.#work, ...this.#running]);
  }

  /** Resolves when everything that it has been told is done. */
  async idle(): Promise<void> {
    for (let last; last !== this.#work; await last) last = this.#work;
  }

  async #begin(): Promise<void> {
    const { listing = 0.2 } = this.#options;
    const known = new Set<KubeObject>([...this.#nodes.list(), ...this.#objects.list()]);
    for (const node of this.#nodes.list())
      this.#memory = afterNode(this.#memory, node, await this.#around(node)).memory;
    const all = shuffled(this.#objects.list().map(requestOf), this.#options.random);
    if (this.#habits.remembersAtStart)
      for (const { name, items } of all) this.#memory = remembering(this.#memory, name, items);
    const overlooks = this.#habits.overlooksAtStart;
    for (const { name } of overlooks ? all.filter(isIncomplete) : [])
      this.#soon(() => this.#reconcile(name, { isStarting: true, overlooks }));
    for (const { name } of all) this.#soon(() => this.#reconcile(name, { isStarting: true, overlooks: false }));
    this.#deaf = pause(this.#nodes.list().length * all.length * listing, this.#stop.signal);
    const isNews = ({ before, after }: ObjectChange<KubeObject>): boolean =>
      before !== undefined || after === undefined || !known.has(after);
    this.#nodes.subscribe((change) => {
      if (isNews(change)) void this.#deaf.then(() => this.#soon(() => this.#lookAtNode(change.key)));
    });
    this.#objects.subscribe((change) => {
      if (isNews(change)) this.#soon(() => this.#lookAtObject(change));
    });
    this.#running.push(this.#recorder.run(this.#stop.signal), this.#watchHealth());
  }

  /** Probes all nodes now. */
  async checkHealth(): Promise<void> {
    this.#soon(() => this.#checkHealth());
    await this.#work;
  }

  #soon(work: () => Promise<void>): void {
    this.#work = this.#work
      .then(() => (this.#stop.signal.aborted ? undefined : work()))
      .catch((error: unknown) => this.#options.logger.debug({ err: error }, 'the cluster manager failed at something'));
  }

  async #around({ metadata: { name = '', labels = {} } }: KubeObject): Promise<Surroundings> {
    const { cloud, isReachable = () => true } = this.#options;
    const isProbed = Object.hasOwn(labels, assignableLabel);
    return { isCloud: cloud !== undefined, isReachable: !isProbed || (await isReachable(name)) };
  }

  async #watchHealth(): Promise<void> {
    const { healthInterval = 5_000 } = this.#options;
    for (;;) {
      await pause(healthInterval, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      await this.checkHealth();
    }
  }

  async #checkHealth(): Promise<void> {
    for (const node of this.#nodes.list()) {
      const { memory, effect } = afterHealth(this.#memory, node, await this.#around(node));
      this.#memory = memory;
      await this.#follow(effect, node.metadata.name ?? '');
    }
  }

  async #lookAtNode(name: string): Promise<void> {
    const object = this.#nodes.get(name);
    const { memory, effect } =
      object === undefined
        ? afterNodeDeletion(this.#memory, name)
        : afterNode(this.#memory, object, await this.#around(object));
    this.#memory = memory;
    await this.#follow(effect, name);
  }

  async #follow(effect: NodeEffect, node: string): Promise<void> {
    if (effect === 'none') return;
    this.#options.logger.info({ node, effect }, 'a node changed');
    for (const { metadata } of this.#objects.list()) {
      const object = this.#current(metadata.name ?? '');
      if (object === undefined) continue;
      const request = requestOf(object);
      const isConcerned =
        request.onNodes !== undefined ||
        (effect === 'came' && isIncomplete(request)) ||
        (effect === 'went' && request.items.some((one) => one.node === node));
      if (isConcerned) await this.#reconcile(request.name, usual);
    }
  }

  async #lookAtObject({ key, before, after }: ObjectChange<KubeObject>): Promise<void> {
    if (after !== undefined || this.#objects.get(key) !== undefined) return this.#reconcile(key, usual);
    if (before === undefined) return;
    // what its last status says; anything stale stays
    const { name, items } = requestOf(this.#written.get(key) ?? before);
    this.#written.delete(key);
    this.#memory = forgetting(this.#memory, name, items);
    await this.#cloud?.release(items);
  }

  /** The newest state of the object that is known. */
  #current(name: string): KubeObject | undefined {
    const watched = this.#objects.get(name);
    const written = this.#written.get(name);
    if (watched === undefined || written === undefined) return watched;
    if (Number(watched.metadata.resourceVersion) < Number(written.metadata.resourceVersion)) return written;
    this.#written.delete(name);
    return watched;
  }

  async #reconcile(name: string, { isStarting, overlooks }: Look): Promise<void> {
    const object = this.#current(name);
    if (object === undefined) return;
    const request = requestOf(object);
    const items = this.#decide(object, request, overlooks);
    if (isStarting) await this.#cloud?.hold(items ?? request.items);
    const mark = this.#newMark(object, isStarting || items !== undefined);
    if (items === undefined && mark === undefined) return;
    try {
      if (items !== undefined) await this.#cloud?.follow(request.items, items);
      await this.#write(name, items, mark);
    } catch (error) {
      this.#notWritten(name, items, error);
      throw error;
    }
  }

  #notWritten(name: string, items: readonly Assignment[] = [], error: unknown): void {
    if (isNotFound(error)) this.#memory = forgetting(this.#memory, name, items);
    else void pause(retryDelay, this.#stop.signal).then(() => this.#soon(() => this.#reconcile(name, usual)));
  }

  /** The items to write, which are remembered; says what is wrong. */
  #decide(object: KubeObject, request: Request, overlooks: boolean): readonly Assignment[] | undefined {
    const { random } = this.#options;
    const { believesStatus } = this.#habits;
    const { memory, items, troubles } = reconcile(this.#memory, request, { believesStatus, overlooks, random });
    this.#memory = memory;
    for (const trouble of troubles)
      this.#recorder.report({ object: involved(egressIPs, request.name, object), type: 'Warning', ...trouble });
    return items;
  }

  async #write(name: string, items: readonly Assignment[] | undefined, mark: string | undefined): Promise<void> {
    const steps = [
      ...(mark === undefined ? [] : [{ op: 'add', path: '/metadata/annotations', value: { [ownMark]: mark } }]),
      ...(items === undefined ? [] : [{ op: 'add', path: '/status', value: { items } }]),
    ];
    await this.#allowance.wait(this.#stop.signal);
    if (this.#stop.signal.aborted) return;
    const after = await this.#client.patch<KubeObject>(egressIPs, { name }, steps, { type: 'json', fieldManager });
    this.#written.set(name, after);
    if (items === undefined) return;
    this.#options.logger.info({ egressIP: name, items }, 'status written');
    this.#options.onWritten?.(name, items);
  }

  /** The mark that the EgressIP gets in place of its annotations; undefined if it keeps them. */
  #newMark({ metadata: { annotations = {} } }: KubeObject, isPatched: boolean): string | undefined {
    if (!this.#habits.marks || !isPatched || ownMark in annotations) return undefined;
    const taken = new Set(
      this.#objects.list().map(({ metadata }) => this.#current(metadata.name ?? '')?.metadata.annotations?.[ownMark]),
    );
    let number = firstMark;
    while (taken.has(String(number))) number++;
    return String(number);
  }
}
