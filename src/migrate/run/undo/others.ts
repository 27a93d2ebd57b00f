/** Keeps the way back from restoring into what belongs to others by now. Pure. */
import { namespaces } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { type Live, liveObject } from '../../live.ts';
import type { Backup } from '../../old-plugin.ts';
import { objectRef, refText } from '../../ref.ts';
import { isOfOldPlugin, oldPlugin } from '../../targets.ts';
import type { Found } from './undo-value.ts';

/**
 * Returns what is to be done about an object of the backup unless it would go to others: to a Namespace that was made
 * again since, or in place of what others ask the old plugin for now. With `force` it is restored in the second case.
 */
export function unlessOthers(backup: Backup, live: Live, force: boolean): (was: KubeObject, found: Found) => Found {
  const { rival, grant } = oldPlugin.rivals(backup, live);
  return (was, found) => {
    const object = objectRef(was);
    if (found.undo.length === 0) return found;
    if (isRenewed(was, live))
      return { undo: [], notes: [`${refText(object)} is not restored: its Namespace was made again since`] };
    const isCreated = found.undo.some(({ kind }) => kind === 'create');
    const reason = force ? undefined : rival(was, isCreated);
    if (reason === undefined) {
      grant(was);
      return found;
    }
    return { undo: [], awaited: [{ object, text: `${refText(object)} is not restored: ${reason}` }] };
  };
}

/** Whether its Namespace is younger than the object in the backup, so that it is another one. */
function isRenewed(was: KubeObject, live: Live): boolean {
  const object = objectRef(was);
  const ownerRef = isOfOldPlugin(object) ? oldPlugin.ownerOf(object) : undefined;
  if (ownerRef?.kind !== namespaces.kind) return false;
  const owner = liveObject(live, ownerRef);
  const [then, now] = [was.metadata.creationTimestamp, owner?.metadata.creationTimestamp];
  return then !== undefined && now !== undefined && now > then;
}
