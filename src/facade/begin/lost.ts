/**
 * A NetNamespace or HostSubnet that somebody deletes is made anew, and asks for nothing. One that went with its kind, as
 * when OpenShift's operator removes the old plugin, is made again as it was.
 */
import type { Kind } from '../../../api/kinds.ts';
import type { ObjectReconciler } from '../../controllers/objects.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { resourceName } from '../../migrate/ref.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import type { Loss, Losses } from './losses.ts';

export interface LostDeps {
  readonly logger: Logger;
  readonly losses: Losses;
  readonly kind: Kind;
  readonly cache: ObjectCache<KubeObject>;
  /** The objects for each of which there is one of the kind, with the same name. */
  readonly owners: Pick<ObjectCache<KubeObject>, 'get'>;
  /** Keeps what all objects that are missing were, as far as the rest tells. Takes long where there are many. */
  readonly look: () => void;
}

/** The reconciler, which first looks what an object was that went with its kind. */
export function keepingLost(reconciler: ObjectReconciler, deps: LostDeps): ObjectReconciler {
  const { cache, owners, losses } = deps;
  /** Objects that are gone, by name, until it is known what they were. */
  const gone = new Map<string, Loss>();
  let next = 0;
  const end = cache.subscribe(({ key, before, after }) => {
    if (after === undefined) gone.set(key, losses.lost(deps.kind, before));
    else gone.delete(key);
  });
  /** Returns milliseconds to wait if it is too early to look. */
  const look = async (name: string, signal: AbortSignal): Promise<number> => {
    const loss = gone.get(name);
    if (owners.get(name) === undefined) gone.delete(name);
    else if (loss !== undefined) {
      const began = performance.now();
      if (began < next) return next - began;
      // one look is for all, also for those that waited for the answer meanwhile
      if ((await isLost(deps, loss, signal)) && gone.has(name)) {
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

/** Whether the object is to be made again as it was. */
async function isLost({ losses, logger, kind }: LostDeps, loss: Loss, signal: AbortSignal): Promise<boolean> {
  const why = await losses.why(loss, signal);
  if (why === 'unknown')
    logger.warn(
      { definition: resourceName(kind) },
      'whether objects went with their kind is unknown: they are made again as they were',
    );
  return why !== 'deleted';
}
