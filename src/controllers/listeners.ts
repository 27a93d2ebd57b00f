/** Registers a listener, and returns a function that removes it. */
export type Subscribe<T extends readonly unknown[] = []> = (listener: (...news: T) => void) => () => void;

/** A set of listeners. */
export class Listeners<T extends readonly unknown[] = []> {
  readonly #all = new Set<(...news: T) => void>();

  readonly subscribe: Subscribe<T> = (listener) => {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  };

  /** Calls all listeners. */
  notify(...news: T): void {
    for (const listener of this.#all) listener(...news);
  }
}
