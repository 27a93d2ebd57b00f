/** Finds what an object of a backup belongs to. Pure. */
import { namespaces } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { type Live, liveObject } from '../../live.ts';
import { objectRef, refNamed } from '../../ref.ts';
import { isOfOldPlugin, oldPlugin } from '../../targets.ts';

/** Why the object has no Node or Namespace to belong to; undefined if it has. */
export function withoutOwner(object: KubeObject, live: Live): string | undefined {
  const ref = objectRef(object);
  const inNamespace = ref.namespace === undefined ? undefined : refNamed(namespaces, ref.namespace);
  const owner = isOfOldPlugin(ref) ? oldPlugin.ownerOf(ref) : inNamespace;
  // an EgressIP belongs to nobody
  if (owner === undefined) return undefined;
  const found = liveObject(live, owner);
  if (found === undefined) return `its ${owner.kind} is gone`;
  return found.metadata.deletionTimestamp === undefined ? undefined : `its ${owner.kind} is being deleted`;
}
