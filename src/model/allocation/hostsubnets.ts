/**
 * All HostSubnets of a cluster, and what each means for egress given the others. An invalid one counts as absent, and
 * so does one whose subnet overlaps that of another with a better claim.
 */
import {
  type AbsentHostSubnet,
  asAbsent,
  fixedVnidOf,
  type HostSubnet,
  type InvalidHostSubnet,
  parseHostSubnet,
} from '../objects/hostsubnet.ts';
import { internalIPs } from '../objects/node.ts';
import type { HostSubnetObject, KubeObject } from '../objects/raw.ts';
import type { Ip } from '../values/address.ts';
import type { Result } from '../values/result.ts';
import type { Vnid } from '../values/vnid.ts';
import { type LostClaim, type SubnetClaim, SubnetClaims, whyFirst } from './subnetclaims.ts';

/** The meaning of a HostSubnet for egress. */
export type Meaning =
  | { readonly kind: 'valid'; readonly hostSubnet: HostSubnet }
  | { readonly kind: 'absent'; readonly hostSubnet: AbsentHostSubnet };

interface Known {
  readonly parsed: Result<HostSubnet, InvalidHostSubnet>;
  readonly created: string | undefined;
  readonly fixedVnid: Result<Vnid | undefined>;
}

/** Updated object by object. The result depends only on the objects, not on their order. */
export class HostSubnets {
  readonly #known = new Map<string, Known>();
  readonly #nodes = new Map<string, readonly Ip[]>();
  readonly #claims = new SubnetClaims();

  /** Sets a HostSubnet. Returns the names of all HostSubnets whose meaning may have changed, including this one. */
  set(object: HostSubnetObject): readonly string[] {
    const { name = '', creationTimestamp: created } = object.metadata;
    this.#known.set(name, { parsed: parseHostSubnet(object), created, fixedVnid: fixedVnidOf(object) });
    return [...this.#claimed(name).add(name)];
  }

  /** Removes the HostSubnet of this name. Returns the same as `set`. */
  delete(name: string): readonly string[] {
    this.#known.delete(name);
    return [...this.#claimed(name).add(name)];
  }

  /** Sets the Node of this name; undefined removes it. Returns the names whose meaning changed. */
  setNode(name: string, node: KubeObject | undefined): readonly string[] {
    if (node === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, internalIPs(node));
    return [...this.#claimed(name)];
  }

  /** The meaning of the HostSubnet of this name; undefined if there is none. */
  meaningOf(name: string): Meaning | undefined {
    const known = this.#known.get(name);
    if (known === undefined) return undefined;
    const { parsed } = known;
    if (!parsed.ok) return { kind: 'absent', hostSubnet: parsed.error };
    if (this.#claims.lost(name) !== undefined) return { kind: 'absent', hostSubnet: asAbsent(parsed.value) };
    return { kind: 'valid', hostSubnet: parsed.value };
  }

  /** The names of all HostSubnets. */
  names(): Iterable<string> {
    return this.#known.keys();
  }

  /** The invalid HostSubnets. */
  invalid(): readonly InvalidHostSubnet[] {
    return [...this.#known.values()].flatMap(({ parsed }) => (parsed.ok ? [] : [parsed.error]));
  }

  /** The HostSubnets that lost their subnet to another one, in order of name. */
  lost(): readonly LostClaim[] {
    return this.#claims.allLost();
  }

  /** Which HostSubnet this one lost its subnet to; undefined if none. */
  lostBy(name: string): LostClaim | undefined {
    return this.#claims.lost(name);
  }

  /** The HostSubnets whose pods are reachable, in no particular order. Invalid egress fields do not matter here. */
  reachable(): Iterable<SubnetClaim> {
    return this.#claims.won();
  }

  #claimed(name: string): Set<string> {
    return new Set(this.#claims.set(name, this.#claimOf(name)));
  }

  #claimOf(name: string): SubnetClaim | undefined {
    const known = this.#known.get(name);
    const { hostIP, subnet } = (known?.parsed.ok === true ? known.parsed.value : known?.parsed.error) ?? {};
    if (known?.fixedVnid.ok !== true || hostIP === undefined || subnet === undefined) return undefined;
    const hasNode = this.#nodes.get(name)?.includes(hostIP) === true;
    return { name, hostIP, subnet, created: known.created, hasNode, fixedVnid: known.fixedVnid.value };
  }
}

/** The sentence about a lost subnet, for readers of the loser. */
export function lostText(lost: LostClaim): string {
  const { loser, winner } = lost;
  return `${loser.subnet.text} overlaps ${winner.subnet.text} of HostSubnet ${winner.name}, ${whyFirst(lost)}`;
}
