/** Reconcilers that work object by object. They share one work queue, so that together they ask no more than one would. */
import { isConflict } from '../io/kube/error.ts';
import type { Logger } from '../io/log.ts';
import { createQueue } from '../io/queue.ts';
import type { Reconciler } from './reconciler.ts';

/** Keeps the objects of one kind as they should be, each by its name. */
export interface ObjectReconciler {
  /** Without a slash. Failures are counted under it. */
  readonly name: string;
  /** Begins to name every object that may need work; returns how to end that. */
  watch(wake: (name: string) => void): readonly (() => void)[];
  /** Works on one object. Returns after how many milliseconds to look again, if at all; what it throws is tried again. */
  reconcile(name: string, signal: AbortSignal): Promise<number | undefined>;
  /** Hears no more of changes. */
  close(): void;
}

export interface ObjectsDeps {
  readonly logger: Logger;
  /** Told of each failure, with the name of the reconciler. */
  readonly onFailure: (name: string) => void;
}

/** Several objects are worked on at once; each of them by one worker. */
const concurrency = 24;

/** All of them as one reconciler. */
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
