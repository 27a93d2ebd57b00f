/**
 * Addresses that OVN-Kubernetes leaves without a node although one could have them. It passes new ones over, without a
 * word, while a Node lacks its annotations, and does not come back to them until their EgressIP changes.
 */

/** How long OVN-Kubernetes may take, in milliseconds: it writes 50 objects a second. */
const patience = 15_000;
const longest = 600_000;

interface Watch {
  /** The addresses that it is about. */
  readonly text: string;
  readonly times: number;
  readonly until: number;
}

export class Stuck {
  readonly #now: () => number;
  readonly #watched = new Map<string, Watch>();

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds until the EgressIP must be touched; 0: now, and later again if that did not help. Undefined: never. */
  left(egressIP: string, unassigned: readonly string[]): number | undefined {
    if (unassigned.length === 0) {
      this.#watched.delete(egressIP);
      return undefined;
    }
    const text = unassigned.join();
    const known = this.#watched.get(egressIP);
    const watch = known?.text === text ? known : { text, times: 0, until: this.#now() + patience };
    const left = watch.until - this.#now();
    const next = Math.min(longest, patience * 2 ** (watch.times + 1));
    this.#watched.set(egressIP, left > 0 ? watch : { text, times: watch.times + 1, until: this.#now() + next });
    return Math.max(0, left);
  }
}
