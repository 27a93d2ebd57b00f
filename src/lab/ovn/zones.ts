/**
 * The zones of OVN-Kubernetes, one for each node, as far as EgressFirewalls show them: each applies its message to the
 * status, under its own name, and the cluster manager says what they have in common.
 */
import { apiVersionOf, egressFirewalls, nodes } from '../../../api/kinds.ts';
import { pause } from '../../io/async/pause.ts';
import { createQueue, type WorkQueue } from '../../io/async/queue.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isNotFound } from '../../io/kube/error.ts';
import { type ObjectCache, objectKey, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { egressFirewallItem } from '../../migrate/kinds/egressfirewall.ts';
import { zoneAnnotation } from '../../migrate/targets/ovn/marks/annotations.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { firewallStatus, zoneMessage, zoneOf } from './firewall.ts';

export interface ZonesOptions {
  readonly logger: Logger;
  /** Whether a zone says nothing. */
  readonly isSilent?: (zone: string) => boolean;
  /** Milliseconds for which a node without a zone holds everything up; 30,000 by default. */
  readonly patience?: number;
  /** Milliseconds that a zone takes before it speaks; none by default. */
  readonly zoneDelay?: number;
}

export class Zones {
  readonly #client: KubeClient;
  readonly #options: ZonesOptions;
  readonly #stop = new AbortController();
  readonly #nodes: ObjectCache<KubeObject>;
  readonly #firewalls: ObjectCache<KubeObject>;
  readonly #queue: WorkQueue;
  /** When each node was first seen without a zone. */
  readonly #unzoned = new Map<string, number>();
  #ended: Promise<void> = Promise.resolve();

  private constructor(client: KubeClient, options: ZonesOptions) {
    this.#client = client;
    this.#options = options;
    const { logger } = options;
    this.#queue = createQueue({ logger, concurrency: 4 });
    this.#nodes = watchKind(client, nodes, { logger }, this.#stop.signal);
    this.#firewalls = watchKind(client, egressFirewalls, { logger }, this.#stop.signal);
  }

  static async start(client: KubeClient, options: ZonesOptions): Promise<Zones> {
    const zones = new Zones(client, options);
    await Promise.all([zones.#nodes.synced, zones.#firewalls.synced]);
    zones.#nodes.subscribe(() => zones.lookAgain());
    zones.#firewalls.subscribe(({ key }) => zones.#queue.add(key));
    zones.#ended = zones.#queue.process((key) => zones.#lookAt(key), zones.#stop.signal);
    return zones;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#nodes.ended, this.#firewalls.ended, this.#ended]);
  }

  /** Looks at all EgressFirewalls, as when a zone is no longer silent. */
  lookAgain(): void {
    for (const object of this.#firewalls.list()) this.#queue.add(objectKey(object));
  }

  /** The zones there are, and for how many milliseconds a node without one still holds everything up. */
  #zones(): { readonly names: readonly string[]; readonly heldUp: number } {
    const { patience = 30_000 } = this.#options;
    const now = performance.now();
    const names: string[] = [];
    let heldUp = 0;
    for (const { metadata } of this.#nodes.list()) {
      const { name = '', annotations = {} } = metadata;
      const zone = annotations[zoneAnnotation];
      if (zone === undefined) {
        const since = this.#unzoned.get(name) ?? now;
        this.#unzoned.set(name, since);
        heldUp = Math.max(heldUp, since + patience - now);
      } else {
        this.#unzoned.delete(name);
        names.push(zone);
      }
    }
    return { names: [...new Set(names)], heldUp };
  }

  async #lookAt(key: string): Promise<number | undefined> {
    const object = this.#firewalls.get(key);
    if (object === undefined) return undefined;
    const { isSilent = () => false, zoneDelay = 0 } = this.#options;
    const { names, heldUp } = this.#zones();
    const { messages, status } = egressFirewallItem(object);
    const speaking = names.filter(
      (zone) => !isSilent(zone) && messages.filter((one) => zoneOf(one) === zone).join() !== zoneMessage(zone, object),
    );
    if (speaking.length > 0 && zoneDelay > 0) await pause(zoneDelay, this.#stop.signal);
    for (const zone of speaking) await this.#say(object, zone, { messages: [zoneMessage(zone, object)] });
    for (const gone of new Set(messages.map(zoneOf))) if (!names.includes(gone)) await this.#say(object, gone, {});
    if (heldUp > 0) return heldUp;
    const now = firewallStatus(messages, names);
    if (now !== status) await this.#say(object, 'cluster-manager', now === '' ? {} : { status: now });
    return undefined;
  }

  async #say({ metadata: { name = '', namespace = '' } }: KubeObject, manager: string, status: object): Promise<void> {
    const body = {
      apiVersion: apiVersionOf(egressFirewalls),
      kind: egressFirewalls.kind,
      metadata: { name, namespace },
      status,
    };
    await this.#client
      .patch(egressFirewalls, { name, namespace }, body, {
        type: 'apply',
        subresource: 'status',
        fieldManager: manager,
        force: true,
      })
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
  }
}
