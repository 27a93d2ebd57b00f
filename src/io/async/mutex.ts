/** Runs work one at a time. */

export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs the work after all earlier work has ended, whether it succeeded or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
