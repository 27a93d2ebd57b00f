/** A copy of something outside that may become wrong while it is being made. */

export class GuardedCopy<T> {
  #value: T | undefined;
  #forgotten = 0;

  /** What was kept last; undefined when it is to be looked at afresh. */
  get value(): T | undefined {
    return this.#value;
  }

  forget(): void {
    this.#value = undefined;
    this.#forgotten += 1;
  }

  /** To be called before the looking begins: the function returned keeps what was found, unless `forget` came between. */
  begin(): (found: T) => void {
    const before = this.#forgotten;
    return (found) => {
      if (this.#forgotten === before) this.#value = found;
    };
  }
}
