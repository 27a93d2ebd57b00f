/**
 * When a namespace that was closed may be opened. A status says where an address is before packets know: OVN-Kubernetes
 * has it in its database 70 ms later, and tells pods one after the other, 43 of them in 0.8 s. Until then they would
 * leave with the addresses of their nodes.
 */
import type { Vnid } from '../model/values/vnid.ts';

/** Milliseconds from a status to packets of most namespaces. */
const untilForwarded = 1_000;

export class Opening {
  readonly #now: () => number;
  /** Since when each has an address, of those that are still closed. */
  readonly #since = new Map<Vnid, number>();

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds until its namespaces may be opened; 0: now. `isClosing`: a firewall still closes one of them. */
  left(vnid: Vnid, isServed: boolean, isClosing: boolean): number {
    if (!isServed || !isClosing) {
      this.#since.delete(vnid);
      return 0;
    }
    const since = this.#since.get(vnid) ?? this.#now();
    this.#since.set(vnid, since);
    return Math.max(0, since + untilForwarded - this.#now());
  }
}
