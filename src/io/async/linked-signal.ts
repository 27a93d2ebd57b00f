/** Signals that follow another one for a limited time. */

import { whenAborted } from './when-aborted.ts';

export interface LinkedSignal {
  readonly signal: AbortSignal;
  readonly abort: () => void;
  /** Unlinks the signal. Call it when nobody waits for the signal any longer. */
  readonly release: () => void;
}

/**
 * A signal that aborts with `outer`, or by its own `abort`. Replaces AbortSignal.any, which in Node.js 24 retains every
 * signal with a listener for as long as the outer one lives; here that is the lifetime of the process.
 */
export function linkedSignal(outer: AbortSignal): LinkedSignal {
  const own = new AbortController();
  const abort = (): void => own.abort();
  whenAborted(outer, abort);
  return { signal: own.signal, abort, release: () => outer.removeEventListener('abort', abort) };
}
