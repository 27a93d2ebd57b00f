/** The egress IPs that the cluster has: those that HostSubnets list, or listed a moment ago. */
import { ListedIps } from '../../model/egress/listed.ts';
import type { HostSubnetObject } from '../../model/objects/raw.ts';
import type { Ip } from '../../model/values/address.ts';

/** Milliseconds for which an IP that no HostSubnet lists any more counts: it may be on its way to another. */
const moment = 60_000;

export class RecentlyListed {
  readonly #now: () => number;
  readonly #listed = new ListedIps();
  /** When the last one that listed it ceased to. */
  readonly #left = new Map<Ip, number>();

  /** `now`: a clock that only goes forward, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A HostSubnet of another node changed. */
  change(before: HostSubnetObject | undefined, after: HostSubnetObject | undefined): void {
    for (const ip of this.#listed.change(before, after)) {
      this.#left.delete(ip);
      this.#left.set(ip, this.#now());
    }
    this.#forget();
  }

  /** Whether another node's HostSubnet lists the IP, or did a moment ago. */
  has(ip: Ip): boolean {
    this.#forget();
    return this.#listed.has(ip) || this.#left.has(ip);
  }

  /** The map is in the order of leaving, so the oldest come first. */
  #forget(): void {
    for (const [ip, at] of this.#left) {
      if (this.#now() - at < moment) return;
      this.#left.delete(ip);
    }
  }
}
