/**
 * Decides which namespace has which addresses of the pools. An address is a namespace's from when its pool's status says
 * so until its NetNamespace no longer lists it: the pool is written first and cleared last, so that no address is given
 * twice, whoever stops or takes over between two writes. Pure.
 */
import { addressesOf, type EgressPool, poolHas } from '../objects/egresspool.ts';
import { type JoinedPlacement, selectorsText } from '../objects/placement.ts';
import type { NetNamespaceObject } from '../objects/raw.ts';
import { type Ip, parseIp } from '../values/address.ts';
import { compareText } from '../values/names.ts';

/** The NetNamespace annotation with those of its egress IPs that came from pools, after commas. */
export const grantedAnnotation = 'sdn-compat/granted-egress-ips';

/** Milliseconds until an address that another machine had is given again. */
const quarantine = 60 * 60_000;

/** Whose an address of a pool is. */
export interface Grant {
  readonly address: string;
  readonly namespace: string;
  readonly uid?: string;
}

/** An address that another machine had, and when that was found out. */
export interface Taken {
  readonly address: string;
  readonly since: string;
}

/** What the status of a pool says. */
export interface Ledger {
  readonly granted: readonly Grant[];
  readonly inUse: readonly Taken[];
}

/** A Namespace, and what it asks for. */
export interface Asking {
  readonly name: string;
  readonly uid: string | undefined;
  /** Undefined if that cannot be read: then it keeps what it has. */
  readonly count: number | undefined;
}

export interface PoolsInput {
  /** Sorted by name: an address of several is the first's. */
  readonly pools: readonly EgressPool[];
  /** All Namespaces that are there, by name; most ask for nothing. */
  readonly namespaces: ReadonlyMap<string, Asking>;
  readonly netNamespaces: readonly NetNamespaceObject[];
  /** Whether somebody or something of the cluster has the address, other than as an egress IP. */
  readonly isTaken: (ip: Ip) => boolean;
  /** Of namespaces whose egress IPs may not be on all nodes, by name. */
  readonly placements: ReadonlyMap<string, JoinedPlacement>;
  /** Whether some HostSubnet lists an address, or has CIDRs that hold it, of the nodes that are left by a placement. */
  readonly hostableBy: (placement: JoinedPlacement | undefined) => (ip: Ip) => boolean;
  /** Addresses for which another machine answered a node. */
  readonly inUse: ReadonlySet<string>;
  /** In milliseconds since 1970. */
  readonly now: number;
}

/** A problem of a Namespace, or a pool, or good news. */
export interface PoolNote {
  readonly on: 'Namespace' | 'EgressPool';
  readonly name: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** The lists that a NetNamespace gets. */
export interface ListWrite {
  readonly object: NetNamespaceObject;
  readonly egressIPs: readonly string[];
  readonly granted: readonly string[];
}

export interface PoolsPlan {
  /** The new status of each pool whose status changes. */
  readonly ledgers: readonly { readonly pool: EgressPool; readonly ledger: Ledger }[];
  readonly lists: readonly ListWrite[];
  readonly notes: readonly PoolNote[];
}

/** The addresses of the NetNamespace that came from pools, as its annotation says. */
export function grantedOf({ metadata }: NetNamespaceObject): readonly string[] {
  return (metadata.annotations?.[grantedAnnotation] ?? '').split(',').filter((text) => text !== '');
}

export function ledgerOf({ object }: EgressPool): Ledger {
  return { granted: object.status?.granted ?? [], inUse: object.status?.inUse ?? [] };
}

/** Computes what to write next. The order of the lists does not matter, but for that of the pools. */
export function poolsPlan(input: PoolsInput): PoolsPlan {
  return new Planner(input).plan();
}

/** How many addresses of each pool could be given now, in the order of the pools. */
export function freeAddresses(input: PoolsInput): readonly number[] {
  const planner = new Planner(input);
  return input.pools.map((pool) => planner.freeIn(pool));
}

/** What a namespace would have of the pools if it asked for so many addresses, and why it would not have all. */
export function wouldHave(
  input: PoolsInput,
  name: string,
  count: number,
): { readonly addresses: readonly string[]; readonly problems: readonly string[] } {
  const asking = { ...(input.namespaces.get(name) ?? { name, uid: undefined }), count };
  const plan = poolsPlan({ ...input, namespaces: new Map([...input.namespaces, [name, asking]]) });
  const isOwn = (object: NetNamespaceObject): boolean => object.metadata.name === name;
  const own = input.netNamespaces.find(isOwn);
  const write = plan.lists.find(({ object }) => isOwn(object));
  const known = new Set(input.pools.flatMap((pool) => ledgerOf(pool).granted).map(({ address }) => address));
  const given = plan.ledgers.flatMap(({ ledger }) => ledger.granted);
  return {
    addresses: [
      ...(write?.granted ?? (own === undefined ? [] : grantedOf(own))),
      ...given
        .filter(({ namespace, address }) => namespace === name && !known.has(address))
        .map(({ address }) => address),
    ],
    problems: plan.notes
      .filter((note) => note.on === 'Namespace' && note.name === name && note.type === 'Warning')
      .map(({ message }) => message),
  };
}

class Planner {
  readonly #input: PoolsInput;
  readonly #byName: ReadonlyMap<string, NetNamespaceObject>;
  /** Who lists each address without having it from a pool. */
  readonly #listedBy = new Map<string, string>();
  /** By address, as the pools say now. */
  readonly #known = new Map<string, Grant>();
  /** By address, as they will say: what this plan gives and takes up. */
  readonly #next = new Map<string, Grant & { readonly pool: EgressPool }>();
  readonly #avoided: ReadonlySet<string>;
  readonly #notes: PoolNote[] = [];

