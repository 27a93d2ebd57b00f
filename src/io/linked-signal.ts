/** Signals that follow another for a while. */

export interface LinkedSignal {
  readonly signal: AbortSignal;
  readonly abort: () => void;
  /** To be called when nobody waits for the signal any more: from then on it follows nothing. */
  readonly release: () => void;
}

/**
 * A signal that aborts with `outer`, or by its own `abort`. It stands for AbortSignal.any, which in Node.js 24 keeps
 * every signal it made, once somebody listened, for as long as the outer one lives: here, as long as the program runs.
 */
export function linkedSignal(outer: AbortSignal): LinkedSignal {
  const own = new AbortController();
  const abort = (): void => own.abort();
  if (outer.aborted) abort();
  else outer.addEventListener('abort', abort, { once: true });
  return { signal: own.signal, abort, release: () => outer.removeEventListener('abort', abort) };
}
