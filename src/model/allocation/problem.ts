/**
 * The assignment as numbers: nodes, items (egress IPs to place) and who may go where, all in an order that depends on
 * names and requests only. What follows from it therefore never depends on the order of the input.
 */
import { keyRange, sortKey, type Cidr, type Ip, type SortKey } from '../address.ts';
import { allowsCidr, type CloudLimits } from '../cloud.ts';
import type { Placement } from '../egress/verdict.ts';
import type { HostSubnet } from '../hostsubnet.ts';
import { compareText, type NodeName } from '../names.ts';
import type { Vnid } from '../vnid.ts';

/** What is asked of the allocation, however it is stored. */
export interface Demand {
  readonly hostSubnets: readonly HostSubnet[];
  readonly isOffline: (nodeIP: Ip) => boolean;
  /** By node; a node that is not there has no limits. */
  readonly limits: ReadonlyMap<NodeName, CloudLimits>;
  /** The VNIDs that request something, ascending. */
  readonly vnids: readonly Vnid[];
  /** In request order. */
  readonly requests: (vnid: Vnid) => readonly Ip[];
  readonly demand: (ip: Ip) => { readonly requesters: readonly Vnid[]; readonly hosts: readonly Placement[] };
}

/** Why an IP is not even tried. */
export type Exclusion = 'EgressIPInSeveralNamespaces' | 'ListedByHand' | 'NoCIDRContainsEgressIP';

/** The placement problem in dense numbers. An item's nodes are those of its class. */
export interface Problem {
  /** Online nodes with egressCIDRs, by name. */
  readonly nodes: readonly NodeName[];
  /** How many items a node can hold. */
  readonly capacity: Int32Array;
  /** In order of position in the VNID's list, then VNID: first requests come first when not all can be placed. */
  readonly items: readonly Ip[];
  /** Item to group: items of one VNID are one group, and no node holds two of a group. */
  readonly groupOf: Int32Array;
  /** Group to its items. */
  readonly groups: readonly (readonly number[])[];
  readonly vnids: readonly Vnid[];
  /** Item to class. */
  readonly classOf: Int32Array;
  /** Class to the nodes its items may go to, ascending. Never empty. */
  readonly classes: readonly Int32Array[];
  /** Class to a 1 for each of its nodes. */
  readonly members: readonly Uint8Array[];
  /** Item to the first node that lists it now and may keep it, or -1. */
  readonly home: Int32Array;
  /** The other nodes that list it now, for items that several list. */
  readonly moreHomes: ReadonlyMap<number, readonly number[]>;
  readonly excluded: ReadonlyMap<Ip, Exclusion>;
}

/** Stands for no limit. */
const unlimited = 2 ** 31 - 1;

/** The problem that these objects pose. */
export function problemOf(demand: Demand): Problem {
  const auto = demand.hostSubnets.filter(({ egressCIDRs }) => egressCIDRs.length > 0);
  const owners = new Set(auto.map(({ name }) => name));
  const online = auto.filter(({ hostIP }) => !demand.isOffline(hostIP)).sort((a, b) => compareText(a.name, b.name));
  const nodes = online.map(({ name }) => name);
  const limitOf = (node: NodeName): number => demand.limits.get(node)?.capacity ?? unlimited;
  const classes = new Classes(online.map((one) => usableCidrs(one, demand.limits.get(one.name))));
  const chosen = chooseItems(demand, owners, classes);
  const homes = findHomes(chosen.items, demand, { nodes, classes, classOf: chosen.classOf });
  const capacity = Int32Array.from(nodes, (node) => Math.min(limitOf(node), unlimited));
  return { nodes, capacity, ...chosen, classOf: Int32Array.from(chosen.classOf), classes: classes.all, members: classes.members, ...homes };
}

/** The CIDRs of a node that lie in its cloud network; the others are refused (`cloudProblems` says so). */
function usableCidrs({ egressCIDRs }: HostSubnet, limits: CloudLimits | undefined): readonly Cidr[] {
  return limits === undefined ? egressCIDRs : egressCIDRs.filter((cidr) => allowsCidr(limits, cidr));
}

interface Chosen {
  readonly items: readonly Ip[];
  readonly groupOf: Int32Array;
  readonly groups: readonly (readonly number[])[];
  readonly vnids: readonly Vnid[];
  readonly classOf: readonly number[];
  readonly excluded: ReadonlyMap<Ip, Exclusion>;
}

