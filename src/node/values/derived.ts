/** A value made again only when something it is made from has changed. */
export class Derived<T> {
  #value: T | undefined;

  get(make: () => T): T {
    this.#value ??= make();
    return this.#value;
  }

  spoil(): void {
    this.#value = undefined;
  }
}
