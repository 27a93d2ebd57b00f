/** Many values by key. */
export class Keyed<K, V> {
  readonly #all = new Map<K, Set<V>>();

  of(key: K): ReadonlySet<V> {
    return this.#all.get(key) ?? new Set();
  }

  add(key: K, value: V): void {
    const there = this.#all.get(key);
    if (there === undefined) this.#all.set(key, new Set([value]));
    else there.add(value);
  }

  remove(key: K, value: V): void {
    const there = this.#all.get(key);
    if (there?.delete(value) === true && there.size === 0) this.#all.delete(key);
  }

  /** All values, each once. */
  values(): readonly V[] {
    return [...new Set([...this.#all.values()].flatMap((some) => [...some]))];
  }
}
