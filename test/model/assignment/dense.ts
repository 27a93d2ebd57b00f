/** Assignment problems as numbers, small enough to try every placement. */
import fc from 'fast-check';
import type { Board } from '../../../src/model/assignment/board.ts';
import type { Problem } from '../../../src/model/assignment/problem.ts';
import { sortKey } from '../../../src/model/values/address.ts';
import { hostSubnet, ip, vnid } from '../parsed.ts';

/** An item: its nodes, its group, and which of its nodes list it. */
export interface Item {
  readonly nodes: readonly number[];
  readonly group: number;
  readonly homes?: readonly number[];
}

/** The problem of these items on nodes with these capacities; nodes are named a, b, c and so on. */
export function problemOf(capacity: readonly number[], items: readonly Item[]): Problem {
  const classNames = [...new Set(items.map(({ nodes }) => nodes.join()))];
  const classes = classNames.map((name) => Int32Array.from(name.split(',').map(Number)));
  const groups = [...new Set(items.map(({ group }) => group))].sort((a, b) => a - b);
  const groupOf = items.map(({ group }) => groups.indexOf(group));
  const homesOf = items.map(({ homes = [] }) => homes);
  return {
    nodes: capacity.map((_, node) => hostSubnet(String.fromCharCode(97 + node)).name),
    capacity: Int32Array.from(capacity),
    items: items.map((_, id) => {
      const address = ip(`192.168.8.${id}`);
      return { ip: address, id, key: sortKey(address), requesters: [], hosts: [], unusable: undefined, absentHosts: 0 };
    }),
    itemOf: Int32Array.from(items.keys()),
    groupOf: Int32Array.from(groupOf),
    groups: groups.map((_, group) => [...items.keys()].filter((item) => groupOf[item] === group)),
    vnids: groups.map((group) => vnid(40 + group)),
    classOf: Int32Array.from(items.map(({ nodes }) => classNames.indexOf(nodes.join()))),
    classes,
    members: classes.map((nodes) => Uint8Array.from(capacity.keys(), (node) => (nodes.includes(node) ? 1 : 0))),
    home: Int32Array.from(homesOf, (homes) => homes[0] ?? -1),
    moreHomes: new Map(homesOf.flatMap((homes, item) => (homes.length > 1 ? [[item, homes.slice(1)] as const] : []))),
    excluded: [],
    held: new Map(),
    staying: new Set(),
    owned: [],
  };
}

export interface Sizes {
  readonly nodes: number;
  readonly items: number;
  readonly groups?: number;
  /** Whether some nodes list items, each as many as it can hold or more. */
  readonly homes?: boolean;
}

/** Random problems up to these sizes. */
export function problems({ nodes: most, items, groups = items, homes = true }: Sizes): fc.Arbitrary<Problem> {
  return fc.integer({ min: 1, max: most }).chain((count) => {
    const all = Array.from({ length: count }, (_, node) => node);
    const item = fc
      .record({
        nodes: fc.oneof(fc.constant(all), fc.subarray(all, { minLength: 1 })),
        group: fc.nat(groups - 1),
      })
      .chain(({ nodes, group }) => {
        const one = fc.constantFrom(...nodes).map((node) => [node]);
        const listed = fc.oneof({ weight: 3, arbitrary: one }, { weight: 1, arbitrary: fc.subarray([...nodes]) });
        return fc.record({
          nodes: fc.constant(nodes),
          group: fc.constant(group),
          homes: homes ? listed : fc.constant([]),
        });
      });
    const capacity = fc.oneof({ weight: 2, arbitrary: fc.constant(9) }, { weight: 1, arbitrary: fc.nat(3) });
    return fc
      .tuple(
        fc.array(capacity, { minLength: count, maxLength: count }),
        fc.array(item, { minLength: 1, maxLength: items }),
      )
      .map(([capacities, list]) => problemOf(capacities, list));
  });
}

/** The nodes that list the item. */
export function homesOf({ home, moreHomes }: Problem, item: number): readonly number[] {
  const first = home[item] ?? -1;
  return first < 0 ? [] : [first, ...(moreHomes.get(item) ?? [])];
}

/** The node of each of the first items; undefined for an item without one. */
export type Placement = readonly (number | undefined)[];

export function placementOf(board: Board, count = board.problem.items.length): Placement {
  return Array.from({ length: count }, (_, item) => {
    const node = board.placeOf(item);
    return node === board.bench ? undefined : node;
  });
}

export function loadsOf({ nodes }: Problem, placement: Placement): readonly number[] {
  return nodes.map((_, node) => placement.filter((at) => at === node).length);
}

/** Whether each item is on one of its nodes, no node is too full, and no node has two items of a group. */
export function isAllowed(problem: Problem, placement: Placement): boolean {
  const fits = loadsOf(problem, placement).every((load, node) => load <= (problem.capacity[node] ?? 0));
  return (
    fits &&
    placement.every((node, item) => {
      if (node === undefined) return true;
      const alone = placement.every(
        (other, index) => index === item || other !== node || problem.groupOf[index] !== problem.groupOf[item],
      );
      return alone && problem.members[problem.classOf[item] ?? -1]?.[node] === 1;
    })
  );
}

/** What a placement is worth, the first number first; smaller is better. */
export type Worth = readonly [unplaced: number, away: number, squares: number];

export function worthOf(problem: Problem, placement: Placement, prefersHome: boolean): Worth {
  const away = placement.filter((node, item) => {
    const homes = prefersHome ? homesOf(problem, item) : [];
    return homes.length > 0 && (node === undefined || !homes.includes(node));
  });
  const squares = loadsOf(problem, placement).reduce((sum, load) => sum + load * load, 0);
  return [placement.filter((node) => node === undefined).length, away.length, squares];
}

/** The worth of the best allowed placement of the first items in which each node has at least its bound. */
export function bestWorth(
  problem: Problem,
  { count, prefersHome, bounds }: { count: number; prefersHome: boolean; bounds?: readonly number[] },
): Worth {
  let best: Worth = [Infinity, Infinity, Infinity];
  const placement: (number | undefined)[] = [];
  const tryFrom = (item: number): void => {
    if (item === count) {
      const loads = loadsOf(problem, placement);
      if (!isAllowed(problem, placement) || loads.some((load, node) => load < (bounds?.[node] ?? 0))) return;
      const worth = worthOf(problem, placement, prefersHome);
      if (compareWorth(worth, best) < 0) best = worth;
      return;
    }
    for (const node of [undefined, ...(problem.classes[problem.classOf[item] ?? -1] ?? [])]) {
      placement[item] = node;
      tryFrom(item + 1);
    }
    placement.length = item;
  };
  tryFrom(0);
  return best;
}

export function compareWorth(a: Worth, b: Worth): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
