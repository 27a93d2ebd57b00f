/**
 * Decides which HostSubnet owns a subnet when several have the same or overlapping subnets. The order is total and
 * depends only on objects, so all agents and the controller agree, also after a restart: a HostSubnet whose Node exists
 * comes first, then the one that overlaps fewer of those, so that one object with too wide a subnet cannot put out many
 * nodes, then the older one, then the first by name. One that overlaps an earlier one loses, and takes nothing from
 * others.
 */
import isEqual from 'lodash/isEqual.js';
import type { Cidr, Ip } from '../values/address.ts';
import { compareText } from '../values/names.ts';
import type { Vnid } from '../values/vnid.ts';

/** A HostSubnet that is valid enough for sending packets to its pods. */
export interface SubnetClaim {
  readonly name: string;
  readonly hostIP: Ip;
  readonly subnet: Cidr;
  /** metadata.creationTimestamp, which sorts as text; undefined in files that omit it. */
  readonly created: string | undefined;
  /** Whether a Node of this name exists with `hostIP` among its InternalIPs. */
  readonly hasNode: boolean;
  /** The VNID of all packets to its pods; undefined if each has its sender's. */
  readonly fixedVnid?: Vnid | undefined;
}

/** A claim that lost, and the one it lost to. */
export interface LostClaim {
  readonly loser: SubnetClaim;
  readonly winner: SubnetClaim;
  /** Why the winner comes first. */
  readonly by: 'node' | 'overlaps' | 'age' | 'name';
}

/**
 * All claims, updated one by one. The cost of a change grows with the number of claims that overlap the changed one.
 */
export class SubnetClaims {
  readonly #claims = new Map<string, SubnetClaim>();
  /** The names of the claims within each range that is or contains a claimed subnet. */
  readonly #within = new Map<number, Set<string>>();
  /** How many claims have exactly this subnet. */
  readonly #exact = new Map<number, number>();
  readonly #lost = new Map<string, LostClaim>();

  /** Sets the claim of this name; undefined removes it. Returns the names that win or lose now and did not before. */
  set(name: string, next: SubnetClaim | undefined): ReadonlySet<string> {
    const before = this.#claims.get(name);
    const changed = new Set<string>();
    if (isEqual(before, next)) return changed;
    if (before !== undefined) {
      this.#claims.delete(name);
      this.#leave(before);
      this.#settle([name], changed);
      this.#settle(this.#overlapping(before.subnet), changed);
    }
    if (next !== undefined) {
      this.#claims.set(name, next);
      this.#enter(next);
      this.#settle(this.#overlapping(next.subnet), changed);
    }
    return changed;
  }

  /** The claim that this one lost to; undefined if it won or does not exist. */
  lost(name: string): LostClaim | undefined {
    return this.#lost.get(name);
  }

