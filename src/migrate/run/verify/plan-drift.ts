/**
 * Finds what would be planned otherwise now: the cluster as it is is translated again, and its changes are held against
 * those of the plan. So a request, policy, node or namespace that came after the plan has a name. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Kind } from '../../../../api/kinds.ts';
import { isRecord } from '../../../model/values/json.ts';
import { listText } from '../../../model/values/list-text.ts';
import type { Finding } from '../../findings/finding.ts';
import { isRefusal } from '../../findings/rows.ts';
import { unreadReason } from '../../known.ts';
import { isForeignKind } from '../../ownership.ts';
import { isAsBackedUp, type Plan } from '../../plan/plan.ts';
import { compareRefs, kindAmong, type ObjectRef, refKey, refNamed, refText } from '../../ref.ts';
import type { Snapshot, Unread } from '../../snapshot.ts';
import type { Target } from '../../target.ts';
import { targetNamed } from '../../targets.ts';
import { type Change, refOf, type Translation } from '../../translation.ts';
import { contentOf, differingFields } from '../drift.ts';
import { findingsSince, unknownSince, unreadSince } from '../findings-since.ts';
import { changeKey, type Progress } from '../journal.ts';

/** One change that a plan made now would have otherwise. */
export interface PlanDrift {
  /**
   * `new`: the plan lacks it; `gone`: it would not be planned; `other`: with another content; `unknown`: nothing tells what
   * would be planned.
   */
  readonly kind: 'new' | 'gone' | 'other' | 'unknown';
  readonly object: ObjectRef;
  /** What it comes from, or in which fields it differs. */
  readonly detail: string;
}

const texts: Readonly<Record<PlanDrift['kind'], string>> = {
  new: 'the plan does not have it',
  gone: 'nothing asks for it any more',
  other: 'it would be planned otherwise',
  unknown: 'nothing tells whether the same would be planned',
};

/** `EgressIP egressip-shop: the plan does not have it (from NetNamespace shop)`. */
export function planDriftText({ kind, object, detail }: PlanDrift): string {
  return `${refText(object)}: ${texts[kind]}${detail === '' ? '' : ` (${detail})`}`;
}

/**
 * All differences, sorted by object. None on the way back. Once finalize was begun the cluster no longer shows what the
 * plan was made from, and only requests and policies that came since are differences. When the API server does not
 * serve the old plugin's kinds, nothing tells what was asked for before they went, unless all that follows the switch
 * was made: that was looked at before.
 */
export function planDrift(plan: Plan, snapshot: Snapshot, progress: Progress): readonly PlanDrift[] {
  const target = targetNamed(plan.target);
  const translator = target.translator(plan.options);
  if (translator === undefined || progress.isGoingBack) return [];
  const lost = target.sources.filter((kind) => snapshot.absent.includes(kind));
  if (lost.length > 0) return progress.isFinalizing || isMade(plan, progress) ? [] : lost.map(lostSource);
  const now = translator.translate(target.before(snapshot));
  if (progress.isFinalizing) return sortedUnlessSkipped(requestsSince(plan, target, now), progress);
  const wanted = indexed(now.changes, plan);
  const planned = indexed(
    plan.steps.flatMap(({ changes }) => changes),
    plan,
  );
  const unread = unreadSources(target, unreadSince(snapshot, plan.findings, now.findings));
  const drifts = target.isStable
    ? [...differences({ planned, wanted, target }, now.undecided), ...newBesideMomentary(plan, target, now.changes)]
    : newSources(planned, wanted);
  // without a kind that changes are made from, what is there is no less asked for
  const certain = unread.length === 0 ? drifts : drifts.filter(({ kind }) => kind === 'new');
  return sortedUnlessSkipped([...certain, ...unread, ...newFindings(plan.findings, now.findings)], progress);
}

function sortedUnlessSkipped(drifts: readonly PlanDrift[], { skipped }: Progress): readonly PlanDrift[] {
  return drifts.filter(({ object }) => !skipped.has(refKey(object))).sort((a, b) => compareRefs(a.object, b.object));
}

/** Requests and policies that the plan knows nothing of: finalize leaves them, and nothing else serves them. */
function requestsSince({ steps, findings }: Plan, target: Target, now: Translation): readonly PlanDrift[] {
  const planned = steps.flatMap(({ changes }) => changes);
  const known = new Set(planned.flatMap((change) => [refOf(change), ...originsOf(change)]).map(refText));
  const asking = target.requests.map(({ kind }) => kind);
  const isNew = (object: ObjectRef): boolean => asking.includes(object.kind) && !known.has(refText(object));
  const made = now.changes
    .filter((change) => change.action === 'apply' && kindAmong(target.beside, refOf(change)) !== undefined)
    .filter((change) => originsOf(change).some(isNew) && !isMomentary(target, change));
  return [
    ...made.map((change) => ({ kind: 'new', object: refOf(change), detail: originText(change) }) as const),
    ...newFindings(findings, now.findings).filter(({ kind, object }) => kind === 'new' && isNew(object)),
  ];
}

/** The kinds that changes are made from, that were read for the plan and cannot be now. */
function unreadSources({ madeFrom }: Target, unread: readonly Unread[]): readonly PlanDrift[] {
  return madeFrom.flatMap((kind): readonly PlanDrift[] => {
    const one = unread.find((other) => other.kind === kind);
    return one === undefined ? [] : [{ kind: 'unknown', object: refNamed(kind, '*'), detail: unreadReason(one) }];
  });
}

