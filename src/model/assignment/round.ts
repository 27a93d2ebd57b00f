/**
 * Automatic assignment: computes what one round writes to the HostSubnets that have egressCIDRs. The rules are in
 * docs/egress-model.md.
 */
import type { EgressInput } from '../egress/state.ts';
import type { TrackedIp } from '../egress/tracked-ips.ts';
import { EgressTracker } from '../egress/tracker.ts';
import type { CloudLimits } from '../objects/cloud.ts';
import type { NodeLabels } from '../objects/placement.ts';
import type { Ip } from '../values/address.ts';
import { compareText, type NodeName } from '../values/names.ts';
import type { Vnid } from '../values/vnid.ts';
import type { Board } from './board.ts';
import { withPins } from './pins.ts';
import type { Exclusion } from './places.ts';
import { type Problem, ProblemMaker } from './problem.ts';
import { bestAssignment, freshAssignment } from './solve.ts';

export interface AssignmentInput extends EgressInput {
  /** The limits by node, of the cloud and of its readiness; a node that is not in the map has no limits. */
  readonly limits: ReadonlyMap<NodeName, CloudLimits>;
  /** The labels of Nodes, where they are known. */
  readonly labels?: NodeLabels;
  /** Nodes that egress IPs which drain leave. */
  readonly cordoned?: ReadonlySet<NodeName>;
}

/** An IP that leaves a node: this round withdraws it, and the next one places it unless `to` is undefined. */
export interface Move {
  readonly egressIP: Ip;
  readonly from: NodeName;
  readonly to: NodeName | undefined;
}

/** A requested IP that no node with egressCIDRs can get. */
export interface Unplaced {
  readonly egressIP: Ip;
  readonly vnid: Vnid;
  /** `NoRoom`: CIDRs of some nodes contain it, but these nodes are full or hold another IP of the VNID. */
  readonly why: Exclusion | 'NoRoom';
}

export interface Round {
  /** The new egressIPs of each node with egressCIDRs, sorted. Lists of other nodes are never written. */
  readonly lists: ReadonlyMap<NodeName, readonly Ip[]>;
  /** The nodes whose list changes, by name. */
  readonly changed: readonly NodeName[];
  /** Absent HostSubnets with a list that the controller owns and must empty now, by name. */
  readonly released: readonly string[];
  /** In order of node, then of its list. */
  readonly moves: readonly Move[];
  /** In order of IP. */
  readonly unplaced: readonly Unplaced[];
  /** The final node of each IP, in order of IP; computed again on each call. */
  readonly plan: () => ReadonlyMap<Ip, NodeName>;
}

/** Computes one round from the current objects. The result does not depend on the order of the lists. */
export function assignmentRound(input: AssignmentInput): Round {
  return new Assigner().round(EgressTracker.of(input), input.limits, input.labels, input.cordoned);
}

const defaultExactItems = 2000;

/** Computes rounds. Reuses the shares of the last problem while requests, CIDRs and health stay the same. */
export class Assigner {
  readonly #maker = new ProblemMaker();
  readonly #exactItems: number;
  #last: { readonly problem: Problem; readonly fresh: Board } | undefined;

  /** `exactItems`: up to this many egress IPs, moves and spread are truly optimal. */
  constructor(exactItems = defaultExactItems) {
    this.#exactItems = exactItems;
  }

  /** Computes one round from the tracker's objects; the result equals `assignmentRound` of these objects. */
  round(
    tracker: EgressTracker,
    limits: ReadonlyMap<NodeName, CloudLimits>,
    labels?: NodeLabels,
    cordoned?: ReadonlySet<NodeName>,
  ): Round {
    const free = this.#maker.problemOf(tracker, limits, labels, cordoned);
    const problem = withPins(free, this.#isExact(free));
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

/**
 * Whether both problems differ only in where the items are now. The maker reuses the items when they are the same, and
 * the classes when the nodes are, too.
 */
function sameDemand(a: Problem, b: Problem): boolean {
  const isSame = a.items === b.items && a.classes === b.classes && sameEntries(a.capacity, b.capacity);
  return isSame && (a.classOf === b.classOf || sameEntries(a.classOf, b.classOf));
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
  // An IP that several VNIDs request occurs once for each of them. Report it once, at the first occurrence.
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

/** The lists that lead to the plan: IPs that move are withdrawn first, and IPs without a node are placed. */
function writesOf(problem: Problem, place: Int32Array): Pick<Round, 'lists' | 'changed' | 'moves'> {
  const { lists, moves, listed } = withdrawalsOf(problem, place);
  const changed = new Set<NodeName>(moves.map(({ from }) => from));
  const placed = new Map<NodeName, TrackedIp[]>();
  for (const tracked of problem.items) {
    const node = listed[tracked.id] === 1 ? undefined : targetOf(problem, place, tracked);
    if (node === undefined) continue;
    changed.add(node);
    const there = placed.get(node);
    if (there === undefined) placed.set(node, [tracked]);
    else there.push(tracked);
  }
  const next = new Map<NodeName, readonly Ip[]>();
  for (const { name, egressIPs, kept } of lists) {
    if (!changed.has(name) && isInOrder(kept)) next.set(name, egressIPs);
    else
      next.set(
        name,
        [...kept, ...(placed.get(name) ?? [])].sort(compareKeys).map(({ ip }) => ip),
      );
  }
  return { lists: next, changed: [...changed].sort(compareText), moves };
}

interface Withdrawals {
  /** What stays on each node with egressCIDRs, and what its HostSubnet lists now. */
  readonly lists: readonly {
    readonly name: NodeName;
    readonly egressIPs: readonly Ip[];
    readonly kept: readonly TrackedIp[];
  }[];
  readonly moves: readonly Move[];
  /** Maps the id of each IP that such a node lists to 1. */
  readonly listed: Uint8Array;
}

function withdrawalsOf(problem: Problem, place: Int32Array): Withdrawals {
  const moves: Move[] = [];
  const listed = new Uint8Array(problem.itemOf.length);
  const lists = problem.owned.map(({ hostSubnet: { name, egressIPs }, ips }) => {
    const kept = ips.filter((tracked) => {
      listed[tracked.id] = 1;
      const to = targetOf(problem, place, tracked);
      if (to !== name) moves.push({ egressIP: tracked.ip, from: name, to });
      return to === name;
    });
    return { name, egressIPs, kept };
  });
  return { lists, moves, listed };
}

function isInOrder(list: readonly TrackedIp[]): boolean {
  return list.every((tracked, index) => index === 0 || compareKeys(list[index - 1] ?? tracked, tracked) <= 0);
}

/** The final node of the IP. */
function targetOf({ itemOf, nodes, held }: Problem, place: Int32Array, { id }: TrackedIp): NodeName | undefined {
  return held.get(id) ?? nodes[place[itemOf[id] ?? -1] ?? -1];
}
