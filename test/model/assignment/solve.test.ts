/** The best assignment, against all placements of small problems. */
import fc from 'fast-check';
import type { Problem } from '../../../src/model/assignment/problem.ts';
import { bestAssignment, freshAssignment } from '../../../src/model/assignment/solve.ts';
import { rounds } from '../../rounds.ts';
import {
  bestWorth,
  compareWorth,
  isAllowed,
  type Item,
  loadsOf,
  placementOf,
  problemOf,
  problems,
  type Worth,
  worthOf,
} from './dense.ts';

const boundsOf = (shares: Int32Array, { nodes }: Problem): number[] =>
  nodes.map((_, node) => Math.floor((shares[node] ?? 0) / 2));

test('exactly, no placement is better: most placed, half shares, fewest moved, least uneven', () => {
  fc.assert(
    fc.property(problems({ nodes: 3, items: 6 }), (problem) => {
      const count = problem.items.length;
      const fresh = freshAssignment(problem, true);
      expect(worthOf(problem, placementOf(fresh), false)).toEqual(bestWorth(problem, { count, prefersHome: false }));
      const placement = placementOf(bestAssignment(problem, fresh.load, true));
      expect(isAllowed(problem, placement)).toBe(true);
      const bounds = boundsOf(fresh.load, problem);
      expect(loadsOf(problem, placement).every((load, node) => load >= (bounds[node] ?? 0))).toBe(true);
      expect(worthOf(problem, placement, true)).toEqual(bestWorth(problem, { count, prefersHome: true, bounds }));
    }),
    { numRuns: rounds(4000) },
  );
});

test('otherwise as many are placed, each node has half its share, and the rest comes near', () => {
  let [tried, away, uneven] = [0, 0, 0];
  fc.assert(
    fc.property(problems({ nodes: 3, items: 6 }), (problem) => {
      const fresh = freshAssignment(problem, false);
      const placement = placementOf(bestAssignment(problem, fresh.load, false));
      const bounds = boundsOf(fresh.load, problem);
      const ours = worthOf(problem, placement, true);
      const best = bestWorth(problem, { count: placement.length, prefersHome: true, bounds });
      expect(isAllowed(problem, placement)).toBe(true);
      expect(loadsOf(problem, placement).every((load, node) => load >= (bounds[node] ?? 0))).toBe(true);
      expect(ours[0]).toBe(best[0]);
      const freshWorth = worthOf(problem, placementOf(fresh), false);
      uneven += freshWorth[2] - bestWorth(problem, { count: placement.length, prefersHome: false })[2];
      away += ours[1] - best[1];
      tried++;
    }),
    { numRuns: rounds(4000) },
  );
  expect([away / tried < 0.05, uneven / tried < 0.05]).toEqual([true, true]);
});

/** Many items that may go anywhere, each of a group of its own; homes by item. */
const free = (nodes: number, homes: readonly (number | undefined)[]): Problem => {
  const all = Array.from({ length: nodes }, (_, node) => node);
  const items = homes.map((home, group): Item => ({ nodes: all, group, homes: home === undefined ? [] : [home] }));
  return problemOf(
    all.map(() => 1000),
    items,
  );
};

test.each([true, false])('items that may go anywhere are spread evenly, first by name (exact: %s)', (exact) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(40), (nodes, items) => {
      const problem = free(
        nodes,
        Array.from({ length: items }, () => undefined),
      );
      const loads = loadsOf(problem, placementOf(freshAssignment(problem, exact)));
      const expected = Array.from({ length: nodes }, (_, node) => Math.ceil((items - node) / nodes));
      expect(loads).toEqual(expected.map((load) => Math.max(0, load)));
    }),
  );
});

