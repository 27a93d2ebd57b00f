/**
 * The pending ADDs, by sandbox. A container runtime that times out sends the DEL while the ADD still waits, and a
 * plugin that is killed never reads the answer. Neither may leak an address.
 */
import { Mutex } from '../../io/async/mutex.ts';

/** The interface between one ADD and its attempts. */
export interface Attempt {
  /** Aborts, with the reason in words, when the result is no longer wanted. */
  readonly signal: AbortSignal;
  /** Call it before making something new for the sandbox. */
  readonly making: () => void;
}

/** Of a request: its sandbox, and when its plugin began, in milliseconds since this machine was booted. */
export interface Caller {
  readonly sandbox: string;
  readonly began: number;
}

/** The ADDs of one sandbox since its last DEL. */
interface PendingAdds {
  readonly attempts: Set<AbortController>;
  /** One of them made something, and none has succeeded yet. */
  isUnfinished: boolean;
}

/** The DELs to remember: of more sandboxes than are removed while one plugin starts. */
const mostRemoved = 1_000;

export class Attempts {
  readonly #pending = new Map<string, PendingAdds>();
  /** When the plugin of the last DEL of each sandbox began, the oldest first. */
  readonly #removed = new Map<string, number>();
  readonly #mutexes = new Map<string, { readonly mutex: Mutex; users: number }>();

  /** Whether an ADD of the sandbox is pending. */
  has(sandbox: string): boolean {
    return this.#pending.has(sandbox);
  }

  /** Does work on a sandbox after all earlier work on it has ended. */
  async inTurn<T>(sandbox: string, work: () => Promise<T>): Promise<T> {
    const place = this.#mutexes.get(sandbox) ?? { mutex: new Mutex(), users: 0 };
    this.#mutexes.set(sandbox, place);
    place.users += 1;
    try {
      return await place.mutex.run(work);
    } finally {
      place.users -= 1;
      if (place.users === 0) this.#mutexes.delete(sandbox);
    }
  }

  /**
   * Runs an ADD for a caller. If it fails or is no longer wanted, and no other ADD of the sandbox is pending or has
   * succeeded, then `undo`, which never rejects, removes what was made, in turn. Throws the reason.
   *
   * A plugin may be so slow that the DEL, by another one that began later, is there before it: then it makes nothing. (One
   * that is asked after a DEL has ended begins later than that had.)
   */
  async run<T>(
    { sandbox, began }: Caller,
    caller: AbortSignal,
    add: { readonly work: (attempt: Attempt) => Promise<T>; readonly undo: () => Promise<void> },
  ): Promise<T> {
    if (began <= (this.#removed.get(sandbox) ?? -1)) throw new Error('it was detached before this was heard');
    const pending = this.#pending.get(sandbox) ?? { attempts: new Set(), isUnfinished: false };
    this.#pending.set(sandbox, pending);
    const own = new AbortController();
    const abandon = (): void => own.abort(new Error('who asked for it has gone'));
    if (caller.aborted) abandon();
    caller.addEventListener('abort', abandon, { once: true });
    pending.attempts.add(own);
    try {
      const result = await add.work({ signal: own.signal, making: () => (pending.isUnfinished = true) });
      own.signal.throwIfAborted();
      pending.isUnfinished = false;
      return result;
    } catch (error) {
      pending.attempts.delete(own);
      await this.inTurn(sandbox, async () => {
        if (pending.attempts.size > 0 || !pending.isUnfinished) return;
        pending.isUnfinished = false;
        await add.undo();
      });
      throw error;
    } finally {
      caller.removeEventListener('abort', abandon);
      pending.attempts.delete(own);
      if (pending.attempts.size === 0 && this.#pending.get(sandbox) === pending) this.#pending.delete(sandbox);
    }
  }

  /** Cancels every pending ADD of the sandbox, and removes the sandbox once none of them makes anything more. */
  async remove({ sandbox, began }: Caller, remove: () => Promise<void>): Promise<void> {
    const last = this.#removed.get(sandbox) ?? -1;
    this.#removed.delete(sandbox);
    this.#removed.set(sandbox, Math.max(last, began));
    for (const oldest of this.#removed.keys()) {
      if (this.#removed.size <= mostRemoved) break;
      this.#removed.delete(oldest);
    }
    const pending = this.#pending.get(sandbox);
    this.#pending.delete(sandbox);
    for (const attempt of pending?.attempts ?? [])
      attempt.abort(new Error('it was detached while it was being attached'));
    await this.inTurn(sandbox, () => {
      // from here on they make nothing, and a later ADD is not one of them
      if (pending !== undefined) pending.isUnfinished = false;
      return remove();
    });
  }
}
