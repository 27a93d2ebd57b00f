/** Which other node has an egress IP: one whose HostSubnet lists it, or the last one that did a moment ago. */
import { listedIPs } from '../../model/egress/listed.ts';
import type { HostSubnetObject } from '../../model/objects/raw.ts';
import type { Ip } from '../../model/values/address.ts';

/** Milliseconds for which an IP that no HostSubnet lists any more counts: it may be on its way to another. */
const moment = 60_000;

export class RecentlyListed {
  readonly #now: () => number;
  readonly #listedBy = new Map<Ip, readonly string[]>();
  /** The last node that listed it, and when it ceased to. */
  readonly #left = new Map<Ip, { readonly node: string; readonly at: number }>();

  /** `now`: a clock that only goes forward, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The HostSubnet of another node changed. */
  change(before: HostSubnetObject | undefined, after: HostSubnetObject | undefined): void {
    const node = (after ?? before)?.metadata.name ?? '';
    const listed = new Set(listedIPs(after));
    const alone = [node]; // most IPs are with one node, which lists thousands
    for (const ip of listed) {
      const nodes = this.#listedBy.get(ip);
      if (nodes === undefined) this.#listedBy.set(ip, alone);
      else if (!nodes.includes(node)) this.#listedBy.set(ip, [...nodes, node]);
    }
    for (const ip of new Set(listedIPs(before))) if (!listed.has(ip)) this.#leave(ip, node);
    this.#forget();
  }

  /** The node whose HostSubnet lists the IP, or did last, a moment ago; undefined if there is none. */
  nodeWith(ip: Ip): string | undefined {
    this.#forget();
    const [node] = this.#listedBy.get(ip) ?? [];
    return node ?? this.#left.get(ip)?.node;
  }

  #leave(ip: Ip, node: string): void {
    const nodes = this.#listedBy.get(ip);
    const others = nodes?.filter((other) => other !== node);
    if (others === undefined) return;
    if (others.length > 0) {
      this.#listedBy.set(ip, others);
      return;
    }
    this.#listedBy.delete(ip);
    this.#left.delete(ip);
    this.#left.set(ip, { node, at: this.#now() });
  }

  /** The map is in the order of leaving, so the oldest come first. */
  #forget(): void {
    for (const [ip, { at }] of this.#left) {
      if (this.#now() - at < moment) return;
      this.#left.delete(ip);
    }
  }
}
