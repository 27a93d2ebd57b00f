/**
 * All HostSubnets of a cluster: what each means for egress, given the others. One that is invalid counts as absent, and
 * so does one whose subnet overlaps that of another with a better claim to it.
 */
import type { Ip } from './address.ts';
import {
  type AbsentHostSubnet,
  asAbsent,
  type HostSubnet,
  type InvalidHostSubnet,
  parseHostSubnet,
} from './hostsubnet.ts';
import { internalIP } from './node.ts';
import type { HostSubnetObject, KubeObject } from './objects.ts';
import type { Result } from './result.ts';
import { type LostClaim, type SubnetClaim, SubnetClaims, whyFirst } from './subnetclaims.ts';

/** What a HostSubnet means for egress. */
export type Meaning =
  | { readonly kind: 'valid'; readonly hostSubnet: HostSubnet }
  | { readonly kind: 'absent'; readonly hostSubnet: AbsentHostSubnet };

interface Known {
  readonly parsed: Result<HostSubnet, InvalidHostSubnet>;
  readonly created: string | undefined;
}

/** Kept up to date object by object; what it says depends on the objects alone, not on their order. */
export class HostSubnets {
  readonly #known = new Map<string, Known>();
  readonly #nodes = new Map<string, Ip>();
  readonly #claims = new SubnetClaims();

  /** The HostSubnet is now this. Returns the names of all whose meaning may be another now, itself among them. */
  set(object: HostSubnetObject): readonly string[] {
    const { name = '', creationTimestamp: created } = object.metadata;
    this.#known.set(name, { parsed: parseHostSubnet(object), created });
    return [...this.#claimed(name).add(name)];
  }

  /** There is no HostSubnet of that name now. Returns as `set` does. */
  delete(name: string): readonly string[] {
    this.#known.delete(name);
    return [...this.#claimed(name).add(name)];
  }

  /** The Node of that name is now this; undefined: there is none. Returns whose meaning is another now. */
  setNode(name: string, node: KubeObject | undefined): readonly string[] {
    const ip = node === undefined ? undefined : internalIP(node);
    if (ip === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, ip);
    return [...this.#claimed(name)];
  }

  /** What the HostSubnet of that name means; undefined when there is none. */
  meaningOf(name: string): Meaning | undefined {
    const known = this.#known.get(name);
    if (known === undefined) return undefined;
    const { parsed } = known;
    if (!parsed.ok) return { kind: 'absent', hostSubnet: parsed.error };
    if (this.#claims.lost(name) !== undefined) return { kind: 'absent', hostSubnet: asAbsent(parsed.value) };
    return { kind: 'valid', hostSubnet: parsed.value };
  }

  /** The names of all. */
  names(): Iterable<string> {
    return this.#known.keys();
  }

  /** Those that are invalid. */
  invalid(): readonly InvalidHostSubnet[] {
    return [...this.#known.values()].flatMap(({ parsed }) => (parsed.ok ? [] : [parsed.error]));
  }

  /** Those whose subnet another has by right, in order of name. */
  lost(): readonly LostClaim[] {
    return this.#claims.allLost();
  }

  /** Whom the HostSubnet of that name lost its subnet to. */
  lostBy(name: string): LostClaim | undefined {
    return this.#claims.lost(name);
  }

  /** Those whose pods can be reached, in no certain order: one whose egress fields are wrong is among them. */
  reachable(): Iterable<SubnetClaim> {
    return this.#claims.won();
  }

  #claimed(name: string): Set<string> {
    return new Set(this.#claims.set(name, this.#claimOf(name)));
  }

  #claimOf(name: string): SubnetClaim | undefined {
    const known = this.#known.get(name);
    const { hostIP, subnet } = (known?.parsed.ok === true ? known.parsed.value : known?.parsed.error) ?? {};
    if (known === undefined || hostIP === undefined || subnet === undefined) return undefined;
    return { name, hostIP, subnet, created: known.created, hasNode: this.#nodes.get(name) === hostIP };
  }
}

/** The sentence about a lost subnet for who reads of the loser. */
export function lossText(lost: LostClaim): string {
  const { loser, winner } = lost;
  return `${loser.subnet.text} overlaps ${winner.subnet.text} of HostSubnet ${winner.name}, ${whyFirst(lost)}`;
}