function chooseItems(demand: Demand, owners: ReadonlySet<NodeName>, classes: Classes): Chosen {
  const byPosition: { readonly ip: Ip; readonly group: number; readonly found: number }[][] = [];
  const excluded = new Map<Ip, Exclusion>();
  const vnids: Vnid[] = [];
  for (const vnid of demand.vnids) {
    let position = 0;
    for (const ip of demand.requests(vnid)) {
      const { requesters, hosts } = demand.demand(ip);
      const byHand = hosts.length > 0 && hosts.some(({ node }) => !owners.has(node));
      const found = requesters.length > 1 || byHand ? -1 : classes.of(ip);
      if (found >= 0) {
        if (position === 0) vnids.push(vnid);
        (byPosition[position++] ??= []).push({ ip, group: vnids.length - 1, found });
      } else excluded.set(ip, exclusion(requesters.length, byHand));
    }
  }
  const flat = byPosition.flat();
  const groups: number[][] = vnids.map(() => []);
  for (const [item, { group }] of flat.entries()) groups[group]?.push(item);
  const groupOf = Int32Array.from(flat, ({ group }) => group);
  return { items: flat.map(({ ip }) => ip), groupOf, groups, vnids, classOf: flat.map(({ found }) => found), excluded };
}

function exclusion(requesters: number, byHand: boolean): Exclusion {
  if (requesters > 1) return 'EgressIPInSeveralNamespaces';
  return byHand ? 'ListedByHand' : 'NoCIDRContainsEgressIP';
}

function findHomes(
  items: readonly Ip[],
  demand: Demand,
  places: { readonly nodes: readonly NodeName[]; readonly classes: Classes; readonly classOf: readonly number[] },
): { readonly home: Int32Array; readonly moreHomes: ReadonlyMap<number, readonly number[]> } {
  const indexOf = new Map(places.nodes.map((name, index) => [name, index]));
  const home = new Int32Array(items.length).fill(-1);
  const moreHomes = new Map<number, readonly number[]>();
  for (const [item, ip] of items.entries()) {
    const { hosts } = demand.demand(ip);
    if (hosts.length === 0) continue;
    const found: number[] = [];
    for (const { node } of hosts) {
      const index = indexOf.get(node) ?? -1;
      if (index >= 0 && places.classes.has(places.classOf[item] ?? -1, index)) found.push(index);
    }
    if (found.length > 1) found.sort((a, b) => a - b);
    home[item] = found[0] ?? -1;
    if (found.length > 1) moreHomes.set(item, found.slice(1));
  }
  return { home, moreHomes };
}

/**
 * Addresses by the set of nodes whose CIDRs contain them. The ends of all CIDRs cut the address space into pieces in
 * which that set is the same; a class is made for a piece when an address in it is asked for.
 */
class Classes {
  readonly all: Int32Array[] = [];
  readonly members: Uint8Array[] = [];
  readonly #cidrs: readonly (readonly Cidr[])[];
  /** Where pieces begin, ascending. */
  readonly #starts: readonly (SortKey)[];
  /** Piece to class: -1 is no node, undefined is not made yet. */
  readonly #classOfPiece: (number | undefined)[] = [];
  readonly #byNodes = new Map<string, number>();
  readonly #ranges: readonly Range[];

  constructor(cidrs: readonly (readonly Cidr[])[]) {
    this.#cidrs = cidrs;
    const ranges = new Map<string, Range>();
    for (const [node, list] of cidrs.entries()) {
      for (const cidr of list) {
        const range = ranges.get(cidr.text);
        if (range === undefined) ranges.set(cidr.text, { ...keyRange(cidr), nodes: [node] });
        else if (range.nodes.at(-1) !== node) range.nodes.push(node);
      }
    }
    this.#ranges = [...ranges.values()];
    this.#starts = [...new Set(this.#ranges.flatMap(({ first, end }) => [first, end]))].sort(compareKeys);
  }

  /** The class of the address, or -1 when no node's CIDR contains it. */
  of(ip: Ip): number {
    const key = sortKey(ip);
    const piece = this.#pieceOf(key);
    if (piece < 0) return -1;
    return (this.#classOfPiece[piece] ??= this.#make(key));
  }

  has(index: number, node: number): boolean {
    return this.members[index]?.[node] === 1;
  }

  #pieceOf(key: SortKey): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const start = this.#starts[middle];
      if (start !== undefined && start <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #make(key: SortKey): number {
    const members = new Uint8Array(this.#cidrs.length);
    for (const { first, end, nodes } of this.#ranges) {
      if (first <= key && key < end) for (const node of nodes) members[node] = 1;
    }
    const list: number[] = [];
    for (const [node, member] of members.entries()) if (member === 1) list.push(node);
    if (list.length === 0) return -1;
    const name = list.join();
    const found = this.#byNodes.get(name);
    if (found !== undefined) return found;
    this.members.push(members);
    this.#byNodes.set(name, this.all.length);
    return this.all.push(Int32Array.from(list)) - 1;
  }
}

/** All addresses of one CIDR, and the nodes that have it. */
interface Range {
  readonly first: SortKey;
  /** The first address after it. */
  readonly end: SortKey;
  readonly nodes: number[];
}

function compareKeys(a: SortKey, b: SortKey): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
