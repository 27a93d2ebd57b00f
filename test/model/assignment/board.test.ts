/** What the board knows after items were put and lifted, against what follows from their places. */
import fc from 'fast-check';
import { Board, nowhere } from '../../../src/model/assignment/board.ts';
import type { Problem } from '../../../src/model/assignment/problem.ts';
import { rounds } from '../../rounds.ts';
import { homesOf, problemOf, problems } from './dense.ts';

/** The items on a node or the bench, in the order in which the board has them. */
function itemsOn(board: Board, node: number): number[] {
  const found: number[] = [];
  for (let item = board.firstOn(node); item >= 0; item = board.nextTo(item)) found.push(item);
  return found;
}

/** Puts the item, if it may go there, else on the bench; lifts it if it is on the board. */
function toggle(board: Board, places: Map<number, number>, item: number, wish: number): void {
  const { problem } = board;
  if (places.has(item)) {
    board.lift(item);
    places.delete(item);
    return;
  }
  const here = [...places].filter(([, place]) => place === wish).map(([other]) => other);
  const isFree = here.every((other) => problem.groupOf[other] !== problem.groupOf[item]);
  const mayGo = board.allows(item, wish) && here.length < (problem.capacity[wish] ?? 0) && isFree;
  const place = mayGo ? wish : board.bench;
  board.put(item, place);
  places.set(item, place);
}

/** The nodes that a chain of moves can reach from this one: those that some item's nodes connect. */
function connected({ classes }: Problem, start: number): ReadonlySet<number> {
  const found = new Set([start]);
  for (let size = 0; size < found.size;) {
    size = found.size;
    for (const nodes of classes) if (nodes.some((node) => found.has(node))) for (const node of nodes) found.add(node);
  }
  return found;
}

/** For each class, the lowest load of the nodes with room that a chain can reach from its nodes. */
function lowestLoads({ problem }: Board, loads: readonly number[]): readonly number[] {
  const hasRoom = (node: number): boolean => (loads[node] ?? 0) < (problem.capacity[node] ?? 0);
  return problem.classes.map(([start = 0]) =>
    Math.min(...[...connected(problem, start)].filter(hasRoom).map((node) => loads[node] ?? 0)),
  );
}

/** All that the board knows. */
function known(board: Board): unknown[] {
  const { problem, bench } = board;
  const places = Array.from({ length: bench + 1 }, (_, node) => [
    itemsOn(board, node).sort((a, b) => a - b),
    board.loadOf(node),
    board.guests[node],
    node < bench && board.isFull(node),
    problem.groups.map((_group, group) => (node < bench ? board.occupant(group, node) : -1)),
  ]);
  const items = [...problem.items.keys()].map((item) => [
    board.placeOf(item),
    board.lowestReachableLoad(item),
    board.hasHome(item),
    Array.from({ length: bench + 1 }, (_, node) => board.isHome(item, node - 1)),
  ]);
  return [places, items, board.awayCount];
}

/** The same, from the places of the items alone. */
function wanted(board: Board, places: ReadonlyMap<number, number>): unknown[] {
  const { problem, bench, prefersHome } = board;
  const isHome = (item: number, node: number): boolean => prefersHome && homesOf(problem, item).includes(node);
  const hasHome = (item: number): boolean => prefersHome && homesOf(problem, item).length > 0;
  const byPlace = Array.from({ length: bench + 1 }, (_, node) => {
    const here = [...places].flatMap(([item, place]) => (place === node ? [item] : [])).sort((a, b) => a - b);
    return [
      here,
      here.length,
      here.filter((item) => !isHome(item, node)).length,
      node < bench && here.length >= (problem.capacity[node] ?? 0),
      problem.groups.map((group) => (node < bench ? (here.find((item) => group.includes(item)) ?? -1) : -1)),
    ];
  });
  const lowest = lowestLoads(
    board,
    byPlace.map(([, load]) => Number(load)),
  );
  const byItem = [...problem.items.keys()].map((item) => [
    places.get(item) ?? nowhere,
    lowest[problem.classOf[item] ?? -1],
    hasHome(item),
    Array.from({ length: bench + 1 }, (_, node) => isHome(item, node - 1)),
  ]);
  const away = [...places].filter(([item, place]) => hasHome(item) && !isHome(item, place));
  return [byPlace, byItem, away.length];
}

/** Compares texts, which takes a tenth of the time that `toEqual` takes for each of the many boards. */
function check(board: Board, places: ReadonlyMap<number, number>): void {
  expect(JSON.stringify(known(board))).toBe(JSON.stringify(wanted(board, places)));
}

test.each([true, false])('after any puts and lifts it knows who is where (items prefer home: %s)', (prefersHome) => {
  const steps = fc.array(fc.record({ item: fc.nat(11), node: fc.nat(3) }), { minLength: 20, maxLength: 30 });
  fc.assert(
    fc.property(problems({ nodes: 4, items: 12, groups: 3 }), steps, (problem, drawn) => {
      const board = new Board(problem, prefersHome);
      const places = new Map<number, number>();
      check(board, places);
      for (const { item, node } of drawn) {
        toggle(board, places, item % problem.items.length, node % problem.nodes.length);
        check(board, places);
      }
    }),
    { numRuns: rounds(2000) },
  );
});

test('a large group is found by node as a small one is, also after an item left', () => {
  const nodes = Array.from({ length: 10 }, (_, node) => node);
  const problem = problemOf(
    nodes.map(() => 9),
    nodes.map(() => ({ nodes, group: 0 })),
  );
  const board = new Board(problem, false);
  for (const item of nodes) board.put(item, 9 - item);
  expect(nodes.map((node) => board.occupant(0, node))).toEqual(nodes.toReversed());
  board.lift(3);
  expect(board.occupant(0, 6)).toBe(-1);
  expect([board.occupant(0, 5), board.occupant(0, 7)]).toEqual([4, 2]);
});

test('items of one group are siblings, and each has the nodes of its class', () => {
  const problem = problemOf(
    [9, 9, 9],
    [
      { nodes: [0, 2], group: 1 },
      { nodes: [1], group: 0 },
      { nodes: [0, 2], group: 0 },
    ],
  );
  const board = new Board(problem, true);
  expect([0, 1, 2].map((item) => board.siblings(item))).toEqual([[0], [1, 2], [1, 2]]);
  expect([0, 1, 2].map((item) => [...board.nodesOf(item)])).toEqual([[0, 2], [1], [0, 2]]);
  expect([0, 1, 2].map((node) => board.allows(0, node))).toEqual([true, false, true]);
});
