/** Renders report.md. */
import { addressTitle, type Cut, findingTable, lossCells, lossHead, type Report } from './content.ts';
import { headings } from './words.ts';

/** Renders the report as Markdown and escapes what comes from the cluster. */
export function markdownReport(report: Report): string {
  const { counts, placement, placementCount } = report;
  return [
    `# ${report.words.title}`,
    '',
    counts,
    ...(report.incomplete.length === 0
      ? []
      : ['', `**${headings.incomplete}**`, '', ...report.incomplete.map((text) => `- ${escaped(text)}`)]),
    '',
    ...table(
      ['Option', 'Value'],
      report.options.map(([name, value]) => [name, value]),
    ),
    '',
    `## ${headings.steps}`,
    '',
    ...table(
      ['', 'Step', 'Changes', 'What it does'],
      report.steps.map(({ name, changes, description }, index) => [String(index + 1), name, changes, description]),
    ),
    '',
    `## ${headings.between}`,
    '',
    report.words.between,
    '',
    ...(report.nodeAddresses.length === 0 ? [] : [report.nodeAddresses.map(escaped).join(', '), '']),
    ...addressLines(report),
    ...lossLines(report),
    ...findingLines(report),
    `## ${headings.placement}`,
    '',
    ...(report.assigned === ''
      ? [headings.noPlacement, '']
      : [
          `${report.words.assigned}: ${report.assigned}.`,
          '',
          ...table(
            ['Egress IP', 'Today', 'May get'],
            placement.map((row) => [row.egressIP, row.today, row.allowed]),
          ),
          '',
        ]),
    ...(placementCount > placement.length
      ? [`And ${placementCount - placement.length} more in placement.json.`, '']
      : []),
  ].join('\n');
}

function lossLines({ losses }: Report): readonly string[] {
  return [
    `## ${headings.losses}`,
    '',
    ...(losses.count === 0 ? [headings.noLosses] : table(lossHead, losses.shown.map(lossCells))),
    '',
    ...more(losses, 'findings.json'),
  ];
}

function findingLines({ sections }: Report): readonly string[] {
  return [
    `## ${headings.findings}`,
    '',
    ...sections.flatMap((section) => {
      const { severity, code, findings, count } = section;
      const { head, rows } = findingTable(section);
      return [
        `### ${severity}: ${code} (${count})`,
        '',
        ...table(head, rows),
        '',
        ...more({ shown: findings, count }, 'findings.json'),
      ];
    }),
  ];
}

function addressLines({ addresses }: Report): readonly string[] {
  if (addresses === undefined) return [];
  return [
    `## ${headings.addresses}`,
    '',
    headings.anyNode,
    '',
    ...addresses.flatMap(({ mode, head, rows }) => [
      `### ${addressTitle(mode)}`,
      '',
      ...table(head, rows.shown),
      '',
      ...more(rows, `\`migrate addresses --mode ${mode}\``),
    ]),
  ];
}

function more({ shown, count }: Cut<unknown>, where: string): readonly string[] {
  return count > shown.length ? [`And ${count - shown.length} more in ${where}.`, ''] : [];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return rows.length === 0 ? ['none'] : [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)];
}

/** Escapes text for Markdown and HTML and puts it on one line. */
function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<>|#~&]/g, (character) => `\\${character}`).replace(/\s+/g, ' ');
}
