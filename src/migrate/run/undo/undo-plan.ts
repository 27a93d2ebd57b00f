/** Plans how to undo a plan: SDN's objects as in the backup, and nothing of ours left. Pure. */
import isEqual from 'lodash/isEqual.js';
import omit from 'lodash/omit.js';
import { egressNetworkPolicies, hostSubnets, netNamespaces } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { fieldOf, isRecord } from '../../../model/values/json.ts';
import { isServed, type Live, liveObject } from '../../live.ts';
import { bearsOurMark, holds, isForeignKind, isOurs, isSDN, isShared, type Ours, writtenBy } from '../../ownership.ts';
import { isAsBackedUp, type Plan } from '../../plan/plan.ts';
import { bareObject, type ObjectRef, objectRef, refKey, refText } from '../../ref.ts';
import { deletesOwn } from '../../targets.ts';
import { type Change, refOf } from '../../translation.ts';
import { contentOf, differingFields, driftText, essence, isEmpty, merged } from '../drift.ts';
import { changeKey, type Progress } from '../journal.ts';
import { identityTaken, ownedContent, withoutOwner } from './owned.ts';

type Texts = Readonly<Record<string, string>>;

/** One write of the way back. */
export type Undo =
  | { readonly kind: 'create'; readonly object: ObjectRef; readonly body: KubeObject }
  /** Sets these fields of the object `is`; undefined removes one. Annotations are added to the existing ones. */
  | {
      readonly kind: 'restore';
      readonly object: ObjectRef;
      readonly is: KubeObject;
      readonly fields: ReadonlyMap<string, unknown>;
      readonly annotations: Texts;
    }
  | { readonly kind: 'delete'; readonly object: ObjectRef; readonly uid: string }
  /**
   * Gives up the fields that we applied and keeps others'. Then sets labels and annotations that we had taken over. With
   * `first`, somebody else is made the owner of these fields before: what nobody owns is removed.
   */
  | {
      readonly kind: 'release';
      readonly object: ObjectRef;
      readonly labels: Texts;
      readonly annotations: Texts;
      readonly first?: KubeObject;
    };

export interface WayBack {
  /** Done first: it has no effect while OVN-Kubernetes runs. */
  readonly restore: readonly Undo[];
  /** Done second, when OpenShift SDN runs again, in reverse order of the plan. */
  readonly remove: readonly Undo[];
  /** What somebody else changed, which is not undone without --force. */
  readonly objections: readonly string[];
  /** What is left as it is, and why. */
  readonly notes: readonly string[];
  /** Objects that OpenShift SDN must make itself before their fields can be restored, and why. */
  readonly awaited: readonly string[];
  /** Kinds of OpenShift SDN with something to restore that the API server does not serve now. */
  readonly unserved: readonly string[];
}

interface Found {
  readonly undo: readonly Undo[];
  readonly objections?: readonly string[];
  readonly notes?: readonly string[];
  readonly awaited?: readonly string[];
  readonly unserved?: readonly string[];
}

const nothing: Found = { undo: [] };

/** Plans the way back from the cluster's current state. With `force`, what others changed is undone too. */
export function wayBack(
  plan: Plan,
  { live, progress, force }: { readonly live: Live; readonly progress: Progress; readonly force: boolean },
): WayBack {
  const changes = plan.steps.flatMap((step) => step.changes);
  const finals = new Map(
    changes.filter(({ step }) => step === 'finalize').map((change) => [refKey(refOf(change)), change]),
  );
  const purged = new Set([...progress.purged, ...purgedKinds(plan, live)]);
  const restored = [...plan.backup]
    .filter(([key, was]) => isSDN(objectRef(was)) || finals.has(key))
    .map(([key, was]) =>
      restoring({ plan, was: progress.found.get(key) ?? was, change: finals.get(key), live, progress, force, purged }),
    );
  const applied = changes
    .filter((change) => (change.action === 'apply' && change.step !== 'finalize') || deletesOwn(plan, change))
    .reverse();
  const removed = applied.map((change) => removing(change, { plan, live, progress, force }));
  const deleted = changes.filter(
    (change) =>
      change.action === 'delete' &&
      change.step !== 'finalize' &&
      !deletesOwn(plan, change) &&
      progress.begun.has(changeKey(change.step, refKey(refOf(change)))),
  );
  const all = [...restored, ...removed];
  return {
    restore: restored.flatMap(({ undo }) => undo),
    remove: removed.flatMap(({ undo }) => undo),
    objections: all.flatMap(({ objections = [] }) => objections),
    notes: [
      ...all.flatMap(({ notes = [] }) => notes),
      ...deleted.map((change) => `${refText(refOf(change))} is not restored: OpenShift SDN makes its own`),
    ],
    awaited: all.flatMap(({ awaited = [] }) => awaited),
    unserved: [...new Set(all.flatMap(({ unserved = [] }) => unserved))].sort(),
  };
}

