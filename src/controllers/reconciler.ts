/** What the controllers are made of, and how all of it runs together. */

/** Keeps one concern of the cluster as it should be. */
export interface Reconciler {
  /** Its failures are counted under this name. */
  readonly name: string;
  /** What wakes it: each begins to tell it of changes, and returns how to end that. */
  readonly wokenBy: readonly (() => () => void)[];
  /** Works until the signal aborts; resolves when all that it had begun has ended. */
  run(signal: AbortSignal): Promise<void>;
  /** Lets go of what it holds besides. */
  close?(): void;
}

/** Runs all of them until the signal aborts. All hear of changes before the first begins, until the last has ended. */
export async function runAll(reconcilers: readonly Reconciler[], signal: AbortSignal): Promise<void> {
  const ends = reconcilers.flatMap(({ wokenBy }) => wokenBy.map((begin) => begin()));
  try {
    await Promise.all(reconcilers.map((one) => one.run(signal)));
  } finally {
    for (const end of ends) end();
    for (const one of reconcilers) one.close?.();
  }
}
