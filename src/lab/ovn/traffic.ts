/**
 * Follows which EgressIP serves each namespace, as the zones of OVN-Kubernetes do, and says of the others that they
 * stand by. A zone acts on every change of a status, however short.
 */
import { egressIPs, namespaces, pods } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { EventRecorder, involved } from '../../io/kube/events.ts';
import { type ObjectCache, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { egressIPItem } from '../../migrate/kinds/egressip.ts';
import { itemOf } from '../../migrate/kinds/item.ts';
import { selecting } from '../../migrate/kinds/selection.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { selectsAll } from '../../model/objects/selector.ts';
import { compareText } from '../../model/values/names.ts';
import { type Candidate, served, type Serving } from './serving.ts';

export interface TrafficOptions {
  readonly logger: Logger;
}

type Select = ReturnType<typeof selecting>;

export class Traffic {
  readonly #stop = new AbortController();
  readonly #objects: ObjectCache<KubeObject>;
  readonly #namespaces: ObjectCache<KubeObject>;
  readonly #pods: ObjectCache<KubeObject>;
  readonly #recorder: EventRecorder;
  readonly #listeners = new Set<() => void>();
  readonly #candidates = new Map<string, Candidate>();
  #select: Select = selecting([]);
  #serving: Serving = new Map();
  #standby: ReadonlyMap<string, readonly string[]> = new Map();
  #ended: Promise<void> = Promise.resolve();

  private constructor(client: KubeClient, { logger }: TrafficOptions) {
    const { signal } = this.#stop;
    this.#objects = watchKind(client, egressIPs, { logger }, signal);
    this.#namespaces = watchKind(client, namespaces, { logger }, signal);
    this.#pods = watchKind(client, pods, { logger, keep: ({ metadata }) => ({ metadata }) }, signal);
    this.#recorder = new EventRecorder({ client, logger, component: 'ovnk-zone', now: Date.now });
  }

  static async start(client: KubeClient, options: TrafficOptions): Promise<Traffic> {
    const traffic = new Traffic(client, options);
    await Promise.all([traffic.#objects.synced, traffic.#namespaces.synced, traffic.#pods.synced]);
    traffic.#namespaces.subscribe(({ before, after }) => {
      if (JSON.stringify(before?.metadata.labels) !== JSON.stringify(after?.metadata.labels)) traffic.#selectAgain();
    });
    traffic.#objects.subscribe(({ key, after }) => {
      if (after === undefined) traffic.#candidates.delete(key);
      else traffic.#candidates.set(key, traffic.#candidate(after));
      traffic.#look();
    });
    traffic.#pods.subscribe(({ before, after }) => {
      if (before === undefined && after !== undefined) traffic.#warn(after);
    });
    traffic.#ended = traffic.#recorder.run(traffic.#stop.signal);
    return traffic;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#objects.ended, this.#namespaces.ended, this.#pods.ended, this.#ended]);
  }

  /** By namespace, the EgressIP with whose addresses its pods leave. */
  get serving(): Serving {
    return this.#serving;
  }

  /** Calls the listener after every change. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #selectAgain(): void {
    this.#select = selecting(this.#namespaces.list().map(itemOf));
    for (const object of this.#objects.list())
      this.#candidates.set(object.metadata.name ?? '', this.#candidate(object));
    this.#look();
  }

  /** One that selects pods by their labels serves no whole namespace, and is left out. */
  #candidate(object: KubeObject): Candidate {
    const { name, assigned, namespaceSelector, podSelector } = egressIPItem(object);
    return {
      name,
      hasAddress: assigned.size > 0,
      namespaces: selectsAll(podSelector) ? this.#select(namespaceSelector) : [],
    };
  }

  #look(): void {
    const inOrder = [...this.#candidates.values()].sort((a, b) => compareText(a.name, b.name));
    const { serving, standby } = served(this.#serving, inOrder);
    this.#serving = serving;
    const before = this.#standby;
    this.#standby = standby;
    const changed = [...standby].filter(([namespace, names]) => before.get(namespace)?.join() !== names.join());
    const concerned = new Set(changed.map(([namespace]) => namespace));
    if (concerned.size > 0)
      for (const pod of this.#pods.list()) if (concerned.has(pod.metadata.namespace ?? '')) this.#warn(pod);
    for (const listener of this.#listeners) listener();
  }

  #warn({ metadata: { namespace = '', name = '' } }: KubeObject): void {
    for (const other of this.#standby.get(namespace) ?? [])
      this.#recorder.report({
        object: involved(egressIPs, other, this.#objects.get(other)),
        type: 'Warning',
        reason: 'UndefinedRequest',
        message: `pod ${namespace}/${name} is served by EgressIP ${this.#serving.get(namespace) ?? ''}; ${other} stands by`,
      });
  }
}
