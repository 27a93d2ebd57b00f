/** Removes objects that are no longer needed. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeClient } from '../io/kube/client.ts';
import type { KubeObject } from '../model/objects/raw.ts';

/** Deletes the object. The server refuses if it was changed, or if another one has been created under its name. */
export async function removeObject(
  client: Pick<KubeClient, 'delete'>,
  kind: Kind,
  { metadata: { name = '', namespace, uid, resourceVersion } }: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  const version = resourceVersion === undefined ? {} : { resourceVersion };
  await client.delete(kind, namespace === undefined ? { name } : { name, namespace }, {
    signal,
    ...(uid === undefined ? {} : { preconditions: { uid, ...version } }),
  });
}
