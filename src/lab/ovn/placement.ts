/**
 * How the cluster manager assigns the egress IPs of one EgressIP. It keeps what its status validly says, forgets the
 * rest, and gives each missing address to a node with the fewest, in a random order. Pure, but for the chance that it is
 * given.
 */
import partition from 'lodash/partition.js';
import type { LabelSelectorObject } from '../../model/objects/raw.ts';
import { matches } from '../../model/objects/selector.ts';
import { contains, type Ip, parseIp } from '../../model/values/address.ts';
import { isUsable, type KnownNode, type Memory } from './nodes.ts';

/** A whole number below the limit. */
export type Random = (limit: number) => number;

/** An assigned egress IP, as in status.items. */
export interface Assignment {
  readonly egressIP: string;
  readonly node: string;
}

/** The part of an EgressIP that assignment looks at. */
export interface Request {
  readonly name: string;
  /** As written. */
  readonly egressIPs: readonly string[];
  readonly items: readonly Assignment[];
  /** The nodes that it names; undefined if it names none. */
  readonly onNodes: LabelSelectorObject | undefined;
}

export interface Rules {
  readonly believesStatus: boolean;
  /** Whether it does not look at who has an address, as some builds at their start. */
  readonly overlooks: boolean;
  readonly random: Random;
}

/** What is wrong, with the reason that the Event has. */
export interface Trouble {
  readonly reason:
    'InvalidEgressIP' | 'NoMatchingNodeFound' | 'UnassignedRequest' | 'UnsupportedRequest' | 'EgressIPConflict';
  readonly message: string;
}

export interface Reconciled {
  readonly memory: Memory;
  /** The items to write; undefined if the status stays as it is. */
  readonly items: readonly Assignment[] | undefined;
  readonly troubles: readonly Trouble[];
}

/** The items in a random order. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random(1_000_000) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** The memory with these assignments of an EgressIP. */
export function remembering(memory: Memory, name: string, items: readonly Assignment[]): Memory {
  const after = new Map(memory);
  for (const { egressIP, node } of items) {
    const known = after.get(node);
    if (known !== undefined) after.set(node, { ...known, has: new Map(known.has).set(egressIP, name) });
  }
  return after;
}

/** The memory without these assignments of an EgressIP. What it has anywhere else stays, stale or not. */
export function forgetting(memory: Memory, name: string, items: readonly Assignment[]): Memory {
  const after = new Map(memory);
  for (const { egressIP, node } of items) {
    const known = after.get(node);
    if (known?.has.get(egressIP) !== name) continue;
    after.set(node, { ...known, has: new Map([...known.has].filter(([ip]) => ip !== egressIP)) });
  }
  return after;
}

function countOf(node: KnownNode, name: string): number {
  return [...node.has.values()].filter((one) => one === name).length;
}

function mayHost(node: KnownNode, { onNodes }: Pick<Request, 'onNodes'>): boolean {
  if (onNodes === undefined) return isUsable(node);
  return node.isReady && node.isReachable && matches(onNodes, node.labels);
}

function holds({ networks }: KnownNode, ip: Ip): boolean {
  return networks.some((network) => contains(network, ip));
}

/** Whether an item of the status stays. Who else has the address, and on which nodes it is listed, is not looked at. */
function isValid(memory: Memory, request: Request, { egressIP, node }: Assignment, rules: Rules): boolean {
  const [known, ip] = [memory.get(node), parseIp(egressIP)];
  if (known === undefined || !ip.ok || !mayHost(known, request) || !holds(known, ip.value)) return false;
  if (!rules.believesStatus && known.has.get(egressIP) !== request.name) return false;
  return countOf(known, request.name) < 2;
}

