/**
 * Chains of moves. Placing an item, or moving one to a node, may require moving others out of the way. The search finds
 * the cheapest such chain and applies it. The chain is a shortest path in the residual network of a minimum-cost flow
 * from items over (group, node) pairs to nodes, so an optimal assignment stays optimal after each chain (successive
 * shortest paths).
 *
 * A vertex is a place (node or bench) that received an item and may pass one on, or an item that must leave its place.
 * Costs: `away` for each item that leaves its home, and minus `away` for each that returns. At the end of the chain:
 * the load of the node that keeps the additional item, then its index. The bench costs more than anything else.
 */
import { type Board, nowhere } from './board.ts';
import { Heap } from './heap.ts';

const none = -1;

export class Search {
  readonly #board: Board;
  readonly #exact: boolean;
  readonly #places: number;
  /** Cost of one load level; greater than any node index. */
  readonly #step: number;
  /** Cost of one item away from home; greater than any load plus index. */
  readonly #away: number;
  readonly #benched: number;
  readonly #distance: Float64Array;
  readonly #parent: Int32Array;
  readonly #seen: Int32Array;
  readonly #classSeen: Int32Array;
  readonly #classDistance: Float64Array;
  readonly #pending: number[][];
  readonly #heap = new Heap();
  #round = 0;
  /** Whether no move has a negative cost, so that the first path found to a vertex is the cheapest. */
  #final = true;
  /** Moves that cost more than this are ignored. */
  #ceiling = Infinity;

  /** `exact`: counts the gain of an item that returns home, which gives some moves a negative cost. */
  constructor(board: Board, exact: boolean) {
    const count = board.problem.items.length;
    this.#board = board;
    this.#exact = exact;
    this.#places = board.bench + 1;
    this.#step = this.#places;
    this.#away = (count + 1) * this.#step;
    this.#benched = this.#away * (2 * count + 2);
    this.#distance = new Float64Array(this.#places + count);
    this.#parent = new Int32Array(this.#places + count);
    this.#seen = new Int32Array(this.#places + count);
    this.#classSeen = new Int32Array(board.problem.classes.length);
    this.#classDistance = new Float64Array(board.problem.classes.length);
    this.#pending = board.problem.classes.map(() => []);
  }

  /** Places an unplaced item by the cheapest chain. Returns false when an additional item ends on the bench. */
  settle(item: number): boolean {
    this.#begin(this.#board.hasHome(item));
    this.#reach(this.#places + item, 0, none);
    const board = this.#board;
    const lowest = board.lowestReachableLoad(item) * this.#step;
    let best = Infinity;
    let end = none;
    while (this.#heap.least < Infinity) {
      const key = this.#heap.least;
      if (this.#final && key + lowest + this.#step > best) break;
      const vertex = this.#heap.pop();
      if (key > this.#at(vertex)) continue;
      const cost = this.#costOfStaying(vertex, key);
      if (cost < best) {
        best = cost;
        end = vertex;
      }
      this.#expand(vertex, key);
    }
    this.#follow(end);
    return end !== board.bench;
  }

  /**
   * Moves one more item to the node from a node above its bound, by the cheapest chain. Returns false when no chain
   * exists.
   */
  fill(node: number, bounds: Int32Array): boolean {
    this.#begin();
    const board = this.#board;
    for (let donor = 0; donor < board.bench; donor++) {
      if (donor === node || board.loadOf(donor) <= (bounds[donor] ?? 0)) continue;
      this.#reach(donor, this.#away - 1 - (board.loadOf(donor) * this.#step + donor), none);
    }
    while (this.#heap.least < Infinity) {
      const key = this.#heap.least;
      const vertex = this.#heap.pop();
      if (key > this.#at(vertex)) continue;
      if (vertex === node && this.#final) break;
      this.#expand(vertex, key);
    }
    if (this.#seen[node] !== this.#round) return false;
    this.#follow(node);
    return true;
  }

  /**
   * Moves items from `donors` to nodes with a load of at most `most`, by chains that take no item from its home and
   * share no vertex. Returns the number of moves; if it is 0, `reached` tells which nodes the chains cannot leave.
   */
  lower(donors: readonly number[], most: number): number {
    this.#begin();
    this.#ceiling = 0;
    for (const donor of donors) this.#reach(donor, 0, none);
    const ends: number[] = [];
    while (this.#heap.least < Infinity) {
      const vertex = this.#heap.pop();
      if (vertex < this.#board.bench && this.#board.loadOf(vertex) <= most && !this.#board.isFull(vertex))
        ends.push(vertex);
      this.#expand(vertex, 0);
    }
    this.#ceiling = Infinity;
    const chains = this.#disjoint(ends.sort((a, b) => this.#board.loadOf(a) - this.#board.loadOf(b) || a - b));
    this.#move(chains.flat());
    return chains.length;
  }

  /** Whether the last search reached the node. */
  reached(node: number): boolean {
    return this.#seen[node] === this.#round;
  }

  #begin(mayComeHome = false): void {
    const { awayCount, prefersHome, problem } = this.#board;
    const betweenHomes = prefersHome && problem.moreHomes.size > 0;
    this.#final = !this.#exact || (awayCount === 0 && !mayComeHome && !betweenHomes);
    this.#round++;
    this.#heap.clear();
  }

  #at(vertex: number): number {
    return this.#seen[vertex] === this.#round ? (this.#distance[vertex] ?? Infinity) : Infinity;
  }

  #reach(vertex: number, cost: number, from: number): void {
    if (cost >= this.#at(vertex) || cost > this.#ceiling) return;
    this.#seen[vertex] = this.#round;
    this.#distance[vertex] = cost;
    this.#parent[vertex] = from;
    this.#heap.push(cost, vertex);
  }

  #costOfStaying(vertex: number, key: number): number {
    const board = this.#board;
    if (vertex === board.bench) return key + this.#benched;
    if (vertex > board.bench || board.isFull(vertex)) return Infinity;
    return key + board.loadOf(vertex) * this.#step + vertex;
  }

  #expand(vertex: number, key: number): void {
    if (vertex >= this.#places) {
      this.#expandItem(vertex - this.#places, key);
      return;
    }
    const board = this.#board;
    for (let item = board.firstOn(vertex); item >= 0; item = board.nextTo(item)) {
      this.#reach(this.#places + item, key + this.#leaving(item), vertex);
    }
  }

  #leaving(item: number): number {
    return this.#board.isHome(item, this.#board.placeOf(item)) ? this.#away : 0;
  }

  #arriving(item: number, node: number): number {
    return this.#exact && this.#board.isHome(item, node) ? -this.#away : 0;
  }

