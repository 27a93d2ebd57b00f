/** How the command ends after an error: one clear line and an exit status, never a stack trace. */

/**
 * A user's mistake or a problem of the host: `message` says what is wrong and what to do. Exit status 1, or 2 for bad
 * input.
 */
export class Failure extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.name = 'Failure';
    this.status = status;
  }
}

/** Aborts at the first SIGTERM or SIGINT. */
export function untilSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  return controller.signal;
}
