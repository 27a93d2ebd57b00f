/**
 * How often a rule of model/egress/health.ts calls a node offline that is not dead, by simulation: the pauses of a year,
 * one by one, each probed as the monitor would. Another node always answers, so no pause is this process's own.
 */
import {
  answered,
  type Health,
  isRetryDue,
  judged,
  probed,
  type Timing,
  timingOf,
  unknownHealth,
} from '../src/model/egress/health.ts';

/** Where pauses come from. Lengths are log-normal, in milliseconds. */
export interface Cause {
  readonly name: string;
  /** Pauses of a node in a year. */
  readonly yearly: number;
  readonly median: number;
  /** Of the logarithm. */
  readonly sigma: number;
  /** Share of probes that are lost while there is no pause. */
  readonly loss: number;
  readonly source: string;
}

/**
 * Assumptions, each from what its source says of the usual length; the spread is ours, wide enough for the long ones that
 * are told of.
 */
export const causes: readonly Cause[] = [
  {
    name: 'live migration of a virtual machine',
    yearly: 26,
    median: 100,
    sigma: 0.8,
    loss: 0.0001,
    source: 'QEMU aims at a downtime of at most 300 ms (downtime-limit), vMotion at less than a second',
  },
  {
    name: 'nightly snapshot of a virtual machine',
    yearly: 365,
    median: 400,
    sigma: 0.7,
    loss: 0.0001,
    source: 'stun times of snapshots: some hundred milliseconds, seconds on busy storage',
  },
  {
    name: 'overcommitted host',
    yearly: 5_000,
    median: 120,
    sigma: 0.9,
    loss: 0.0001,
    source: 'an assumption: a host that gives a machine no time for 0.1 to 3 s, many times a day',
  },
  {
    name: 'link or route that fails over',
    yearly: 12,
    median: 200,
    sigma: 0.8,
    loss: 0.0001,
    source: 'bonds look every 100 ms (miimon), RSTP and fast rerouting take less than a second',
  },
  {
    name: 'overloaded path, a probe in 20 is lost',
    yearly: 1_000,
    median: 80,
    sigma: 0.8,
    loss: 0.05,
    source: 'bursts of loss of some round-trip times',
  },
];

/** What the agent did before: a probe each interval, four in a burst, one and a half intervals for everybody. */
export function timingBefore(interval: number): Timing {
  const patience = interval * 1.5;
  const [spacing, retry] = [interval, interval / 4];
  return { interval, spacing, retry, patience, longPatience: patience, gap: interval * 1.25 };
}

export const timings = { before: timingBefore, now: timingOf } as const;

/** A random number from 0 to 1, the same sequence for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function lengthOf({ median, sigma }: Cause, random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return median * Math.exp(sigma * normal);
}

interface Outage {
  /** When it begins and how long it lasts. */
  readonly from: number;
  readonly length: number;
  /** How far the time between two probes has passed when it begins, from 0 to 1. */
  readonly phase: number;
  readonly isLost: () => boolean;
}

/** Milliseconds that an answer takes. */
const roundTrip = 1;

/** Probes a node through an outage, as the monitor does; tells when it was called offline, and what is known afterwards. */
export function throughOutage(
  before: Health,
  { from, length, phase, isLost }: Outage,
  { timing, pace }: { readonly timing: Timing; readonly pace: number },
): { readonly offlineAt: number | undefined; readonly health: Health } {
  let health = before;
  let offlineAt: number | undefined;
  const start = from - phase * timing.spacing;
  let [dueAt, askedAt] = [start, -Infinity];
  for (let now = start; now < from + length + 5 * timing.interval; now += pace) {
    health = judged(health, now, timing, now);
    if (health.verdict === 'offline') offlineAt ??= now;
    const isDue = dueAt <= now;
    const isRetry = isRetryDue(health, now, timing) && now - askedAt >= timing.retry * 0.9;
    if (!isDue && !isRetry) continue;
    if (isDue) dueAt += health.verdict === 'offline' ? timing.interval : timing.spacing;
    health = probed(health, now);
    askedAt = now;
    if ((now < from || now >= from + length) && !isLost())
      health = answered(health, now + roundTrip, timing, now + roundTrip);
    if (now > from + length && health.verdict === 'online' && health.silentSince === undefined) break;
  }
  return { offlineAt, health };
}

const year = 365 * 86_400_000;

/** False alarms of a node in a year by its pauses, over so many years. */
export function alarmsByPauses(
  cause: Cause,
  timing: Timing,
  pace: number,
  { years, seed }: { years: number; seed: number },
): number {
  const random = randomFrom(seed);
  let health: Health = { ...unknownHealth, verdict: 'online' };
  let alarms = 0;
  let at = 0;
  for (let count = 0; count < cause.yearly * years; count += 1) {
    at += (-Math.log(1 - random()) * year) / cause.yearly;
    const length = lengthOf(cause, random);
    if (length < timing.retry) continue; // no rule sees more of it than one late answer
    const isLost = (): boolean => random() < cause.loss;
    const through = throughOutage(health, { from: at, length, phase: random(), isLost }, { timing, pace });
    alarms += through.offlineAt === undefined ? 0 : 1;
    health = { ...through.health, verdict: 'online', silentSince: undefined, unanswered: 0, answers: 0 };
  }
  return alarms / years;
}

/** The same by single losses, each of its own: all probes of a silence would have to be lost. */
export function alarmsByLoss(loss: number, { spacing, retry, patience }: Timing): number {
  const probes = Math.max(4, Math.floor((patience * 0.99) / retry) + (patience % retry === 0 ? 0 : 1));
  return (year / spacing) * loss ** probes;
}

/** Milliseconds from a death until the node is called offline, at so many moments of the schedule. */
export function timesToNotice(
  timing: Timing,
  pace: number,
  { count, seed }: { count: number; seed: number },
): number[] {
  const random = randomFrom(seed);
  const health: Health = { ...unknownHealth, verdict: 'online' };
  const times = Array.from({ length: count }, () => {
    const outage = { from: 0, length: 20 * timing.interval, phase: random(), isLost: () => false };
    return throughOutage(health, outage, { timing, pace }).offlineAt ?? Infinity;
  });
  return times.sort((a, b) => a - b);
}
