/** What must happen when a signal aborts, also if that was before anybody listened. */

/** Calls back once when the signal aborts; at once if it has already. */
export function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}
