/** Removes objects that are no longer needed. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeClient } from '../io/kube/client.ts';
import type { KubeObject } from '../model/objects/raw.ts';

/** Deletes the object. The server refuses if another one has been created under its name. */
export async function removeObject(
  client: Pick<KubeClient, 'delete'>,
  kind: Kind,
  { metadata: { name = '', uid } }: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  await client.delete(kind, { name }, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
}
