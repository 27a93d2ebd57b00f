/** Plans how to undo a plan: SDN's objects as in the backup, and nothing of ours left. Pure. */
import isEqual from 'lodash/isEqual.js';
import omit from 'lodash/omit.js';
import { egressNetworkPolicies, hostSubnets, netNamespaces } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { fieldOf, isRecord } from '../../../model/values/json.ts';
import { isServed, type Live, liveObject } from '../../live.ts';
import { isSDN } from '../../ownership.ts';
import type { Plan } from '../../plan/plan.ts';
import { type ObjectRef, objectRef, refKey, refText } from '../../ref.ts';
import { deletesOwn } from '../../targets.ts';
import { type Change, refOf } from '../../translation.ts';
import { contentOf, differingFields, driftText, essence, isEmpty, merged } from '../drift.ts';
import { changeKey, type Progress } from '../journal.ts';
import { identityTaken, ownedContent, withoutOwner } from './owned.ts';
import { removing } from './remove.ts';
import { type Found, nothing, type Texts, type Undo } from './undo-value.ts';

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
  /** The objects of `awaited`. */
  readonly unmade: readonly ObjectRef[];
  /** Kinds of OpenShift SDN with something to restore that the API server does not serve now. */
  readonly unserved: readonly string[];
  /** What must have been restored before each object is undone, by `refKey`. */
  readonly needs: ReadonlyMap<string, readonly ObjectRef[]>;
}

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
  const unlessLeft = (object: ObjectRef, found: Found): Found =>
    progress.leftOnBack.has(refKey(object)) ? left(object, found) : found;
  const restored = [...plan.backup]
    .filter(([key, was]) => isSDN(objectRef(was)) || finals.has(key))
    .map(([key, was]) => {
      const given = {
        plan,
        was: progress.found.get(key) ?? was,
        change: finals.get(key),
        live,
        progress,
        force,
        purged,
      };
      return unlessLeft(objectRef(was), restoring(given));
    });
  const applied = changes
    .filter((change) => (change.action === 'apply' && change.step !== 'finalize') || deletesOwn(plan, change))
    .reverse();
  const removed = applied.map((change) => unlessLeft(refOf(change), removing(change, { plan, live, progress, force })));
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
    awaited: all.flatMap(({ awaited = [] }) => awaited.map(({ text }) => text)),
    unmade: all.flatMap(({ awaited = [] }) => awaited.map(({ object }) => object)),
    unserved: [...new Set(all.flatMap(({ unserved = [] }) => unserved))].sort(),
    needs: needsOf(plan, applied),
  };
}

/** What is said of an object that the admin left out, if there is anything to do about it. */
function left(object: ObjectRef, { undo, objections = [], awaited = [], unserved = [] }: Found): Found {
  if (undo.length + objections.length + awaited.length + unserved.length === 0) return nothing;
  return { undo: [], notes: [`${refText(object)} is left as it is: it was left out`] };
}

/**
 * What each object needs: what was made of a request or policy stays until that is restored, and no namespace gets its
 * egress IPs before its policies.
 */
function needsOf({ backup }: Plan, applied: readonly Change[]): ReadonlyMap<string, readonly ObjectRef[]> {
  const before = [...backup.values()].map(objectRef);
  const policies = Map.groupBy(
    before.filter(({ kind }) => kind === egressNetworkPolicies.kind),
    ({ namespace = '' }) => namespace,
  );
  const requests = before.filter(({ kind }) => kind === netNamespaces.kind);
  const made = applied.map((change) => [refKey(refOf(change)), change.action === 'clear' ? [] : change.from] as const);
  return new Map([...requests.map((object) => [refKey(object), policies.get(object.name) ?? []] as const), ...made]);
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
 * Kinds of OpenShift SDN that the vendor cleared since the plan: nothing of the kind is left, and no object of
 * OpenShift SDN is as old as the plan. The operator removes all these kinds at once, with their definitions, so an
 * object that is older than the plan shows that it did not, and that the last of a kind was deleted by somebody who
 * meant it.
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
 * Creates again what finalize deleted, and what the vendor cleared with all of its kind. What else is gone was deleted
 * by somebody who meant it.
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
    : {
        undo: [],
        awaited: [{ object, text: `${refText(object)} is not created: ${taken}; OpenShift SDN makes its own` }],
      };
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
