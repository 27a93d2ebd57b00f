/** Chains of moves: the cheapest one is found, and what was best stays best. */
import fc from 'fast-check';
import { Board } from '../../../src/model/assignment/board.ts';
import { Search } from '../../../src/model/assignment/search.ts';
import { rounds } from '../../rounds.ts';
import { bestWorth, isAllowed, type Item, loadsOf, placementOf, problemOf, problems, worthOf } from './dense.ts';

test.each([true, false])(
  'after each item the placement is the best of all, exactly (items prefer home: %s)',
  (prefersHome) => {
    fc.assert(
      fc.property(problems({ nodes: 3, items: 6 }), (problem) => {
        const board = new Board(problem, prefersHome);
        const search = new Search(board, true);
        for (const item of problem.items.keys()) {
          const benched = board.loadOf(board.bench);
          expect(search.settle(item)).toBe(board.loadOf(board.bench) === benched);
          const placement = placementOf(board, item + 1);
          expect(isAllowed(problem, placement)).toBe(true);
          expect(worthOf(problem, placement, prefersHome)).toEqual(
            bestWorth(problem, { count: item + 1, prefersHome }),
          );
        }
      }),
      { numRuns: rounds(3000) },
    );
  },
);

test('when it is not exact, as many items find a place', () => {
  fc.assert(
    fc.property(problems({ nodes: 3, items: 6 }), (problem) => {
      const board = new Board(problem, false);
      const search = new Search(board, false);
      for (const item of problem.items.keys()) search.settle(item);
      const placement = placementOf(board);
      expect(isAllowed(problem, placement)).toBe(true);
      const [unplaced] = bestWorth(problem, { count: placement.length, prefersHome: false });
      expect(placement.filter((node) => node === undefined)).toHaveLength(unplaced);
    }),
    { numRuns: rounds(2000) },
  );
});

/** A board with items at these places, and its search. */
function boardWith(capacity: readonly number[], items: readonly (Item & { readonly at: number })[], exact = true) {
  const board = new Board(problemOf(capacity, items), true);
  for (const [item, { at }] of items.entries()) board.put(item, at);
  return { board, search: new Search(board, exact) };
}
const own = (group: number, at: number, nodes = [0, 1, 2]) => ({ nodes, group, at });

test('a node is filled from the most loaded node that is above its bound', () => {
  const items = [own(0, 0), own(1, 0), own(2, 0), own(3, 1), own(4, 1)];
  const { board, search } = boardWith([9, 9, 9], items);
  expect(search.fill(2, Int32Array.of(1, 1, 1))).toBe(true);
  expect(loadsOf(board.problem, placementOf(board))).toEqual([2, 2, 1]);
});

test('a node is filled by an item that is away from home rather than by one at home', () => {
  const items = [{ ...own(0, 0), homes: [0] }, { ...own(1, 0), homes: [0] }, own(2, 1), { ...own(3, 1), homes: [1] }];
  const { board, search } = boardWith([9, 9, 9], items);
  expect(search.fill(2, Int32Array.of(1, 1, 1))).toBe(true);
  expect(placementOf(board)).toEqual([0, 0, 2, 1]);
});

test('a node is not filled from nodes at their bounds, nor by items that may not go there', () => {
  const { board, search } = boardWith([9, 9, 9], [own(0, 0), own(1, 1), own(2, 1, [0, 1])]);
  const before = placementOf(board);
  expect(search.fill(2, Int32Array.of(1, 2, 1))).toBe(false);
  expect(placementOf(board)).toEqual(before);
  expect(search.fill(2, Int32Array.of(0, 2, 1))).toBe(true);
  expect(placementOf(board)).toEqual([2, 1, 1]);
});

test('a node is filled by a chain when no item may move directly', () => {
  const { board, search } = boardWith([9, 9, 9], [own(0, 0, [0, 1]), own(1, 0, [0, 1]), own(2, 1, [1, 2])]);
  expect(search.fill(2, Int32Array.of(1, 1, 1))).toBe(true);
  expect(loadsOf(board.problem, placementOf(board))).toEqual([1, 1, 1]);
  expect(isAllowed(board.problem, placementOf(board))).toBe(true);
});