  /** The claims that lost, in order of name. */
  allLost(): readonly LostClaim[] {
    return [...this.#lost.values()].sort((a, b) => compareText(a.loser.name, b.loser.name));
  }

  /** The claims that won, in no particular order. */
  *won(): Iterable<SubnetClaim> {
    for (const claim of this.#claims.values()) if (!this.#lost.has(claim.name)) yield claim;
  }

  #enter({ name, subnet }: SubnetClaim): void {
    for (const range of rangesAround(subnet)) {
      const names = this.#within.get(range);
      if (names === undefined) this.#within.set(range, new Set([name]));
      else names.add(name);
    }
    const range = rangeOf(subnet, subnet.length);
    this.#exact.set(range, (this.#exact.get(range) ?? 0) + 1);
  }

  #leave({ name, subnet }: SubnetClaim): void {
    for (const range of rangesAround(subnet)) {
      const names = this.#within.get(range);
      names?.delete(name);
      if (names?.size === 0) this.#within.delete(range);
    }
    const range = rangeOf(subnet, subnet.length);
    const left = (this.#exact.get(range) ?? 0) - 1;
    if (left > 0) this.#exact.set(range, left);
    else this.#exact.delete(range);
  }

  /**
   * The names of all claims within the widest claimed subnet that contains this one: only these can win or lose because
   * of it.
   */
  #overlapping(subnet: Cidr): readonly string[] {
    const widest = rangesAround(subnet).find((range) => this.#exact.has(range)) ?? rangeOf(subnet, subnet.length);
    return [...(this.#within.get(widest) ?? [])];
  }

  #settle(names: readonly string[], changed: Set<string>): void {
    const lost = lostAmong(names.flatMap((name) => this.#claims.get(name) ?? []));
    for (const name of names) {
      const now = lost.get(name);
      if (!sameLoss(this.#lost.get(name), now)) changed.add(name);
      if (now === undefined) this.#lost.delete(name);
      else this.#lost.set(name, now);
    }
  }
}

/** The claims among these that lost, by name. */
export function lostAmong(claims: readonly SubnetClaim[]): ReadonlyMap<string, LostClaim> {
  const overlaps = overlapsOf(claims);
  const won: SubnetClaim[] = [];
  const lost = new Map<string, LostClaim>();
  for (const loser of claims.toSorted((a, b) => order(a, b, overlaps).sign)) {
    const winner = won.find((other) => overlap(other.subnet, loser.subnet));
    if (winner === undefined) won.push(loser);
    else lost.set(loser.name, { loser, winner, by: order(winner, loser, overlaps).by });
  }
  return lost;
}

/** Why the winner comes before the loser, as a clause about the winner. */
export function whyFirst({ by }: LostClaim): string {
  switch (by) {
    case 'node':
      return 'whose Node exists';
    case 'overlaps':
      return 'which overlaps fewer others';
    case 'age':
      return 'which is older';
    case 'name':
      return 'whose name comes first';
  }
}

/** For each of these claims the number of those with a Node that overlap it, the claim itself included. */
function overlapsOf(claims: readonly SubnetClaim[]): ReadonlyMap<SubnetClaim, number> {
  const [within, exact] = [new Map<number, number>(), new Map<number, number>()];
  const count = (counts: Map<number, number>, range: number): void => {
    counts.set(range, (counts.get(range) ?? 0) + 1);
  };
  for (const { subnet, hasNode } of claims) {
    if (!hasNode) continue;
    for (const range of rangesAround(subnet)) count(within, range);
    count(exact, rangeOf(subnet, subnet.length));
  }
  return new Map(
    claims.map((claim) => {
      const around = rangesAround(claim.subnet).slice(0, -1);
      const inside = within.get(rangeOf(claim.subnet, claim.subnet.length)) ?? 0;
      return [claim, inside + around.reduce((sum, range) => sum + (exact.get(range) ?? 0), 0)];
    }),
  );
}

/** A negative sign if `a` comes first; and what decides. */
function order(
  a: SubnetClaim,
  b: SubnetClaim,
  overlaps: ReadonlyMap<SubnetClaim, number>,
): { readonly sign: number; readonly by: LostClaim['by'] } {
  if (a.hasNode !== b.hasNode) return { sign: a.hasNode ? -1 : 1, by: 'node' };
  const fewer = (overlaps.get(a) ?? 0) - (overlaps.get(b) ?? 0);
  if (fewer !== 0) return { sign: fewer, by: 'overlaps' };
  const older = compareText(a.created ?? last, b.created ?? last);
  return older === 0 ? { sign: compareText(a.name, b.name), by: 'name' } : { sign: older, by: 'age' };
}

/** Sorts after every timestamp. */
const last = '~';

function overlap(a: Cidr, b: Cidr): boolean {
  const shorter = Math.min(a.length, b.length);
  return rangeOf(a, shorter) === rangeOf(b, shorter);
}

/** The range with this prefix length that contains the IPv4 subnet, as a unique number. */
function rangeOf({ first }: Cidr, length: number): number {
  return length * 2 ** 32 + Math.floor(Number(first) / 2 ** (32 - length));
}

/** All ranges that contain the subnet, from the widest to the subnet itself. */
function rangesAround(subnet: Cidr): readonly number[] {
  return Array.from({ length: subnet.length + 1 }, (_, length) => rangeOf(subnet, length));
}

function sameLoss(a: LostClaim | undefined, b: LostClaim | undefined): boolean {
  return isEqual(a, b);
}
