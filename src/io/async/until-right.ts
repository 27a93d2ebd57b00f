/** Waits for a state that nothing reports. */
import { pause } from './pause.ts';

/** In milliseconds. */
export interface Waiting {
  /** How long to wait at most. */
  readonly patience: number;
  /** How long between two looks. */
  readonly every: number;
}

/** Looks until there is no complaint, which is a sentence; throws the last one when its time is over. */
export async function untilRight(look: () => Promise<string | undefined>, { patience, every }: Waiting): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    const complaint = await look();
    if (complaint === undefined) return;
    if (performance.now() > end) throw new Error(complaint);
    await pause(every);
  }
}
