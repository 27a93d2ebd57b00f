/**
 * The ADDs that are going on, by sandbox. A container runtime that loses patience sends the DEL while the ADD still
 * waits, and a plugin that is killed never reads the answer: neither may leave an address that nobody gives back.
 */
import { Mutex } from '../../io/mutex.ts';

/** What one ADD is told, and tells. */
export interface Attempt {
  /** Aborts, with the reason in words, when nobody wants the result any more. */
  readonly signal: AbortSignal;
  /** To be called before something is made for the sandbox that was not there. */
  readonly making: () => void;
}

/** The ADDs of one sandbox since its last DEL. */
interface Going {
  readonly attempts: Set<AbortController>;
  /** Something was made by one of them, and none has succeeded yet. */
  isUnfinished: boolean;
}

export class Attempts {
  readonly #going = new Map<string, Going>();
  readonly #mutexes = new Map<string, { readonly mutex: Mutex; users: number }>();

  /** Whether an ADD of the sandbox is going on. */
  has(sandbox: string): boolean {
    return this.#going.has(sandbox);
  }

  /** Does work on a sandbox when all work on it that was begun before has ended. */
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
   * Runs an ADD for a caller. When it fails or nobody wants it any more, and no other ADD of the sandbox is going on or
   * has succeeded, `undo`, which never rejects, removes what was made, in turn. Throws the reason.
   */
  async run<T>(
    sandbox: string,
    caller: AbortSignal,
    add: { readonly work: (attempt: Attempt) => Promise<T>; readonly undo: () => Promise<void> },
  ): Promise<T> {
    const going = this.#going.get(sandbox) ?? { attempts: new Set(), isUnfinished: false };
    this.#going.set(sandbox, going);
    const own = new AbortController();
    const abandon = (): void => own.abort(new Error('who asked for it has gone'));
    if (caller.aborted) abandon();
    caller.addEventListener('abort', abandon, { once: true });
    going.attempts.add(own);
    try {
      const result = await add.work({ signal: own.signal, making: () => (going.isUnfinished = true) });
      own.signal.throwIfAborted();
      going.isUnfinished = false;
      return result;
    } catch (error) {
      going.attempts.delete(own);
      await this.inTurn(sandbox, async () => {
        if (going.attempts.size > 0 || !going.isUnfinished) return;
        going.isUnfinished = false;
        await add.undo();
      });
      throw error;
    } finally {
      caller.removeEventListener('abort', abandon);
      going.attempts.delete(own);
      if (going.attempts.size === 0 && this.#going.get(sandbox) === going) this.#going.delete(sandbox);
    }
  }

  /** Overtakes every ADD of the sandbox that is going on, and removes the sandbox once none of them makes anything more. */
  async remove(sandbox: string, remove: () => Promise<void>): Promise<void> {
    const going = this.#going.get(sandbox);
    this.#going.delete(sandbox);
    for (const attempt of going?.attempts ?? [])
      attempt.abort(new Error('it was detached while it was being attached'));
    await this.inTurn(sandbox, () => {
      // from here on they make nothing, and an ADD that comes later is none of theirs
      if (going !== undefined) going.isUnfinished = false;
      return remove();
    });
  }
}
