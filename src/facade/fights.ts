/** Others may want an object different from what it should be. It is written again each time, but each time later. */
import { Backoff } from '../io/async/backoff.ts';

/** After this long without a fight, in milliseconds, the next one counts as the first. */
const calm = 900_000;

export class Fights {
  readonly #now: () => number;
  readonly #backoff: Backoff;
  readonly #last = new Map<string, number>();

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#backoff = new Backoff({ base: 100, most: 300_000, now });
  }

  /** Milliseconds until the object may be written again; 0: now, which counts as one more round. */
  next(key: string): number {
    const left = this.#backoff.left(key);
    if (left > 0) return left;
    if (this.#now() - (this.#last.get(key) ?? 0) > calm) this.#backoff.succeeded(key);
    this.#backoff.failed(key);
    this.#last.set(key, this.#now());
    return 0;
  }
}
