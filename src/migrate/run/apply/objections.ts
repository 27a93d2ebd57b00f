/** Decides why a plan may not be applied: what it and its journal say, and what changed in the cluster since. Pure. */
import type { Finding } from '../../findings/finding.ts';
import type { Severity } from '../../findings/rows.ts';
import { isHashOf, type Plan } from '../../plan/plan.ts';
import { refText } from '../../ref.ts';
import { driftOf, driftText } from '../drift.ts';
import type { Progress } from '../journal.ts';
import type { Now } from '../now.ts';
import { planDrift, planDriftText } from '../verify/plan-drift.ts';

/** What the admin accepts. */
export interface Acceptance {
  /** Refuse because of warnings too. */
  readonly strict: boolean;
  /** Continue despite findings that block, a plan that is incomplete, a cluster that has changed. */
  readonly acceptBlockers: boolean;
  readonly acceptIncomplete: boolean;
  readonly acceptChanges: boolean;
}

/** Why the plan may not be applied, judging by the plan and its journal alone. */
export function objections(plan: Plan, progress: Progress, options: Acceptance): readonly string[] {
  const of = (severity: Severity): readonly string[] =>
    plan.findings.filter((one) => one.severity === severity).map(findingText);
  const isStrict = plan.strict || options.strict;
  return [
    ...(progress.isGoingBack
      ? ['its way back was begun: finish that with `migrate back --plan`, or make a new plan']
      : []),
    ...(progress.plan !== undefined && !isHashOf(progress.plan, plan)
      ? ['it was changed since it was begun: restore it, or make a new plan']
      : []),
    ...(options.acceptIncomplete
      ? []
      : plan.incomplete.map((what) => `it is incomplete: ${what} (--accept-incomplete goes on)`)),
    ...(options.acceptBlockers ? [] : of('blocker').map((text) => `blocker: ${text} (--accept-blockers goes on)`)),
    ...(isStrict && !options.acceptBlockers ? of('warning').map((text) => `warning: ${text} (strict)`) : []),
  ];
}

function findingText(finding: Finding): string {
  return `${finding.code}: ${refText(finding)}: ${finding.action}`;
}

interface Since {
  readonly plan: Plan;
  readonly progress: Progress;
  readonly options: Pick<Acceptance, 'acceptChanges'>;
}

/** What changed in the cluster since the plan was made, and what would be planned otherwise now, each as a line. */
export function changesSince(
  { plan, progress, options }: Since,
  { snapshot, live }: Pick<Now, 'snapshot' | 'live'>,
): readonly string[] {
  if (options.acceptChanges) return [];
  // once finalize was begun no update takes anything over; finalize is refused by what verify finds
  const drifts = progress.isFinalizing ? [] : planDrift(plan, snapshot, progress);
  const of = (isUnknown: boolean): readonly string[] =>
    drifts.filter(({ kind }) => (kind === 'unknown') === isUnknown).map(planDriftText);
  return [
    ...[...driftOf(plan, live, progress).map(driftText), ...of(false)].map(
      (text) =>
        `the cluster changed since the plan was made (\`plan --update\` takes it over, --accept-changes goes on): ${text}`,
    ),
    // an update refuses too
    ...of(true).map(
      (text) => `the cluster may have changed since the plan was made (--accept-changes goes on): ${text}`,
    ),
  ];
}
