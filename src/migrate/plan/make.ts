/** Makes the plan of a migration from a snapshot. Pure. */
import type { AddressEnds } from '../addresses.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Target } from '../target.ts';
import type { TranslateOptions } from '../translation.ts';
import { type Plan, planOf } from './plan.ts';

export interface PlanRequest {
  /** Name and version of the program. */
  readonly tool: string;
  readonly target: Target;
  readonly options: TranslateOptions;
  /** Whether warnings block the plan from being applied, as blockers do. */
  readonly strict: boolean;
}

/** A plan, and what its report adds. */
export interface MadePlan {
  readonly plan: Plan;
  /** How many egress IPs the target will assign in all, ascending; empty if there is no prediction. */
  readonly assignedCount: readonly number[];
  /** Node addresses that the outside must accept while there are no egress IPs. */
  readonly nodeAddresses: readonly string[];
  /** The source addresses of namespaces before and after; undefined if the target does not tell. */
  readonly addresses: AddressEnds | undefined;
}

/** Makes the plan of a snapshot. */
export function makePlan(found: Snapshot, { tool, target, options, strict }: PlanRequest): MadePlan {
  const snapshot = target.before(found);
  const translation = target.translate(snapshot, options);
  const shown = target.shownOptions(options);
  return {
    plan: planOf({ tool, target: target.name, options: shown, strict, snapshot, translation }),
    assignedCount: translation.assignedCount ?? [],
    nodeAddresses: nodeAddresses(snapshot),
    addresses: translation.addresses,
  };
}

function nodeAddresses({ hostSubnets }: Snapshot): readonly string[] {
  return [...new Set(hostSubnets.map(({ hostIP }) => hostIP).filter((address) => address !== ''))];
}
