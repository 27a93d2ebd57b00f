/**
 * When a namespace that was closed may be opened. A status says where an address is before packets know: OVN-Kubernetes
 * has it in its database 70 ms later, and tells pods one after the other, 43 of them in 0.8 s. Until then they would
 * leave with the addresses of their nodes. So the more pods there are, the longer it waits.
 */
import type { Vnid } from '../model/values/vnid.ts';

/** Milliseconds from a status to packets of few pods, for each pod, and for a number of pods that is not known. */
const [least, base, each, unknown] = [1_000, 200, 25, 30_000];

/** Milliseconds from a status until packets of all pods know; `pods` is undefined if nobody could count them. */
export function untilForwarded(pods: number | undefined): number {
  return pods === undefined ? unknown : Math.max(least, base + each * pods);
}

interface Served {
  readonly since: number;
  /** Milliseconds; undefined while pods are being counted. */
  wait: number | undefined;
}

export class Opening {
  readonly #now: () => number;
  /** Since when each has an address, of those that are still closed. */
  readonly #served = new Map<Vnid, Served>();

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Milliseconds until its namespaces may be opened; 0: now. `isClosing`: a firewall still closes one of them. `count`
   * tells how many pods they have, and is asked once.
   */
  async left(
    vnid: Vnid,
    { isServed, isClosing }: { readonly isServed: boolean; readonly isClosing: boolean },
    count: () => Promise<number | undefined>,
  ): Promise<number> {
    if (!isServed || !isClosing) {
      this.#served.delete(vnid);
      return 0;
    }
    const served = this.#served.get(vnid) ?? { since: this.#now(), wait: undefined };
    this.#served.set(vnid, served);
    served.wait ??= untilForwarded(await count());
    return Math.max(0, served.since + served.wait - this.#now());
  }
}