/** What is asked for since the plan and cannot be had, and what nothing tells any more. */
function newFindings(planned: readonly Finding[], now: readonly Finding[]): readonly PlanDrift[] {
  return [
    ...findingsSince(planned, now)
      .filter(({ code }) => isRefusal(code))
      .map((finding) => ({ kind: 'new', object: refIn(finding), detail: finding.code }) as const),
    ...unknownSince(planned, now).map(
      (finding) => ({ kind: 'unknown', object: refIn(finding), detail: finding.today }) as const,
    ),
  ];
}

function refIn({ kind, namespace, name }: Finding): ObjectRef {
  return { apiVersion: '', kind, ...(namespace === undefined ? {} : { namespace }), name };
}

type Changes = ReadonlyMap<string, Change>;

/** Objects that a change is made from now, and none was at the time of the plan. */
function newSources(planned: Changes, wanted: Changes): PlanDrift[] {
  const sourcesOf = (changes: Changes): ReadonlyMap<string, ObjectRef> =>
    new Map([...changes.values()].flatMap(originsOf).map((ref) => [refKey(ref), ref]));
  const known = sourcesOf(planned);
  return [...sourcesOf(wanted)].flatMap(([key, object]) =>
    known.has(key) ? [] : [{ kind: 'new', object, detail: '' }],
  );
}

interface Compared {
  readonly planned: Changes;
  readonly wanted: Changes;
  readonly target: Target;
}

function differences({ planned, wanted, target }: Compared, undecided: Translation['undecided'] = []): PlanDrift[] {
  const drifts = [...wanted].flatMap(([key, now]): readonly PlanDrift[] => {
    const then = planned.get(key);
    if (isMomentary(target, now) || (then !== undefined && isMomentary(target, then))) return [];
    if (then === undefined) return [{ kind: 'new', object: refOf(now), detail: originText(now) }];
    const fields = differing(then, now).filter(
      (field) => !undecided.some((one) => one.field === field && one.kind === refOf(now).kind),
    );
    return fields.length === 0 ? [] : [{ kind: 'other', object: refOf(now), detail: listText(fields) }];
  });
  const gone = [...planned].flatMap(([key, then]): readonly PlanDrift[] =>
    wanted.has(key) || isMomentary(target, then) ? [] : [{ kind: 'gone', object: refOf(then), detail: '' }],
  );
  return [...drifts, ...gone];
}

function lostSource(kind: Kind): PlanDrift {
  const detail =
    'the API server does not serve the kind: what was asked for since the plan was made or updated cannot be seen';
  return { kind: 'unknown', object: refNamed(kind, '*'), detail };
}

/** Whether all that follows the switch was made, and anything does. */
function isMade({ steps }: Plan, { done, skipped }: Progress): boolean {
  const later = steps.slice(steps.findIndex(({ name }) => name === 'switch') + 1);
  const keys = later.flatMap(({ name, changes }) =>
    name === 'finalize' ? [] : changes.map((change) => ({ name, key: refKey(refOf(change)) })),
  );
  return keys.length > 0 && keys.every(({ name, key }) => skipped.has(key) || done.has(changeKey(name, key)));
}

/** What is applied, by object. What finalize does follows from that, and cloud addresses come and go. */
function indexed(changes: readonly Change[], plan: Plan): Changes {
  const applied = changes.filter(
    (change) => change.step !== 'finalize' && !isNothing(change) && !isAsBackedUp(plan, change),
  );
  return new Map(applied.map((change) => [refKey(refOf(change)), change]));
}

/** Whether the change applies nothing: a deletion, or what an update of a plan takes back. */
function isNothing(change: Change): boolean {
  if (change.action !== 'apply') return true;
  const { labels = {}, annotations = {} } = change.object.metadata;
  return isForeignKind(refOf(change)) && Object.keys({ ...labels, ...annotations }).length === 0;
}

/**
 * What came since the plan, and would be deleted, in namespaces with a momentary change, such as a policy where all is
 * kept closed: what is made of it is of the moment too, and the plan knows nothing of it.
 */
function newBesideMomentary({ steps }: Plan, target: Target, wanted: readonly Change[]): readonly PlanDrift[] {
  const planned = steps.flatMap(({ changes }) => changes);
  const known = new Set(planned.flatMap((change) => [refOf(change), ...originsOf(change)]).map(refKey));
  const momentary = [...planned, ...wanted].filter((change) => isMomentary(target, change));
  const closed = new Set(momentary.flatMap((change) => refOf(change).namespace ?? []));
  return wanted
    .filter(({ action }) => action === 'delete')
    .map(refOf)
    .filter((object) => closed.has(object.namespace ?? '') && !known.has(refKey(object)))
    .map((object) => ({ kind: 'new', object, detail: '' }));
}

function isMomentary({ isMomentary: is }: Target, change: Change): boolean {
  return is?.(change) === true;
}

function originsOf(change: Change): readonly ObjectRef[] {
  return change.action === 'clear' ? [] : change.from;
}

function originText(change: Change): string {
  const from = originsOf(change);
  return from.length === 0 ? '' : `from ${listText(from.map(refText))}`;
}

/** The fields in which the two differ; of objects of others, our labels and annotations. */
function differing(then: Change, now: Change): readonly string[] {
  if (then.action !== 'apply' || now.action !== 'apply') return [];
  if (!isForeignKind(refOf(then))) {
    const [before, after] = [contentOf(then.object), contentOf(now.object)];
    return differingFields(before, after).flatMap((field) => within(field, before[field], after[field]));
  }
  return (['labels', 'annotations'] as const).filter(
    (field) => !isDeepStrictEqual(then.object.metadata[field] ?? {}, now.object.metadata[field] ?? {}),
  );
}

/** The fields of a field, if both are objects: `spec.egressIPs`. */
function within(field: string, before: unknown, after: unknown): readonly string[] {
  if (!isRecord(before) || !isRecord(after)) return [field];
  return differingFields(before, after).map((inner) => `${field}.${inner}`);
}