interface Restoring {
  readonly plan: Plan;
  /** As in the backup, or as finalize found it. */
  readonly was: KubeObject;
  /** What finalize does with the object. */
  readonly change: Change | undefined;
  readonly live: Live;
  readonly progress: Progress;
  readonly force: boolean;
  /** Kinds that the vendor cleared. */
  readonly purged: ReadonlySet<string>;
}

function restoring({ plan, was, change, live, progress, force, purged }: Restoring): Found {
  const object = objectRef(was);
  const is = liveObject(live, object);
  if (is === undefined) return recreating(was, { plan, change, live, progress, force, purged });
  const annotations = lostAnnotations(change, was, is);
  const [before, now] = [ownedContent(was, contentOf(was)), ownedContent(was, contentOf(is))];
  const fields = differingFields(before, now);
  if (fields.length === 0 && Object.keys(annotations).length === 0) return nothing;
  const isBegun = progress.begun.has(changeKey('finalize', refKey(object)));
  // the controller moves automatic IPs at any time: the current ones are as good
  if (!isBegun && !isEmpty(before['egressCIDRs']) && isEqual(fields, ['egressIPs']) && !isEmpty(now['egressIPs']))
    return nothing;
  const isCleared = isEqual(essence(now), essence(cleared(before, change)));
  const restore: Found = {
    undo: [
      { kind: 'restore', object, is, fields: new Map(fields.map((field) => [field, before[field]])), annotations },
    ],
  };
  if (isCleared || force) return restore;
  // we never wrote to it, so what it says is theirs
  if (!isBegun) return { undo: [], notes: [`${refText(object)} is left: others changed it, and this plan did not`] };
  return {
    undo: [],
    objections: fields.map((field) => driftText({ object, field, was: before[field], is: now[field] })),
  };
}

/**
 * Kinds of OpenShift SDN that the vendor cleared since the plan: nothing of the kind is left, and no object of OpenShift
 * SDN is as old as the plan. The operator removes all these kinds at once, with their definitions, so an object that is
 * older than the plan shows that it did not, and that the last of a kind was deleted by somebody who meant it.
 */
export function purgedKinds({ backup }: Pick<Plan, 'backup'>, live: Live): readonly string[] {
  const present = [...live.objects.values()].filter((one) => isSDN(objectRef(one)));
  const before = [...backup.values()].filter((one) => isSDN(objectRef(one)));
  const uids = new Set(before.map(({ metadata }) => metadata.uid ?? ''));
  const newest = before.map(({ metadata }) => metadata.creationTimestamp ?? '').reduce((a, b) => (a > b ? a : b), '');
  const hasSurvivor = present.some(
    ({ metadata: { uid, creationTimestamp = newest } }) =>
      (uid !== undefined && uids.has(uid)) || creationTimestamp < newest,
  );
  if (hasSurvivor) return [];
  const kinds = new Set(present.map(({ kind }) => kind));
  return [hostSubnets, netNamespaces, egressNetworkPolicies].map(({ kind }) => kind).filter((kind) => !kinds.has(kind));
}

/**
 * Creates again what finalize deleted, and what the vendor cleared with all of its kind. What else is gone was deleted by
 * somebody who meant it.
 */
function recreating(
  was: KubeObject,
  { plan: { backup }, live, progress, force, purged }: Omit<Restoring, 'was'>,
): Found {
  const object = objectRef(was);
  if (!isServed(live, object)) return { undo: [], unserved: [object.kind] };
  const isOurs = progress.begun.has(changeKey('finalize', refKey(object)));
  if (!isOurs && !purged.has(object.kind) && !force)
    return { undo: [], notes: [`${refText(object)} is not restored: others deleted it, and this plan did not`] };
  const homeless = withoutOwner(was, live);
  if (homeless !== undefined) return { undo: [], notes: [`${refText(object)} is not restored: ${homeless}`] };
  const taken = identityTaken(was, backup, live);
  return taken === undefined
    ? { undo: [{ kind: 'create', object, body: fresh(was) }] }
    : { undo: [], awaited: [`${refText(object)} is not created: ${taken}; OpenShift SDN makes its own`] };
}

/** The content after finalize. */
function cleared(
  content: Readonly<Record<string, unknown>>,
  change: Change | undefined,
): Readonly<Record<string, unknown>> {
  const result = change?.action === 'clear' ? merged(content, omit(change.patch, 'metadata')) : content;
  return isRecord(result) ? result : content;
}

/** Annotations that finalize removes and that are missing now. */
function lostAnnotations(change: Change | undefined, was: KubeObject, is: KubeObject): Texts {
  const patched = change?.action === 'clear' ? fieldOf(change.patch, 'metadata', 'annotations') : undefined;
  const keys = Object.keys(typeof patched === 'object' && patched !== null ? patched : {});
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = was.metadata.annotations?.[key];
      return value === undefined || is.metadata.annotations?.[key] !== undefined ? [] : [[key, value]];
    }),
  );
}

