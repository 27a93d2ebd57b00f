/** Renders report.html: one self-contained file for light and dark screens and for paper. */
import { addressTitle, type CodeSection, findingTable, lossCells, lossHead, type Report } from './content.ts';
import { headings } from './words.ts';

const style = `
:root { color-scheme: light dark; --line: #8884; --blocker: #c0262d; --warning: #a15c00; --info: #2563a8; }
@media (prefers-color-scheme: dark) { :root { --blocker: #ff8a8a; --warning: #f0b35a; --info: #8ab8f5; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.blocker { color: var(--blocker); } .warning { color: var(--warning); } .info { color: var(--info); }
summary { cursor: pointer; font-weight: 600; padding: .25rem 0; }
code { font-family: ui-monospace, monospace; }
@media print { body { max-width: none; } }
`;

/** Renders the report as HTML and escapes what comes from the cluster. */
export function htmlReport(report: Report): string {
  const { counts, placement, placementCount, losses } = report;
  const more = (shown: number, all: number, file: string): string =>
    all > shown ? `<p>And ${all - shown} more in ${file}.</p>` : '';
  const body = [
    `<h1>${report.words.title}</h1>`,
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
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${report.words.title}</title><style>${style}</style>`;
  return `<!doctype html>\n<html lang="en">\n<head>${head}</head>\n<body>\n${body.filter((part) => part !== '').join('\n')}\n</body>\n</html>\n`;
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
