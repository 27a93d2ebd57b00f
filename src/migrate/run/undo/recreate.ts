/** Plans how to create objects again that are gone. Pure. */
import omit from 'lodash/omit.js';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { isServed, type Live } from '../../live.ts';
import { bearsOurMark } from '../../ownership.ts';
import type { Plan } from '../../plan/plan.ts';
import { objectRef, refKey, refText } from '../../ref.ts';
import { isOfOldPlugin, oldPlugin, targets } from '../../targets.ts';
import { changeKey, type Progress } from '../journal.ts';
import { withoutOwner } from './owner.ts';
import { type Found, isRestorer } from './undo-value.ts';

interface Recreating {
  readonly plan: Plan;
  readonly live: Live;
  readonly progress: Progress;
  /** Kinds that the vendor cleared. */
  readonly purged: ReadonlySet<string>;
  /** Kinds of which OpenShift SDN makes its objects now. */
  readonly making: ReadonlySet<string>;
}

/**
 * Creates again what finalize deleted, and what the vendor cleared with all of OpenShift SDN's objects. What else is
 * gone was deleted by somebody who meant it. What OpenShift SDN is about to make is left to it.
 */
export function recreating(was: KubeObject, { plan: { backup }, live, progress, purged, making }: Recreating): Found {
  const object = objectRef(was);
  if (!isServed(live, object)) return { undo: [], unserved: [object.kind] };
  const isOurs = progress.begun.has(changeKey('finalize', refKey(object)));
  if (!isOurs && !purged.has(object.kind))
    return { undo: [], notes: [`${refText(object)} is not restored: others deleted it, and this plan did not`] };
  const homeless = withoutOwner(was, live);
  if (homeless !== undefined) return { undo: [], notes: [`${refText(object)} is not restored: ${homeless}`] };
  const taken =
    oldPlugin.identityTaken(was, backup, live) ??
    (making.has(object.kind) ? 'others of its kind are there' : undefined);
  return taken === undefined
    ? { undo: [{ kind: 'create', object, body: fresh(was) }] }
    : {
        undo: [],
        awaited: [{ object, text: `${refText(object)} is not created: ${taken}; ${oldPlugin.plugin} makes its own` }],
      };
}

/**
 * Kinds of which OpenShift SDN has begun to make its objects after the vendor's clearing: it makes one for each Node or
 * Namespace. What a way back created shows nothing.
 */
export function kindsBeingMade({ objects }: Live, purged: ReadonlySet<string>): ReadonlySet<string> {
  const made = [...objects.values()].filter((one) => isOfOldPlugin(objectRef(one)) && !bearsOurMark(one, isRestorer));
  const kinds = new Set(made.map(({ kind }) => kind));
  return new Set(oldPlugin.makesItself.map(({ kind }) => kind).filter((kind) => purged.has(kind) && kinds.has(kind)));
}

const pluginsOwn = targets.flatMap(({ ownAnnotations = [] }) => ownAnnotations);

/** The object to create, without what a server or a plugin sets and without owners, which no longer exist. */
function fresh(was: KubeObject): KubeObject {
  const { name = '', namespace, labels, annotations } = was.metadata;
  return {
    ...was,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations: omit(annotations, pluginsOwn) }),
    },
  };
}
