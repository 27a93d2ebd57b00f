/** Automatic assignment: what one round writes to the HostSubnets that have egressCIDRs (spec, section 4). */
import type { Ip } from '../address.ts';
import type { CloudLimits } from '../cloud.ts';
import type { EgressInput } from '../egress/state.ts';
import { EgressTracker, type TrackedIp } from '../egress/tracker.ts';
import { compareText, type NodeName } from '../names.ts';
import type { Vnid } from '../vnid.ts';
import type { Board } from './board.ts';
import { type Exclusion, type Problem, ProblemMaker } from './problem.ts';
import { bestAssignment, freshAssignment } from './solve.ts';

export interface AssignmentInput extends EgressInput {
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
  /** The nodes whose list has other members now than before, by name. */
  readonly changed: readonly NodeName[];
  /** HostSubnets that count as absent whose list the controller owns, by name: it is to be emptied now. */
  readonly released: readonly string[];
  /** In order of node and its list. */
  readonly moves: readonly Move[];
  /** In order of IP. */
  readonly unplaced: readonly Unplaced[];
  /** Where each IP is to be in the end, in order of IP; made anew with each call. */
  readonly plan: () => ReadonlyMap<Ip, NodeName>;
}

/** One round from the objects of this moment. The result does not depend on the order of the lists. */
export function assignmentRound(input: AssignmentInput): Round {
  return new Assigner().round(EgressTracker.of(input), input.limits);
}

const defaultExactItems = 2000;

/** Makes rounds, and remembers the shares of the last problem while nobody's requests, CIDRs or health change. */
export class Assigner {
  readonly #maker = new ProblemMaker();
  readonly #exactItems: number;
  #last: { readonly problem: Problem; readonly fresh: Board } | undefined;

  /** `exactItems`: the most egress IPs for which moves and spread are the true optimum. */
  constructor(exactItems = defaultExactItems) {
    this.#exactItems = exactItems;
  }

  /** One round from the tracker's objects; the same as `assignmentRound` of these. */
  round(tracker: EgressTracker, limits: ReadonlyMap<NodeName, CloudLimits>): Round {
    const problem = this.#maker.problemOf(tracker, limits);
    const fresh = this.#fresh(problem);
    const atHome = problem.home.some((node) => node >= 0);
    const board = atHome ? bestAssignment(problem, fresh.load, this.#isExact(problem)) : fresh;
    return {
      ...writesOf(problem, board.place),
      released: releasedOf(tracker),
      unplaced: unplacedOf(problem, board),
      plan: () => planOf(problem, board),
    };
  }

  #isExact({ items }: Problem): boolean {
    return items.length <= this.#exactItems;
  }

  #fresh(problem: Problem): Board {
    if (this.#last !== undefined && sameDemand(this.#last.problem, problem)) return this.#last.fresh;
    const fresh = freshAssignment(problem, this.#isExact(problem));
    this.#last = { problem, fresh };
    return fresh;
  }
}

function releasedOf(tracker: EgressTracker): readonly string[] {
  return [...tracker.absent()].flatMap(({ name, isToEmpty }) => (isToEmpty ? [name] : [])).sort(compareText);
}

/** Whether both problems are the same apart from where the items are now; the maker keeps the items when they are. */
function sameDemand(a: Problem, b: Problem): boolean {
  return a.items === b.items && sameEntries(a.capacity, b.capacity);
}

function sameEntries(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

function planOf(problem: Problem, board: Board): ReadonlyMap<Ip, NodeName> {
  const placed = problem.items.map((tracked, item) => ({ tracked, node: problem.nodes[board.placeOf(item)] }));
  const plan = new Map<Ip, NodeName>();
  for (const { tracked, node } of placed.sort((a, b) => compareKeys(a.tracked, b.tracked)))
    if (node !== undefined) plan.set(tracked.ip, node);
  return plan;
}

function unplacedOf(problem: Problem, board: Board): readonly Unplaced[] {
  const found: { readonly tracked: TrackedIp; readonly vnid: Vnid; readonly why: Unplaced['why'] }[] = [];
  for (let item = board.firstOn(board.bench); item >= 0; item = board.nextTo(item)) {
    const tracked = problem.items[item];
    const vnid = problem.vnids[board.groupOf(item)];
    if (tracked !== undefined && vnid !== undefined) found.push({ tracked, vnid, why: 'NoRoom' });
  }
  // An IP that several VNIDs request is there once for each; it is reported at the first of these entries for all.
  const reported = new Set<number>();
  for (const [tracked, why] of problem.excluded) {
    if (reported.has(tracked.id)) continue;
    reported.add(tracked.id);
    for (const vnid of tracked.requesters) found.push({ tracked, vnid, why });
  }
  found.sort((a, b) => compareKeys(a.tracked, b.tracked) || a.vnid - b.vnid);
  return found.map(({ tracked, vnid, why }) => ({ egressIP: tracked.ip, vnid, why }));
}

function compareKeys(a: TrackedIp, b: TrackedIp): number {
  if (a.key === b.key) return 0;
  return a.key < b.key ? -1 : 1;
}

/** The lists that bring the plan about: who moves is withdrawn first, who is nowhere is placed. */
function writesOf(problem: Problem, place: Int32Array): Pick<Round, 'lists' | 'changed' | 'moves'> {
  const next = new Map<NodeName, TrackedIp[]>();
  const changed = new Set<NodeName>();
  const moves: Move[] = [];
  const listed = new Uint8Array(problem.itemOf.length);
  for (const { hostSubnet, ips } of problem.owned) {
    const from = hostSubnet.name;
    const stay: TrackedIp[] = [];
    for (const tracked of ips) {
      listed[tracked.id] = 1;
      const to = targetOf(problem, place, tracked);
      if (to === from) stay.push(tracked);
      else moves.push({ egressIP: tracked.ip, from, to });
    }
    next.set(from, stay);
    if (stay.length < ips.length) changed.add(from);
  }
  for (const tracked of problem.items) {
    const node = listed[tracked.id] === 1 ? undefined : targetOf(problem, place, tracked);
    if (node === undefined) continue;
    next.get(node)?.push(tracked);
    changed.add(node);
  }
  const lists = new Map<NodeName, readonly Ip[]>();
  for (const [name, list] of next)
    lists.set(
      name,
      inOrder(list).map(({ ip }) => ip),
    );
  return { lists, changed: [...changed].sort(compareText), moves };
}

function inOrder(list: TrackedIp[]): readonly TrackedIp[] {
  const sorted = list.every((tracked, index) => index === 0 || compareKeys(list[index - 1] ?? tracked, tracked) <= 0);
  return sorted ? list : list.sort(compareKeys);
}

/** The node that the IP is to be on in the end. */
function targetOf({ itemOf, nodes }: Problem, place: Int32Array, { id }: TrackedIp): NodeName | undefined {
  return nodes[place[itemOf[id] ?? -1] ?? -1];
}
