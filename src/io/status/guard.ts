/** Asks who may read metrics, and remembers the answers for a while: a number of them, and none that failed. */
import { createHash } from 'node:crypto';
import { bearerToken, type Verdict } from './reviews.ts';

type Answer = Exclude<Verdict, 'unknown'>;

export interface GuardOptions {
  /** Asks for one token; rejects if there is no answer. */
  readonly ask: (token: string) => Promise<Answer>;
  /** Is told why there was no answer, once until there is one again. */
  readonly onFailure: (reason: string) => void;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

/** How long an answer holds, in milliseconds. */
const lifetime = 10_000;
/** How many answers are remembered; the oldest go first. */
const mostAnswers = 1_000;
/** How many tokens are asked about at a time; whoever comes then gets no answer. */
const mostAsked = 16;

export class Guard {
  readonly #options: GuardOptions;
  readonly #answers = new Map<string, { readonly answer: Answer; readonly until: number }>();
  readonly #asked = new Map<string, Promise<Verdict>>();
  #isFailing = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** What becomes of a request with this Authorization header. */
  async verdict(header: string | undefined): Promise<Verdict> {
    const token = bearerToken(header);
    if (token === undefined) return 'unauthenticated';
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#answers.get(key);
    if (known !== undefined && this.#options.now() < known.until) return known.answer;
    const running = this.#asked.get(key);
    if (running !== undefined) return running;
    if (this.#asked.size >= mostAsked) return 'unknown';
    const asked = this.#ask(key, token).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  async #ask(key: string, token: string): Promise<Verdict> {
    try {
      const answer = await this.#options.ask(token);
      this.#isFailing = false;
      this.#remember(key, answer);
      return answer;
    } catch (error) {
      if (!this.#isFailing) this.#options.onFailure(error instanceof Error ? error.message : String(error));
      this.#isFailing = true;
      return 'unknown';
    }
  }

  #remember(key: string, answer: Answer): void {
    this.#answers.delete(key);
    this.#answers.set(key, { answer, until: this.#options.now() + lifetime });
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined && this.#answers.size > mostAnswers) this.#answers.delete(oldest);
  }
}
