/** Work that must not overlap. */

export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /** Does the work when all that was given before has ended, well or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
