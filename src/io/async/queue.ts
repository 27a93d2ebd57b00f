/**
 * A work queue of keys for controllers. A waiting key is queued only once. A key in progress is never given to a second
 * worker, but comes again afterwards if it was added in the meantime. A key that failed comes again after a delay that
 * doubles with each failure.
 */
import type { Logger } from '../log.ts';
import { Backoff } from './backoff.ts';

export interface QueueOptions {
  readonly logger: Logger;
  /** The number of keys processed at once; 1 by default. */
  readonly concurrency?: number;
  /** The delay after the first failure in milliseconds, doubled by each further one; 20 by default. */
  readonly baseDelay?: number;
  /** The longest delay after a failure in milliseconds; 30,000 by default. */
  readonly maxDelay?: number;
  /** Called on every failure; a warning is logged when a key begins to fail, and when it fails for another reason. */
  readonly onFailure?: (key: string) => void;
  /** Whether an error only means that somebody else was faster; the first few in a row are not reported. */
  readonly isRace?: (error: unknown) => boolean;
}

/** Processes a key; a returned number is the delay in milliseconds after which the key comes again. */
export type Handler = (key: string, signal: AbortSignal) => Promise<number | undefined> | Promise<void>;

export interface WorkQueue {
  /**
   * Queues the key unless it already waits. A key that failed comes after the base delay, so that events do not speed
   * it up.
   */
  add(key: string): void;
  /** Queues the key after a delay in milliseconds; of several delays the earliest counts. */
  addAfter(key: string, delay: number): void;
  /** The number of keys that wait or are in progress, without delayed ones. */
  size(): number;
  /**
   * Processes keys until the signal aborts; resolves when the last handler has ended. Errors of handlers are logged and
   * retried.
   */
  process(handler: Handler, signal: AbortSignal): Promise<void>;
}

/** The default base delay in milliseconds. */
const baseDelay = 20;
/** More lost races in a row than this are not chance. */
const mostRaces = 4;

class Queue implements WorkQueue {
  readonly #waiting = new Set<string>();
  readonly #active = new Set<string>();
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { readonly timer: NodeJS.Timeout; readonly at: number }>();
  readonly #backoff: Backoff;
  /** Why each key failed that is retried. */
  readonly #reasons = new Map<string, string>();
  readonly #options: QueueOptions;
  #wake: (() => void) | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
    const { baseDelay: base = baseDelay, maxDelay: most = 30_000 } = options;
    this.#backoff = new Backoff({ base, most, now: () => performance.now() });
  }

  add(key: string): void {
    const delayed = this.#delayed.get(key);
    if (delayed !== undefined && this.#backoff.has(key)) {
      this.addAfter(key, this.#options.baseDelay ?? baseDelay);
      return;
    }
    if (delayed !== undefined) {
      clearTimeout(delayed.timer);
      this.#delayed.delete(key);
    }
    if (this.#active.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#wake?.();
  }

  addAfter(key: string, delay: number): void {
    if (delay <= 0) {
      this.add(key);
      return;
    }
    const at = performance.now() + delay;
    const delayed = this.#delayed.get(key);
    if (delayed !== undefined) {
      if (delayed.at <= at) return;
      clearTimeout(delayed.timer);
    }
    const timer = setTimeout(() => {
      this.#delayed.delete(key);
      this.add(key);
    }, delay);
    this.#delayed.set(key, { timer, at });
  }

  size(): number {
    return this.#waiting.size + this.#active.size;
  }

  async process(handler: Handler, signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#wake?.();
    signal.addEventListener('abort', stop);
    const running = new Set<Promise<void>>();
    const concurrency = this.#options.concurrency ?? 1;
    while (!signal.aborted) {
      const key = running.size < concurrency ? this.#take() : undefined;
      if (key !== undefined) {
        const work = this.#work(key, handler, signal).finally(() => {
          running.delete(work);
          this.#wake?.();
        });
        running.add(work);
        continue;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    signal.removeEventListener('abort', stop);
    for (const { timer } of this.#delayed.values()) clearTimeout(timer);
    this.#delayed.clear();
    await Promise.all(running);
  }

  #take(): string | undefined {
    const [key] = this.#waiting;
    if (key !== undefined) this.#waiting.delete(key);
    return key;
  }

  async #work(key: string, handler: Handler, signal: AbortSignal): Promise<void> {
    this.#active.add(key);
    try {
      const after = await handler(key, signal);
      this.#backoff.succeeded(key);
      this.#reasons.delete(key);
      if (typeof after === 'number') this.addAfter(key, after);
    } catch (error) {
      if (!signal.aborted) this.#retry(key, error);
    } finally {
      this.#active.delete(key);
      if (this.#again.delete(key)) this.add(key);
    }
  }

  #retry(key: string, error: unknown): void {
    const { times: failures, wait: delay } = this.#backoff.failed(key);
    const { logger, isRace } = this.#options;
    const isChance = failures <= mostRaces && isRace?.(error) === true;
    if (!isChance) this.#options.onFailure?.(key);
    const reason = error instanceof Error ? error.message : String(error);
    const isKnown = this.#reasons.get(key) === reason;
    if (!isChance) this.#reasons.set(key, reason);
    logger[isChance || isKnown ? 'debug' : 'warn'](
      { key, err: error, failures, retryInMs: delay },
      'work failed and is retried',
    );
    this.addAfter(key, delay);
  }
}

/** Creates an empty queue. */
export function createQueue(options: QueueOptions): WorkQueue {
  return new Queue(options);
}
