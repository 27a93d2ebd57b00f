/** Removes objects that have no reason to be there any more. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeClient } from '../io/kube/client.ts';
import type { KubeObject } from '../model/objects.ts';

/** Deletes the object; the server refuses that when another has been made under its name meanwhile. */
export async function removeObject(
  client: Pick<KubeClient, 'delete'>,
  kind: Kind,
  { metadata: { name = '', uid } }: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  await client.delete(kind, { name }, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
}
