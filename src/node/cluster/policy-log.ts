/** Logs each policy problem once while it persists. */
import type { Logger } from '../../io/log.ts';
import type { PolicyNote } from '../../model/policy/egresspolicy.ts';
import type { PolicyProblem } from '../plan/networkpolicy.ts';

type PolicyMessage = PolicyNote | PolicyProblem;

export class PolicyLog {
  readonly #logger: Logger;
  readonly #message: string;
  #last: readonly PolicyMessage[] = [];
  #logged: ReadonlySet<string> = new Set();

  constructor(logger: Logger, message: string) {
    this.#logger = logger;
    this.#message = message;
  }

  /** Logs the messages that were not in the last list. */
  log(messages: readonly PolicyMessage[]): void {
    if (messages === this.#last) return;
    this.#last = messages;
    const texts = new Set<string>();
    for (const { namespace, name, message } of messages) {
      const text = `${namespace}/${name} ${message}`;
      if (!this.#logged.has(text) && !texts.has(text))
        this.#logger.warn({ policy: `${namespace}/${name}`, reason: message }, this.#message);
      texts.add(text);
    }
    this.#logged = texts;
  }
}
