/** Durations on the command line: `500ms`, `1s`, `2m`. */
import { InvalidArgumentError } from 'commander';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/**
 * Parses a duration to milliseconds; rejects anything that is not a number with one of the units, or less than `least`
 * milliseconds.
 */
export function duration(least: number): (text: string) => number {
  return (text) => {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
    const value = digits === undefined ? Number.NaN : Number(digits) * (units[unit] ?? Number.NaN);
    if (value >= least) return value;
    throw new InvalidArgumentError(`it must be a duration such as 500ms or 1s, at least ${least}ms.`);
  };
}
