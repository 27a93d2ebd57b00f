/** Keeps one CloudPrivateIPConfig for each egress IP assigned to a cloud node. Starts when a Node has cloud limits. */
import { cloudPrivateIPConfigs } from '../../../api/kinds.ts';
import { createQueue, type WorkQueue } from '../../io/async/queue.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isAlreadyExists, isConflict } from '../../io/kube/error.ts';
import { guarded } from '../../io/kube/fresh.ts';
import { type ObjectCache, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { type Ip, parseIp } from '../../model/values/address.ts';
import type { EgressView } from '../egressips/view.ts';
import type { Reconciler } from '../reconciler.ts';
import { removeObject } from '../remove.ts';
import { type Assigned, type CloudPrivateIPConfig, cloudStep, ours } from './plan.ts';

export interface CloudDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly view: EgressView;
  readonly onFailure: (name: string) => void;
}

export class CloudController implements Reconciler {
  readonly name = 'cloud';
  readonly wokenBy: Reconciler['wokenBy'];
  readonly #deps: CloudDeps;
  readonly #queue: WorkQueue;
  #cache: ObjectCache<CloudPrivateIPConfig> | undefined;

  constructor(deps: CloudDeps) {
    this.#deps = deps;
    this.#queue = createQueue({
      logger: deps.logger,
      concurrency: 8,
      isRace: (error) => isConflict(error) || isAlreadyExists(error),
      onFailure: () => deps.onFailure(this.name),
    });
    const { view } = deps;
    this.wokenBy = [() => view.onPlacement((ip) => this.#placed(ip)), () => view.onNode(() => this.#limitsChanged())];
  }

  #placed(ip: Ip): void {
    if (this.#cache !== undefined) this.#queue.add(ip);
  }

  /** Runs until the signal aborts. Has nothing to do before a node has cloud limits. */
  async run(signal: AbortSignal): Promise<void> {
    this.#limitsChanged();
    await this.#queue.process(async (key) => {
      if (key === 'limits') this.#start(signal);
      else await this.#reconcile(key, signal);
    }, signal);
    await this.#cache?.ended;
  }

  /** A Node's limits changed: its IPs may now need a CloudPrivateIPConfig, or no longer need one. */
  #limitsChanged(): void {
    this.#queue.add('limits');
  }

  #start(signal: AbortSignal): void {
    const view = this.#deps.view;
    if (view.limits.size === 0 && this.#cache === undefined) return;
    if (this.#cache === undefined) {
      this.#deps.logger.info('nodes carry the annotation of a cloud: egress IPs get CloudPrivateIPConfigs');
      this.#cache = watchKind<CloudPrivateIPConfig>(
        this.#deps.client,
        cloudPrivateIPConfigs,
        { logger: this.#deps.logger },
        signal,
      );
      this.#cache.subscribe(
        ({ key }) => this.#queue.add(key),
        () => this.#addAll(),
      );
    } else if (this.#cache.isSynced()) this.#addAll();
  }

  #addAll(): void {
    for (const ip of this.#deps.view.assigned.keys()) this.#queue.add(ip);
    for (const { metadata } of this.#cache?.list() ?? []) this.#queue.add(metadata.name ?? '');
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    const ip = parseIp(key);
    if (!ip.ok || this.#cache?.isSynced() !== true) return;
    const present = this.#cache.get(key);
    const step = cloudStep(this.#assigned(ip.value), present);
    if (step.kind === 'create') await this.#create(key, step.node, signal);
    else if (step.kind === 'adopt' && present !== undefined) await this.#adopt(present, signal);
    else if (step.kind === 'delete' && present !== undefined) await this.#delete(present, signal);
  }

  /** The node that the IP is assigned to; undefined if there is none. */
  #assigned(ip: Ip): Assigned | undefined {
    const { assigned, limits } = this.#deps.view;
    const node = assigned.get(ip)?.node;
    return node === undefined ? undefined : { node, isInCloud: limits.has(node) };
  }

  async #create(name: string, node: string, signal: AbortSignal): Promise<void> {
    const object = { metadata: { name, labels: { ...ours } }, spec: { node } };
    await this.#deps.client.create<CloudPrivateIPConfig>(cloudPrivateIPConfigs, object, { signal });
    this.#deps.logger.info({ egressIP: name, node }, 'CloudPrivateIPConfig created');
  }

  async #adopt(present: CloudPrivateIPConfig, signal: AbortSignal): Promise<void> {
    const { name = '' } = present.metadata;
    const patch = guarded(present, {}, { labels: { ...ours } });
    await this.#deps.client.patch(cloudPrivateIPConfigs, { name }, patch, { type: 'merge', signal });
    this.#deps.logger.info({ egressIP: name, node: present.spec?.node }, 'CloudPrivateIPConfig taken over');
  }

  async #delete(present: CloudPrivateIPConfig, signal: AbortSignal): Promise<void> {
    const { metadata, spec } = present;
    await removeObject(this.#deps.client, cloudPrivateIPConfigs, present, signal);
    this.#deps.logger.info({ egressIP: metadata.name, node: spec?.node }, 'CloudPrivateIPConfig deleted');
  }
}
