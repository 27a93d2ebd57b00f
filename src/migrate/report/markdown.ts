/** Renders report.md. */
import { type Report, subjectOf } from './content.ts';
import { headings } from './words.ts';

/** Renders the report as Markdown and escapes what comes from the cluster. */
export function markdownReport(report: Report): string {
  const { counts, sections, placement, placementCount } = report;
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
    `## ${headings.findings}`,
    '',
    ...sections.flatMap(({ severity, code, findings, count }) => [
      `### ${severity}: ${code} (${count})`,
      '',
      ...table(
        ['Object', 'Today', 'Tomorrow', 'Do'],
        findings.map((one) => [subjectOf(one), one.today, one.tomorrow, one.action]),
      ),
      '',
      ...(count > findings.length ? [`And ${count - findings.length} more in findings.json.`, ''] : []),
    ]),
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

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return rows.length === 0 ? ['none'] : [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)];
}

/** Escapes text for Markdown and HTML and puts it on one line. */
function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<>|#~&]/g, (character) => `\\${character}`).replace(/\s+/g, ' ');
}