test('with items that may go anywhere both ways are equally good', () => {
  const homes = fc.array(fc.option(fc.nat(3), { nil: undefined }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(homes, (drawn) => {
      const problem = free(4, drawn);
      const worth = (exact: boolean): Worth => {
        const board = bestAssignment(problem, freshAssignment(problem, exact).load, exact);
        return worthOf(problem, placementOf(board), true);
      };
      expect(compareWorth(worth(false), worth(true))).toBe(0);
    }),
  );
});

test('a node that lists nothing gets half its share, from those that list most, and nobody else moves', () => {
  const problem = free(3, [...Array.from({ length: 8 }, () => 0), ...Array.from({ length: 4 }, () => 1)]);
  for (const exact of [true, false]) {
    const board = bestAssignment(problem, Int32Array.of(4, 4, 4), exact);
    expect(loadsOf(problem, placementOf(board))).toEqual([6, 4, 2]);
  }
});

test('what has no place anywhere stays without one, and the first requests come first', () => {
  const problem = problemOf(
    [1, 1],
    [0, 1, 2].map((group) => ({ nodes: [0, 1], group })),
  );
  for (const exact of [true, false]) expect(placementOf(freshAssignment(problem, exact))).toEqual([0, 1, undefined]);
});

test('shares that no placement can give are a bug, and are told with the node', () => {
  const problem = free(2, [0]);
  expect(() => bestAssignment(problem, Int32Array.of(2, 2), true)).toThrow('no placement gives b half its share');
});

test.each([true, false])('a node without room for one item is still tried for another (exact: %s)', (exact) => {
  const [a, b, c] = [0, 1, 2] as const;
  const placed = (last: readonly number[]) => {
    const nodes = [[a], [a], [b, c], last];
    return placementOf(
      freshAssignment(
        problemOf(
          [1, 1, 9],
          nodes.map((list, group) => ({ nodes: list, group })),
        ),
        exact,
      ),
    );
  };
  expect(placed([a, b])).toEqual([a, undefined, c, b]);
  expect(placed([b])).toEqual([a, undefined, c, b]);
});

test('among equally loaded nodes the first by name gets the item, also when a less loaded one is out of its reach', () => {
  const [a, b, c] = [0, 1, 2] as const;
  const nodes = [[b], [c], [b, c], [a, b]];
  const problem = problemOf(
    [9, 9, 9],
    nodes.map((list, group) => ({ nodes: list, group })),
  );
  expect(placementOf(freshAssignment(problem, false))).toEqual([b, c, b, a]);
});

test.each([true, false])('a node is filled by the only item that may go there (exact: %s)', (exact) => {
  const nodes = [[0, 1], [0], [0]];
  const problem = problemOf(
    [9, 9],
    nodes.map((list, group) => ({ nodes: list, group, homes: [0] })),
  );
  expect(placementOf(bestAssignment(problem, Int32Array.of(2, 2), exact))).toEqual([1, 0, 0]);
});

test.each([true, false])(
  'siblings never share a node, and what one blocks the others give way to (exact: %s)',
  (exact) => {
    const problem = problemOf(
      [9, 9, 9],
      [
        { nodes: [0, 1], group: 0 },
        { nodes: [0, 1, 2], group: 0 },
        { nodes: [0, 1], group: 0 },
      ],
    );
    const placement = placementOf(freshAssignment(problem, exact));
    expect(isAllowed(problem, placement)).toBe(true);
    expect(placement[1]).toBe(2);
  },
);

/** Beyond the exact size: the loads of a fresh assignment of items with these nodes, in this order. */
function freshLoads(count: number, ...nodes: readonly (readonly number[])[]): readonly number[] {
  const problem = problemOf(
    Array.from({ length: count }, () => 9),
    nodes.map((list, group) => ({ nodes: list, group })),
  );
  return loadsOf(problem, placementOf(freshAssignment(problem, false)));
}

test('a load that is two above another is lowered by a single move', () => {
  expect(freshLoads(2, [0, 1], [0, 1], [1], [1])).toEqual([2, 2]);
});

test('a load that is two above another is lowered by a chain where no single move does it', () => {
  expect(freshLoads(3, [1, 2], [0, 1], [0])).toEqual([1, 1, 1]);
});

test('a node that no chain can relieve does not keep others from being relieved', () => {
  expect(freshLoads(4, [0], [0], [0], [2, 3], [1, 2], [1])).toEqual([3, 1, 1, 1]);
});

test('no item leaves its home for an even load', () => {
  const keep = (nodes: readonly (readonly number[])[], homes: readonly number[]) => {
    const problem = problemOf(
      [9, 9, 9],
      nodes.map((list, group) => ({ nodes: list, group, homes: homes.slice(group, group + 1) })),
    );
    return placementOf(bestAssignment(problem, Int32Array.of(0, 0, 0), false));
  };
  expect(
    keep(
      [
        [0, 1],
        [0, 1],
        [0, 1],
      ],
      [1, 1, 1],
    ),
  ).toEqual([1, 1, 1]);
  expect(keep([[1, 2], [0, 1], [0]], [1, 0, 0])).toEqual([1, 0, 0]);
});

test('no node gives below half its share for an even load', () => {
  const problem = problemOf(
    [9, 9],
    [0, 1, 2].map((group) => ({ nodes: group === 2 ? [0, 1] : [1], group })),
  );
  const loads = (...shares: number[]) =>
    loadsOf(problem, placementOf(bestAssignment(problem, Int32Array.from(shares), false)));
  expect([loads(0, 0), loads(0, 6)]).toEqual([
    [1, 2],
    [0, 3],
  ]);
});

test('of equally loaded nodes the first by name gives, beyond the exact size', () => {
  const problem = free(3, [0, 0, 0, 0, 1, 1, 1, 1]);
  const board = bestAssignment(problem, Int32Array.of(4, 4, 2), false);
  expect(loadsOf(problem, placementOf(board))).toEqual([3, 4, 1]);
});
