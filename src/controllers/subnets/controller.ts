/** Every Node with an InternalIP has a HostSubnet with a subnet of its own, for as long as it exists. */
import { hostSubnets } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isAlreadyExists } from '../../io/kube/error.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { type Cidr, type Ip, parseCidr, parseIp } from '../../model/address.ts';
import type { PodNetwork } from '../../model/clusternetwork.ts';
import type { HostSubnetObject, NodeObject } from '../../model/objects.ts';
import { Subnets } from '../../model/subnets.ts';

/** Names the Node, by uid, that a HostSubnet was made for. */
export const nodeUidAnnotation = 'pod.network.openshift.io/node-uid';

export interface SubnetsDeps {
  readonly client: KubeClient;
  readonly nodes: ObjectCache<NodeObject>;
  readonly hostSubnets: ObjectCache<HostSubnetObject>;
  readonly networks: readonly PodNetwork[];
  readonly logger: Logger;
}

/** The first InternalIP of a Node, or undefined. */
export function internalIP(node: NodeObject): Ip | undefined {
  for (const { type, address } of node.status?.addresses ?? []) {
    const ip = type === 'InternalIP' ? parseIp(address) : undefined;
    if (ip?.ok === true) return ip.value;
  }
  return undefined;
}

function subnetOf(object: HostSubnetObject | undefined): Cidr | undefined {
  const parsed = parseCidr(object?.subnet ?? '');
  return parsed.ok ? parsed.value : undefined;
}

export class SubnetsController {
  readonly #deps: SubnetsDeps;
  readonly #subnets: Subnets;
  /** Subnets of HostSubnets that were created and are not in the cache yet. */
  readonly #pending = new Map<string, Cidr>();

  /** Both caches must be synced. */
  constructor(deps: SubnetsDeps) {
    this.#deps = deps;
    this.#subnets = new Subnets(deps.networks);
    deps.hostSubnets.subscribe(({ key, before, after }) => {
      const [held, released] = [subnetOf(after), subnetOf(before)];
      if (held !== undefined) this.#subnets.hold(held);
      if (released !== undefined) this.#subnets.release(released);
      if (after !== undefined) this.#settle(key);
    });
  }

  /** Brings one Node's HostSubnet into being, up to date, or away; throws when the API server refuses. */
  async reconcile(name: string, signal: AbortSignal): Promise<void> {
    const node = this.#deps.nodes.get(name);
    const present = this.#deps.hostSubnets.get(name);
    const hostIP = node === undefined ? undefined : internalIP(node);
    if (present !== undefined && this.#isOrphan(present, node)) await this.#remove(present, signal);
    else if (node === undefined || hostIP === undefined) return;
    else if (present === undefined) await this.#create(node, hostIP, signal);
    else if (present.hostIP !== hostIP) await this.#move(present, hostIP, signal);
  }

  /** Made for a Node that is gone or was replaced. One without the annotation was made by hand and stays. */
  #isOrphan(present: HostSubnetObject, node: NodeObject | undefined): boolean {
    const uid = present.metadata.annotations?.[nodeUidAnnotation];
    return uid !== undefined && uid !== node?.metadata.uid;
  }

  #settle(name: string): void {
    const subnet = this.#pending.get(name);
    if (subnet === undefined) return;
    this.#pending.delete(name);
    this.#subnets.release(subnet);
  }

  async #create(node: NodeObject, hostIP: Ip, signal: AbortSignal): Promise<void> {
    const { name = '', uid } = node.metadata;
    if (this.#pending.has(name)) return;
    const subnet = this.#subnets.allocate();
    if (!subnet.ok) throw new Error(`node ${name} gets no subnet: ${subnet.error}`);
    this.#pending.set(name, subnet.value);
    const annotations = uid === undefined ? {} : { [nodeUidAnnotation]: uid };
    const object: HostSubnetObject = {
      apiVersion: 'network.openshift.io/v1',
      kind: 'HostSubnet',
      metadata: { name, annotations },
      host: name,
      hostIP,
      subnet: subnet.value.text,
    };
    try {
      await this.#deps.client.create(hostSubnets, object, { signal });
      this.#deps.logger.info({ node: name, hostIP, subnet: subnet.value.text }, 'HostSubnet created');
    } catch (error) {
      this.#settle(name);
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async #move(present: HostSubnetObject, hostIP: Ip, signal: AbortSignal): Promise<void> {
    const { name = '', resourceVersion } = present.metadata;
    await this.#deps.client.patch(hostSubnets, { name }, { metadata: { resourceVersion }, hostIP }, { type: 'merge', signal });
    this.#deps.logger.info({ node: name, hostIP, before: present.hostIP }, 'HostSubnet follows its Node to another address');
  }

  async #remove(present: HostSubnetObject, signal: AbortSignal): Promise<void> {
    const { name = '', uid } = present.metadata;
    await this.#deps.client.delete(hostSubnets, { name }, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
    this.#deps.logger.info({ node: name, subnet: present.subnet }, 'HostSubnet removed with its Node');
  }
}
