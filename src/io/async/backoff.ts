/** Delays before retries, for each of many keys: the delay doubles with each failure in a row. */
export interface BackoffOptions {
  /** The delay in milliseconds after the first failure. */
  readonly base: number;
  /** The longest delay in milliseconds. */
  readonly most: number;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  readonly #failed = new Map<string, { readonly times: number; readonly until: number }>();

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Records a failure. Returns the number of failures in a row and the delay in milliseconds. */
  failed(key: string): { readonly times: number; readonly wait: number } {
    const { base, most, now } = this.#options;
    const times = (this.#failed.get(key)?.times ?? 0) + 1;
    const wait = Math.min(most, base * 2 ** (times - 1));
    this.#failed.set(key, { times, until: now() + wait });
    return { times, wait };
  }

  /** Forgets the key, because it succeeded or no longer exists. */
  succeeded(key: string): void {
    this.#failed.delete(key);
  }

  /** Whether the key has failed since it last succeeded. */
  has(key: string): boolean {
    return this.#failed.has(key);
  }

  /** Milliseconds until the key may be retried; 0 means now. */
  left(key: string): number {
    const found = this.#failed.get(key);
    return found === undefined ? 0 : Math.max(0, found.until - this.#options.now());
  }
}
