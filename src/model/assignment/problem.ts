/**
 * The assignment problem as numbers: nodes, items (egress IPs to place) and the nodes allowed for each item. The order
 * depends only on names and requests, so the result never depends on the order of the input.
 */
import type { TrackedIp } from '../egress/tracked-ips.ts';
import type { EgressTracker, TrackedHost } from '../egress/tracker.ts';
import { allowsCidr, type CloudLimits } from '../objects/cloud.ts';
import type { NodeLabels } from '../objects/placement.ts';
import type { Cidr } from '../values/address.ts';
import { compareText, type NodeName } from '../values/names.ts';
import type { Vnid } from '../values/vnid.ts';
import { Classes } from './classes.ts';
import { heldBy } from './held.ts';
import { type Dependence, type Exclusion, type Mark, Places } from './places.ts';

/** The assignment problem in dense numbers. The nodes of an item are those of its class. */
export interface Problem {
  /** Online nodes with egressCIDRs, by name. */
  readonly nodes: readonly NodeName[];
  /** How many items each node can hold. */
  readonly capacity: Int32Array;
  /** Ordered by position in the VNID's list, then by VNID: when not all can be placed, first requests come first. */
  readonly items: readonly TrackedIp[];
  /** Maps the id of a tracked IP to its item, or -1. */
  readonly itemOf: Int32Array;
  /** Maps each item to its group. Items of one VNID are one group, and a node holds at most one item of a group. */
  readonly groupOf: Int32Array;
  /** Maps each group to its items. */
  readonly groups: readonly (readonly number[])[];
  readonly vnids: readonly Vnid[];
  /** Maps each item to its class. */
  readonly classOf: Int32Array;
  /** Maps each class to the nodes its items may go to, ascending. Never empty. */
  readonly classes: readonly Int32Array[];
  /** Maps each class to an array with a 1 for each of its nodes. */
  readonly members: readonly Uint8Array[];
  /** Maps each item to the first node that lists it now and may keep it, or -1. */
  readonly home: Int32Array;
  /** The other nodes that list the item now, for items that several nodes list. */
  readonly moreHomes: ReadonlyMap<number, readonly number[]>;
  readonly excluded: readonly (readonly [TrackedIp, Exclusion])[];
  /** Maps the ids of excluded IPs to the offline node that keeps them, because nobody knows whether it is selected. */
  readonly held: ReadonlyMap<number, NodeName>;
  /** The groups whose items stay on a node as long as they may be there. */
  readonly staying: ReadonlySet<number>;
  /** All HostSubnets with egressCIDRs, by name. */
  readonly owned: readonly TrackedHost[];
}

/** Stands for no limit. */
const unlimited = 2 ** 31 - 1;

/** The problem without the current place of items and without the nodes' capacity. */
interface Demand {
  readonly tracker: EgressTracker;
  /** The requests and the manual lists. */
  readonly requested: string;
  /** The nodes and their CIDRs. */
  readonly offered: string;
  readonly labels: NodeLabels;
  readonly classes: Classes;
  readonly chosen: Chosen;
}

/**
 * Makes problems. Reuses the demand while requests, CIDRs, health and manual lists stay the same, and what was chosen
 * of the requests while other nodes have the same CIDRs as one that comes or goes.
 */
export class ProblemMaker {
  #demand: Demand | undefined;

