/** Limits V8's memory use. */
import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation at its initial size: it would grow to three times 16 MiB or more while the lists of a
 * large cluster are read, and hardly shrink afterwards. Lets the old generation grow by a fifth before the next
 * collection, where V8 would let it double or more. Disables V8's optimizing compilers, or all but the quick one
 * (Maglev): over an hour their code and data grow the process by a tenth, for work that takes milliseconds a minute. A
 * process that runs for months on every node should not hold that memory.
 */
export function keepHeapSmall(compilers: 'none' | 'maglev'): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
  setFlagsFromString('--no-opt');
  if (compilers === 'none') setFlagsFromString('--no-maglev');
}
