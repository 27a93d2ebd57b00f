/** Logs what fails again and again in few lines: it may do so for hours, with an attempt every few seconds. */
import type { Logger } from './log.ts';

/** Milliseconds after which the same reason is logged again, so that the end of a log tells what is wrong. */
const repeatAfter = 30 * 60_000;

/** Milliseconds after which another reason is logged: two may take turns. */
const changeAfter = 60_000;

export interface ComplaintOptions {
  readonly logger: Logger;
  /** What is logged of a failure. */
  readonly failing: string;
  /** What is logged when it is over. */
  readonly over?: string;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
}

export class Complaint {
  readonly #options: ComplaintOptions;
  #said: { readonly reason: string; readonly at: number } | undefined;

  constructor(options: ComplaintOptions) {
    this.#options = options;
  }

  /** Warns of a failure in one line without a stack, unless that was said a while ago; debug has each. */
  failed(error: unknown, about: object = {}): void {
    const { logger, failing } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#isKnown(reason)) {
      logger.debug({ ...about, err: error }, failing);
      return;
    }
    this.#said = { reason, at: this.#now() };
    logger.warn({ ...about, reason }, failing);
  }

  /** Says that it is over, if it was complained about. */
  succeeded(): void {
    if (this.#said === undefined) return;
    this.#said = undefined;
    const { logger, over } = this.#options;
    if (over !== undefined) logger.info(over);
  }

  #isKnown(reason: string): boolean {
    if (this.#said === undefined) return false;
    return this.#now() - this.#said.at < (reason === this.#said.reason ? repeatAfter : changeAfter);
  }

  #now(): number {
    const { now = () => performance.now() } = this.#options;
    return now();
  }
}
