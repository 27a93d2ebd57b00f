/** `sdn-compat migrate compare`: shows which target keeps what of this cluster's own configuration. */
import { compareTargets, type Comparison } from '../../../migrate/compare/compare.ts';
import { criteria } from '../../../migrate/compare/criteria.ts';
import { newPlugins, wantedToCompare } from '../../../migrate/targets.ts';
import { aligned } from '../../aligned.ts';
import { formatted, print } from '../../output.ts';
import { progressLines, readSnapshot, type SourceFlags } from '../source.ts';

export interface CompareFlags extends SourceFlags {
  readonly output: 'table' | 'json' | 'yaml';
}

/** Reads the input, translates it to every target, and prints what each keeps. */
export async function runCompare(flags: CompareFlags): Promise<void> {
  const progress = progressLines();
  const snapshot = await readSnapshot(flags, progress, { kinds: wantedToCompare });
  progress('translating to every target');
  const comparison = compareTargets(snapshot, newPlugins, flags.machineNetwork);
  print(await formatted(comparison, flags.output, () => comparisonTable(comparison)));
}

/** A column for each target, and then the recommendation with its reasons. */
export function comparisonTable({ targets, recommended }: Comparison): string {
  const rows = [
    ['--to', ...targets.map(({ target }) => target)],
    ...criteria.map(({ head, short }) => [head, ...targets.map(short)]),
    ['blockers', ...targets.map(({ blockers }) => String(blockers))],
    ['warnings', ...targets.map(({ warnings }) => String(warnings))],
  ];
  const last =
    recommended === undefined
      ? 'No namespace leaves with an egress IP today, so there is nothing to recommend.\n'
      : `${recommended.plugin} (--to ${recommended.target}) keeps most:\n${recommended.reasons.map((reason) => `  ${reason}\n`).join('')}`;
  return `${aligned(rows)}\n${last}`;
}
