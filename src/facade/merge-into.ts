/** Writes into an object that was seen: the server refuses if it has changed since. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { guarded } from '../io/kube/fresh.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import { facadeManager } from './plan/marks.ts';
import type { MergePatch } from './plan/merge-patch.ts';

/** Patches the object as the facade. */
export async function mergeInto(
  client: KubeClient,
  kind: Kind,
  { live, patch }: { readonly live: KubeObject; readonly patch: MergePatch },
  signal: AbortSignal,
): Promise<void> {
  const { metadata = {}, ...rest } = patch;
  const { name = '', namespace } = live.metadata;
  const ref = namespace === undefined ? { name } : { name, namespace };
  const body = guarded(live, rest, { ...metadata });
  await client.patch(kind, ref, body, { type: 'merge', fieldManager: facadeManager, signal });
}
