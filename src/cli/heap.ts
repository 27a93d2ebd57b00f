/** How much memory V8 takes. */
import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation as small as it starts: it would grow to three times 16 MiB and more while the lists of a
 * large cluster are read, and hardly shrink afterwards. Lets the old generation grow by a fifth before it is collected
 * again, where V8 would let it double and more. And leaves out V8's optimizing compilers, or all but the quick one
 * (Maglev): their code and what they need to make it grow for an hour by a tenth of the process, for work that takes
 * milliseconds a minute. What runs for months on every node should not hold that.
 */
export function keepHeapSmall(compilers: 'none' | 'maglev'): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
  setFlagsFromString('--no-opt');
  if (compilers === 'none') setFlagsFromString('--no-maglev');
}
