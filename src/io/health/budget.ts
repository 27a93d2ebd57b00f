/** How many probes may be sent in a second: never more than the limit in any second. */
export class ProbeBudget {
  readonly #sent: number[] = [];
  readonly #limit: number;
  #oldest = 0;

  constructor(limit: number) {
    this.#limit = Math.max(1, Math.floor(limit));
  }

  /** Takes one probe at this time in milliseconds; false if it would be one too many. */
  take(now: number): boolean {
    if (this.#sent.length < this.#limit) {
      this.#sent.push(now);
      return true;
    }
    const oldest = this.#sent[this.#oldest];
    if (oldest !== undefined && now - oldest < 1_000) return false;
    this.#sent[this.#oldest] = now;
    this.#oldest = (this.#oldest + 1) % this.#limit;
    return true;
  }
}
