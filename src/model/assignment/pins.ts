/**
 * Egress IPs that stay where they are, because their namespaces say so. Nothing is remembered: whatever brought such an
 * IP to a node that may host it, it stays there.
 */
import type { Problem } from './problem.ts';
import { freshAssignment, keptAssignment } from './solve.ts';

/** Maps items to all nodes on which they are. */
type Homes = ReadonlyMap<number, readonly number[]>;

/**
 * The problem in which such items may only be where they are. But no IP of others goes without a node for them: as few
 * as possible may go elsewhere where that, or a node that is too full, leaves an IP without one.
 */
export function withPins(problem: Problem, exact: boolean): Problem {
  if (problem.staying.size === 0) return problem;
  const homes = stayingHomes(problem);
  if (homes.size === 0) return problem;
  const all = pinned(problem, homes);
  const fresh = freshAssignment(all, exact);
  const without: number[] = [];
  for (let item = fresh.firstOn(fresh.bench); item >= 0; item = fresh.nextTo(item)) without.push(item);
  const own = new Set(without.filter((item) => isStaying(problem, item) && !homes.has(item)));
  if (own.size === without.length) return all;
  const kept = keptAssignment({ ...problem, ...homesAs(problem, homes) }, own, exact);
  return pinned(problem, new Map([...homes].filter(([item, nodes]) => nodes.includes(kept.placeOf(item)))));
}

function isStaying({ staying, groupOf }: Problem, item: number): boolean {
  return staying.has(groupOf[item] ?? -1);
}

function stayingHomes(problem: Problem): Homes {
  const homes = new Map<number, readonly number[]>();
  for (const group of problem.staying)
    for (const item of problem.groups[group] ?? []) {
      const home = problem.home[item] ?? -1;
      if (home >= 0) homes.set(item, [home, ...(problem.moreHomes.get(item) ?? [])]);
    }
  return homes;
}

/** Only these are at home anywhere. */
function homesAs({ home, moreHomes }: Problem, homes: Homes): Pick<Problem, 'home' | 'moreHomes'> {
  return {
    home: home.map((node, item) => (homes.has(item) ? node : -1)),
    moreHomes: new Map([...moreHomes].filter(([item]) => homes.has(item))),
  };
}

/** The same problem with these items only where they are; the other classes keep their numbers. */
function pinned(problem: Problem, homes: Homes): Problem {
  const classes = [...problem.classes];
  const members = [...problem.members];
  const numbers = new Map<string, number>();
  const classOf = problem.classOf.slice();
  for (const [item, nodes] of homes) {
    const name = nodes.join();
    let number = numbers.get(name);
    if (number === undefined) {
      number = classes.push(Int32Array.from(nodes)) - 1;
      members.push(Uint8Array.from(problem.nodes.keys(), (node) => (nodes.includes(node) ? 1 : 0)));
      numbers.set(name, number);
    }
    classOf[item] = number;
  }
  return { ...problem, classes, members, classOf };
}
