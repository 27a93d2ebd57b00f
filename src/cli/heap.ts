/** How much memory V8 takes. */
import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation as small as it starts. It would grow to three times 16 MiB and more while the lists of a
 * large cluster are read, and hardly shrink afterwards; what runs for months on every node should not hold that.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
