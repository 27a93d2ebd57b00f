/** Runs reconcilers object by object. They share one work queue, so together they send no more requests than one. */
import { createQueue } from '../io/async/queue.ts';
import { isConflict } from '../io/kube/error.ts';
import type { Logger } from '../io/log.ts';
import type { Reconciler } from './reconciler.ts';

/** Reconciles the objects of one kind, each by its name. */
export interface ObjectReconciler {
  /** Has no slash. Failures are counted under this name. */
  readonly name: string;
  /** Calls `wake` with the name of every object that may need work, until the returned functions are called. */
  watch(wake: (name: string) => void): readonly (() => void)[];
  /** Works on one object. Returns the milliseconds until the next look, if any. If it throws, it is tried again. */
  reconcile(name: string, signal: AbortSignal): Promise<number | undefined>;
  /** Stops listening to changes. */
  close(): void;
}

export interface ObjectsDeps {
  readonly logger: Logger;
  /** Called for each failure, with the name of the reconciler. */
  readonly onFailure: (name: string) => void;
}

/** How many objects are worked on at once, each by one worker. */
const concurrency = 24;

/** Combines all of them into one reconciler. */
export function byObject(reconcilers: readonly ObjectReconciler[], { logger, onFailure }: ObjectsDeps): Reconciler {
  const queue = createQueue({
    logger,
    concurrency,
    isRace: isConflict,
    onFailure: (key) => onFailure(partsOf(key).concern),
  });
  const byName = new Map(reconcilers.map((one) => [one.name, one]));
  return {
    name: 'objects',
    wokenBy: reconcilers.map((one) => () => {
      const ends = one.watch((name) => queue.add(`${one.name}/${name}`));
      return () => {
        for (const end of ends) end();
      };
    }),
    run: (signal) =>
      queue.process(async (key): Promise<number | undefined> => {
        const { concern, name } = partsOf(key);
        return byName.get(concern)?.reconcile(name, signal);
      }, signal),
    close: () => {
      for (const one of reconcilers) one.close();
    },
  };
}

function partsOf(key: string): { readonly concern: string; readonly name: string } {
  const at = key.indexOf('/');
  return { concern: key.slice(0, at), name: key.slice(at + 1) };
}
