/** Decides what the way back does with an object that the plan made, changed or took over. Pure. */
import type { KubeObject } from '../../../model/objects/raw.ts';
import { type Live, liveObject } from '../../live.ts';
import { bearsOurMark, holds, isForeignKind, isOurs, isShared, type Ours, writtenBy } from '../../ownership.ts';
import { isAsBackedUp, type Plan } from '../../plan/plan.ts';
import { bareObject, type ObjectRef, objectRef, refKey, refText } from '../../ref.ts';
import { type Change, refOf } from '../../translation.ts';
import { contentOf } from '../drift.ts';
import { changeKey, type Progress } from '../journal.ts';
import { type Found, nothing, type Texts } from './undo-value.ts';

interface Scene {
  readonly plan: Plan;
  readonly live: Live;
  readonly progress: Progress;
  readonly force: boolean;
}

/** Removes what the plan made, and gives back what it took over. */
export function removing(change: Change, { plan, live, progress, force }: Scene): Found {
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

/**
 * Gives an object of somebody else, which was overwritten with --force, its first content, unless they changed it
 * since.
 */
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
