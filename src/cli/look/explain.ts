/** `sdn-compat explain`: what a reason or the code of a finding means, and what to do. */
import { findingExplanations } from '../../migrate/findings/rows.ts';
import { explanations } from '../../model/cluster/explanations.ts';
import { Failure } from '../fail.ts';
import { formatted, print } from '../output.ts';

export interface ExplainFlags {
  readonly output: 'table' | 'json' | 'yaml';
}

interface Explained {
  readonly code: string;
  /** Where it is seen. */
  readonly of: 'reason' | 'finding';
  readonly about: string;
  readonly fix: string;
}

function all(): readonly Explained[] {
  const reasons = Object.entries(explanations).map(([code, one]): Explained => ({ code, of: 'reason', ...one }));
  const findings = findingExplanations().map((one): Explained => ({ of: 'finding', ...one }));
  return [...reasons, ...findings].sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** How many pairs of neighboring letters two words have in common, as a part of all: 1 means the same word. */
function likeness(one: string, other: string): number {
  const pairs = (text: string): Set<string> =>
    new Set(Array.from({ length: text.length - 1 }, (_, at) => text.slice(at, at + 2).toLowerCase()));
  const [a, b] = [pairs(one), pairs(other)];
  const common = [...a].filter((pair) => b.has(pair)).length;
  return (2 * common) / Math.max(1, a.size + b.size);
}

/** Below this, a word is not meant. */
const leastLikeness = 0.4;

function unknown(code: string, known: readonly Explained[]): Failure {
  const like = known
    .map((one) => ({ code: one.code, likeness: likeness(one.code, code) }))
    .filter((one) => one.likeness >= leastLikeness)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, 3)
    .map((one) => one.code);
  const hint = like.length === 0 ? 'without a code, all are listed' : `is it ${like.join(' or ')}?`;
  return new Failure(`${JSON.stringify(code)} is no reason and no finding: ${hint}`, 2);
}

function text({ code, of, about, fix }: Explained): string {
  return `${code} (${of})\n  ${about}\n${fix === '' ? '' : `  What to do: ${fix}\n`}`;
}

/** Prints what the code means, in any case of letters; without a code, all that there are. */
export async function runExplain(code: string | undefined, { output }: ExplainFlags): Promise<void> {
  const known = all();
  const found = known.filter((one) => code === undefined || one.code.toLowerCase() === code.toLowerCase());
  if (code !== undefined && found.length === 0) throw unknown(code, known);
  print(await formatted(found, output, () => found.map(text).join(code === undefined ? '\n' : '')));
}
