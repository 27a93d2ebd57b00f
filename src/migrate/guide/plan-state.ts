/** How far a plan is, by its journal. Pure. */
import type { Known } from '../known.ts';
import type { Plan } from '../plan/plan.ts';
import { refKey } from '../ref.ts';
import { changeKey, type Entry, progressOf } from '../run/journal.ts';
import { keptInTheEnd } from '../run/kept.ts';
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
  readonly pending: Readonly<Record<Part, number>>;
  /** The boot ID of each node when the way back began. */
  readonly boots: ReadonlyMap<string, string>;
  /** What the way back has still to restore; read only for the way back. */
  readonly restore: Known<Restore>;
}

export interface Restore {
  readonly count: number;
  /** Kinds of OpenShift SDN that the API server does not serve now. */
  readonly unserved: readonly string[];
}

type Part = 'before' | 'after' | 'finalize';

/** Computes how far the plan is. */
export function planState(
  plan: Plan,
  entries: readonly Entry[],
  { folder, restore }: Pick<PlanState, 'folder' | 'restore'>,
): PlanState {
  const progress = progressOf(entries);
  const { begun, done, skipped, isGoingBack, boots } = progress;
  const kept = keptInTheEnd(plan, progress);
  const pending: Record<Part, number> = { before: 0, after: 0, finalize: 0 };
  let part: Part = 'before';
  let isPastSwitch = false;
  for (const { name, changes } of plan.steps) {
    if (name === 'switch') part = 'after';
    else if (name === 'finalize') part = 'finalize';
    const keys = changes.map((change) => refKey(refOf(change)));
    isPastSwitch ||= part !== 'before' && keys.some((key) => begun.has(changeKey(name, key)));
    const isLeft = (key: string): boolean => skipped.has(key) || (part === 'finalize' && kept.has(key));
    pending[part] += keys.filter((key) => !isLeft(key) && !done.has(changeKey(name, key))).length;
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
