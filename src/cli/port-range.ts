/** Ranges of ports on the command line. */
import { InvalidArgumentError } from 'commander';
import type { PortRange } from '../model/objects/well-known.ts';

/** Parses FIRST-LAST, as the API server writes its node ports; rejects anything else. */
export function portRange(text: string): PortRange {
  const [, first = NaN, last = NaN] = (/^(\d+)-(\d+)$/.exec(text) ?? []).map(Number);
  if (first >= 1 && first <= last && last <= 65_535) return { first, last };
  throw new InvalidArgumentError('it must be FIRST-LAST, two ports of which the second is not the smaller one.');
}
