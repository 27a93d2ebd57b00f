/** Objects that are followed while somebody needs them, and a while longer: a policy may be written anew. */
import { linkedSignal } from '../../io/async/linked-signal.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';

interface OnNeedOptions<T> {
  /** Begins to follow them until the signal aborts. */
  readonly follow: (signal: AbortSignal) => ObjectCache<T>;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** What the log says when they are followed, and when they no longer are. */
  readonly begins: string;
  readonly ends: string;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Milliseconds for which what nobody needs is still followed. */
const linger = 600_000;

export class OnNeed<T> {
  readonly #options: OnNeedOptions<T>;
  #followed: { readonly cache: ObjectCache<T>; readonly stop: () => void } | undefined;
  /** Since when nobody needs them; undefined while somebody does. */
  #unneededSince: number | undefined;

  constructor(options: OnNeedOptions<T>) {
    this.#options = options;
  }

  /** All of them, or undefined while they are not followed or still being read. */
  get known(): readonly T[] | undefined {
    const cache = this.#followed?.cache;
    return cache?.isSynced() === true ? cache.list() : undefined;
  }

  /** Whether all of them are known. */
  get areKnown(): boolean {
    return this.#followed?.cache.isSynced() === true;
  }

  /** Resolves once all that is needed is known. */
  async settled(): Promise<void> {
    if (this.#unneededSince === undefined) await this.#followed?.cache.synced;
  }

  /** Begins to follow them if they are needed, or ends that when they have not been for long. */
  need(areNeeded: boolean): void {
    if (areNeeded) {
      this.#followed ??= this.#begin();
      this.#unneededSince = undefined;
      return;
    }
    const { now, logger, ends } = this.#options;
    if (this.#followed === undefined) return;
    this.#unneededSince ??= now();
    if (now() - this.#unneededSince < linger) return;
    logger.info(ends);
    this.#followed.stop();
    this.#followed = undefined;
    this.#unneededSince = undefined;
  }

  #begin(): { readonly cache: ObjectCache<T>; readonly stop: () => void } {
    const { follow, logger, begins } = this.#options;
    logger.info(begins);
    const { signal, abort, release } = linkedSignal(this.#options.signal);
    const stop = (): void => {
      abort();
      release();
    };
    return { cache: follow(signal), stop };
  }
}