  /**
   * The problem for these objects. A node that is not in `limits` has no limits, of one not in `labels` none is known;
   * egress IPs that drain leave those in `cordoned`.
   */
  problemOf(
    tracker: EgressTracker,
    limits: ReadonlyMap<NodeName, CloudLimits>,
    labels: NodeLabels = noLabels,
    cordoned: ReadonlySet<NodeName> = noNodes,
  ): Problem {
    const hosts = [...tracker.hosts()].sort((a, b) => compareText(a.hostSubnet.name, b.hostSubnet.name));
    const owned = hosts.filter(isOwned);
    const online = owned.filter(({ hostSubnet }) => !tracker.isOffline(hostSubnet.hostIP));
    const nodes = online.map(({ hostSubnet }) => hostSubnet.name);
    const cidrsOf = (host: TrackedHost): readonly Cidr[] => usableCidrs(host, limits.get(host.hostSubnet.name));
    const cidrs = online.map(cidrsOf);
    const byHand = hosts.filter((host) => !isOwned(host)).flatMap(({ ips }) => ips);
    const leaving = cordoned.size > 0 && tracker.drainsAny ? cordoned : noNodes;
    const marks = leaving.size === 0 ? undefined : nodes.map((node) => markOf(node, leaving, limits));
    const { classes, chosen } = this.#demandOf(tracker, { nodes, cidrs, byHand, labels, marks });
    const { home, moreHomes, counts } = findHomes(online, classes, chosen);
    const capacity = Int32Array.from(nodes, (node, index) => {
      const limit = limits.get(node)?.capacity ?? unlimited;
      return limit === 'current' ? (counts[index] ?? 0) : Math.min(limit, unlimited);
    });
    const without = chosen.excluded.filter(([, why]) => why === 'NoSelectedNode' || why === 'NoCIDRContainsEgressIP');
    const held = heldBy(
      tracker,
      { owned, cidrsOf, labels },
      without.map(([tracked]) => tracked),
    );
    return { nodes, owned, capacity, classes: classes.all, members: classes.members, ...chosen, home, moreHomes, held };
  }

  #demandOf(tracker: EgressTracker, { nodes, cidrs, byHand, labels, marks }: Offer): Demand {
    const requested = `${tracker.demandVersion}\n${byHand.map(({ ip }) => ip).join()}`;
    const offered = cidrs
      .map((list, index) => `${nodes[index] ?? ''} ${list.map(({ text }) => text).join()}${marks?.[index] ?? ''}`)
      .join('\n');
    const known = this.#demand;
    const isSame = known?.tracker === tracker && known.requested === requested && isKept(known, labels);
    const before = isSame ? known : undefined;
    let demand = before;
    if (demand?.offered !== offered) {
      const classes = new Classes(cidrs);
      const again = before === undefined || marks !== undefined ? undefined : chosenAgain(before, classes);
      const chosen = again ?? chooseItems(tracker, new Places(classes, { nodes, labels, marks }), byHand);
      demand = { tracker, requested, offered, labels, classes, chosen };
    }
    this.#demand = demand;
    return demand;
  }
}

/** What nodes offer, and what is in their way. */
interface Offer {
  readonly nodes: readonly NodeName[];
  readonly cidrs: readonly (readonly Cidr[])[];
  readonly byHand: readonly TrackedIp[];
  readonly labels: NodeLabels;
  /** Undefined while no egress IP must leave a node. */
  readonly marks: readonly Mark[] | undefined;
}

const noNodes: ReadonlySet<NodeName> = new Set();

function markOf(node: NodeName, cordoned: ReadonlySet<NodeName>, limits: ReadonlyMap<NodeName, CloudLimits>): Mark {
  if (cordoned.has(node)) return 'cordoned';
  return limits.get(node)?.capacity === undefined ? 'roomy' : 'limited';
}

const noLabels: NodeLabels = new Map();

/** Whether what was chosen does not depend on the labels, or on these alone and not on where items are now. */
function isKept({ chosen, labels: before }: Demand, labels: NodeLabels): boolean {
  return chosen.dependsOn === 'nothing' || (chosen.dependsOn === 'labels' && before === labels);
}

function isOwned({ hostSubnet }: TrackedHost): boolean {
  return hostSubnet.egressCIDRs.length > 0;
}

/** The egressCIDRs of a node that lie in its cloud network; the others are ignored. */
function usableCidrs({ hostSubnet: { egressCIDRs } }: TrackedHost, limits: CloudLimits | undefined): readonly Cidr[] {
  return limits === undefined ? egressCIDRs : egressCIDRs.filter((cidr) => allowsCidr(limits, cidr));
}

interface Chosen extends Pick<
  Problem,
  'items' | 'itemOf' | 'groupOf' | 'groups' | 'vnids' | 'classOf' | 'excluded' | 'staying'
> {
  /** What else than requests and nodes decides where items may go. */
  readonly dependsOn: Dependence;
}

