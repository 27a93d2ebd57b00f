/** Carries a plan's folder over to the cluster as it is now, with its journal and first backup. */
import isEqual from 'lodash/isEqual.js';
import { err, type Result } from '../../model/values/result.ts';
import { unreadReason } from '../known.ts';
import { type Live, liveObject, liveOf } from '../live.ts';
import { replacePlan } from '../plan/folder.ts';
import { backedUp, newest, type Plan, planHash } from '../plan/plan.ts';
import { type ChangeState, type Update, updatedPlan } from '../plan/update.ts';
import { objectRef, refKey, refText } from '../ref.ts';
import type { Snapshot } from '../snapshot.ts';
import { isOfOldPlugin, kindsOf } from '../targets.ts';
import { type Change, refOf } from '../translation.ts';
import { unknownSince, unreadSince } from './findings-since.ts';
import { changeKey, type Entry, journalText, type Progress, progressOf } from './journal.ts';
import { purgedKinds } from './purged.ts';

export interface CarryOver {
  readonly folder: string;
  /** The plan in the folder, and its journal. */
  readonly old: Plan;
  readonly entries: readonly Entry[];
  /** The plan that would be made now, and what it is made from. */
  readonly fresh: Plan;
  readonly snapshot: Snapshot;
  /** More files of the folder, by name. */
  readonly reports: (plan: Plan) => ReadonlyMap<string, string>;
}

/** Merges the two plans and replaces the folder. Returns the update, and where the folder as it was is now. */
export async function carryOver({
  folder,
  old,
  entries,
  fresh,
  snapshot,
  reports,
}: CarryOver): Promise<Result<{ readonly update: Update; readonly before: string }>> {
  const unknown = unknownTo(old, fresh, snapshot);
  if (unknown !== undefined) return err(`${folder} is not updated: ${unknown}`);
  const progress = progressOf(entries);
  const live = liveOf(snapshot, kindsOf(old));
  const merged = updatedPlan(old, fresh, {
    stateOf: (change) => stateOf(change, progress),
    liveObject: (ref) => liveObject(live, ref),
  });
  const update = { ...merged, plan: { ...merged.plan, ...takenOver(old, { plan: merged.plan, fresh, live }) } };
  const more: readonly Entry[] = [
    ...update.redo.map(({ step, object }): Entry => ({ event: 'redo', step, object })),
    ...(progress.plan === undefined ? [] : [{ event: 'plan', plan: planHash(update.plan) } as const]),
  ];
  const journal = journalText([...entries, ...more]);
  const replaced = await replacePlan(folder, update.plan, { reports: reports(update.plan), journal });
  return replaced.ok ? { ok: true, value: { update, before: replaced.value } } : replaced;
}

/** Why nothing tells what would be planned now: what cannot be seen is no less asked for. Undefined if all is known. */
export function unknownTo(old: Plan, fresh: Plan, snapshot: Snapshot): string | undefined {
  const [unread] = unreadSince(snapshot, old.findings, fresh.findings);
  if (unread !== undefined) return unreadReason(unread);
  const [unknown] = unknownSince(old.findings, fresh.findings);
  return unknown && `${refText(unknown)}: ${unknown.today}`;
}

/**
 * How the objects of OpenShift SDN are now that the backup has and the plan is no longer about: the way back leaves them
 * so, also after the vendor's clearing. If that was before the update, they stay as the plan knew them.
 */
function takenOver(
  old: Plan,
  { plan, fresh, live }: { readonly plan: Plan; readonly fresh: Plan; readonly live: Live },
): Pick<Plan, 'seen' | 'gone'> {
  const rest = [...old.backup].filter(([key, was]) => isOfOldPlugin(objectRef(was)) && !fresh.backup.has(key));
  const isCleared = purgedKinds(old, live).length > 0;
  const now = rest.map(([key, was]) => ({ key, was, is: isCleared ? newest(old, key) : live.objects.get(key) }));
  const gone = now.flatMap(({ key, is }) => (is === undefined ? [key] : []));
  const seen = now.flatMap(({ key, was, is }) => {
    const object = is === undefined ? was : backedUp(is);
    return isEqual(object, was) ? [] : [[key, object] as const];
  });
  return { seen: new Map([...plan.seen, ...seen]), ...(gone.length === 0 ? {} : { gone: new Set(gone) }) };
}

function stateOf(change: Change, { begun, done }: Progress): ChangeState {
  const key = changeKey(change.step, refKey(refOf(change)));
  const entry = begun.get(key);
  if (entry === undefined) return 'open';
  if (entry.existed === true) return 'adopted';
  return done.has(key) ? 'done' : 'begun';
}
