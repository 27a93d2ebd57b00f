/**
 * Values that are given out by writing them to the API server, one to each name, as VNIDs and subnets are. Between the
 * write and the moment the cache shows it, nobody else may get the value, whatever became of the write: so it is reserved
 * here. A reservation ends when the cache shows the value, or when the write is known to have failed.
 */
import { ApiError, isAlreadyExists, isConflict } from '../io/kube/error.ts';
import type { Result } from '../model/result.ts';

/** Which values are held, and by how many: Netids, Subnets. */
export interface Pool<T> {
  hold(value: T): void;
  release(value: T): void;
  /** Holds and returns a free value for that name; the reason when there is none. */
  allocate(name: string): Result<T>;
}

/** A value that was written, or may have been, and that the cache does not show yet. */
export interface Reservation<T> {
  readonly value: T;
  /** The server has taken the write. */
  readonly isWritten: boolean;
}

/** The value of one object before and after a change; undefined: it has none. */
export interface Seen<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** Holds in a pool what the cache shows and what is reserved. */
export class Reservations<T> {
  #pool: Pool<T>;
  readonly #answers: (seen: T, reserved: T) => boolean;
  readonly #reserved = new Map<string, Reservation<T>>();

  /** `answers`: whether a value that the cache shows tells what became of the write of the reserved one. */
  constructor(pool: Pool<T>, answers: (seen: T, reserved: T) => boolean) {
    this.#pool = pool;
    this.#answers = answers;
  }

  /** The value that the name has reserved; undefined when it has none. */
  of(name: string): Reservation<T> | undefined {
    return this.#reserved.get(name);
  }

  /** Returns the value that the name has reserved, which may have been written before, else reserves a free one. */
  reserve(name: string): Result<T> {
    const present = this.#reserved.get(name);
    if (present !== undefined) return { ok: true, value: present.value };
    const allocated = this.#pool.allocate(name);
    if (allocated.ok) this.#reserved.set(name, { value: allocated.value, isWritten: false });
    return allocated;
  }

  /** Reserves this very value for the name, in place of any other, though others may hold it too. */
  share(name: string, value: T): void {
    this.#pool.hold(value);
    this.free(name);
    this.#reserved.set(name, { value, isWritten: false });
  }

  /** The server has taken the write. */
  written(name: string): void {
    const present = this.#reserved.get(name);
    if (present !== undefined) this.#reserved.set(name, { ...present, isWritten: true });
  }

  /** The write failed. Frees the value only if the error says that nothing was written; else it will be tried again. */
  failed(name: string, error: unknown): void {
    if (saysNothingWritten(error)) this.free(name);
  }

  /** The write is known not to have happened, or the cache has shown what became of it. */
  free(name: string): void {
    const present = this.#reserved.get(name);
    if (present === undefined) return;
    this.#reserved.delete(name);
    this.#pool.release(present.value);
  }

  /** The cache shows that the object of that name has changed. */
  seen(name: string, { before, after }: Seen<T>): void {
    if (after !== undefined) this.#pool.hold(after);
    if (before !== undefined) this.#pool.release(before);
    const reserved = this.#reserved.get(name);
    if (after !== undefined && reserved !== undefined && this.#answers(after, reserved.value)) this.free(name);
  }

  /**
   * Gives values of another pool from now on, which holds what the cache shows already. What has been written stays
   * reserved, and so does anything else that `fits`; the rest is given up.
   */
  moveTo(pool: Pool<T>, fits: (value: T) => boolean): void {
    this.#pool = pool;
    for (const [name, { value, isWritten }] of this.#reserved) {
      if (isWritten || fits(value)) pool.hold(value);
      else this.#reserved.delete(name);
    }
  }
}

/**
 * Whether the error of a write says for certain that nothing was written. Only an answer can. That the object exists, or
 * is another than was expected, may be the doing of an earlier write of ours whose answer was lost.
 */
function saysNothingWritten(error: unknown): boolean {
  return error instanceof ApiError && error.code < 500 && !isAlreadyExists(error) && !isConflict(error);
}
