/** What a procedure consists of. */
import type { Answer } from './answer.ts';
import type { Facts } from './facts.ts';

export interface Stage {
  /** One word, unique in its procedure. */
  readonly name: string;
  /** What is reached when it is done. */
  readonly title: string;
  readonly done: (facts: Facts) => Answer;
  /** The one command that leads on, if it is not done; undefined if there is nothing to do but to wait. */
  readonly command: (facts: Facts) => string | undefined;
  /** What must be known before the command, as traps of the release. */
  readonly notes?: (facts: Facts) => readonly string[];
  /** Whether it cannot be done unless all before it were: only then may what cannot be read be passed over. */
  readonly isProof?: boolean;
}

/** The stages of a procedure, in order. */
export interface Procedure {
  readonly name: 'offline' | 'live' | 'back' | 'live-back' | 'cancel';
  readonly title: string;
  /** The flags of the guide that select it. */
  readonly flags: readonly string[];
  readonly stages: readonly Stage[];
}
