/**
 * Addresses that cannot be egress IPs, whoever requests or lists them: node addresses, and addresses in the pod and
 * service networks. On an interface of another node such an address would cut off its owner.
 */
import type { AbsentHostSubnet } from '../objects/hostsubnet.ts';
import { type Cidr, type Ip, keyRange, type SortKey, sortKey } from '../values/address.ts';
import { compareText } from '../values/names.ts';

/** Why an address cannot be an egress IP. */
export type Unusable =
  /** `node` is the first by name of the nodes that have it. */
  | { readonly code: 'EgressIPIsNodeAddress'; readonly node: string }
  | { readonly code: 'EgressIPInsideCluster'; readonly network: string };

interface Range {
  readonly text: string;
  readonly first: SortKey;
  /** The first address after the range. */
  readonly end: SortKey;
}

/** The addresses of nodes and the networks of the cluster, updated in place. */
export class UnusableAddresses {
  readonly #nodes = new Map<Ip, Set<string>>();
  #networks: readonly Cidr[] = [];
  #ranges: readonly Range[] = [];

  /** Adds a node address, also of a HostSubnet that counts as absent. */
  addNode(name: string, address: Ip): void {
    const names = this.#nodes.get(address);
    if (names === undefined) this.#nodes.set(address, new Set([name]));
    else names.add(name);
  }

  /** Removes a node address. */
  removeNode(name: string, address: Ip): void {
    const names = this.#nodes.get(address);
    names?.delete(name);
    if (names?.size === 0) this.#nodes.delete(address);
  }

  /** The names of the nodes that have the address, in no particular order. */
  nodesAt(address: Ip): Iterable<string> {
    return this.#nodes.get(address) ?? [];
  }

  get networks(): readonly Cidr[] {
    return this.#networks;
  }

  /** Sets the networks of pods and services. */
  setNetworks(networks: readonly Cidr[]): void {
    this.#networks = networks;
    this.#ranges = networks.map((network) => ({ text: network.text, ...keyRange(network) }));
  }

  /** Why the address cannot be an egress IP; undefined if it can. */
  of(address: Ip): Unusable | undefined {
    const names = this.#nodes.get(address);
    if (names !== undefined)
      return { code: 'EgressIPIsNodeAddress', node: [...names].reduce((a, b) => (compareText(a, b) <= 0 ? a : b)) };
    if (this.#ranges.length === 0) return undefined;
    const key = sortKey(address);
    const range = this.#ranges.find(({ first, end }) => first <= key && key < end);
    return range === undefined ? undefined : { code: 'EgressIPInsideCluster', network: range.text };
  }
}

/** Whether both are equal. */
export function sameUnusable(a: Unusable | undefined, b: Unusable | undefined): boolean {
  if (a?.code === 'EgressIPIsNodeAddress') return b?.code === a.code && b.node === a.node;
  if (a?.code === 'EgressIPInsideCluster') return b?.code === a.code && b.network === a.network;
  return b === undefined;
}

/** A node by the name of its HostSubnet. */
export type Inhabitant = Pick<AbsentHostSubnet, 'name' | 'hostIP'>;

/** The nodes and networks with reserved addresses. */
interface Inhabitants {
  readonly hostSubnets: readonly Inhabitant[];
  readonly absent?: readonly Inhabitant[];
  readonly networks?: readonly Cidr[];
}

/** The unusable addresses of a cluster with these objects. */
export function unusableAddresses({ hostSubnets, absent = [], networks = [] }: Inhabitants): UnusableAddresses {
  const made = new UnusableAddresses();
  for (const { name, hostIP } of [...hostSubnets, ...absent]) if (hostIP !== undefined) made.addNode(name, hostIP);
  made.setNetworks(networks);
  return made;
}
