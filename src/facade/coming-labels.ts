/**
 * A Node gets its label from another worker than the EgressIP that needs it, and either may be first. An address that is
 * asked for before would go to another node. So it waits a while for a label that is on its way; only for a while,
 * because somebody may refuse it.
 */
import type { NodeObject } from '../model/objects/raw.ts';
import { isLabeled } from './reading.ts';

/** Milliseconds. */
const patience = 3_000;

export class ComingLabels {
  readonly #now: () => number;
  /** By node: since when something waits for its label. */
  readonly #since = new Map<string, number>();

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether an address that is wanted on the node, which lacks at most its label, waits for that. */
  isAwaited(node: NodeObject): boolean {
    const { name = '' } = node.metadata;
    if (isLabeled(node)) {
      this.#since.delete(name);
      return false;
    }
    const since = this.#since.get(name) ?? this.#now();
    this.#since.set(name, since);
    return this.#now() - since < patience;
  }
}
