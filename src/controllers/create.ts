/** Creates the object for a reserved value, and looks for it until a watch shows it. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { isAlreadyExists } from '../io/kube/error.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import { controllerManager } from './field-manager.ts';
import type { Reservations } from './reservations.ts';

/** When to look for a write that the cache does not show, in milliseconds. */
export const lookAgainAfter = 5_000;

export interface Creation<T, O extends KubeObject> {
  readonly client: Pick<KubeClient, 'create' | 'get'>;
  readonly kind: Kind;
  readonly reservations: Reservations<T>;
  /** Whether the stored object is the one that was created. */
  readonly isAnswer: (stored: O) => boolean;
}

/** Creates the object. Returns false if one of that name exists; throws if the server refuses it. */
export async function createReserved<T, O extends KubeObject>(
  { client, kind, reservations }: Creation<T, O>,
  object: O,
  signal: AbortSignal,
): Promise<boolean> {
  const { name = '' } = object.metadata;
  const isCreated = await client.create(kind, object, { signal, fieldManager: controllerManager }).then(
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
 * Reads a created object that no watch has shown for a while. Frees the value if the object is missing or not the one
 * that was created. Returns the milliseconds until the next look.
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
