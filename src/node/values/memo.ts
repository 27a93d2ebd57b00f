/** Plans are made anew at every change; what they are made of mostly is not new, and neither is what follows from it. */
import isEqual from 'lodash/isEqual.js';

/** `make`, which must be pure, called once for each object; its value lives as long as the object does. */
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

/**
 * The list `now` with the objects of `before` wherever those are equal, and `before` itself when nothing differs: so
 * that what is kept for an object, or for a whole list, is found again.
 */
export function reused<T extends object>(
  before: readonly T[],
  now: readonly T[],
  keyOf: (one: T) => string,
): readonly T[] {
  const known = new Map(before.map((one) => [keyOf(one), one]));
  const list = now.map((one) => {
    const old = known.get(keyOf(one));
    return old !== undefined && isEqual(old, one) ? old : one;
  });
  return list.length === before.length && list.every((one, index) => one === before[index]) ? before : list;
}
