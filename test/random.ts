/**
 * A generator of whole numbers below a limit (xorshift): the same seed gives the same numbers, so a failure can be run
 * again.
 */
export function generator(seed: number): (limit: number) => number {
  let x = seed === 0 ? 1 : seed;
  return (limit) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % limit;
  };
}
