/** Automatic assignment: what one round writes to the HostSubnets that have egressCIDRs (spec, section 4). */
import { compareIps, type Ip } from '../address.ts';
import type { CloudLimits } from '../cloud.ts';
import type { EgressInput } from '../egress/state.ts';
import { EgressTracker } from '../egress/tracker.ts';
import { compareText, type NodeName } from '../names.ts';
import type { Vnid } from '../vnid.ts';
import type { Board } from './board.ts';
import { problemOf, type Demand, type Exclusion, type Problem } from './problem.ts';
import { bestPlacement, freshPlacement } from './solve.ts';

export interface AllocationInput extends EgressInput {
  /** What clouds let nodes carry; a node that is not there has no limits. */
  readonly limits: ReadonlyMap<NodeName, CloudLimits>;
}

/** An IP that leaves a node: withdrawn in this round, and placed by the next, unless `to` is undefined. */
export interface Move {
  readonly egressIP: Ip;
  readonly from: NodeName;
  readonly to: NodeName | undefined;
}

/** A requested IP that no node with egressCIDRs gets. */
export interface Unplaced {
  readonly egressIP: Ip;
  readonly vnid: Vnid;
  /** `NoRoom`: some node's CIDRs contain it, but they are full or hold another IP of the VNID. */
  readonly why: Exclusion | 'NoRoom';
}

export interface Round {
  /** The egressIPs that each node with egressCIDRs is to list now, sorted; those of other nodes are never written. */
  readonly lists: ReadonlyMap<NodeName, readonly Ip[]>;
  /** The nodes whose list this changes, by name. */
  readonly changed: readonly NodeName[];
  /** Where each IP is to be in the end. */
  readonly plan: ReadonlyMap<Ip, NodeName>;
  readonly moves: readonly Move[];
  readonly unplaced: readonly Unplaced[];
}

/** One round from the objects of this moment. The result does not depend on the order of the lists. */
export function allocationRound(input: AllocationInput): Round {
  return new Allocator().round(EgressTracker.of(input), input.limits);
}

/** Makes rounds, and remembers the shares of the last problem while nobody's requests, CIDRs or health change. */
export class Allocator {
  #last: { readonly problem: Problem; readonly fresh: Board } | undefined;

  /** One round from the tracker's objects; the same as `allocationRound` of these. */
  round(tracker: EgressTracker, limits: ReadonlyMap<NodeName, CloudLimits>): Round {
    const { hostSubnets } = tracker.input();
    const demand: Demand = {
      hostSubnets,
      limits,
      isOffline: (nodeIP) => tracker.isOffline(nodeIP),
      vnids: tracker.requestingVnids(),
      requests: (vnid) => tracker.requests(vnid),
      demand: (ip) => tracker.demand(ip),
    };
    const problem = problemOf(demand);
    const fresh = this.#fresh(problem);
    const atHome = problem.home.some((node) => node >= 0);
    const board = atHome ? bestPlacement(problem, fresh.load) : fresh;
    return roundOf(demand, problem, board);
  }

  #fresh(problem: Problem): Board {
    if (this.#last !== undefined && sameDemand(this.#last.problem, problem)) return this.#last.fresh;
    const fresh = freshPlacement(problem);
    this.#last = { problem, fresh };
    return fresh;
  }
}

/** Whether both problems are the same apart from where the items are now. */
function sameDemand(a: Problem, b: Problem): boolean {
  const lists = [
    [a.nodes, b.nodes],
    [a.items, b.items],
    [a.vnids, b.vnids],
    [a.groupOf, b.groupOf],
    [a.classOf, b.classOf],
    [a.capacity, b.capacity],
    ...a.classes.map((nodes, index) => [nodes, b.classes[index] ?? []] as const),
  ] as const;
  return a.classes.length === b.classes.length && lists.every(([x, y]) => sameNumbers(x, y));
}

function sameNumbers(a: ArrayLike<number | string>, b: ArrayLike<number | string>): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

function roundOf(demand: Demand, problem: Problem, board: Board): Round {
  const plan = new Map<Ip, NodeName>();
  const unplaced: Unplaced[] = [];
  for (const [item, egressIP] of problem.items.entries()) {
    const node = problem.nodes[board.placeOf(item)];
    if (node !== undefined) plan.set(egressIP, node);
    else {
      const vnid = problem.vnids[board.groupOf(item)];
      if (vnid !== undefined) unplaced.push({ egressIP, vnid, why: 'NoRoom' });
    }
  }
  for (const [egressIP, why] of problem.excluded) {
    for (const vnid of demand.demand(egressIP).requesters) unplaced.push({ egressIP, vnid, why });
  }
  unplaced.sort((a, b) => compareIps(a.egressIP, b.egressIP) || a.vnid - b.vnid);
  return { plan, unplaced, ...writesOf(demand, plan) };
}

/** The lists that bring the plan about: who moves is withdrawn first, who is nowhere is placed. */
function writesOf(demand: Demand, plan: ReadonlyMap<Ip, NodeName>): Pick<Round, 'lists' | 'changed' | 'moves'> {
  const auto = demand.hostSubnets.filter(({ egressCIDRs }) => egressCIDRs.length > 0).sort((a, b) => compareText(a.name, b.name));
  const lists = new Map<NodeName, Ip[]>(auto.map(({ name }) => [name, []]));
  const changed = new Set<NodeName>();
  const moves: Move[] = [];
  const listed = new Set<Ip>();
  for (const { name, egressIPs } of auto) {
    for (const ip of egressIPs) {
      listed.add(ip);
      const to = plan.get(ip);
      if (to === name) lists.get(name)?.push(ip);
      else {
        moves.push({ egressIP: ip, from: name, to });
        changed.add(name);
      }
    }
  }
  for (const [ip, node] of plan) {
    if (listed.has(ip)) continue;
    lists.get(node)?.push(ip);
    changed.add(node);
  }
  for (const list of lists.values()) list.sort(compareIps);
  return { lists, changed: [...changed].sort(compareText), moves };
}