/** Assigns what the EgressIP wants and its status does not validly have. */
export function reconcile(memory: Memory, request: Request, rules: Rules): Reconciled {
  const parsed = request.egressIPs.map(parseIp);
  const bad = parsed.find((one) => !one.ok);
  if (bad !== undefined)
    return {
      memory,
      items: undefined,
      troubles: [{ reason: 'InvalidEgressIP', message: `EgressIP ${request.name}: ${bad.error}` }],
    };
  const wanted = [...new Set(parsed.flatMap((one) => (one.ok ? [one.value] : [])))];
  const [kept, dropped] = partition(
    request.items,
    (item) => wanted.some((ip) => ip === item.egressIP) && isValid(memory, request, item, rules),
  );
  const missing = wanted.filter((ip) => !kept.some(({ egressIP }) => egressIP === ip));
  const left = forgetting(memory, request.name, dropped);
  const placed = placedIn(left, request, shuffled(missing, rules.random), rules);
  const items = [...kept, ...placed.items];
  return {
    memory: remembering(placed.memory, request.name, items),
    items: placed.items.length > 0 || dropped.length > 0 ? shuffled(items, rules.random) : undefined,
    troubles: placed.troubles,
  };
}

interface Placed {
  readonly memory: Memory;
  readonly items: readonly Assignment[];
  readonly troubles: readonly Trouble[];
}

/** Assigns the addresses in this order; the first that cannot be had ends it. */
function placedIn(memory: Memory, request: Request, ips: readonly Ip[], rules: Rules): Placed {
  const { name } = request;
  if (ips.length === 0) return { memory, items: [], troubles: [] };
  const items: Assignment[] = [];
  let now = memory;
  const end = (...troubles: readonly Trouble[]): Placed => ({ memory: now, items, troubles });
  if (![...memory.values()].some((node) => mayHost(node, request)))
    return end({ reason: 'NoMatchingNodeFound', message: `no node may host egress IPs of EgressIP ${name}` });
  for (const ip of ips) {
    const choice = chosen(now, request, ip, rules);
    if (choice.kind === 'ends') return end(...choice.troubles);
    if (choice.kind === 'nowhere') continue;
    items.push({ egressIP: ip, node: choice.node });
    now = remembering(now, name, [{ egressIP: ip, node: choice.node }]);
  }
  if (items.length === 0)
    return end({
      reason: 'NoMatchingNodeFound',
      message: `no node may host any of the egress IPs ${ips.join(', ')} of EgressIP ${name}`,
    });
  if (items.length < ips.length)
    return end({
      reason: 'UnassignedRequest',
      message: `there are too few nodes for all egress IPs of EgressIP ${name}`,
    });
  return end();
}

type Choice =
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'nowhere' }
  /** The other addresses of the object are not looked at either. */
  | { readonly kind: 'ends'; readonly troubles: readonly Trouble[] };

/** The node that gets the address. One that the object has by memory stays where it is, whatever became of the node. */
function chosen(memory: Memory, request: Request, ip: Ip, rules: Rules): Choice {
  const { name } = request;
  const holders = [...memory.values()].filter(({ has }) => has.has(ip));
  const holder = shuffled(holders, rules.random)[0];
  const owner = holder?.has.get(ip);
  if (holder !== undefined && owner === name) return { kind: 'node', node: holder.name };
  if (owner !== undefined && !rules.overlooks)
    return ends('UnsupportedRequest', `${ip} of EgressIP ${name} is already allocated for EgressIP ${owner}`);
  const all = [...memory.values()];
  // while one node shows no addresses nothing is assigned anywhere, and nobody says so
  if (all.some(({ addresses }) => addresses === undefined)) return { kind: 'ends', troubles: [] };
  const host = all.find(({ addresses = [] }) => addresses.includes(ip));
  if (host !== undefined)
    return ends('EgressIPConflict', `${ip} of EgressIP ${name} is an address of node ${host.name}`);
  const fitting = all.filter(
    (node) =>
      mayHost(node, request) &&
      holds(node, ip) &&
      !holders.includes(node) &&
      countOf(node, name) === 0 &&
      node.has.size < node.capacity,
  );
  const fewest = Math.min(...fitting.map(({ has }) => has.size));
  const [best] = shuffled(
    fitting.filter(({ has }) => has.size === fewest),
    rules.random,
  );
  return best === undefined ? { kind: 'nowhere' } : { kind: 'node', node: best.name };
}

function ends(reason: Trouble['reason'], message: string): Choice {
  return { kind: 'ends', troubles: [{ reason, message }] };
}
