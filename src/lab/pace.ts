/**
 * How much slower than a quiet machine this one is: the factor by which a lab and its tests stretch their time limits.
 * A lab measures it when it comes up; `SDN_COMPAT_LAB_PACE` hands one that is known to whatever starts labs.
 */
import type { Exec } from '../io/programs/exec.ts';

/** What starting a program takes where the limits were chosen, in milliseconds. */
const reference = 10;
const samples = 9;

/** The factor for these times of starting a program: at least 1, because limits never shrink. */
export function paceOf(times: readonly number[]): number {
  const middle = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  return Math.max(1, Math.round((middle / reference) * 10) / 10);
}

/** Measures the factor, unless it is given. */
export async function measurePace(exec: Exec, given: string | undefined): Promise<number> {
  if (given !== undefined && Number(given) >= 1) return Number(given);
  const times: number[] = [];
  for (let i = 0; i < samples; i += 1) {
    const began = performance.now();
    await exec('ip', ['-Version']);
    times.push(performance.now() - began);
  }
  return paceOf(times);
}
