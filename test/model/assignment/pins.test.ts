/** Egress IPs that stay: which of them do, against trying every placement. */
import fc from 'fast-check';
import { withPins } from '../../../src/model/assignment/pins.ts';
import type { Problem } from '../../../src/model/assignment/problem.ts';
import { rounds } from '../../rounds.ts';
import { bestWorth, homesOf, problemOf, problems } from './dense.ts';

/** Problems in which the items of some groups stay. */
const withStaying = problems({ nodes: 3, items: 6, groups: 4 }).chain((problem) =>
  fc.subarray([...problem.groups.keys()]).map((groups): Problem => ({ ...problem, staying: new Set(groups) })),
);

const stays = ({ staying, groupOf }: Problem, item: number): boolean => staying.has(groupOf[item] ?? -1);
const nodesOf = ({ classes, classOf }: Problem, item: number): readonly number[] => [
  ...(classes[classOf[item] ?? -1] ?? []),
];
/** How many items no placement can give a node, at the least. */
const unplaced = (problem: Problem): number =>
  bestWorth(problem, { count: problem.items.length, prefersHome: false })[0];

/** The problem in which all that stay and are somewhere may only be there. */
function allPinned(problem: Problem): Problem {
  const items = [...problem.items.keys()].map((item) => {
    const homes = homesOf(problem, item);
    const isPinned = stays(problem, item) && homes.length > 0;
    return { nodes: isPinned ? homes : nodesOf(problem, item), group: problem.groupOf[item] ?? 0, homes };
  });
  return problemOf([...problem.capacity], items);
}

/** The items that stay and are somewhere, and whether they may still go elsewhere. */
function stayers(problem: Problem, pinned: Problem): readonly { readonly isPinned: boolean }[] {
  return [...problem.items.keys()]
    .filter((item) => stays(problem, item) && homesOf(problem, item).length > 0)
    .map((item) => ({ isPinned: nodesOf(pinned, item).join() === homesOf(problem, item).join() }));
}

test('if all IPs find a node while these stay, all of them stay, and nothing changes for the others', () => {
  fc.assert(
    fc.property(withStaying, (problem) => {
      const pinned = withPins(problem, true);
      for (const item of problem.items.keys())
        if (!stays(problem, item) || homesOf(problem, item).length === 0)
          expect(nodesOf(pinned, item)).toEqual(nodesOf(problem, item));
      if (unplaced(allPinned(problem)) === 0)
        expect(stayers(problem, pinned).every(({ isPinned }) => isPinned)).toBe(true);
    }),
    { numRuns: rounds(500) },
  );
});

test('no IP lacks a node because others stay, and as few as possible of these may move for it', () => {
  let moved = 0;
  const homeless = ({ staying, groups }: Problem, problem: Problem): boolean =>
    [...staying].some((group) => groups[group]?.some((item) => homesOf(problem, item).length === 0));
  fc.assert(
    fc.property(
      withStaying.filter((problem) => !homeless(problem, problem)),
      (problem) => {
        const pinned = withPins(problem, true);
        expect(unplaced(pinned)).toBe(unplaced(problem));
        const isHome = (item: number): boolean => stays(problem, item);
        const onlyTheirs: Problem = {
          ...problem,
          home: problem.home.map((node, item) => (isHome(item) ? node : -1)),
          moreHomes: new Map([...problem.moreHomes].filter(([item]) => isHome(item))),
        };
        const [, away] = bestWorth(onlyTheirs, { count: problem.items.length, prefersHome: true });
        const free = [...problem.items.keys()].filter(
          (item) => isHome(item) && nodesOf(pinned, item).some((node) => !homesOf(problem, item).includes(node)),
        );
        // one that may only be where it is cannot be told from one that stays
        expect(free.length).toBeLessThanOrEqual(away);
        moved += free.length;
      },
    ),
    { numRuns: rounds(500) },
  );
  expect(moved).toBeGreaterThan(0);
});

test('an IP without a node whose own namespace wants the others to stay moves none of them', () => {
  const items = [
    { nodes: [0, 1], group: 0, homes: [0] },
    { nodes: [0], group: 0 },
  ];
  const problem = { ...problemOf([9, 9], items), staying: new Set([0]) };
  expect(nodesOf(withPins(problem, true), 0)).toEqual([0]);
  const other = { ...problemOf([1, 9], [items[0]!, { nodes: [0], group: 1 }]), staying: new Set([0]) };
  expect(nodesOf(withPins(other, true), 0)).toEqual([0, 1]);
  expect(withPins({ ...other, staying: new Set() }, true).classOf).toBe(other.classOf);
});

test('of IPs on a node that is too full, those beyond its room go elsewhere', () => {
  const item = { nodes: [0, 1], homes: [0] };
  const items = [0, 1, 2].map((group) => ({ ...item, group }));
  const problem = { ...problemOf([2, 9], items), staying: new Set([0, 1, 2]) };
  const pinned = withPins(problem, true);
  expect([0, 1, 2].map((one) => nodesOf(pinned, one).join())).toEqual(['0', '0', '0,1']);
});
