/** report.html as a page that finds and filters, with every row of every table in it. */
import type { LeavesWith } from '../../migrate/addresses.ts';
import { lossText } from '../../migrate/findings/loss.ts';
import { severities } from '../../migrate/findings/rows.ts';
import type { MadePlan } from '../../migrate/plan/make.ts';
import { addressTitle, lossCells, lossHead, type Report, reportOf, subjectOf } from '../../migrate/report/content.ts';
import { headings } from '../../migrate/report/words.ts';
import { listText } from '../../model/values/list-text.ts';
import { compareText } from '../../model/values/names.ts';
import type { ReportState, Sheet, Side } from '../../page/report.ts';
import { builtParts, documentText } from '../page-document.ts';
import { programVersion } from '../version.ts';

/** The file. `body` is what it shows where scripts do not run, and all that it is if the program was not built. */
export function reportPage(made: MadePlan, body: string): string {
  const report = reportOf(made, Infinity);
  const parts = builtParts('report');
  return documentText({
    title: report.words.title,
    parts: parts ?? { script: '', style: '' },
    state: parts === undefined ? undefined : stateOf(made, report),
    body,
  });
}

/** Everything that the page shows. */
export function stateOf(made: MadePlan, report: Report): ReportState {
  return {
    title: report.words.title,
    version: programVersion,
    severities,
    incomplete: report.incomplete,
    options: [['to', report.target], ...report.options],
    findings: report.sections.flatMap(({ findings }) =>
      findings.map((finding) => ({
        ...{ severity: finding.severity, code: finding.code, object: subjectOf(finding) },
        ...{ today: finding.today, tomorrow: finding.tomorrow, action: finding.action },
        lost: finding.lost === undefined ? '' : lossText(finding.lost),
      })),
    ),
    sides: sidesOf(made),
    sheets: sheetsOf(report),
  };
}

function sidesOf({ plan: { placement }, addresses }: MadePlan): readonly Side[] {
  const places = (nodes: readonly string[] | undefined): string =>
    nodes === undefined || nodes.length === 0 ? '' : ` on ${listText(nodes, 3)}`;
  const text = ({ egressIPs, nodes }: LeavesWith, when: 'today' | 'allowed'): string => {
    const own = egressIPs.map((ip) => `${ip}${places(placement.get(ip)?.[when])}`);
    const all = [...own, ...(nodes ? ['the address of its node'] : [])];
    return all.length === 0 ? 'nothing: it is dropped' : all.join(', or ');
  };
  return (addresses?.ends ?? [])
    .map(({ namespace, today, after }): Side => ({
      namespace,
      today: text(today, 'today'),
      tomorrow: text(after, 'allowed'),
      tone: toneOf(today, after),
    }))
    .sort((a, b) => compareText(a.namespace, b.namespace));
}

/** To leave with an address that nobody expects is worse than to leave with one more of its own. */
function toneOf(today: LeavesWith, after: LeavesWith): Side['tone'] {
  const lost = today.egressIPs.some((ip) => !after.egressIPs.includes(ip));
  if (lost || (after.nodes && !today.nodes)) return 'bad';
  return after.egressIPs.length === today.egressIPs.length && after.nodes === today.nodes ? 'good' : 'unsure';
}

function sheetsOf(report: Report): readonly Sheet[] {
  const { addresses = [], words } = report;
  return [
    {
      title: headings.steps,
      about: '',
      head: ['No.', 'Step', 'Changes', 'What it does'],
      rows: report.steps.map(({ name, changes, description }, at) => [String(at + 1), name, changes, description]),
      none: 'There are none.',
    },
    {
      title: headings.between,
      about: words.between,
      head: ['Address of a node'],
      rows: report.nodeAddresses.map((address) => [address]),
      none: 'No address of a node is known.',
    },
    ...addresses.map(({ mode, head, rows }) => ({
      title: `${headings.addresses}: ${addressTitle(mode)}`,
      about: headings.anyNode,
      ...{ head, rows: rows.shown, none: 'No namespace has an egress IP.' },
    })),
    {
      title: headings.losses,
      about: '',
      head: lossHead,
      rows: report.losses.shown.map(lossCells),
      none: headings.noLosses,
    },
    {
      title: headings.placement,
      about: report.assigned === '' ? '' : `${words.assigned}: ${report.assigned}.`,
      head: ['Egress IP', 'Today', 'May get'],
      rows: report.placement.map(({ egressIP, today, allowed }) => [egressIP, today, allowed]),
      none: headings.noPlacement,
    },
  ];
}
