/**
 * A NetNamespace or HostSubnet that somebody deletes is made anew, and asks for nothing. One that went with its kind, as
 * when OpenShift's operator removes the old plugin, is made again as it was: then the definition is newer than it.
 */
import { customResourceDefinitions, type Kind } from '../../../api/kinds.ts';
import type { ObjectReconciler } from '../../controllers/objects.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isForbidden } from '../../io/kube/error.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { resourceName } from '../../migrate/ref.ts';
import type { KubeObject } from '../../model/objects/raw.ts';

export interface LostDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly kind: Kind;
  readonly cache: ObjectCache<KubeObject>;
  /** The objects for each of which there is one of the kind, with the same name. */
  readonly owners: Pick<ObjectCache<KubeObject>, 'get'>;
  /** Keeps what all objects that are missing were, as far as the rest tells. Takes long where there are many. */
  readonly look: () => void;
}

/** The reconciler, which first looks what an object was that went with its kind. */
export function keepingLost(reconciler: ObjectReconciler, deps: LostDeps): ObjectReconciler {
  const { cache, owners } = deps;
  /** When objects that are gone were made, by name, until it is known what they were. */
  const gone = new Map<string, string>();
  let next = 0;
  const end = cache.subscribe(({ key, before, after }) => {
    if (after === undefined) gone.set(key, before?.metadata.creationTimestamp ?? '');
    else gone.delete(key);
  });
  /** Returns milliseconds to wait if it is too early to look. */
  const look = async (name: string, signal: AbortSignal): Promise<number> => {
    const made = gone.get(name);
    if (owners.get(name) === undefined) gone.delete(name);
    else if (made !== undefined) {
      const began = performance.now();
      if (began < next) return next - began;
      // one look is for all, also for those that waited for the answer meanwhile
      if ((await isLost(deps, made, signal)) && gone.has(name)) {
        const start = performance.now();
        deps.look();
        gone.clear();
        next = start + 10 * (performance.now() - start);
      }
    }
    return 0;
  };
  return {
    ...reconciler,
    reconcile: async (name, signal) => {
      const wait = await look(name, signal);
      return wait > 0 ? wait : reconciler.reconcile(name, signal);
    },
    close: () => {
      end();
      reconciler.close();
    },
  };
}

/** Whether an object that was made at that time is to be made again as it was. */
async function isLost(deps: LostDeps, made: string, signal: AbortSignal): Promise<boolean> {
  const why = await whyGone(deps, made, signal);
  if (why === 'unknown')
    deps.logger.warn(
      { definition: resourceName(deps.kind) },
      'whether objects went with their kind is unknown: they are made again as they were',
    );
  return why !== 'deleted';
}

/**
 * Why an object that was made at that time is gone: somebody deleted it, or it went with its kind, whose definition is
 * newer then. Unknown if the definition may not be read. Fails while the kind is not served, or about to go.
 */
export async function whyGone(
  { client, kind }: Pick<LostDeps, 'client' | 'kind'>,
  made: string,
  signal: AbortSignal,
): Promise<'deleted' | 'with its kind' | 'unknown'> {
  const name = resourceName(kind);
  const definition = await client
    .get<KubeObject>(customResourceDefinitions, { name }, { signal })
    .catch((error: unknown) => {
      if (!isForbidden(error)) throw error;
      return 'unknown' as const;
    });
  if (definition === 'unknown') return definition;
  if (definition === undefined || definition.metadata.deletionTimestamp !== undefined)
    throw new Error(`the API server does not serve ${name}`);
  return (definition.metadata.creationTimestamp ?? '') > made ? 'with its kind' : 'deleted';
}
