/** Reports progress of long work, once a second. */

/** Milliseconds between two lines, and before the first. */
const reportEvery = 1_000;

/** Returns a function to call after each item with how many are done. It reports that once a second. */
export function progressReporter(what: string, total: number, report: (line: string) => void): (done: number) => void {
  let last = performance.now();
  return (done) => {
    if (performance.now() - last < reportEvery) return;
    last = performance.now();
    report(`${what}: ${done} of ${total}`);
  };
}
