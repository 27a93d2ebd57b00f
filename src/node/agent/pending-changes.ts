/** The changes that no pass has applied yet: since when they wait, and who waits for them. */
export class PendingChanges {
  readonly #now: () => number;
  /** Callbacks that wait for a pass that has not begun yet. */
  #waiters: (() => void)[] = [];
  /** When the change for the next pass was noticed; undefined if there is none. */
  #changedAt: number | undefined;
  /** The same for the pass in progress. */
  #passFor: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A change was noticed. */
  note(): void {
    this.#changedAt ??= this.#now();
  }

  /** Calls back once a pass that has not begun yet is done. */
  whenApplied(callback: () => void): void {
    this.#waiters.push(callback);
  }

  /** When the oldest change that no pass has applied was noticed; undefined if there is none. */
  get waitingSince(): number | undefined {
    return this.#passFor ?? this.#changedAt;
  }

  /**
   * Makes a pass for the changes so far, which gets the time since when the oldest waits. If it fails or returns false,
   * they go on waiting.
   */
  async apply(pass: (since: number) => Promise<boolean>): Promise<void> {
    const waiting = this.#waiters;
    const since = this.#changedAt ?? this.#now();
    this.#waiters = [];
    this.#changedAt = undefined;
    this.#passFor = since;
    let isDone = false;
    try {
      isDone = await pass(since);
    } finally {
      this.#passFor = undefined;
      if (isDone) for (const done of waiting) done();
      else {
        this.#waiters.push(...waiting);
        this.#changedAt = since;
      }
    }
  }
}
