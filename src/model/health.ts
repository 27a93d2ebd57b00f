/**
 * Whether a node is online, from probes of its gateway address (spec: health). Time is in milliseconds of a clock that
 * only goes forward. A probe counts as unanswered from the moment it is sent until something answers.
 */

/** What is known of one node. */
export interface Health {
  /** `unknown`: nothing has answered yet, and not enough time has passed to call it offline. */
  readonly verdict: 'unknown' | 'online' | 'offline';
  /** Its Node says Ready False: offline whatever answers. */
  readonly isNotReady: boolean;
  /** When the first of the probes that nothing answered was sent; undefined when the last was answered. */
  readonly silentSince: number | undefined;
  /** How many were sent since then, that one included. */
  readonly unanswered: number;
  /** Answers in a row since it was called offline. */
  readonly answers: number;
}

/** All times follow from the interval between two probes. */
export interface Timing {
  /** Between two probes of a node that answers. */
  readonly interval: number;
  /** Between two probes of a burst, and how long a probe may be unanswered before the burst begins. */
  readonly burst: number;
  /** Silence after which a node is offline. */
  readonly patience: number;
  /** Silence of all nodes after which it may have been this process that was cut off. */
  readonly gap: number;
}

/** Fewer unanswered probes than this never make a node offline: this process may have slept meanwhile. */
const fewestUnanswered = 4;
const answersToReturn = 3;

/** A node of which nothing is known. */
export const unknownHealth: Health = {
  verdict: 'unknown',
  isNotReady: false,
  silentSince: undefined,
  unanswered: 0,
  answers: 0,
};

/** The times for a probe interval in milliseconds. */
export function timingOf(interval: number): Timing {
  return { interval, burst: interval / 4, patience: interval * 1.5, gap: interval * 1.25 };
}

/** Whether a probe is due beside the regular ones: the last is unanswered for long enough, and the node not yet given up. */
export function isBurstDue({ verdict, silentSince }: Health, now: number, timing: Timing): boolean {
  return verdict !== 'offline' && silentSince !== undefined && now - silentSince >= timing.burst * 0.9;
}

/** A probe is sent now. To an offline node one goes out each interval, and one unanswered begins the count of answers anew. */
export function probed(health: Health, now: number): Health {
  if (health.verdict === 'offline') {
    const answers = health.silentSince === undefined ? health.answers : 0;
    return { ...health, silentSince: now, unanswered: 1, answers };
  }
  return { ...health, silentSince: health.silentSince ?? now, unanswered: health.unanswered + 1 };
}

/** Nothing was heard of anybody for a while, and now of another node: this one's silence counts from now on. */
export function heardAgain(health: Health, now: number): Health {
  if (health.verdict === 'offline' || health.silentSince === undefined) return health;
  return { ...health, silentSince: now, unanswered: 0 };
}

/** Something answered: a connection, or its refusal. */
export function answered(health: Health): Health {
  const heard = { ...health, silentSince: undefined, unanswered: 0 };
  if (health.isNotReady) return heard;
  if (health.verdict !== 'offline') return { ...heard, verdict: 'online' };
  const answers = health.answers + 1;
  return answers < answersToReturn ? { ...heard, answers } : { ...heard, verdict: 'online', answers: 0 };
}

/**
 * What the silence means now. `heardAny`: when any node answered last. A node is offline only if another one answered
 * well after its silence began, for else it is this process that is cut off.
 */
export function judged(health: Health, now: number, timing: Timing, heardAny: number): Health {
  const { verdict, silentSince, unanswered } = health;
  if (verdict === 'offline' || silentSince === undefined) return health;
  if (now - silentSince < timing.patience * 0.99 || unanswered < fewestUnanswered) return health;
  if (heardAny < silentSince + timing.interval / 2) return health;
  return { ...health, verdict: 'offline', answers: 0 };
}

/** The Node says Ready False, or no longer: the first is offline at once, after the second it has to answer again. */
export function withReadiness(health: Health, isNotReady: boolean): Health {
  if (health.isNotReady === isNotReady) return health;
  return isNotReady ? { ...health, isNotReady, verdict: 'offline', answers: 0 } : { ...health, isNotReady, answers: 0 };
}
