/**
 * Finds the best assignment by the criteria, in order: (1) most items placed, (2) every node has at least half of its
 * share, (3) fewest items moved, (4) smallest sum of squared loads, (5) names. With `exact` the result is truly
 * optimal. Otherwise (1) and (2) still are, (3) and (4) are nearly so, and it takes much less time.
 */
import { Board } from './board.ts';
import type { Problem } from './problem.ts';
import { Search } from './search.ts';

/** When not exact: the number of passes over all items, and then of searches for chains, to even out the loads. */
const levelingPasses = 16;
const spreadingRounds = 64;

const nobody: ReadonlySet<number> = new Set();

/** The best assignment by (1), (4) and (5) alone, as if nothing were placed yet. Its loads are the nodes' shares. */
export function freshAssignment(problem: Problem, exact: boolean): Board {
  const board = new Board(problem, false);
  const search = new Search(board, exact);
  placeAll(board, search, exact);
  if (!exact) spread(board, search, new Int32Array(board.bench));
  return board;
}

/** The best assignment, given where the items are now. `shares` are the loads of `freshAssignment`. */
export function bestAssignment(problem: Problem, shares: Int32Array, exact: boolean): Board {
  const board = new Board(problem, true);
  const search = new Search(board, exact);
  placeAll(board, search, exact);
  const bounds = Int32Array.from(problem.nodes.keys(), (node) => (shares[node] ?? 0) >> 1);
  for (const [node, bound] of bounds.entries()) {
    while (board.loadOf(node) < bound) {
      const filled = (!exact && fillDirectly(board, node, bounds)) || search.fill(node, bounds);
      if (!filled) throw new Error(`no placement gives ${problem.nodes[node] ?? ''} half its share`);
    }
  }
  if (!exact) spread(board, search, bounds);
  return board;
}

/** The best assignment by (1) and (3) alone, without these items. */
export function keptAssignment(problem: Problem, left: ReadonlySet<number>, exact: boolean): Board {
  const board = new Board(problem, true);
  placeAll(board, new Search(board, exact), exact, left);
  return board;
}

/** Keeps the items that can stay, then places the others, but for those in `left`. */
function placeAll(board: Board, search: Search, exact: boolean, left: ReadonlySet<number> = nobody): void {
  const others: number[] = [];
  for (const item of board.problem.items.keys()) {
    if (left.has(item)) continue;
    const node = freeHome(board, item);
    if (node >= 0) board.put(item, node);
    else others.push(item);
  }
  const picker = new Picker(board);
  const deadEnds = new Uint8Array(board.bench);
  for (const item of others) {
    if (!exact && board.lowestReachableLoad(item) === Infinity) board.put(item, board.bench);
    else if (exact) placeBest(board, search, { item, node: picker.leastLoaded(item) });
    else placeSoon(board, search, { item, node: picker.leastLoaded(item), deadEnds });
  }
}

/** The only home of the item, if it can stay there; else -1. */
function freeHome(board: Board, item: number): number {
  const { home, moreHomes } = board.problem;
  const node = board.prefersHome && !moreHomes.has(item) ? (home[item] ?? -1) : -1;
  return node >= 0 && !board.isFull(node) && board.occupant(board.groupOf(item), node) < 0 ? node : -1;
}

/** `node` is the least loaded node that can take the item directly, or -1. */
function placeBest(
  board: Board,
  search: Search,
  { item, node }: { readonly item: number; readonly node: number },
): void {
  const best =
    node >= 0 &&
    board.awayCount === 0 &&
    !board.hasHome(item) &&
    board.loadOf(node) === board.lowestReachableLoad(item);
  if (best) board.put(item, node);
  else search.settle(item);
}

/** `deadEnds` are the nodes from which no chain leads to a node with room. */
function placeSoon(
  board: Board,
  search: Search,
  { item, node, deadEnds }: { readonly item: number; readonly node: number; readonly deadEnds: Uint8Array },
): void {
  if (node >= 0) {
    board.put(item, node);
    return;
  }
  if (board.nodesOf(item).every((one) => deadEnds[one] === 1)) {
    board.put(item, board.bench);
    return;
  }
  if (search.settle(item)) return;
  for (let one = 0; one < board.bench; one++) if (search.reached(one)) deadEnds[one] = 1;
}

/** The least loaded node, ties by name, that can take the item directly; -1 if there is none. */
function leastLoaded(board: Board, item: number): number {
  const group = board.groupOf(item);
  let best = -1;
  let bestLoad = Infinity;
  for (const node of board.nodesOf(item)) {
    const load = board.loadOf(node);
    if (load >= bestLoad || board.isFull(node) || board.occupant(group, node) >= 0) continue;
    best = node;
    bestLoad = load;
  }
  return best;
}

