/** A cached copy of outside state that may become invalid while it is being read. */

export class GuardedCopy<T> {
  #value: T | undefined;
  #forgotten = 0;

  /** The copy; undefined if the state must be read again. */
  get value(): T | undefined {
    return this.#value;
  }

  forget(): void {
    this.#value = undefined;
    this.#forgotten += 1;
  }

  /** Call it before reading: the returned function stores what was read, unless `forget` was called in between. */
  begin(): (found: T) => void {
    const before = this.#forgotten;
    return (found) => {
      if (this.#forgotten === before) this.#value = found;
    };
  }
}