/** OVN-Kubernetes gives each EgressIP its mark itself, and from 4.22 on refuses an object that brings one. */
const markAnnotation = 'k8s.ovn.org/egressip-mark';

/** The object to create, without what a server sets and without owners, which no longer exist. */
function fresh(was: KubeObject): KubeObject {
  const { name = '', namespace, labels, annotations } = was.metadata;
  return {
    ...was,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations: omit(annotations, markAnnotation) }),
    },
  };
}

interface Scene {
  readonly plan: Plan;
  readonly live: Live;
  readonly progress: Progress;
  readonly force: boolean;
}

function removing(change: Change, { plan, live, progress, force }: Scene): Found {
  const object = refOf(change);
  const is = liveObject(live, object);
  const was = plan.backup.get(refKey(object));
  if (is === undefined) return nothing;
  const key = changeKey(change.step, refKey(object));
  const [begun, done] = [progress.begun.get(key), progress.done.get(key)];
  const ours = writtenBy(plan);
  const marked = bearsOurMark(is, ours);
  // what an update of the plan takes back has no configuration any more
  if (change.action !== 'apply')
    return marked ? deleting(undefined, { object, is, madeAs: undefined, force, ours }) : nothing;
  if (isForeignKind(object))
    return marked ? { undo: [{ kind: 'release', object, ...takenOver(change.object, was, is) }] } : nothing;
  const wasMade = begun === undefined ? marked && isOurs(is, ours) : begun.existed === false;
  if (!wasMade) return marked ? givingBack(change, { plan, is, was, force }) : nothing;
  return deleting(change.object, { object, is, madeAs: done?.uid, force, ours });
}

interface Made {
  readonly object: ObjectRef;
  readonly is: KubeObject;
  /** The uid that it was created with, if the journal has it. */
  readonly madeAs: string | undefined;
  readonly force: boolean;
  readonly ours: Ours;
}

function deleting(config: KubeObject | undefined, { object, is, madeAs, force, ours }: Made): Found {
  const uid = is.metadata.uid ?? '';
  if ((madeAs ?? uid) !== uid) return { undo: [], notes: [`${refText(object)} is left: it was made again since`] };
  // without a configuration only our fields show what we made
  const isShare = isShared(is, ours) && (config === undefined || holds(contentOf(config), is));
  // another plan, or somebody else, applied the same since: it stays theirs
  if (isShare) return { undo: [{ kind: 'release', object, labels: {}, annotations: {} }] };
  // a run that was ended on the way may have applied a part
  if (force || isOurs(is, ours) || (config !== undefined && holds(contentOf(config), is)))
    return { undo: [{ kind: 'delete', object, uid }] };
  return { undo: [], objections: [`${refText(object)}: it was edited since it was applied`] };
}

/** The former values of labels and annotations that we took over, unless somebody removed them since. */
function takenOver(
  config: KubeObject,
  was: KubeObject | undefined,
  is: KubeObject,
): { readonly labels: Texts; readonly annotations: Texts } {
  const of = (field: 'labels' | 'annotations'): Texts => {
    const [before, now] = [was?.metadata[field] ?? {}, is.metadata[field] ?? {}];
    return Object.fromEntries(
      Object.keys(config.metadata[field] ?? {}).flatMap((key) =>
        before[key] === undefined || now[key] === undefined ? [] : [[key, before[key]]],
      ),
    );
  };
  return { labels: of('labels'), annotations: of('annotations') };
}

interface Adopted {
  readonly plan: Plan;
  readonly is: KubeObject;
  readonly was: KubeObject | undefined;
  readonly force: boolean;
}

/** Gives an object of somebody else, which was overwritten with --force, its first content, unless they changed it since. */
function givingBack(change: Change, { plan, is, was, force }: Adopted): Found {
  const object = objectRef(is);
  const ours = writtenBy(plan);
  if (was === undefined) {
    const notes = [`${refText(object)} is left: somebody else made it after the plan, and the backup does not have it`];
    return { undo: isShared(is, ours) ? [{ kind: 'release', object, labels: {}, annotations: {} }] : [], notes };
  }
  const config = change.action === 'apply' ? change.object : was;
  const isAsApplied = holds(contentOf(config), is);
  // an update gave it back already, and what it says now is theirs
  const isTheirs = !isAsApplied && isAsBackedUp(plan, change);
  if (!isAsApplied && !isTheirs && !force)
    return { undo: [], objections: [`${refText(object)}: it was edited since it was applied`] };
  const bare = bareObject(object);
  const first = {
    ...contentOf(isTheirs ? is : was),
    ...bare,
    metadata: { ...bare.metadata, resourceVersion: is.metadata.resourceVersion ?? '' },
  };
  return { undo: [{ kind: 'release', object, ...takenOver(config, was, is), first }] };
}