/** Finds nodes for items while items are only added, so that loads never decrease. */
class Picker {
  readonly #board: Board;
  /** For each class: all nodes before this index have a load above `#level` or are full. */
  readonly #cursor: Int32Array;
  readonly #level: Int32Array;

  constructor(board: Board) {
    this.#board = board;
    this.#cursor = new Int32Array(board.problem.classes.length);
    this.#level = new Int32Array(board.problem.classes.length);
  }

  /** Same as the function `leastLoaded`, but skips nodes known to be above the lowest load. */
  leastLoaded(item: number): number {
    const board = this.#board;
    const nodes = board.nodesOf(item);
    const lowest = board.lowestReachableLoad(item);
    const group = board.groupOf(item);
    for (let index = this.#advance(item, nodes, lowest); index < nodes.length; index++) {
      const node = nodes[index] ?? 0;
      if (board.loadOf(node) === lowest && !board.isFull(node) && board.occupant(group, node) < 0) return node;
    }
    return leastLoaded(board, item);
  }

  #advance(item: number, nodes: Int32Array, lowest: number): number {
    const board = this.#board;
    const index = board.problem.classOf[item] ?? 0;
    let at = this.#level[index] === lowest ? (this.#cursor[index] ?? 0) : 0;
    while (at < nodes.length && (board.loadOf(nodes[at] ?? 0) > lowest || board.isFull(nodes[at] ?? 0))) at++;
    this.#level[index] = lowest;
    this.#cursor[index] = at;
    return at;
  }
}

/** Moves one item to the node from the most loaded donor, preferably an item that is not at home. */
function fillDirectly(board: Board, node: number, bounds: Int32Array): boolean {
  const donors = donorsByLoad(board, bounds).filter((donor) => donor !== node);
  const guest = movable(
    board,
    node,
    donors.filter((donor) => (board.guests[donor] ?? 0) > 0),
    true,
  );
  const item = guest >= 0 ? guest : movable(board, node, donors, false);
  if (item >= 0) moveTo(board, item, node);
  return item >= 0;
}

/** The first item on these donors that can go to the node directly; -1 if there is none. */
function movable(board: Board, node: number, donors: readonly number[], guestsOnly: boolean): number {
  for (const donor of donors) {
    for (let item = board.firstOn(donor); item >= 0; item = board.nextTo(item)) {
      if (guestsOnly && board.isHome(item, donor)) continue;
      if (board.allows(item, node) && board.occupant(board.groupOf(item), node) < 0) return item;
    }
  }
  return -1;
}

function moveTo(board: Board, item: number, node: number): void {
  board.lift(item);
  board.put(item, node);
}

/** The nodes above their bounds, most loaded first, then by name. */
function donorsByLoad(board: Board, bounds: Int32Array): readonly number[] {
  const above = [...board.problem.nodes.keys()].filter((node) => board.loadOf(node) > (bounds[node] ?? 0));
  return above.sort((a, b) => board.loadOf(b) - board.loadOf(a) || a - b);
}

/** Evens out the loads without moving an item from its home: by single moves first, then by chains of moves. */
function spread(board: Board, search: Search, bounds: Int32Array): void {
  for (let pass = 0; pass < levelingPasses; pass++) if (!level(board, bounds)) break;
  spreadByChains(board, search, bounds);
}

/**
 * Moves items from each node, most loaded first, to nodes that have at least two fewer. Returns false when nothing
 * moved.
 */
function level(board: Board, bounds: Int32Array): boolean {
  let moved = false;
  for (const donor of donorsByLoad(board, bounds)) {
    let next = -1;
    for (let item = board.firstOn(donor); item >= 0 && board.loadOf(donor) > (bounds[donor] ?? 0); item = next) {
      next = board.nextTo(item);
      const most = board.loadOf(donor) - 2;
      const node = board.isHome(item, donor) || board.lowestReachableLoad(item) > most ? -1 : leastLoaded(board, item);
      if (node < 0 || board.loadOf(node) > most) continue;
      moveTo(board, item, node);
      moved = true;
    }
  }
  return moved;
}

/** Goes from the highest load down. Skips nodes that chains cannot leave. */
function spreadByChains(board: Board, search: Search, bounds: Int32Array): void {
  const deadEnds = new Uint8Array(board.bench);
  for (let round = 0; round < spreadingRounds; round++) {
    const donors = donorsByLoad(board, bounds).filter((donor) => deadEnds[donor] === 0);
    const highest = board.loadOf(donors[0] ?? 0);
    const lowest = board.load.subarray(0, board.bench).reduce((least, one) => Math.min(least, one), highest);
    if (donors.length === 0 || highest < lowest + 2) return;
    const moved = search.lower(
      donors.filter((donor) => board.loadOf(donor) === highest),
      highest - 2,
    );
    if (moved > 0) continue;
    for (let node = 0; node < board.bench; node++) if (search.reached(node)) deadEnds[node] = 1;
  }
}
