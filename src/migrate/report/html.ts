/** Renders the report as markup without script and style: what report.html shows where scripts do not run. */
import { addressTitle, type CodeSection, findingTable, lossCells, lossHead, type Report } from './content.ts';
import { headings } from './words.ts';

/** The report as elements of a page's body; what comes from the cluster is escaped. */
export function htmlReport(report: Report): string {
  const { counts, placement, placementCount, losses } = report;
  const more = (shown: number, all: number, file: string): string =>
    all > shown ? `<p>And ${all - shown} more in ${file}.</p>` : '';
  const body = [
    `<h1>${escaped(report.words.title)}</h1>`,
    `<p><strong>${counts}</strong></p>`,
    report.incomplete.length === 0
      ? ''
      : `<p class="blocker"><strong>${headings.incomplete}</strong></p><ul>${report.incomplete.map((text) => `<li>${escaped(text)}</li>`).join('')}</ul>`,
    table(
      ['Option', 'Value'],
      report.options.map(([name, value]) => [name, value]),
    ),
    `<h2>${headings.steps}</h2>`,
    table(
      ['', 'Step', 'Changes', 'What it does'],
      report.steps.map(({ name, changes, description }, index) => [String(index + 1), name, changes, description]),
    ),
    `<h2>${headings.between}</h2>`,
    `<p>${escaped(report.words.between)}</p><p><code>${report.nodeAddresses.map(escaped).join(', ')}</code></p>`,
    ...addressParts(report, more),
    `<h2>${headings.losses}</h2>`,
    losses.count === 0 ? `<p>${headings.noLosses}</p>` : table(lossHead, losses.shown.map(lossCells)),
    more(losses.shown.length, losses.count, 'findings.json'),
    `<h2>${headings.findings}</h2>`,
    ...report.sections.map(
      (section) => `${sectionHTML(section)}${more(section.findings.length, section.count, 'findings.json')}</details>`,
    ),
    `<h2>${headings.placement}</h2>`,
    report.assigned === ''
      ? `<p>${headings.noPlacement}</p>`
      : `<p>${report.words.assigned}: ${escaped(report.assigned)}.</p>${table(
          ['Egress IP', 'Today', 'May get'],
          placement.map((row) => [row.egressIP, row.today, row.allowed]),
        )}`,
    more(placement.length, placementCount, 'placement.json'),
  ];
  return `<main class="report">\n${body.filter((part) => part !== '').join('\n')}\n</main>`;
}

function addressParts(
  { addresses }: Report,
  more: (shown: number, all: number, where: string) => string,
): readonly string[] {
  if (addresses === undefined) return [];
  return [
    `<h2>${headings.addresses}</h2>`,
    `<p>${escaped(headings.anyNode)}</p>`,
    ...addresses.flatMap(({ mode, head, rows }) => [
      `<h3>${escaped(addressTitle(mode))}</h3>`,
      table(head, rows.shown),
      more(rows.shown.length, rows.count, `<code>migrate addresses --mode ${mode}</code>`),
    ]),
  ];
}

function sectionHTML(section: CodeSection): string {
  const { severity, code, count } = section;
  const { head, rows } = findingTable(section);
  return `<details${severity === 'info' ? '' : ' open'}><summary><span class="${severity}">${severity}</span> ${code} (${count})</summary>\n${table(head, rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: 'th' | 'td', row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return rows.length === 0
    ? '<p>none</p>'
    : `<table>\n<thead>${cells('th', head)}</thead>\n<tbody>\n${rows.map((row) => cells('td', row)).join('\n')}\n</tbody>\n</table>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
