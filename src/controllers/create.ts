/** Creates the object that a reserved value is for, and looks for it while no watch tells of it. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { isAlreadyExists } from '../io/kube/error.ts';
import type { KubeObject } from '../model/objects.ts';
import type { Reservations } from './reservations.ts';

/** When a write that the cache does not show is looked for, in milliseconds. */
export const lookAgainAfter = 5_000;

export interface Creation<T, O extends KubeObject> {
  readonly client: Pick<KubeClient, 'create' | 'get'>;
  readonly kind: Kind;
  readonly reservations: Reservations<T>;
  /** Whether the object, as it is stored, is the one that was created. */
  readonly isAnswer: (stored: O) => boolean;
}

/** Creates the object; returns whether it did, and false when one of that name exists. Throws when it is refused. */
export async function createReserved<T, O extends KubeObject>(
  { client, kind, reservations }: Creation<T, O>,
  object: O,
  signal: AbortSignal,
): Promise<boolean> {
  const { name = '' } = object.metadata;
  const isCreated = await client.create(kind, object, { signal }).then(
    () => true,
    (error: unknown) => {
      reservations.failed(name, error);
      if (!isAlreadyExists(error)) throw error;
      return false;
    },
  );
  reservations.written(name);
  return isCreated;
}

/**
 * Reads an object that was created and that no watch has told of for long; frees the value when it is not there, or
 * not as it was created. Returns after how many milliseconds to look again.
 */
export async function findReserved<T, O extends KubeObject>(
  { client, kind, reservations, isAnswer }: Creation<T, O>,
  name: string,
  signal: AbortSignal,
): Promise<number> {
  const stored = await client.get<O>(kind, { name }, { signal });
  if (stored !== undefined && isAnswer(stored)) return lookAgainAfter;
  reservations.free(name);
  return 0;
}
