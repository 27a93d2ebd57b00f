/** How long to wait before what failed is tried again, for each of many things: twice as long after each failure in a row. */
export interface BackoffOptions {
  /** Milliseconds after the first failure. */
  readonly base: number;
  /** The longest wait in milliseconds. */
  readonly most: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  readonly #failed = new Map<string, { readonly times: number; readonly until: number }>();

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** It failed, once more. Returns how often in a row, and how many milliseconds to wait. */
  failed(key: string): { readonly times: number; readonly wait: number } {
    const { base, most, now } = this.#options;
    const times = (this.#failed.get(key)?.times ?? 0) + 1;
    const wait = Math.min(most, base * 2 ** (times - 1));
    this.#failed.set(key, { times, until: now() + wait });
    return { times, wait };
  }

  /** It succeeded, or is no more: nothing is remembered of it. */
  succeeded(key: string): void {
    this.#failed.delete(key);
  }

  /** Whether it has failed since it last succeeded. */
  has(key: string): boolean {
    return this.#failed.has(key);
  }

  /** Milliseconds until it may be tried; 0: at once. */
  left(key: string): number {
    const found = this.#failed.get(key);
    return found === undefined ? 0 : Math.max(0, found.until - this.#options.now());
  }
}
