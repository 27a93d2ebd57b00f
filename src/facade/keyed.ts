/** Many values by key. Most keys have one, which is kept without a set: there are tens of thousands. */
export class Keyed<K, V extends string | number> {
  readonly #all = new Map<K, V | Set<V>>();

  of(key: K): ReadonlySet<V> {
    const there = this.#all.get(key);
    return there instanceof Set ? there : new Set(there === undefined ? [] : [there]);
  }

  add(key: K, value: V): void {
    const there = this.#all.get(key);
    if (there instanceof Set) there.add(value);
    else if (there === undefined) this.#all.set(key, value);
    else if (there !== value) this.#all.set(key, new Set([there, value]));
  }

  remove(key: K, value: V): void {
    const there = this.#all.get(key);
    if (there === value) this.#all.delete(key);
    else if (there instanceof Set && there.delete(value) && there.size === 0) this.#all.delete(key);
  }

  /** All values, each once. */
  values(): ReadonlySet<V> {
    const found = new Set<V>();
    for (const there of this.#all.values())
      if (there instanceof Set) for (const value of there) found.add(value);
      else found.add(there);
    return found;
  }
}
