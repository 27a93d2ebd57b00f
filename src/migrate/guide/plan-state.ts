/** How far a plan is, by its journal. Pure. */
import type { Known } from '../known.ts';
import type { Plan } from '../plan/plan.ts';
import { refKey } from '../ref.ts';
import { changeKey, type Entry, progressOf } from '../run/journal.ts';
import { leftAtFinalize } from '../run/left-at-finalize.ts';
import { refOf } from '../translation.ts';

export interface PlanState {
  /** The folder, as the admin named it. */
  readonly folder: string;
  readonly target: string;
  /** `back`: its way back is done, or was never needed. */
  readonly phase: 'untouched' | 'begun' | 'going-back' | 'back';
  /** Whether a change was begun that comes after the switch. */
  readonly isPastSwitch: boolean;
  /** How many changes are still to be made before the switch, after it, and by --finalize. */
  readonly pending: Readonly<Record<Period, number>>;
  /** The boot ID of each node when the way back began. */
  readonly boots: ReadonlyMap<string, string>;
  /** What the way back has still to restore; read only for the way back. */
  readonly restore: Known<Restore>;
}

export interface Restore {
  readonly count: number;
  /** Kinds of OpenShift SDN that the API server does not serve now. */
  readonly unserved: readonly string[];
  /** Whether nothing shows that the plan was begun: neither its journal nor the cluster. */
  readonly isNever: boolean;
  /** Why the way back would refuse; empty if it would not. */
  readonly doubts: readonly string[];
}

type Period = 'before' | 'after' | 'finalize';

/** Computes how far the plan is. */
export function planState(
  plan: Plan,
  entries: readonly Entry[],
  { folder, restore }: Pick<PlanState, 'folder' | 'restore'>,
): PlanState {
  const progress = progressOf(entries);
  const { begun, done, skipped, isGoingBack, boots } = progress;
  const left = leftAtFinalize(plan, progress);
  const pending: Record<Period, number> = { before: 0, after: 0, finalize: 0 };
  let period: Period = 'before';
  let isPastSwitch = false;
  for (const { name, changes } of plan.steps) {
    if (name === 'switch') period = 'after';
    else if (name === 'finalize') period = 'finalize';
    const keys = changes.map((change) => refKey(refOf(change)));
    isPastSwitch ||= period !== 'before' && keys.some((key) => begun.has(changeKey(name, key)));
    const isLeft = (key: string): boolean => skipped.has(key) || (period === 'finalize' && left.has(key));
    pending[period] += keys.filter((key) => !isLeft(key) && !done.has(changeKey(name, key))).length;
  }
  const isBack = entries.some(({ event }) => event === 'back-done');
  const rest = isBack ? 'back' : 'untouched';
  return {
    folder,
    target: plan.target,
    phase: isGoingBack ? 'going-back' : begun.size > 0 ? 'begun' : rest,
    isPastSwitch,
    pending,
    boots,
    restore,
  };
}