  constructor(input: PoolsInput) {
    this.#input = input;
    this.#byName = new Map(input.netNamespaces.map((one) => [one.metadata.name ?? '', one]));
    for (const one of input.netNamespaces) {
      const granted = new Set(grantedOf(one));
      for (const ip of one.egressIPs ?? []) if (!granted.has(ip)) this.#listedBy.set(ip, one.metadata.name ?? '');
    }
    for (const pool of input.pools)
      for (const grant of ledgerOf(pool).granted)
        if (!this.#known.has(grant.address)) {
          this.#known.set(grant.address, grant);
          this.#next.set(grant.address, { ...grant, pool });
        }
    const past = input.pools.flatMap((pool) => ledgerOf(pool).inUse).filter((one) => this.#isRecent(one));
    this.#avoided = new Set([...input.inUse, ...past.map(({ address }) => address)]);
  }

  /** How many addresses of a pool could be given now. */
  freeIn(pool: EgressPool): number {
    return this.#free(pool, Infinity, undefined).length;
  }

  plan(): PoolsPlan {
    const names = new Set([
      ...[...this.#input.namespaces.values()].filter(({ count = 0 }) => count > 0).map(({ name }) => name),
      ...[...this.#known.values()].map(({ namespace }) => namespace),
      ...this.#input.netNamespaces
        .filter((one) => grantedOf(one).length > 0)
        .map(({ metadata }) => metadata.name ?? ''),
    ]);
    const lists = [...names].sort(compareText).flatMap((name) => this.#serve(name));
    return { ledgers: this.#ledgers(), lists, notes: this.#notes };
  }

  #isRecent({ since }: Taken): boolean {
    const left = Date.parse(since) + quarantine - this.#input.now;
    return left > 0;
  }

  /** What one namespace keeps, gives back and gets; returns the write of its list, if it changes. */
  #serve(name: string): readonly ListWrite[] {
    const asking = this.#input.namespaces.get(name);
    const object = this.#byName.get(name);
    const held = this.#held(name, asking, object);
    const kept = this.#within(held, asking === undefined ? 0 : (asking.count ?? held.length));
    for (const [address, grant] of this.#next)
      if (grant.namespace === name && !kept.includes(address) && !isShown(object, address)) this.#next.delete(address);
    // what the pools show is written into the list; what is given now follows when they show it
    const write = object === undefined ? [] : listWrite(object, kept, (ip) => this.#listedBy.get(ip) === name);
    if (asking?.count !== undefined && object !== undefined) this.#give(asking, asking.count, kept);
    return write;
  }

  /** What it has, in the order in which it got it. */
  #held(name: string, asking: Asking | undefined, object: NetNamespaceObject | undefined): readonly string[] {
    if (asking === undefined) return [];
    const listed = object === undefined ? [] : grantedOf(object).filter((ip) => isListed(object, ip));
    const pending = [...this.#known.values()]
      .filter((grant) => grant.namespace === name && isOf(grant, asking) && !grantedIn(object, grant.address))
      .map(({ address }) => address);
    for (const ip of listed) this.#takeUp(ip, asking);
    return [...new Set([...listed, ...pending])].filter((ip) => {
      const owner = this.#next.get(ip);
      const isOwn = owner === undefined || (owner.namespace === name && isOf(owner, asking));
      return isOwn && !this.#listedBy.has(ip) && !this.#isInUse(ip, name);
    });
  }

  /** Says again of an address of a list whose it is, as after a pool was restored without its status. */
  #takeUp(address: string, { name: namespace, uid }: Asking): void {
    const ip = parseIp(address);
    const pool = ip.ok ? this.#input.pools.find((one) => poolHas(one, ip.value)) : undefined;
    if (pool === undefined || this.#next.has(address)) return;
    this.#next.set(address, { address, namespace, ...(uid === undefined ? {} : { uid }), pool });
  }

  #isInUse(ip: string, name: string): boolean {
    // once its node no longer has to take it, that refuses it no more: what the pool says counts on
    if (!this.#avoided.has(ip)) return false;
    this.#note(name, 'EgressIPInUse', `${ip} is in use by another machine: the namespace gets another address`);
    return true;
  }

  /** The first of them, as many as are asked for, and of each pool as many as its quota. */
  #within(held: readonly string[], count: number): readonly string[] {
    const used = new Map<EgressPool | undefined, number>();
    return held
      .filter((ip) => {
        const pool = this.#next.get(ip)?.pool;
        const had = used.get(pool) ?? 0;
        if (pool !== undefined && had >= pool.quota) return false;
        used.set(pool, had + 1);
        return true;
      })
      .slice(0, count);
  }

  /** Gives free addresses for what is lacking, and says what cannot be given. */
  #give({ name, uid }: Asking, count: number, kept: readonly string[]): void {
    let lacking = count - kept.length;
    const reasons = new Set<string>();
    const placement = this.#input.placements.get(name);
    const hosts = placement === undefined ? 'a HostSubnet' : `a node of node selector ${selectorsText(placement)}`;
    for (const pool of this.#input.pools) {
      const had = kept.filter((ip) => this.#next.get(ip)?.pool === pool).length;
      const room = Math.min(lacking, pool.quota - had);
      if (lacking > 0 && room < lacking) reasons.add(`EgressPool ${pool.name} has a quota of ${pool.quota}`);
      const given = room > 0 ? this.#free(pool, room, placement) : [];
      for (const address of given) {
        this.#next.set(address, { address, namespace: name, ...(uid === undefined ? {} : { uid }), pool });
        const message = `${address} of EgressPool ${pool.name}`;
        this.#notes.push({ on: 'Namespace', name, type: 'Normal', reason: 'EgressIPGranted', message });
      }
      lacking -= given.length;
      if (given.length < room) reasons.add(`EgressPool ${pool.name} has no more free address that ${hosts} may host`);
    }
    if (lacking > 0) {
      const why = this.#input.pools.length === 0 ? 'there is no EgressPool' : [...reasons].join('; ');
      this.#note(name, 'EgressIPNotGranted', `of ${count} egress IPs that it asks for it lacks ${lacking}: ${why}`);
    }
  }

  #free(pool: EgressPool, most: number, placement: JoinedPlacement | undefined): readonly Ip[] {
    const { isTaken, hostableBy, pools } = this.#input;
    const isHostable = hostableBy(placement);
    const found: Ip[] = [];
    for (const ip of addressesOf(pool)) {
      if (found.length === most) break;
      const isKnown = this.#next.has(ip) || this.#known.has(ip) || this.#isListedAnywhere(ip) || this.#avoided.has(ip);
      // an address of several pools is the first's, whose status alone says whose it is
      const isFree = !isKnown && !isTaken(ip) && isHostable(ip);
      if (isFree && pools.find((one) => poolHas(one, ip)) === pool) found.push(ip);
    }
    return found;
  }

  #anywhere: ReadonlySet<string> | undefined;

  #isListedAnywhere(ip: string): boolean {
    this.#anywhere ??= new Set(this.#input.netNamespaces.flatMap(({ egressIPs }) => egressIPs ?? []));
    return this.#anywhere.has(ip);
  }

  #note(name: string, reason: string, message: string): void {
    this.#notes.push({ on: 'Namespace', name, type: 'Warning', reason, message });
  }

  #ledgers(): PoolsPlan['ledgers'] {
    const { pools, inUse, now } = this.#input;
    const byPool = Map.groupBy(this.#next.values(), ({ pool }) => pool);
    return pools.flatMap((pool) => {
      const before = ledgerOf(pool);
      const granted = (byPool.get(pool) ?? []).map(({ address, namespace, uid }) => ({
        address,
        namespace,
        ...(uid === undefined ? {} : { uid }),
      }));
      const recent = before.inUse.filter((one) => this.#isRecent(one));
      const found = before.granted
        .map(({ address }) => address)
        .filter((address) => inUse.has(address) && !recent.some((one) => one.address === address));
      const since = new Date(now).toISOString();
      const ledger = { granted, inUse: [...recent, ...found.map((address) => ({ address, since }))] };
      return isSame(before, ledger) ? [] : [{ pool, ledger }];
    });
  }
}

/** Whether the grant is of this very Namespace, not of one before it under the name. */
function isOf(grant: Grant, { uid }: Asking): boolean {
  return grant.uid === undefined || uid === undefined || grant.uid === uid;
}

function isListed(object: NetNamespaceObject | undefined, ip: string): boolean {
  return (object?.egressIPs ?? []).includes(ip);
}

/** Whether the list has it as one of a pool's; what only an admin lists is no pool's any more. */
function isShown(object: NetNamespaceObject | undefined, ip: string): boolean {
  return grantedIn(object, ip) && isListed(object, ip);
}

function grantedIn(object: NetNamespaceObject | undefined, ip: string): boolean {
  return object !== undefined && grantedOf(object).includes(ip);
}

/** `isOwn`: what an admin listed. That comes first, and stays. */
function listWrite(
  object: NetNamespaceObject,
  kept: readonly string[],
  isOwn: (ip: string) => boolean,
): readonly ListWrite[] {
  const before = object.egressIPs ?? [];
  const egressIPs = [...before.filter(isOwn), ...kept];
  const isWritten = before.join() === egressIPs.join() && grantedOf(object).join() === kept.join();
  return isWritten ? [] : [{ object, egressIPs, granted: kept }];
}

function isSame(a: Ledger, b: Ledger): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
