/** Every Node with an InternalIP has a HostSubnet with a subnet of its own, for as long as it exists. */
import { hostSubnets, nodes } from '../../../api/kinds.ts';
import { type Involved, involved, type ReportEvent } from '../../io/events.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { ApiError, isAlreadyExists, isConflict } from '../../io/kube/error.ts';
import { changeFresh, guarded } from '../../io/kube/fresh.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { type Cidr, type Ip, overlaps, parseIfaddr } from '../../model/address.ts';
import type { ClusterNetwork } from '../../model/clusternetwork.ts';
import type { HostSubnetObject, NodeObject } from '../../model/objects.ts';
import { Subnets } from '../../model/subnets.ts';
import { nodeUidAnnotation, type Step, stepFor } from './plan.ts';

export interface SubnetsDeps {
  readonly client: KubeClient;
  readonly nodes: ObjectCache<NodeObject>;
  readonly hostSubnets: ObjectCache<HostSubnetObject>;
  /** The ClusterNetwork as it is now. */
  readonly network: () => ClusterNetwork;
  readonly report: ReportEvent;
  readonly logger: Logger;
}

/** A subnet that was written, or may have been, and is not in the cache yet. */
interface Pending {
  readonly subnet: Cidr;
  isWritten: boolean;
}

/** When a write that the cache has not told is looked for, in milliseconds. */
const lookAgainAfter = 5_000;

/** The subnet that the HostSubnet keeps from others; one with host bits set is kept free too, for it will be mended. */
function subnetOf(object: HostSubnetObject | undefined): Cidr | undefined {
  const parsed = parseIfaddr(object?.subnet ?? '');
  return parsed.ok ? parsed.value.network : undefined;
}

export class SubnetsController {
  readonly #deps: SubnetsDeps;
  #subnets: Subnets;
  readonly #pending = new Map<string, Pending>();
  readonly #unsubscribe: () => void;

