/**
 * Reserves values that are allocated by writing them to the API server, one for each name, such as VNIDs and subnets.
 * Between the write and the moment the cache shows it, nobody else may get the value, whatever became of the write. A
 * reservation ends when the cache shows the value, or when the write is known to have failed.
 */
import { ApiError, isAlreadyExists, isConflict } from '../io/kube/error.ts';
import type { Result } from '../model/values/result.ts';

/** Counts how many hold each value: Netids, Subnets. */
export interface Pool<T> {
  hold(value: T): void;
  release(value: T): void;
  /** Holds and returns a free value for that name, or returns the reason if there is none. */
  allocate(name: string): Result<T>;
}

/** A value that was or may have been written, and that the cache does not show yet. */
export interface Reservation<T> {
  readonly value: T;
  /** Whether the server accepted the write. */
  readonly isWritten: boolean;
}

/** The value of one object before and after a change; undefined if it has none. */
export interface Seen<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** Holds in a pool what the cache shows and what is reserved. */
export class Reservations<T> {
  #pool: Pool<T>;
  readonly #answers: (seen: T, reserved: T) => boolean;
  readonly #reserved = new Map<string, Reservation<T>>();

  /** `answers`: whether a value in the cache shows what became of writing the reserved one. */
  constructor(pool: Pool<T>, answers: (seen: T, reserved: T) => boolean) {
    this.#pool = pool;
    this.#answers = answers;
  }

  /** The reservation of the name; undefined if it has none. */
  of(name: string): Reservation<T> | undefined {
    return this.#reserved.get(name);
  }

  /** Returns the value that the name has reserved, which may have been written already, or reserves a free one. */
  reserve(name: string): Result<T> {
    const present = this.#reserved.get(name);
    if (present !== undefined) return { ok: true, value: present.value };
    const allocated = this.#pool.allocate(name);
    if (allocated.ok) this.#reserved.set(name, { value: allocated.value, isWritten: false });
    return allocated;
  }

  /** Reserves exactly this value for the name, instead of any other, even if others hold it too. */
  share(name: string, value: T): void {
    this.#pool.hold(value);
    this.free(name);
    this.#reserved.set(name, { value, isWritten: false });
  }

  /** Records that the server accepted the write. */
  written(name: string): void {
    const present = this.#reserved.get(name);
    if (present !== undefined) this.#reserved.set(name, { ...present, isWritten: true });
  }

  /** Records a failed write. Frees the value only if the error proves that nothing was written; else it is retried. */
  failed(name: string, error: unknown): void {
    if (saysNothingWritten(error)) this.free(name);
  }

  /** Frees the value: the write did not happen, or the cache shows what became of it. */
  free(name: string): void {
    const present = this.#reserved.get(name);
    if (present === undefined) return;
    this.#reserved.delete(name);
    this.#pool.release(present.value);
  }

  /** Takes a change to the object of that name, as the cache shows it. */
  seen(name: string, { before, after }: Seen<T>): void {
    if (after !== undefined) this.#pool.hold(after);
    if (before !== undefined) this.#pool.release(before);
    const reserved = this.#reserved.get(name);
    if (after !== undefined && reserved !== undefined && this.#answers(after, reserved.value)) this.free(name);
  }

  /**
   * Switches to another pool, which already holds what the cache shows. Written values and those that `fits` accepts
   * stay reserved; the rest are dropped.
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
 * Whether the error of a write proves that nothing was written. Only an answer can. AlreadyExists and Conflict do not,
 * because an earlier write of ours, whose answer was lost, may be the cause.
 */
function saysNothingWritten(error: unknown): boolean {
  return error instanceof ApiError && error.code < 500 && !isAlreadyExists(error) && !isConflict(error);
}