/**
 * The same items for other nodes; undefined if they must be chosen anew: because some may go to other places than all of
 * their piece of the address space, or because not all that could go to the same nodes still can.
 */
function chosenAgain({ classes: before, chosen }: Demand, classes: Classes): Chosen | undefined {
  const numbers = classes.numbersFrom(before);
  return numbers && { ...chosen, classOf: chosen.classOf.map((index) => numbers[index] ?? 0) };
}

/** Items at the same position in the lists of their VNIDs, in order of VNID. */
interface Row {
  readonly items: TrackedIp[];
  readonly groups: number[];
  readonly classes: number[];
}

function chooseItems(tracker: EgressTracker, places: Places, listedByHand: readonly TrackedIp[]): Chosen {
  const byHand = new Uint8Array(tracker.idLimit);
  for (const { id } of listedByHand) byHand[id] = 1;
  const rows: Row[] = [];
  const excluded: (readonly [TrackedIp, Exclusion])[] = [];
  const vnids: Vnid[] = [];
  const staying = new Set<number>();
  for (const vnid of tracker.requestingVnids()) {
    const placement = tracker.placement(vnid);
    const leaving = tracker.isDraining(vnid) ? tracker.requests(vnid).length : undefined;
    let position = 0;
    for (const tracked of tracker.requests(vnid)) {
      const why = exclusionOf(tracked, byHand);
      const found = why ?? places.of(tracked, placement, leaving);
      if (typeof found === 'string') {
        excluded.push([tracked, found]);
        continue;
      }
      if (position === 0) vnids.push(vnid);
      const row = (rows[position++] ??= { items: [], groups: [], classes: [] });
      row.items.push(tracked);
      row.groups.push(vnids.length - 1);
      row.classes.push(found);
    }
    if (position > 0 && placement?.stays === true) staying.add(vnids.length - 1);
  }
  return { ...numbered(rows, vnids, tracker.idLimit), vnids, excluded, staying, dependsOn: places.dependsOn };
}

/** The items of the rows, with what is known of each by its number. */
function numbered(
  rows: readonly Row[],
  vnids: readonly Vnid[],
  idLimit: number,
): Pick<Problem, 'items' | 'itemOf' | 'groupOf' | 'groups' | 'classOf'> {
  const items = rows.flatMap((row) => row.items);
  const groups: number[][] = vnids.map(() => []);
  const groupOf = Int32Array.from(rows.flatMap((row) => row.groups));
  for (const [item, group] of groupOf.entries()) groups[group]?.push(item);
  const itemOf = new Int32Array(idLimit).fill(-1);
  for (const [item, { id }] of items.entries()) itemOf[id] = item;
  const classOf = Int32Array.from(rows.flatMap((row) => row.classes));
  return { items, itemOf, groupOf, groups, classOf };
}

/** Why no node may get the IP; undefined if one may. */
function exclusionOf({ id, requesters, unusable }: TrackedIp, byHand: Uint8Array): Exclusion | undefined {
  if (requesters.length > 1) return 'EgressIPInSeveralNamespaces';
  if (unusable !== undefined) return unusable.code;
  return byHand[id] === 1 ? 'ListedByHand' : undefined;
}

/**
 * Finds the nodes on which items may stay. `online` is in order of name, so an item's first home is the first by name.
 */
function findHomes(online: readonly TrackedHost[], classes: Classes, { items, itemOf, classOf }: Chosen): Homes {
  const counts = new Int32Array(online.length);
  const home = new Int32Array(items.length).fill(-1);
  const moreHomes = new Map<number, number[]>();
  for (const [node, { ips }] of online.entries()) {
    for (const { id } of ips) {
      const item = itemOf[id] ?? -1;
      if (item < 0 || !classes.has(classOf[item] ?? 0, node)) continue;
      counts[node] = (counts[node] ?? 0) + 1;
      if (home[item] === -1) home[item] = node;
      else moreHomes.set(item, [...(moreHomes.get(item) ?? []), node]);
    }
  }
  return { home, moreHomes, counts };
}

interface Homes extends Pick<Problem, 'home' | 'moreHomes'> {
  /** How many of the items that each node lists may stay there. */
  readonly counts: Int32Array;
}
