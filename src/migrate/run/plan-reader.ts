/** Reads a plan and its journal as they belong together, again and again: an update may replace both at any time. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { err, type Result } from '../../model/values/result.ts';
import type { Plan } from '../plan/plan.ts';
import { type Entry, readJournal } from './journal.ts';

export interface PlanAndJournal {
  readonly plan: Plan;
  readonly entries: readonly Entry[];
}

const attempts = 5;

/** Returns what reads both. The plan is read with `read`, and again only when its file is another one. */
export function planReader(folder: string, read: () => Promise<Result<Plan>>): () => Promise<Result<PlanAndJournal>> {
  let known: { readonly plan: Plan; readonly stamp: string } | undefined;
  return async () => {
    for (let tries = 1; tries <= attempts; tries++) {
      const stamp = await stampOf(folder);
      if (known === undefined || known.stamp !== stamp) {
        const plan = await read();
        if (!plan.ok) return plan;
        known = { plan: plan.value, stamp };
      }
      const entries = await readJournal(folder);
      if (!entries.ok) return entries;
      if ((await stampOf(folder)) === stamp) return { ok: true, value: { plan: known.plan, entries: entries.value } };
    }
    return err(`${folder} changes while it is read: wait until the update of the plan has ended`);
  };
}

/** What tells one plan in the folder from another that took its place. */
async function stampOf(folder: string): Promise<string> {
  try {
    const { dev, ino, mtimeMs } = await stat(join(folder, 'plan.yaml'));
    return `${dev} ${ino} ${mtimeMs}`;
  } catch {
    return ''; // reading it says why
  }
}
