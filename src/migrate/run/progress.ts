/** Reports progress of long work, once a second. */

/** Milliseconds between two lines, and before the first. */
const tellEvery = 1_000;

/** Returns a function to call after each item with how many are done. It reports that once a second. */
export function progressTeller(what: string, total: number, tell: (line: string) => void): (done: number) => void {
  let told = performance.now();
  return (done) => {
    if (performance.now() - told < tellEvery) return;
    told = performance.now();
    tell(`${what}: ${done} of ${total}`);
  };
}
