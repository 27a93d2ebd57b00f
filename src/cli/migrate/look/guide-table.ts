/** Formats where a cluster stands for a terminal. */
import type { Stand } from '../../../migrate/guide/stand.ts';
import { aligned } from '../../aligned.ts';

/** A line for each stage, then the next command. */
export function standTable({ title, release, plugin, stages, next, unclear }: Stand): string {
  const { runs, wanted } = plugin;
  const shown = runs === wanted ? valueText(runs) : `${valueText(runs)}, to be ${valueText(wanted)}`;
  return [
    `OpenShift ${valueText(release)}, network plugin ${shown}: ${title}\n\n`,
    aligned([
      ['STAGE', 'STATE', 'REACHED WHEN'],
      ...stages.map(({ stage, state, title: what }) => [stage, state, what]),
    ]),
    ...stages
      .filter(({ state, reasons }) => state === 'unknown' && reasons.length > 0)
      .map(({ stage, reasons }) => `\n${stage} is unknown:\n${listed(reasons)}`),
    next === undefined ? '' : nextText(next, stages.find(({ stage }) => stage === next.stage)?.reasons ?? []),
    ...(next === undefined ? [`\n${unclear.length === 0 ? 'All is done.' : 'What is next cannot be told.'}\n`] : []),
  ].join('');
}

/** What is next, why, and the command. */
export function nextText(
  { stage, command, isWait, notes }: NonNullable<Stand['next']>,
  reasons: readonly string[],
): string {
  return [
    `\nNow: ${stage}\n`,
    listed(reasons),
    ...(notes.length === 0 ? [] : ['Mind:\n', listed(notes)]),
    isWait ? '\nThere is nothing to do but to wait:\n' : '\nNext command:\n',
    `  ${command}\n`,
  ].join('');
}

function valueText(text: string): string {
  return text === '' ? 'unknown' : text;
}

function listed(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join('');
}
