/**
 * Who has a subnet when several HostSubnets name it, or subnets that overlap. The order is total and made of objects
 * alone, so every agent and the controller say the same, also after a restart: the HostSubnet whose Node exists, then the
 * older one, then the first by name. Whoever overlaps one before it loses, and takes nothing from others.
 */
import type { Cidr, Ip } from './address.ts';
import { compareText } from './names.ts';

/** One HostSubnet that can be read far enough to send packets to its pods. */
export interface SubnetClaim {
  readonly name: string;
  readonly hostIP: Ip;
  readonly subnet: Cidr;
  /** metadata.creationTimestamp, which orders as text; undefined in files that leave it out. */
  readonly created: string | undefined;
  /** A Node of that name exists and has `hostIP` as its InternalIP. */
  readonly hasNode: boolean;
}

/** A claim that lost, and the one it lost to. */
export interface LostClaim {
  readonly loser: SubnetClaim;
  readonly winner: SubnetClaim;
}

/** All claims, kept up to date. A change costs as much as there are claims that overlap the changed one. */
export class SubnetClaims {
  readonly #claims = new Map<string, SubnetClaim>();
  /** The names of the claims within each range that is, or holds, a claimed subnet. */
  readonly #within = new Map<number, Set<string>>();
  /** How many claims have exactly this subnet. */
  readonly #exact = new Map<number, number>();
  readonly #lost = new Map<string, LostClaim>();

  /** The claim of that name is now this; undefined: there is none. Returns who wins or loses now and did not before. */
  set(name: string, next: SubnetClaim | undefined): ReadonlySet<string> {
    const before = this.#claims.get(name);
    const changed = new Set<string>();
    if (sameClaim(before, next)) return changed;
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

  /** What the claim of that name lost to; undefined when it won or there is none. */
  lost(name: string): LostClaim | undefined {
    return this.#lost.get(name);
  }

  /** The claims that lost, in order of name. */
  allLost(): readonly LostClaim[] {
    return [...this.#lost.values()].sort((a, b) => compareText(a.loser.name, b.loser.name));
  }

  /** The claims that won, in no certain order. */
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

  /** The names of all within the widest claimed subnet that holds this one: whoever can win or lose by it. */
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

/** The claims among these that lose, by name. */
export function lostAmong(claims: readonly SubnetClaim[]): ReadonlyMap<string, LostClaim> {
  const won: SubnetClaim[] = [];
  const lost = new Map<string, LostClaim>();
  for (const loser of claims.toSorted(compareClaims)) {
    const winner = won.find((other) => overlap(other.subnet, loser.subnet));
    if (winner === undefined) won.push(loser);
    else lost.set(loser.name, { loser, winner });
  }
  return lost;
}

/** Why the winner comes before the loser: a clause about the winner. */
export function whyFirst({ loser, winner }: LostClaim): string {
  if (winner.hasNode !== loser.hasNode) return 'whose Node exists';
  return winner.created === loser.created ? 'whose name comes first' : 'which is older';
}

function compareClaims(a: SubnetClaim, b: SubnetClaim): number {
  if (a.hasNode !== b.hasNode) return a.hasNode ? -1 : 1;
  return compareText(a.created ?? last, b.created ?? last) || compareText(a.name, b.name);
}

/** Comes after every timestamp. */
const last = '~';

function overlap(a: Cidr, b: Cidr): boolean {
  const shorter = Math.min(a.length, b.length);
  return rangeOf(a, shorter) === rangeOf(b, shorter);
}

/** The range of that prefix length that holds the IPv4 subnet, as a number of its own. */
function rangeOf({ first }: Cidr, length: number): number {
  return length * 2 ** 32 + Math.floor(Number(first) / 2 ** (32 - length));
}

/** All ranges that hold the subnet, the widest first, itself last. */
function rangesAround(subnet: Cidr): readonly number[] {
  return Array.from({ length: subnet.length + 1 }, (_, length) => rangeOf(subnet, length));
}

function sameClaim(a: SubnetClaim | undefined, b: SubnetClaim | undefined): boolean {
  return (
    a?.hostIP === b?.hostIP &&
    a?.subnet.text === b?.subnet.text &&
    a?.created === b?.created &&
    a?.hasNode === b?.hasNode
  );
}

function sameLoss(a: LostClaim | undefined, b: LostClaim | undefined): boolean {
  return sameClaim(a?.loser, b?.loser) && sameClaim(a?.winner, b?.winner) && a?.winner.name === b?.winner.name;
}
