/** What `migrate plan` writes and prints of a plan for people. */
import type { MadePlan } from '../../migrate/plan/make.ts';
import type { Plan } from '../../migrate/plan/plan.ts';
import { countsText, reportOf } from '../../migrate/report/content.ts';
import { htmlReport } from '../../migrate/report/html.ts';
import { markdownReport } from '../../migrate/report/markdown.ts';
import { aligned } from '../aligned.ts';
import { reportPage } from './report-page.ts';
import { changesText, findingsText } from './tables.ts';

/** The reports in the folder of a plan, by file name. */
export function reportsOf(made: MadePlan): ReadonlyMap<string, string> {
  const report = reportOf(made);
  return new Map([
    ['report.md', markdownReport(report)],
    ['report.html', reportPage(made, htmlReport(report))],
  ]);
}

/** The steps, urgent findings and counts of a plan, for people. */
export function summaryText(plan: Plan, folder: string): string {
  const urgent = plan.findings.filter(({ severity }) => severity !== 'info');
  const steps = plan.steps.map(({ name, changes }, index) => [
    `${index + 1}.`,
    name,
    name === 'switch' ? 'yours' : changesText(changes.length),
  ]);
  return [
    ...(plan.incomplete.length === 0
      ? []
      : [`The plan is incomplete:\n${plan.incomplete.map((text) => `  ${text}\n`).join('')}\n`]),
    aligned(steps),
    '\n',
    urgent.length === 0 ? '' : `${findingsText(urgent)}\n`,
    `${countsText(plan.findings)}; ${folder}/report.html has them all.\n`,
  ].join('');
}

/** Whether `apply` refuses the plan for its findings. */
export function isBlocked({ findings, strict }: Pick<Plan, 'findings' | 'strict'>): boolean {
  return findings.some(({ severity }) => severity === 'blocker' || (strict && severity === 'warning'));
}
