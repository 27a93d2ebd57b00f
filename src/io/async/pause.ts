/** A delay that a signal can end. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after the milliseconds, or at once when the signal aborts; never rejects. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
