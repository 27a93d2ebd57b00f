/** Begins to tell the listener of something, and returns how to end that. */
export type Subscribe<T extends readonly unknown[] = []> = (listener: (...news: T) => void) => () => void;

/** Those who want to be told of something. */
export class Listeners<T extends readonly unknown[] = []> {
  readonly #all = new Set<(...news: T) => void>();

  readonly subscribe: Subscribe<T> = (listener) => {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  };

  /** Tells all of them. */
  tell(...news: T): void {
    for (const listener of this.#all) listener(...news);
  }
}