  /** Both caches must be synced. */
  constructor(deps: SubnetsDeps) {
    this.#deps = deps;
    this.#subnets = new Subnets(deps.network().networks);
    this.#unsubscribe = deps.hostSubnets.subscribe(({ key, before, after }) => {
      const [held, released] = [subnetOf(after), subnetOf(before)];
      if (held !== undefined) this.#subnets.hold(held);
      if (released !== undefined) this.#subnets.release(released);
      if (held !== undefined) this.#settle(key);
    });
  }

  /**
   * Gives subnets of the pod networks as they are now. One that was allocated before and whose write is on its way is kept
   * when it lies in one of them; else nobody else can get it, and another is allocated.
   */
  networkChanged(): void {
    const { networks } = this.#deps.network();
    this.#subnets = new Subnets(networks);
    for (const object of this.#deps.hostSubnets.list()) {
      const held = subnetOf(object);
      if (held !== undefined) this.#subnets.hold(held);
    }
    for (const [name, { subnet, isWritten }] of this.#pending) {
      if (isWritten || networks.some(({ cidr }) => overlaps(cidr, subnet))) this.#subnets.hold(subnet);
      else this.#pending.delete(name);
    }
  }

  /** Hears no more of changes. */
  close(): void {
    this.#unsubscribe();
  }

  /** Brings one Node's HostSubnet into being, up to date, or away; returns after how many ms to look again, if at all. */
  async reconcile(name: string, signal: AbortSignal): Promise<number | undefined> {
    const node = this.#deps.nodes.get(name);
    const step = stepFor(node, this.#deps.hostSubnets.get(name), this.#deps.network());
    switch (step.kind) {
      case 'nothing':
        return undefined;
      case 'remove':
        return this.#remove(step.present, signal);
      case 'create':
        return this.#create(step.node, step.hostIP, signal);
      case 'move':
        return this.#move(step.present, step.hostIP, signal);
      case 'assign':
        return this.#assign(step.present, signal);
      case 'refuse':
        this.#refuse(name, step);
        return undefined;
    }
  }

  #settle(name: string): void {
    const pending = this.#pending.get(name);
    if (pending === undefined) return;
    this.#pending.delete(name);
    this.#subnets.release(pending.subnet);
  }

  /** The subnet that was allocated for the name before and may have been written, else a new one; says so when there is none. */
  #allocate(name: string, on: 'Node' | 'HostSubnet'): Pending {
    const pending = this.#pending.get(name);
    if (pending !== undefined) return pending;
    const subnet = this.#subnets.allocate();
    if (!subnet.ok) {
      this.#deps.report({
        object: this.#involved(on, name),
        type: 'Warning',
        reason: 'SubnetsExhausted',
        message: `the host gets no subnet: ${subnet.error}`,
      });
      throw new Error(`host ${name} gets no subnet: ${subnet.error}`);
    }
    const made = { subnet: subnet.value, isWritten: false };
    this.#pending.set(name, made);
    return made;
  }

  async #create(node: NodeObject, hostIP: Ip, signal: AbortSignal): Promise<number | undefined> {
    const { name = '', uid } = node.metadata;
    if (this.#pending.get(name)?.isWritten === true) return this.#lookFor(name, signal);
    const pending = this.#allocate(name, 'Node');
    const subnet = pending.subnet.text;
    const annotations = uid === undefined ? {} : { [nodeUidAnnotation]: uid };
    const apiVersion = 'network.openshift.io/v1';
    const object: HostSubnetObject = {
      apiVersion,
      kind: 'HostSubnet',
      metadata: { name, annotations },
      host: name,
      hostIP,
      subnet,
    };
    try {
      await this.#deps.client.create(hostSubnets, object, { signal });
      this.#deps.logger.info({ node: name, hostIP, subnet }, 'HostSubnet created');
    } catch (error) {
      this.#doubt(name, error);
      if (!isAlreadyExists(error)) throw error;
    }
    pending.isWritten = true;
    return lookAgainAfter;
  }

  /** Frees the subnet of a write that certainly did not happen; after anything but an answer the same one is tried again. */
  #doubt(name: string, error: unknown): void {
    if (error instanceof ApiError && error.code < 500 && !isAlreadyExists(error) && !isConflict(error))
      this.#settle(name);
  }

  /** A HostSubnet that was created and that the watch has not told for long: is it there? */
  async #lookFor(name: string, signal: AbortSignal): Promise<number> {
    const stored = await this.#deps.client.get<HostSubnetObject>(hostSubnets, { name }, { signal });
    if (stored !== undefined) return lookAgainAfter;
    this.#settle(name);
    return 0;
  }

  async #assign(present: HostSubnetObject, signal: AbortSignal): Promise<undefined> {
    const { name = '' } = present.metadata;
    const { subnet } = this.#allocate(name, 'HostSubnet');
    try {
      await this.#deps.client.patch(hostSubnets, { name }, guarded(present, { subnet: subnet.text }), {
        type: 'merge',
        signal,
      });
    } catch (error) {
      this.#doubt(name, error);
      throw error;
    }
    this.#deps.logger.info({ host: name, subnet: subnet.text }, 'host outside the cluster got a subnet');
  }

  async #move(present: HostSubnetObject, hostIP: Ip, signal: AbortSignal): Promise<undefined> {
    const { name = '' } = present.metadata;
    const change = (stored: HostSubnetObject): unknown =>
      stored.hostIP === hostIP ? undefined : guarded(stored, { hostIP });
    await changeFresh<HostSubnetObject>(this.#deps.client, { kind: hostSubnets, ref: { name }, change }, signal);
    this.#deps.logger.info(
      { node: name, hostIP, before: present.hostIP },
      'HostSubnet follows its Node to another address',
    );
  }

  /** Removes it once the API server itself says that its Node is gone: the watch of Nodes may be behind. */
  async #remove(present: HostSubnetObject, signal: AbortSignal): Promise<number | undefined> {
    const { name = '', uid } = present.metadata;
    const { client, network } = this.#deps;
    const node = await client.get<NodeObject>(nodes, { name }, { signal });
    if (stepFor(node, present, network()).kind !== 'remove') return lookAgainAfter;
    await client.delete(hostSubnets, { name }, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
    this.#deps.logger.info({ node: name, subnet: present.subnet }, 'HostSubnet removed with its Node');
    return undefined;
  }

  #involved(on: 'Node' | 'HostSubnet', name: string): Involved {
    return on === 'Node'
      ? involved(nodes, name, this.#deps.nodes.get(name))
      : involved(hostSubnets, name, this.#deps.hostSubnets.get(name));
  }

  #refuse(name: string, { on, hostIP, why }: Extract<Step, { readonly kind: 'refuse' }>): void {
    this.#deps.report({
      object: this.#involved(on, name),
      type: 'Warning',
      reason: 'HostIPRefused',
      message: `host IP ${hostIP} ${why}`,
    });
    this.#deps.logger.warn({ host: name, hostIP, why }, 'host IP refused');
  }
}
