/** Keeps one HostSubnet, with its own subnet, for each existing Node with an InternalIP. */
import { hostSubnets, nodes } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { type Involved, involved, type ReportEvent } from '../../io/kube/events.ts';
import { changeFresh, guarded } from '../../io/kube/fresh.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { Subnets } from '../../model/allocation/subnets.ts';
import { ListedIps } from '../../model/egress/listed.ts';
import type { ClusterNetwork } from '../../model/objects/clusternetwork.ts';
import { internalIPs } from '../../model/objects/node.ts';
import type { HostSubnetObject, NodeObject } from '../../model/objects/raw.ts';
import { type Cidr, type Ip, overlaps } from '../../model/values/address.ts';
import { createReserved, type Creation, findReserved, lookAgainAfter } from '../create.ts';
import { removeObject } from '../remove.ts';
import { Reservations } from '../reservations.ts';
import { HostIps } from './host-ips.ts';
import { hostSubnetOf, isOrphan, type Known, type Step, stepFor, subnetOf } from './plan.ts';

export interface SubnetsDeps {
  readonly client: KubeClient;
  readonly nodes: ObjectCache<NodeObject>;
  readonly hostSubnets: ObjectCache<HostSubnetObject>;
  /** The current ClusterNetwork. */
  readonly network: () => ClusterNetwork;
  readonly report: ReportEvent;
  readonly logger: Logger;
}

type StepOf<K extends Step['kind']> = Extract<Step, { readonly kind: K }>;

export class SubnetsController {
  readonly #deps: SubnetsDeps;
  readonly #reservations: Reservations<Cidr>;
  readonly #creation: Creation<Cidr, HostSubnetObject>;
  readonly #listed = new ListedIps();
  readonly #hosts = new HostIps();
  readonly #unsubscribe: () => void;

