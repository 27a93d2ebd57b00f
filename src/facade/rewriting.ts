/** What is written for each key. To write the same again, somebody must have written over it: that comes later each time. */
import { Fights } from './fights.ts';

export class Rewriting {
  readonly #fights: Fights;
  readonly #written = new Map<string, string>();

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#fights = new Fights(now);
  }

  /** Whether this was written last, so that somebody else wrote over it. */
  isAgain(key: string, text: string): boolean {
    return this.#written.get(key) === text;
  }

  /** Milliseconds until it may be written; 0: now. */
  left(key: string, text: string): number {
    return this.isAgain(key, text) ? this.#fights.next(key) : 0;
  }

  /** To be called when it is written. */
  wrote(key: string, text: string): void {
    this.#written.set(key, text);
  }
}
