/**
 * Addresses that can be no egress IP, whoever requests or lists them: those of nodes, and those in the networks of pods
 * and services. On an interface of another node such an address would cut off whoever has it.
 */
import { type Cidr, type Ip, keyRange, type SortKey, sortKey } from '../address.ts';
import type { AbsentHostSubnet } from '../hostsubnet.ts';
import { compareText } from '../names.ts';

/** Why an address can be no egress IP. */
export type Unusable =
  /** `node` is the first by name of those that have it. */
  | { readonly code: 'EgressIPIsNodeAddress'; readonly node: string }
  | { readonly code: 'EgressIPInsideCluster'; readonly network: string };

interface Range {
  readonly text: string;
  readonly first: SortKey;
  /** The first address after it. */
  readonly end: SortKey;
}

/** The addresses of nodes and the networks of the cluster, kept up to date. */
export class UnusableAddresses {
  readonly #nodes = new Map<Ip, Set<string>>();
  #networks: readonly Cidr[] = [];
  #ranges: readonly Range[] = [];

  /** The node of that HostSubnet has the address, also when the HostSubnet counts as absent. */
  addNode(name: string, address: Ip): void {
    const names = this.#nodes.get(address);
    if (names === undefined) this.#nodes.set(address, new Set([name]));
    else names.add(name);
  }

  /** The node has the address no more. */
  removeNode(name: string, address: Ip): void {
    const names = this.#nodes.get(address);
    names?.delete(name);
    if (names?.size === 0) this.#nodes.delete(address);
  }

  /** The names of those who have the address, in no certain order. */
  nodesAt(address: Ip): Iterable<string> {
    return this.#nodes.get(address) ?? [];
  }

  get networks(): readonly Cidr[] {
    return this.#networks;
  }

  /** Pods and services have these networks now. */
  setNetworks(networks: readonly Cidr[]): void {
    this.#networks = networks;
    this.#ranges = networks.map((network) => ({ text: network.text, ...keyRange(network) }));
  }

  /** Why the address can be no egress IP; undefined when it can. */
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

/** Whether both say the same. */
export function sameUnusable(a: Unusable | undefined, b: Unusable | undefined): boolean {
  if (a?.code === 'EgressIPIsNodeAddress') return b?.code === a.code && b.node === a.node;
  if (a?.code === 'EgressIPInsideCluster') return b?.code === a.code && b.network === a.network;
  return b === undefined;
}

/** A node by the name of its HostSubnet. */
export type Inhabitant = Pick<AbsentHostSubnet, 'name' | 'hostIP'>;

/** Who may have addresses that nobody else may have. */
interface Inhabitants {
  readonly hostSubnets: readonly Inhabitant[];
  readonly absent?: readonly Inhabitant[];
  readonly networks?: readonly Cidr[];
}

/** The addresses that are unusable in a cluster of these objects. */
export function unusableAddresses({ hostSubnets, absent = [], networks = [] }: Inhabitants): UnusableAddresses {
  const made = new UnusableAddresses();
  for (const { name, hostIP } of [...hostSubnets, ...absent]) if (hostIP !== undefined) made.addNode(name, hostIP);
  made.setNetworks(networks);
  return made;
}