  /** Both caches must be synced. */
  constructor(deps: SubnetsDeps) {
    this.#deps = deps;
    // a HostSubnet gets a subnet only while it has none: once it has one, no write of ours can succeed any more
    this.#reservations = new Reservations(new Subnets(deps.network().networks), () => true);
    this.#creation = { client: deps.client, kind: hostSubnets, reservations: this.#reservations, isAnswer: () => true };
    this.#unsubscribe = deps.hostSubnets.subscribe(({ key, before, after }) => {
      this.#listed.change(before, after);
      this.#hosts.change(key, before, after);
      this.#reservations.seen(key, { before: subnetOf(before), after: subnetOf(after) });
    });
  }

  /**
   * Allocates from the current pod networks from now on. A reserved subnet whose write is under way is kept if it lies
   * in one of them; otherwise nobody else can get it, and another is allocated.
   */
  networkChanged(): void {
    const { networks } = this.#deps.network();
    const held = this.#deps.hostSubnets.list().flatMap((object) => subnetOf(object) ?? []);
    this.#reservations.moveTo(new Subnets(networks, held), (subnet) =>
      networks.some(({ cidr }) => overlaps(cidr, subnet)),
    );
  }

  /** Stops listening to changes. */
  close(): void {
    this.#unsubscribe();
  }

  /** Creates, updates or removes one Node's HostSubnet. Returns the milliseconds until the next look, if any. */
  async reconcile(name: string, signal: AbortSignal): Promise<number | undefined> {
    const step = stepFor(this.#known(name), this.#deps.network());
    switch (step.kind) {
      case 'nothing':
        return undefined;
      case 'remove':
        return this.#remove(step.present, signal);
      case 'create':
        return this.#create(step, signal);
      case 'find':
        return findReserved(this.#creation, name, signal);
      case 'move':
        return this.#move(step.present, step.hostIP, signal);
      case 'assign':
        return this.#assign(step.present, signal);
      case 'record':
        return this.#record(step, signal);
      case 'lacking':
        this.#lack(step.node);
        return undefined;
      case 'refuse':
        this.#refuse(name, step);
        return undefined;
    }
  }

  #known(name: string): Known {
    const [node, present] = [this.#deps.nodes.get(name), this.#deps.hostSubnets.get(name)];
    if (node !== undefined && present !== undefined && internalIPs(node).length === 0) this.#lack(node, present);
    return {
      node,
      present,
      isWritten: this.#reservations.of(name)?.isWritten === true,
      isEgressIP: (ip) => this.#listed.has(ip),
      otherAt: (ip) => this.#hosts.otherAt(ip, name),
    };
  }

  /** The subnet reserved for the host. Reports and throws if there is none. */
  #reserve(name: string, on: 'Node' | 'HostSubnet'): Cidr {
    const subnet = this.#reservations.reserve(name);
    if (subnet.ok) return subnet.value;
    this.#deps.report({
      object: this.#involved(on, name),
      type: 'Warning',
      reason: 'SubnetsExhausted',
      message: `the host gets no subnet: ${subnet.error}`,
    });
    throw new Error(`host ${name} gets no subnet: ${subnet.error}`);
  }

  async #create({ node, hostIP }: StepOf<'create'>, signal: AbortSignal): Promise<number> {
    const { name = '' } = node.metadata;
    const subnet = this.#reserve(name, 'Node');
    const isCreated = await createReserved(this.#creation, hostSubnetOf(node, hostIP, subnet), signal);
    if (isCreated) this.#deps.logger.info({ node: name, hostIP, subnet: subnet.text }, 'HostSubnet created');
    return lookAgainAfter;
  }

  async #assign(present: HostSubnetObject, signal: AbortSignal): Promise<undefined> {
    const { name = '' } = present.metadata;
    const subnet = this.#reserve(name, 'HostSubnet');
    try {
      await this.#deps.client.patch(hostSubnets, { name }, guarded(present, { subnet: subnet.text }), {
        type: 'merge',
        signal,
      });
    } catch (error) {
      this.#reservations.failed(name, error);
      throw error;
    }
    this.#deps.logger.info({ host: name, subnet: subnet.text }, 'host outside the cluster got a subnet');
  }

  async #record({ present, annotations }: StepOf<'record'>, signal: AbortSignal): Promise<undefined> {
    const { name = '' } = present.metadata;
    const patch = guarded(present, {}, { annotations });
    await this.#deps.client.patch(hostSubnets, { name }, patch, { type: 'merge', signal });
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

  /** Removes it once the API server itself confirms that its Node is gone: the watch of Nodes may be behind. */
  async #remove(present: HostSubnetObject, signal: AbortSignal): Promise<number | undefined> {
    const { name = '' } = present.metadata;
    const { client } = this.#deps;
    const node = await client.get<NodeObject>(nodes, { name }, { signal });
    if (!isOrphan(present, node)) return lookAgainAfter;
    await removeObject(client, hostSubnets, present, signal);
    this.#deps.logger.info({ node: name, subnet: present.subnet }, 'HostSubnet removed with its Node');
    return undefined;
  }

  #involved(on: 'Node' | 'HostSubnet', name: string): Involved {
    return on === 'Node'
      ? involved(nodes, name, this.#deps.nodes.get(name))
      : involved(hostSubnets, name, this.#deps.hostSubnets.get(name));
  }

  #lack(node: NodeObject, present?: HostSubnetObject): void {
    const { name = '' } = node.metadata;
    const reported = internalIPs(node);
    const found =
      reported.length === 0
        ? 'the node reports no IPv4 InternalIP that nodes can have'
        : `the node reports only ${reported.join(', ')} as InternalIP, which HostSubnets list as egress IP`;
    const message = `${found}: ${present === undefined ? 'it gets no HostSubnet and no pods' : `its HostSubnet keeps hostIP ${present.hostIP}`}`;
    this.#deps.report({ object: this.#involved('Node', name), type: 'Warning', reason: 'NodeAddressMissing', message });
    this.#deps.logger.warn({ node: name, reported }, 'a node has no address for its HostSubnet');
  }

  #refuse(name: string, { on, hostIP, why }: StepOf<'refuse'>): void {
    this.#deps.report({
      object: this.#involved(on, name),
      type: 'Warning',
      reason: 'HostIPRefused',
      message: `host IP ${hostIP} ${why}`,
    });
    this.#deps.logger.warn({ host: name, hostIP, why }, 'host IP refused');
  }
}
