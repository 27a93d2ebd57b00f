/**
 * Whether a node is online, from probes of its gateway address. A probe that is not answered at once is followed by
 * more; a silence that goes on means offline, three answers in a row mean online again. How long a silence may be depends
 * on the node: one that fell silent for a moment and came back, as a machine that is paused does, is given more time for
 * some weeks. Times are milliseconds of a monotonic clock. A probe counts as unanswered from when it is sent until something
 * answers.
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
  /** When the silence began for which it was called offline; undefined if it answered since, or was not. */
  readonly downSince: number | undefined;
  /** The silence that it is given more time for, and when that ended; undefined if there was none. */
  readonly pause: { readonly length: number; readonly at: number } | undefined;
}

/** All times derive from the interval between two probes. */
export interface Timing {
  /** The longest time between two probes of a node that is in use, unless there are too many. */
  readonly interval: number;
  /** The shortest time between two probes of a node that answers. */
  readonly spacing: number;
  /** Time between two probes of a node that does not answer, and how long the first may be unanswered until then. */
  readonly retry: number;
  /** Silence after which a node counts as offline. */
  readonly patience: number;
  /** The same for a node that was silent before for a good part of that, and came back. */
  readonly longPatience: number;
  /** Silence of all nodes after which this process may have been the one that was cut off. */
  readonly gap: number;
}

/** Fewer unanswered probes than this never make a node offline, since this process may have been suspended. */
const fewestUnanswered = 4;
const answersToReturn = 3;
/** A node may be silent this many times as long as it was silent before. */
const pausesAllowed = 3;
/** Milliseconds after which half of a pause is forgotten. */
const halfForgotten = 7 * 86_400_000;

/** A node about which nothing is known. */
export const unknownHealth: Health = {
  verdict: 'unknown',
  isNotReady: false,
  silentSince: undefined,
  unanswered: 0,
  answers: 0,
  downSince: undefined,
  pause: undefined,
};

/** The times for a probe interval in milliseconds. */
export function timingOf(interval: number): Timing {
  return {
    interval,
    spacing: interval / 4,
    retry: interval / 8,
    patience: interval * 1.15,
    longPatience: interval * 2.25,
    gap: interval * 0.75,
  };
}

/** How long the node may be silent now. */
export function patienceFor({ pause }: Health, now: number, { patience, longPatience }: Timing): number {
  if (pause === undefined) return patience;
  const remembered = pause.length * 2 ** ((pause.at - now) / halfForgotten);
  return Math.min(longPatience, Math.max(patience, remembered * pausesAllowed));
}

/** Whether a further probe is due: the first one has been unanswered long enough, and the node is not offline yet. */
export function isRetryDue({ verdict, silentSince }: Health, now: number, timing: Timing): boolean {
  return verdict !== 'offline' && silentSince !== undefined && now - silentSince >= timing.retry * 0.9;
}

/** A probe is being sent. If one of an offline node is unanswered, the count of answers starts again. */
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

/**
 * What is remembered of the silence that an answer ends: nothing if it was too long for any patience, or if nobody else
 * was heard well after it began.
 */
function pauseAfter(health: Health, now: number, timing: Timing, heardAny: number): Health['pause'] {
  const since = health.verdict === 'offline' ? health.downSince : health.silentSince;
  if (since === undefined || health.isNotReady) return health.pause;
  const length = now - since;
  if (length > timing.longPatience + timing.interval || heardAny < since + length / 2) return health.pause;
  const after = { ...health, pause: { length, at: now } };
  return patienceFor(after, now, timing) > patienceFor(health, now, timing) ? after.pause : health.pause;
}

/** The node answered: it accepted or refused a connection. `heardAny` is when another one last did before. */
export function answered(health: Health, now: number, timing: Timing, heardAny: number): Health {
  const pause = pauseAfter(health, now, timing, heardAny);
  const heard = { ...health, silentSince: undefined, unanswered: 0, downSince: undefined, pause };
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
  if (now - silentSince < patienceFor(health, now, timing) * 0.99 || unanswered < fewestUnanswered) return health;
  if (heardAny < silentSince + timing.interval / 2) return health;
  return { ...health, verdict: 'offline', answers: 0, downSince: silentSince };
}

/** The Node's readiness changed. Ready False means offline at once; after it ends, the node must answer again. */
export function withReadiness(health: Health, isNotReady: boolean): Health {
  if (health.isNotReady === isNotReady) return health;
  const next = { ...health, isNotReady, answers: 0, downSince: undefined };
  return isNotReady ? { ...next, verdict: 'offline' } : next;
}

/** How much is probed. */
export interface ProbeLoad {
  /** Nodes that are in use. */
  readonly used: number;
  /** Others. */
  readonly others: number;
  /** The most probes a second. */
  readonly limit: number;
}

/** Milliseconds between two probes of a node that answers. */
export interface Spacings {
  readonly used: number;
  readonly others: number;
}

/**
 * Spreads what the limit allows: eight tenths for nodes in use, a tenth for others, and the rest for those that do not
 * answer. If nodes in use are more than it allows, the time between their probes is longer than the interval.
 */
export function spacingsFor({ used, others, limit }: ProbeLoad, { interval, spacing }: Timing): Spacings {
  return {
    used: Math.max(spacing, (used * 1_000) / (limit * 0.8)),
    others: Math.max(interval, (others * 1_000) / (limit * 0.1)),
  };
}
