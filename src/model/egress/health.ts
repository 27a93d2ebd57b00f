/**
 * Whether a node is online, from probes of its gateway address: silence for one and a half intervals means offline,
 * three answers in a row mean online again. Times are milliseconds of a monotonic clock. A probe counts as unanswered
 * from when it is sent until something answers.
 */

/** What is known about one node. */
export interface Health {
  /** `unknown`: nothing has answered yet, and too little time has passed to call the node offline. */
  readonly verdict: 'unknown' | 'online' | 'offline';
  /** Its Node has Ready False: offline, whatever answers. */
  readonly isNotReady: boolean;
  /** When the first unanswered probe was sent; undefined if the last probe was answered. */
  readonly silentSince: number | undefined;
  /** How many probes were sent since then, including that one. */
  readonly unanswered: number;
  /** Answers in a row since it was called offline. */
  readonly answers: number;
}

/** All times derive from the interval between two probes. */
export interface Timing {
  /** Time between two probes of a node that answers. */
  readonly interval: number;
  /** Time between two probes of a burst, and how long a probe may be unanswered before the burst begins. */
  readonly burst: number;
  /** Silence after which a node counts as offline. */
  readonly patience: number;
  /** Silence of all nodes after which this process may have been the one that was cut off. */
  readonly gap: number;
}

/** Fewer unanswered probes than this never make a node offline, since this process may have been suspended. */
const fewestUnanswered = 4;
const answersToReturn = 3;

/** A node about which nothing is known. */
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

/** Whether an extra probe is due: the last one has been unanswered long enough, and the node is not offline yet. */
export function isBurstDue({ verdict, silentSince }: Health, now: number, timing: Timing): boolean {
  return verdict !== 'offline' && silentSince !== undefined && now - silentSince >= timing.burst * 0.9;
}

/**
 * A probe is being sent. Offline nodes get one per interval; if one is unanswered, the count of answers starts again.
 */
export function probed(health: Health, now: number): Health {
  if (health.verdict === 'offline') {
    const answers = health.silentSince === undefined ? health.answers : 0;
    return { ...health, silentSince: now, unanswered: 1, answers };
  }
  return { ...health, silentSince: health.silentSince ?? now, unanswered: health.unanswered + 1 };
}

/** No node answered for a while, and now another one did: the silence of this node counts from now on. */
export function heardAgain(health: Health, now: number): Health {
  if (health.verdict === 'offline' || health.silentSince === undefined) return health;
  return { ...health, silentSince: now, unanswered: 0 };
}

/** The node answered: it accepted or refused a connection. */
export function answered(health: Health): Health {
  const heard = { ...health, silentSince: undefined, unanswered: 0 };
  if (health.isNotReady) return heard;
  if (health.verdict !== 'offline') return { ...heard, verdict: 'online' };
  const answers = health.answers + 1;
  return answers < answersToReturn ? { ...heard, answers } : { ...heard, verdict: 'online', answers: 0 };
}

/**
 * Judges the silence so far. `heardAny` is when any node last answered. A node is offline only if another one answered
 * well after its silence began; otherwise this process is the one that is cut off.
 */
export function judged(health: Health, now: number, timing: Timing, heardAny: number): Health {
  const { verdict, silentSince, unanswered } = health;
  if (verdict === 'offline' || silentSince === undefined) return health;
  if (now - silentSince < timing.patience * 0.99 || unanswered < fewestUnanswered) return health;
  if (heardAny < silentSince + timing.interval / 2) return health;
  return { ...health, verdict: 'offline', answers: 0 };
}

/** The Node's readiness changed. Ready False means offline at once; after it ends, the node must answer again. */
export function withReadiness(health: Health, isNotReady: boolean): Health {
  if (health.isNotReady === isNotReady) return health;
  return isNotReady ? { ...health, isNotReady, verdict: 'offline', answers: 0 } : { ...health, isNotReady, answers: 0 };
}
