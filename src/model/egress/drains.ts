/**
 * Which egress IPs drain: their connections stay on the node that had the IP before, after a move that somebody planned,
 * until a time has passed. A function of what was there, of what is there now, and of the time; every node finds out by
 * itself.
 */
import { type Ip, ipNumber } from '../values/address.ts';
import type { Vnid } from '../values/vnid.ts';
import type { Assignment } from './verdict.ts';

/** Which half of the source ports new connections take while others drain, so that no two have the same. */
export type PortHalf = 'low' | 'high';

/** An egress IP whose connections stay on the node that had it. */
export interface Drain {
  readonly vnid: Vnid;
  readonly egressIP: Ip;
  readonly from: Assignment;
  /** When it began, in milliseconds since 1970. */
  readonly since: number;
  /** When it ends at the latest. */
  readonly until: number;
  /** The ports for connections that the new node makes. */
  readonly ports: PortHalf;
}

/** The node that had an egress IP last, and for which VNID. */
export interface Holder extends Assignment {
  readonly vnid: Vnid;
}

/** What is known from one moment to the next; the same maps while nothing in them changes. */
export interface DrainState {
  readonly holders: ReadonlyMap<Ip, Holder>;
  readonly drains: ReadonlyMap<Ip, Drain>;
}

export const noDrains: DrainState = { holders: new Map(), drains: new Map() };

/** An egress IP of a VNID whose egress IPs drain, and that no other requests. */
export interface Drainable {
  readonly vnid: Vnid;
  readonly egressIP: Ip;
  /** For how many milliseconds. */
  readonly drain: number;
  /** The node that has it now, if one has. */
  readonly at: Assignment | undefined;
}

/** What else the drains follow from. */
export interface DrainSurroundings {
  /** Whether the node is online, and has its HostSubnet with this address. */
  readonly isThere: (node: Assignment) => boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const isSameNode = (one: Assignment, other: Assignment): boolean =>
  one.node === other.node && one.nodeIP === other.nodeIP;

/** The part of a node's address by which flows tell the hops of a drain apart. */
export function hopBits(nodeIP: Ip): number {
  return Number(ipNumber(nodeIP)) % 2 ** 16;
}

/** A drain from the node, after one that may have been under way. */
function begun({ vnid, egressIP, drain }: Drainable, from: Assignment, now: number, before: Drain | undefined): Drain {
  const { node, nodeIP } = from;
  const ports = before?.ports === 'low' ? 'high' : 'low';
  return { vnid, egressIP, from: { node, nodeIP }, since: now, until: now + drain, ports };
}

/** Whether the drain has begun and not ended at this time: it has not begun where the clock was put back since. */
export const isUnderWay = ({ since, until }: Drain, now: number): boolean => since <= now && now < until;

/** The drain as it goes on, with the time that it may take now. It began no later than now, also if the clock was put back. */
function lasting(found: Drain, drain: number, now: number): Drain | undefined {
  const since = Math.min(found.since, now);
  const until = since + drain;
  if (now >= until) return undefined;
  return since === found.since && until === found.until ? found : { ...found, since, until };
}

/** The drain of one egress IP, if it goes on or begins. */
function drainOf(
  one: Drainable,
  holder: Holder | undefined,
  before: Drain | undefined,
  { isThere, now }: DrainSurroundings,
): Drain | undefined {
  const { at, drain } = one;
  const isLeft = holder !== undefined && (at === undefined || !isSameNode(holder, at));
  // one that is offline has nothing that could drain, and what drains from the node before it goes on
  const isNew = isLeft && isThere(holder) && (before === undefined || !isSameNode(before.from, holder));
  const found = isNew ? begun(one, holder, now, before) : before;
  if (found === undefined || !isThere(found.from)) return undefined;
  const isAlike = at !== undefined && hopBits(at.nodeIP) === hopBits(found.from.nodeIP);
  return isAlike ? undefined : lasting(found, drain, now);
}

/** The node that has the egress IP, or had it while it is on none. One whose drain has ended is forgotten. */
function holderOf({ vnid, at }: Drainable, before: Holder | undefined, drain: Drain | undefined): Holder | undefined {
  if (at === undefined) return drain === undefined ? undefined : before;
  return before !== undefined && isSameNode(before, at) ? before : { vnid, node: at.node, nodeIP: at.nodeIP };
}

/** The same map if both have the same values. */
function kept<K, V>(before: ReadonlyMap<K, V>, now: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  return before.size === now.size && [...now].every(([key, value]) => before.get(key) === value) ? before : now;
}

/** The drains of now. */
export function nextDrains(
  before: DrainState,
  drainables: readonly Drainable[],
  around: DrainSurroundings,
): DrainState {
  const holders = new Map<Ip, Holder>();
  const drains = new Map<Ip, Drain>();
  for (const one of drainables) {
    const { egressIP, vnid } = one;
    const own = <T extends { readonly vnid: Vnid }>(value: T | undefined): T | undefined =>
      value?.vnid === vnid ? value : undefined;
    const holder = own(before.holders.get(egressIP));
    const drain = drainOf(one, holder, own(before.drains.get(egressIP)), around);
    if (drain !== undefined) drains.set(egressIP, drain);
    const now = holderOf(one, holder, drain);
    if (now !== undefined) holders.set(egressIP, now);
  }
  const next = { holders: kept(before.holders, holders), drains: kept(before.drains, drains) };
  return next.holders === before.holders && next.drains === before.drains ? before : next;
}
