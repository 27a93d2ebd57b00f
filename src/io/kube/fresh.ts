/** Changes an object starting from its newest state, and tries again when somebody else changed it first. */
import type { Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { pause } from '../async/pause.ts';
import type { KubeClient, NameRef } from './client.ts';
import { isConflict } from './error.ts';

const attempts = 10;
/** Milliseconds before the second attempt; doubles before each further one. */
const firstPause = 10;

/** A merge patch with the version of the object it is for: the server refuses it if the object has changed. */
export function guarded(
  object: KubeObject,
  patch: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, unknown>> = {},
): unknown {
  const { resourceVersion, uid } = object.metadata;
  return { ...patch, metadata: { ...metadata, resourceVersion, uid } };
}

export interface FreshChange<T> {
  readonly kind: Kind;
  readonly ref: NameRef;
  /** Makes the merge patch for the present object with `guarded`; undefined means no change. */
  readonly change: (present: T) => unknown;
}

/** Reads the object, patches it as `change` says, and returns it as stored; undefined when it does not exist. */
export async function changeFresh<T extends KubeObject>(
  client: KubeClient,
  { kind, ref, change }: FreshChange<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const present = await client.get<T>(kind, ref, { signal });
    const patch = present === undefined ? undefined : change(present);
    if (patch === undefined) return present;
    try {
      return await client.patch<T>(kind, ref, patch, { type: 'merge', signal });
    } catch (error) {
      if (!isConflict(error) || attempt >= attempts) throw error;
      await pause(firstPause * 2 ** (attempt - 1), signal);
    }
  }
}
