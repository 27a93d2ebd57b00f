/** Limits how often something is done: a burst at once, then so many a second. */
import { pause } from '../../io/async/pause.ts';

export interface AllowanceOptions {
  readonly perSecond: number;
  readonly burst: number;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

/** How long to wait before each next one, if all ask now: a bucket of tokens. */
export class Allowance {
  readonly #options: AllowanceOptions;
  #left: number;
  #at: number;

  constructor(options: AllowanceOptions) {
    this.#options = options;
    this.#left = options.burst;
    this.#at = options.now();
  }

  /** Takes one; returns for how many milliseconds the taker has to wait. */
  take(): number {
    const { perSecond, burst, now } = this.#options;
    const at = now();
    this.#left = Math.min(burst, this.#left + ((at - this.#at) * perSecond) / 1000) - 1;
    this.#at = at;
    return this.#left >= 0 ? 0 : (-this.#left * 1000) / perSecond;
  }

  /** Waits for the next one, or until the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const delay = this.take();
    if (delay > 0) await pause(delay, signal);
  }
}
