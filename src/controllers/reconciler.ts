/** What the controllers consist of, and how they run together. */

/** Reconciles one concern of the cluster. */
export interface Reconciler {
  /** Failures are counted under this name. */
  readonly name: string;
  /** The subscriptions that wake it. Each returns a function that ends it. */
  readonly wokenBy: readonly (() => () => void)[];
  /** Runs until the signal aborts; resolves when all work under way has ended. */
  run(signal: AbortSignal): Promise<void>;
  /** Releases what else it holds. */
  close?(): void;
}

/** Runs all of them until the signal aborts. All listen before the first starts and until the last has ended. */
export async function runAll(reconcilers: readonly Reconciler[], signal: AbortSignal): Promise<void> {
  const ends = reconcilers.flatMap(({ wokenBy }) => wokenBy.map((begin) => begin()));
  try {
    await Promise.all(reconcilers.map((one) => one.run(signal)));
  } finally {
    for (const end of ends) end();
    for (const one of reconcilers) one.close?.();
  }
}
