/** Formats inventories and findings as aligned text for a terminal. */
import { isatty } from 'node:tty';
import { createColors } from 'picocolors';
import { type Finding } from '../../migrate/findings/finding.ts';
import { lossText } from '../../migrate/findings/loss.ts';
import { type Severity } from '../../migrate/findings/rows.ts';
import type { InventoryRow } from '../../migrate/input/source.ts';
import { subjectOf } from '../../migrate/report/content.ts';
import { aligned } from '../aligned.ts';

/** Objects shown for each code; the rest are counted. */
const most = 10;

/** One line for each kind. */
export function inventoryText(rows: readonly InventoryRow[]): string {
  return aligned([
    ['KIND', 'VERSION', 'OBJECTS'],
    ...rows.map(({ kind, apiVersion, count, unread }) => [
      kind,
      apiVersion,
      unread === undefined ? String(count) : `not read: ${unread}`,
    ]),
  ]);
}

/** Findings by severity and code, with what to do. Only the first ones of a code are shown. */
export function findingsText(findings: readonly Finding[], color = isatty(1)): string {
  const paint = createColors(color);
  const colors: Readonly<Record<Severity, (text: string) => string>> = {
    blocker: paint.red,
    warning: paint.yellow,
    info: paint.cyan,
  };
  const groups = [...Map.groupBy(findings, ({ severity, code }) => `${severity} ${code}`).values()];
  const blocks = groups.map((group) => {
    const [first] = group;
    if (first === undefined) return '';
    const shown = group
      .slice(0, most)
      .map(
        (one) =>
          `  ${subjectOf(one)}\n    today:    ${one.today}\n    tomorrow: ${one.tomorrow}\n    do:       ${one.action}\n${one.lost === undefined ? '' : `    lost:     ${lossText(one.lost)}\n`}`,
      );
    const more = group.length > most ? `  and ${group.length - most} more\n` : '';
    return `${colors[first.severity](first.severity)} ${paint.bold(first.code)} (${group.length})\n${shown.join('')}${more}`;
  });
  return blocks.join('\n');
}

/** `1 change`, `2 changes`. */
export function changesText(count: number): string {
  return `${count} change${count === 1 ? '' : 's'}`;
}
