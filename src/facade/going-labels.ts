/**
 * A node whose HostSubnet offers nothing any more loses its label, and with it OVN-Kubernetes takes its addresses at
 * once. Namespaces that have no other must be closed before that, by other workers: so the label stays until the node is
 * empty; only for a while, because addresses that may be anywhere go by its loss alone.
 */

/** Milliseconds. */
const patience = 3_000;

export class GoingLabels {
  readonly #now: () => number;
  /** By node: since when its label is to go. */
  readonly #since = new Map<string, number>();

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds for which the node keeps its label; 0: none. `isGoing`: it is to lose it; `count`: of its addresses. */
  left(node: string, isGoing: boolean, count: number): number {
    if (!isGoing || count === 0) {
      this.#since.delete(node);
      return 0;
    }
    const since = this.#since.get(node) ?? this.#now();
    this.#since.set(node, since);
    return Math.max(0, since + patience - this.#now());
  }
}
