/** Memoization for plans: they are computed again at every change, but most of their input stays the same. */

/** Memoizes `make`, which must be pure, by object; a value lives as long as its object. */
export function memoized<K extends object, V>(make: (from: K) => V): (from: K) => V {
  const values = new WeakMap<K, V>();
  return (from) => {
    const known = values.get(from);
    if (known !== undefined) return known;
    const value = make(from);
    values.set(from, value);
    return value;
  };
}

/** The same for two objects; a value lives as long as both. */
export function memoizedPair<A extends object, B extends object, V>(
  make: (one: A, other: B) => V,
): (one: A, other: B) => V {
  const inner = memoized((one: A) => memoized((other: B) => make(one, other)));
  return (one, other) => inner(one)(other);
}

/** Whether both have the same fields, in the same order. */
function sameFields(one: object, other: object): boolean {
  const [fields, others] = [Object.entries(one), Object.entries(other)];
  return (
    fields.length === others.length &&
    fields.every(([name, value], index) => {
      const [otherName, otherValue] = others[index] ?? [];
      return name === otherName && value === otherValue;
    })
  );
}

/**
 * Returns `now` with objects of equal fields replaced by those of `before`, and `before` itself if nothing differs, so that
 * values memoized for an object or for the whole list are found again.
 */
export function reused<T extends object>(
  before: readonly T[],
  now: readonly T[],
  keyOf: (one: T) => string,
): readonly T[] {
  const areSame = now.length === before.length && now.every((one, index) => one === before[index]);
  if (areSame) return before;
  const known = new Map(before.map((one) => [keyOf(one), one]));
  const list = now.map((one) => {
    const old = known.get(keyOf(one));
    return old !== undefined && sameFields(old, one) ? old : one;
  });
  return list.length === before.length && list.every((one, index) => one === before[index]) ? before : list;
}
