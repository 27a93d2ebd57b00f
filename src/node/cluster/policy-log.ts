/** Logs each policy problem once while it persists. */
import type { Logger } from '../../io/log.ts';
import type { PolicyNote } from '../../model/egresspolicy.ts';
import type { PolicyProblem } from '../plan/networkpolicy.ts';

type Note = PolicyNote | PolicyProblem;

export class PolicyLog {
  readonly #logger: Logger;
  readonly #message: string;
  #notes: readonly Note[] = [];
  #said: ReadonlySet<string> = new Set();

  constructor(logger: Logger, message: string) {
    this.#logger = logger;
    this.#message = message;
  }

  /** Logs the notes that were not in the last list. */
  log(notes: readonly Note[]): void {
    if (notes === this.#notes) return;
    this.#notes = notes;
    const texts = new Set<string>();
    for (const { namespace, name, message } of notes) {
      const text = `${namespace}/${name} ${message}`;
      if (!this.#said.has(text) && !texts.has(text))
        this.#logger.warn({ policy: `${namespace}/${name}`, reason: message }, this.#message);
      texts.add(text);
    }
    this.#said = texts;
  }
}