test('loads are lowered by chains that share no node and take no item from home', () => {
  const items = [own(0, 0), own(1, 0), own(2, 0), { ...own(3, 1), homes: [1] }, { ...own(4, 1), homes: [1] }];
  const { board, search } = boardWith([9, 9, 9], [...items, { ...own(5, 1), homes: [1] }], false);
  expect(search.lower([0, 1], 1)).toBe(1);
  expect(loadsOf(board.problem, placementOf(board))).toEqual([2, 3, 1]);
  expect(placementOf(board).slice(3)).toEqual([1, 1, 1]);
});

test('where nothing can be lowered, nothing moves, and it is known which nodes were reached', () => {
  const { board, search } = boardWith([9, 9, 9], [own(0, 0, [0, 1]), own(1, 0, [0, 1]), own(2, 1, [0, 1])], false);
  expect(search.lower([0], 0)).toBe(0);
  expect([0, 1, 2].map((node) => search.reached(node))).toEqual([true, true, false]);
  expect(placementOf(board)).toEqual([0, 0, 1]);
});

test('a full node is no end of a chain', () => {
  const { board, search } = boardWith([9, 0, 9], [own(0, 0), own(1, 0)], false);
  expect(search.lower([0], 0)).toBe(1);
  expect(loadsOf(board.problem, placementOf(board))).toEqual([1, 0, 1]);
});

test('of equally loaded nodes the last by name gives an item to fill another', () => {
  const items = [own(0, 0), own(1, 0), own(2, 1), own(3, 1)];
  const { board, search } = boardWith([9, 9, 9], items);
  expect(search.fill(2, Int32Array.of(1, 1, 1))).toBe(true);
  expect(loadsOf(board.problem, placementOf(board))).toEqual([2, 1, 1]);
});

test.each([
  ['the least loaded node', 3, [3, 1, 1]],
  ['of several the first by name', 0, [3, 1, 0]],
])('a lowered load goes to %s', (_what, other, loads) => {
  const items = [0, 1, 2, 3].map((group) => own(group, 0));
  const { board, search } = boardWith([9, 9, 9], other === 0 ? items : [...items, own(4, 1)], false);
  expect(search.lower([0], 2)).toBe(1);
  expect(loadsOf(board.problem, placementOf(board))).toEqual(loads);
});

test('without homes, each item goes to the node with the fewest items', () => {
  const problem = problemOf(
    [9, 9, 9],
    [0, 1, 2, 3].map((group) => ({ nodes: [0, 1, 2], group })),
  );
  for (const exact of [true, false]) {
    const board = new Board(problem, false);
    const search = new Search(board, exact);
    const loads = [...problem.items.keys()].map((item) => {
      search.settle(item);
      return loadsOf(problem, placementOf(board)).toSorted((x, y) => y - x);
    });
    expect(loads).toEqual([
      [1, 0, 0],
      [1, 1, 0],
      [1, 1, 1],
      [2, 1, 1],
    ]);
  }
});

test('an item without any place goes to the bench, and one with room only after a move gets it', () => {
  const problem = problemOf(
    [1, 1],
    [
      { nodes: [0, 1], group: 0 },
      { nodes: [0], group: 1 },
      { nodes: [0, 1], group: 2 },
    ],
  );
  for (const exact of [true, false]) {
    const board = new Board(problem, false);
    const search = new Search(board, exact);
    expect([0, 1, 2].map((item) => search.settle(item))).toEqual([true, true, false]);
    expect(placementOf(board)).toEqual([1, 0, undefined]);
  }
});

test('an item that comes home sends away a sibling that is not at home there', () => {
  const problem = problemOf(
    [9, 9],
    [
      { nodes: [0, 1], group: 0 },
      { nodes: [0, 1], group: 0, homes: [0] },
    ],
  );
  const board = new Board(problem, true);
  const search = new Search(board, true);
  board.put(0, 0);
  expect(search.settle(1)).toBe(true);
  expect(placementOf(board)).toEqual([1, 0]);
});
