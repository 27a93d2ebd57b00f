/** Detaches what GC finds to be left over, one sandbox after another. */

/** The sandboxes that are gone, and why the others are not. */
export interface Collected {
  readonly removed: readonly string[];
  readonly failed: readonly { readonly sandbox: string; readonly reason: string }[];
}

/** Detaches each sandbox; one that cannot be detached does not keep the others. */
export async function collect(
  sandboxes: readonly string[],
  detach: (sandbox: string) => Promise<void>,
): Promise<Collected> {
  const removed: string[] = [];
  const failed: { sandbox: string; reason: string }[] = [];
  for (const sandbox of sandboxes)
    await detach(sandbox).then(
      () => removed.push(sandbox),
      (error: unknown) => failed.push({ sandbox, reason: error instanceof Error ? error.message : String(error) }),
    );
  return { removed, failed };
}

/** The sentence for the runtime about those that are still there. */
export function leftWords(failed: Collected['failed']): string {
  return `still attached: ${failed.map(({ sandbox, reason }) => `${sandbox} (${reason})`).join(', ')}`;
}