  #expandItem(item: number, key: number): void {
    const board = this.#board;
    const vertex = this.#places + item;
    const here = board.placeOf(item);
    for (const sibling of board.siblings(item)) {
      const node = board.placeOf(sibling);
      if (sibling === item || node === nowhere || node === board.bench || !board.allows(item, node)) continue;
      this.#reach(this.#places + sibling, key + this.#arriving(item, node) + this.#leaving(sibling), vertex);
    }
    if (this.#exact && board.hasHome(item)) this.#expandHomes(item, key);
    this.#expandClass(item, key);
    if (here !== board.bench && this.#ceiling === Infinity) this.#reach(board.bench, key, vertex);
  }

  #expandHomes(item: number, key: number): void {
    const board = this.#board;
    for (const node of [board.problem.home[item] ?? none, ...(board.problem.moreHomes.get(item) ?? [])]) {
      const free = node !== board.placeOf(item) && board.occupant(board.groupOf(item), node) === none;
      if (free) this.#reach(node, key - this.#away, this.#places + item);
    }
  }

  /**
   * Reaches the item's nodes. After a class is expanded at some cost, only the nodes that were blocked at that time
   * remain.
   */
  #expandClass(item: number, key: number): void {
    const board = this.#board;
    const index = board.problem.classOf[item] ?? 0;
    const pending = this.#pending[index] ?? [];
    const nodes = this.#nodesLeft(index, key, pending);
    const before = this.#classDistance[index] ?? 0;
    const group = board.groupOf(item);
    for (const node of nodes) {
      const blocked = board.placeOf(item) === node || board.occupant(group, node) !== none;
      if (!blocked) this.#reach(node, key, this.#places + item);
      if (blocked || key > before) pending.push(node);
    }
  }

  #nodesLeft(index: number, key: number, pending: number[]): Iterable<number> {
    const known = this.#classSeen[index] === this.#round && (this.#classDistance[index] ?? 0) <= key;
    const left = pending.splice(0);
    if (known) return left;
    this.#classSeen[index] = this.#round;
    this.#classDistance[index] = key;
    return this.#board.problem.classes[index] ?? left;
  }

  /**
   * The chains that end in `ends`, except those that share a vertex with an earlier chain; each as pairs of item and
   * target.
   */
  #disjoint(ends: readonly number[]): readonly (readonly [number, number])[][] {
    const used = new Set<number>();
    const chains: (readonly [number, number])[][] = [];
    for (const end of ends) {
      const vertices: number[] = [];
      for (let vertex = end; vertex !== none; vertex = this.#parent[vertex] ?? none) vertices.push(vertex);
      if (vertices.length < 2 || vertices.some((vertex) => used.has(vertex))) continue;
      for (const vertex of vertices) used.add(vertex);
      chains.push(this.#chain(end));
    }
    return chains;
  }

  #chain(end: number): (readonly [number, number])[] {
    const moves: (readonly [number, number])[] = [];
    for (let vertex = end; vertex !== none; vertex = this.#parent[vertex] ?? none) {
      const from = this.#parent[vertex] ?? none;
      if (from >= this.#places) moves.push([from - this.#places, this.#placeAt(vertex)]);
    }
    return moves;
  }

  /** The place of a vertex: the vertex itself, or the place of the item that moves out of the way. */
  #placeAt(vertex: number): number {
    return vertex < this.#places ? vertex : this.#board.placeOf(vertex - this.#places);
  }

  #follow(end: number): void {
    this.#move(this.#chain(end));
  }

  #move(moves: readonly (readonly [number, number])[]): void {
    for (const [item] of moves) if (this.#board.placeOf(item) !== nowhere) this.#board.lift(item);
    for (const [item, place] of moves) this.#board.put(item, place);
  }
}
