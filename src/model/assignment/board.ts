/** The state of an assignment while it is computed. Mutable, and private to this folder. */
import type { Problem } from './problem.ts';

/** Groups with more items than this get a table from node to item. */
const smallGroup = 8;
/** The place of an item that is not on the board. */
export const nowhere = -1;

/**
 * A problem and the current place of each item. `board.bench`, one past the last node, is the place of items without a
 * node.
 */
export class Board {
  readonly problem: Problem;
  /** Whether items prefer to stay on their current node. */
  readonly prefersHome: boolean;
  readonly bench: number;
  /** Maps each item to a node, `bench` or `nowhere`. */
  readonly place: Int32Array;
  /** Number of items on each node and on the bench. */
  readonly load: Int32Array;
  /** Number of placed or benched items that are away from their home. */
  awayCount = 0;
  /** Number of items on each node, and on the bench, that are not at home there. */
  readonly guests: Int32Array;
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #tables = new Map<number, Int32Array>();
  readonly #levels: Levels;

  constructor(problem: Problem, prefersHome: boolean) {
    const count = problem.items.length;
    this.problem = problem;
    this.prefersHome = prefersHome;
    this.bench = problem.nodes.length;
    this.place = new Int32Array(count).fill(nowhere);
    this.load = new Int32Array(this.bench + 1);
    this.guests = new Int32Array(this.bench + 1);
    this.#first = new Int32Array(this.bench + 1).fill(-1);
    this.#next = new Int32Array(count).fill(-1);
    this.#previous = new Int32Array(count).fill(-1);
    this.#levels = new Levels(problem);
    for (const [group, items] of problem.groups.entries()) {
      if (items.length > smallGroup) this.#tables.set(group, new Int32Array(this.bench).fill(-1));
    }
  }

  /** Puts an item that is `nowhere` on a node or the bench. The caller has checked that it may go there. */
  put(item: number, node: number): void {
    const after = this.#first[node] ?? -1;
    this.#next[item] = after;
    this.#previous[item] = -1;
    if (after >= 0) this.#previous[after] = item;
    this.#first[node] = item;
    this.place[item] = node;
    this.#count(item, node, 1);
    this.#tables.get(this.groupOf(item))?.fill(item, node, node + 1);
  }

  /** Removes an item from its place. */
  lift(item: number): void {
    const node = this.placeOf(item);
    const before = this.#previous[item] ?? -1;
    const after = this.#next[item] ?? -1;
    if (before >= 0) this.#next[before] = after;
    else this.#first[node] = after;
    if (after >= 0) this.#previous[after] = before;
    this.place[item] = nowhere;
    this.#count(item, node, -1);
    this.#tables.get(this.groupOf(item))?.fill(-1, node, node + 1);
  }

  placeOf(item: number): number {
    return this.place[item] ?? nowhere;
  }

  groupOf(item: number): number {
    return this.problem.groupOf[item] ?? 0;
  }

  loadOf(node: number): number {
    return this.load[node] ?? 0;
  }

  /** The items of the item's group, itself included. */
  siblings(item: number): readonly number[] {
    return this.problem.groups[this.groupOf(item)] ?? [];
  }

  /** Whether the item may go to this node. */
  allows(item: number, node: number): boolean {
    return this.problem.members[this.problem.classOf[item] ?? 0]?.[node] === 1;
  }

  /** The nodes the item may go to, ascending. */
  nodesOf(item: number): Int32Array {
    return this.problem.classes[this.problem.classOf[item] ?? 0] ?? new Int32Array();
  }

  isFull(node: number): boolean {
    return this.loadOf(node) >= (this.problem.capacity[node] ?? 0);
  }

  /** The item of the group on the node, or -1. */
  occupant(group: number, node: number): number {
    const table = this.#tables.get(group);
    if (table !== undefined) return table[node] ?? -1;
    for (const item of this.problem.groups[group] ?? []) if (this.place[item] === node) return item;
    return -1;
  }

  /** The first item on a node or the bench, or -1. */
  firstOn(node: number): number {
    return this.#first[node] ?? -1;
  }

  /** The next item in the same place, or -1. */
  nextTo(item: number): number {
    return this.#next[item] ?? -1;
  }

  hasHome(item: number): boolean {
    return this.prefersHome && (this.problem.home[item] ?? -1) >= 0;
  }

  /** Whether the node currently lists the item, so that the item is at home there. */
  isHome(item: number, node: number): boolean {
    if (!this.prefersHome || node < 0) return false;
    if (this.problem.home[item] === node) return true;
    return this.problem.moreHomes.size > 0 && (this.problem.moreHomes.get(item)?.includes(node) ?? false);
  }

  /**
   * The smallest load of the nodes with room that a chain of moves can reach from the item's nodes; Infinity if there
   * is none.
   */
  lowestReachableLoad(item: number): number {
    return this.#levels.lowest(this.nodesOf(item)[0] ?? 0);
  }

  #count(item: number, node: number, change: 1 | -1): void {
    const before = this.loadOf(node);
    this.load[node] = before + change;
    if (node < this.bench) this.#levels.move(node, before, before + change);
    if (this.isHome(item, node)) return;
    this.guests[node] = (this.guests[node] ?? 0) + change;
    if (this.hasHome(item)) this.awayCount += change;
  }
}

/** For each set of nodes that classes connect: how many nodes with room have each load, and the lowest such load. */
class Levels {
  readonly #setOf: Int32Array;
  readonly #capacity: Int32Array;
  readonly #counts: number[][];
  readonly #lowest: Int32Array;

  constructor({ nodes, classes, capacity }: Problem) {
    const parent = Int32Array.from(nodes.keys());
    const root = (node: number): number => {
      let at = node;
      while (parent[at] !== at) at = parent[at] ?? at;
      parent[node] = at;
      return at;
    };
    for (const list of classes) for (const node of list) parent[root(node)] = root(list[0] ?? node);
    this.#setOf = Int32Array.from(nodes.keys(), root);
    this.#capacity = capacity;
    this.#counts = nodes.map(() => []);
    this.#lowest = new Int32Array(nodes.length);
    for (const [node, set] of this.#setOf.entries()) {
      const counts = this.#counts[set];
      if (counts !== undefined && (capacity[node] ?? 0) > 0) counts[0] = (counts[0] ?? 0) + 1;
    }
  }

  lowest(node: number): number {
    const set = this.#setOf[node] ?? 0;
    const counts = this.#counts[set] ?? [];
    let level = this.#lowest[set] ?? 0;
    while (level < counts.length && (counts[level] ?? 0) === 0) level++;
    this.#lowest[set] = level;
    return level < counts.length ? level : Infinity;
  }

  move(node: number, before: number, after: number): void {
    const set = this.#setOf[node] ?? 0;
    const counts = this.#counts[set] ?? [];
    const capacity = this.#capacity[node] ?? 0;
    if (before < capacity) counts[before] = (counts[before] ?? 0) - 1;
    if (after >= capacity) return;
    counts[after] = (counts[after] ?? 0) + 1;
    if (after < (this.#lowest[set] ?? 0)) this.#lowest[set] = after;
  }
}
