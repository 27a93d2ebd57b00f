/** A min-heap of vertices ordered by a number. */
export class Heap {
  #keys: Float64Array = new Float64Array(256);
  #values: Int32Array = new Int32Array(256);
  #size = 0;

  clear(): void {
    this.#size = 0;
  }

  /** The smallest key; Infinity when empty. */
  get least(): number {
    return this.#size === 0 ? Infinity : (this.#keys[0] ?? Infinity);
  }

  push(key: number, value: number): void {
    if (this.#size === this.#keys.length) this.#grow();
    let at = this.#size++;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const above = this.#keys[up] ?? 0;
      if (above <= key) break;
      this.#set(at, above, this.#values[up] ?? 0);
      at = up;
    }
    this.#set(at, key, value);
  }

  /** The value with the smallest key; -1 when empty. */
  pop(): number {
    if (this.#size === 0) return -1;
    const top = this.#values[0] ?? -1;
    this.#size--;
    this.#sink(this.#keyAt(this.#size), this.#values[this.#size] ?? 0);
    return top;
  }

  /** Sinks an entry from the top to its position. */
  #sink(key: number, value: number): void {
    let at = 0;
    for (;;) {
      const child = this.#smallerChild(at);
      const below = this.#keyAt(child);
      if (child >= this.#size || below >= key) break;
      this.#set(at, below, this.#values[child] ?? 0);
      at = child;
    }
    this.#set(at, key, value);
  }

  #smallerChild(at: number): number {
    const left = 2 * at + 1;
    return left + 1 < this.#size && this.#keyAt(left + 1) < this.#keyAt(left) ? left + 1 : left;
  }

  #keyAt(at: number): number {
    return this.#keys[at] ?? Infinity;
  }

  #set(at: number, key: number, value: number): void {
    this.#keys[at] = key;
    this.#values[at] = value;
  }

  #grow(): void {
    const keys = new Float64Array(this.#size * 2);
    keys.set(this.#keys);
    this.#keys = keys;
    const values = new Int32Array(this.#size * 2);
    values.set(this.#values);
    this.#values = values;
  }
}
