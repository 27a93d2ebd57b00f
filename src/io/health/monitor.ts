/**
 * Probes a set of nodes concurrently, and reports when one goes offline or comes back. The rules are in
 * model/egress/health.ts.
 */
import {
  answered,
  type Health,
  heardAgain,
  isRetryDue,
  judged,
  probed,
  type Spacings,
  spacingsFor,
  type Timing,
  timingOf,
  unknownHealth,
  withReadiness,
} from '../../model/egress/health.ts';
import type { Ip } from '../../model/values/address.ts';
import { ProbeBudget } from './budget.ts';
import type { Probe } from './probe.ts';

/** A node to watch: its key, and the address to probe. */
export interface Probed {
  readonly key: string;
  readonly ip: Ip;
  /** Nobody needs its verdict at once: it is probed after the others. */
  readonly isSpare?: boolean;
  /** It gets no verdict, and is spare: its answers only show that this process is not cut off. */
  readonly isWitness?: boolean;
}

/** With fewer targets than this, other nodes are watched as witnesses. */
export const enoughWatched = 4;

/** The targets and, if they are few, the first others as witnesses. */
export function withWitnesses(targets: readonly Probed[], others: readonly Probed[]): readonly Probed[] {
  if (targets.length === 0) return [];
  const witnesses = others.slice(0, Math.max(0, enoughWatched - targets.length));
  return [...targets, ...witnesses.map((one) => ({ ...one, isWitness: true }))];
}

export type HealthVerdict = Health['verdict'];

export interface HealthOptions {
  /** Milliseconds between two probes; 0 disables probes, and a node is online unless its Node has Ready False. */
  readonly interval: number;
  /** The most probes in any second, whatever is watched. */
  readonly limit: number;
  readonly probe: Probe;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Called on every change of a verdict, also with `unknown` for a new node. */
  readonly onVerdict: (key: string, verdict: HealthVerdict) => void;
  /** Called when all nodes stop answering, and when that ends. In between no node is called offline. */
  readonly onIsolated: (isolated: boolean) => void;
  /** The addresses of this host; answers from them say nothing about the network. Empty by default. */
  readonly ownAddresses?: () => ReadonlySet<string>;
}

interface Watched {
  readonly ip: Ip;
  readonly isWitness: boolean;
  isSpare: boolean;
  health: Health;
  /** When the next probe is due if it answers until then; at once for a new one. */
  dueAt: number;
  hasTurn: boolean;
  /** When it was last probed. */
  askedAt: number;
  /** Functions that end the pending probes. */
  readonly underWay: Set<() => void>;
}

/** The most pending probes of one node; for the next one the oldest is canceled. */
const mostUnderWay = 12;
/** Successive multiples of this, modulo 1, are spread evenly however many there are. */
const goldenRatio = 0.618_034;

/** `setTargets` sets the watched nodes; `run` probes until its signal aborts. */
export class HealthMonitor {
  readonly #options: HealthOptions;
  readonly #timing: Timing;
  readonly #watched = new Map<string, Watched>();
  readonly #notReady = new Set<string>();
  #own: ReadonlySet<string> = new Set();
  #heardAny: number;
  #isIsolated = false;
  #isRunning = false;
  readonly #budget: ProbeBudget;
  /** A part of the budget: those that are silent must not keep the others from being asked. */
  readonly #retries: ProbeBudget;
  #sent = 0;
  #spacings: Spacings;
  #turn = 0;
  /** When it last looked at all nodes. */
  #awakeAt: number;
  /** When another node was last heard, as of the last look. */
  #heardEarlier: number;
  #ownReadAt = -Infinity;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#timing = timingOf(options.interval);
    this.#budget = new ProbeBudget(options.limit);
    this.#retries = new ProbeBudget(options.limit / 2);
    this.#spacings = spacingsFor({ used: 0, others: 0, limit: options.limit }, this.#timing);
    this.#heardAny = options.now();
    this.#heardEarlier = this.#heardAny;
    this.#awakeAt = this.#heardAny;
  }

  /** Watches exactly these targets. A new one is probed at once; one with a changed address counts as new. */
  setTargets(targets: readonly Probed[]): void {
    const wanted = new Map(targets.map((target) => [target.key, target]));
    for (const [key, watched] of this.#watched) {
      const target = wanted.get(key);
      if (target?.ip === watched.ip && (target.isWitness ?? false) === watched.isWitness) {
        watched.isSpare = isSpare(target);
        continue;
      }
      endProbes(watched);
      this.#watched.delete(key);
    }
    for (const target of targets) if (!this.#watched.has(target.key)) this.#watch(target);
    const others = targets.filter(isSpare).length;
    const { limit } = this.#options;
    this.#spacings = spacingsFor({ used: targets.length - others, others, limit }, this.#timing);
  }

  /** How many probes were sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Milliseconds between two probes of a node that is in use and answers; 0 if none are sent. */
  get spacing(): number {
    return this.#options.interval === 0 ? 0 : this.#spacings.used;
  }

  /** Sets the keys of Nodes with Ready False, watched or not. */
  setNotReady(keys: ReadonlySet<string>): void {
    const changed = [...keys]
      .filter((key) => !this.#notReady.has(key))
      .concat([...this.#notReady].filter((key) => !keys.has(key)));
    this.#notReady.clear();
    for (const key of keys) this.#notReady.add(key);
    for (const key of changed) {
      const watched = this.#watched.get(key);
      if (watched === undefined) continue;
      const { health } = watched;
      const next = withReadiness(health, keys.has(key));
      this.#set(key, watched, this.#options.interval === 0 && !next.isNotReady ? { ...next, verdict: 'online' } : next);
    }
  }

  /** The verdict on the node; undefined if it is not watched. */
  verdictOf(key: string): HealthVerdict | undefined {
    const watched = this.#watched.get(key);
    return watched === undefined || watched.isWitness ? undefined : watched.health.verdict;
  }

  /** The verdict on each watched node, without witnesses. */
  verdicts(): ReadonlyMap<string, HealthVerdict> {
    return new Map(
      [...this.#watched].flatMap(([key, { isWitness, health }]) => (isWitness ? [] : [[key, health.verdict]])),
    );
  }

  /** Whether every watched node has a verdict, online or offline. */
  isSettled(): boolean {
    for (const verdict of this.verdicts().values()) if (verdict === 'unknown') return false;
    return true;
  }

  /** Probes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { interval } = this.#options;
    if (interval === 0 || signal.aborted) return;
    this.#isRunning = true;
    this.#heardAny = this.#options.now();
    this.#awakeAt = this.#heardAny;
    const pace = this.#timing.retry / 4;
    await new Promise<void>((resolve) => {
      let timer = setTimeout(() => undefined, 0);
      const began = this.#options.now();
      let ticks = 0;
      const next = (): void => {
        const elapsed = this.#options.now() - began;
        ticks = Math.max(ticks + 1, Math.floor(elapsed / pace));
        timer = setTimeout(tick, Math.max(1, ticks * pace - elapsed));
      };
      // judge after reading the answers that have arrived, so that a process that was suspended is fair
      const tick = (): void => {
        setImmediate(() => {
          if (signal.aborted) return;
          this.#tick();
          next();
        });
      };
      signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
      tick();
    });
    this.#isRunning = false;
    for (const watched of this.#watched.values()) endProbes(watched);
  }

  #watch(target: Probed): void {
    const { key, ip, isWitness = false } = target;
    const first = withReadiness(unknownHealth, this.#notReady.has(key));
    const health: Health = this.#options.interval === 0 && !first.isNotReady ? { ...first, verdict: 'online' } : first;
    const about = { ip, isWitness, isSpare: isSpare(target), health, hasTurn: false };
    const watched: Watched = { ...about, dueAt: this.#options.now(), askedAt: -Infinity, underWay: new Set() };
    this.#watched.set(key, watched);
    if (!isWitness) this.#options.onVerdict(key, health.verdict);
    if (this.#isRunning) this.#sendIfDue(key, watched, watched.dueAt);
  }

  #tick(): void {
    const now = this.#options.now();
    this.#awakeAt = now;
    if (now - this.#ownReadAt >= this.#timing.interval) {
      this.#own = this.#options.ownAddresses?.() ?? this.#own;
      this.#ownReadAt = now;
    }
    for (const [key, watched] of this.#watched)
      this.#set(key, watched, judged(watched.health, now, this.#timing, this.#heardAny));
    this.#judgeIsolation(now);
    this.#probe(now);
    this.#heardEarlier = this.#heardAny;
  }

  /** Sends what is due, as far as the limit allows: to those that are silent first, then to those in use. */
  #probe(now: number): void {
    const isSilent = ({ health }: Watched): boolean => isRetryDue(health, now, this.#timing);
    const silent = this.#isIsolated ? [] : [...this.#watched].filter(([, watched]) => isSilent(watched));
    if (silent.length > 0) this.#askOthers(now);
    const due = [...this.#watched].filter(([, watched]) => watched.dueAt <= now);
    due.sort(([, one], [, other]) => bySpare(one, other) || one.dueAt - other.dueAt);
    silent.sort(([, one], [, other]) => bySpare(one, other) || one.askedAt - other.askedAt);
    for (const [key, watched] of silent)
      if (now - watched.askedAt >= this.#timing.retry * 0.9 && this.#retries.take(now)) this.#send(key, watched);
    for (const [key, watched] of due) if (!this.#sendIfDue(key, watched, now)) return;
  }

  /** Somebody is silent: whether anybody else answers must be known soon. */
  #askOthers(now: number): void {
    for (const watched of this.#watched.values())
      if (watched.isSpare && watched.health.verdict !== 'offline')
        watched.dueAt = Math.min(watched.dueAt, Math.max(now, watched.askedAt + this.#timing.spacing));
  }

  #judgeIsolation(now: number): void {
    const others = [...this.#watched.values()].filter(({ ip }) => !this.#own.has(ip));
    const areAllSilent =
      others.length > 0 &&
      others.every(({ health }) => health.silentSince !== undefined || health.verdict === 'offline');
    this.#reportIsolated(areAllSilent && now - this.#heardAny >= this.#timing.patience);
  }

  #reportIsolated(isIsolated: boolean): void {
    if (this.#isIsolated === isIsolated) return;
    this.#isIsolated = isIsolated;
    this.#options.onIsolated(isIsolated);
  }

  /** Sends the probe that is due, unless a retry was sent a moment ago; false if the limit does not allow it. */
  #sendIfDue(key: string, watched: Watched, now: number): boolean {
    if (watched.dueAt > now) return true;
    if (now - watched.askedAt >= this.#timing.retry * 0.9 && !this.#send(key, watched)) return false;
    const isOffline = watched.health.verdict === 'offline';
    const spacing = Math.max(
      watched.isSpare ? this.#spacings.others : this.#spacings.used,
      isOffline ? this.#timing.interval : 0,
    );
    // those that are watched from one moment on must not be probed at one moment for ever
    this.#turn = (this.#turn + goldenRatio) % 1;
    const first = now + spacing * (1 - this.#turn / 2);
    watched.dueAt = watched.hasTurn ? Math.max(watched.dueAt + spacing, now + spacing / 2) : first;
    watched.hasTurn = true;
    return true;
  }

  /** Sends a probe; false if the limit does not allow it. */
  #send(key: string, watched: Watched): boolean {
    const now = this.#options.now();
    if (!this.#budget.take(now)) return false;
    this.#sent += 1;
    if (watched.health.verdict === 'offline') endProbes(watched);
    watched.health = probed(watched.health, now);
    watched.askedAt = now;
    const end = this.#options.probe(watched.ip, (isAnswered) => {
      if (!watched.underWay.delete(end) || !isAnswered || this.#watched.get(key) !== watched) return;
      endProbes(watched);
      this.#answered(key, watched);
    });
    watched.underWay.add(end);
    const [oldest] = watched.underWay;
    if (watched.underWay.size <= mostUnderWay || oldest === undefined) return true;
    watched.underWay.delete(oldest);
    oldest();
    return true;
  }

  #answered(key: string, watched: Watched): void {
    const now = this.#options.now();
    // an answer that waited for this process says nothing about how long the node was silent
    const heardEarlier = now - this.#awakeAt < this.#timing.retry ? this.#heardEarlier : -Infinity;
    if (!this.#own.has(watched.ip)) this.#hear(now);
    this.#set(key, watched, answered(watched.health, now, this.#timing, heardEarlier));
  }

  /**
   * Another node answered. If it is the first after none did, nodes that fell silent in that time are not judged by it.
   */
  #hear(now: number): void {
    const before = this.#heardAny;
    if (now - before >= this.#timing.gap) {
      const since = before - this.#timing.interval / 2;
      for (const watched of this.#watched.values())
        if ((watched.health.silentSince ?? now) >= since) watched.health = heardAgain(watched.health, now);
    }
    this.#heardAny = now;
    this.#reportIsolated(false);
  }

  #set(key: string, watched: Watched, health: Health): void {
    const before = watched.health.verdict;
    watched.health = health;
    if (health.verdict === before) return;
    if (health.verdict === 'offline') endProbes(watched);
    if (!watched.isWitness) this.#options.onVerdict(key, health.verdict);
  }
}

function bySpare(one: Watched, other: Watched): number {
  return Number(one.isSpare) - Number(other.isSpare);
}

function isSpare({ isSpare: spare = false, isWitness = false }: Probed): boolean {
  return spare || isWitness;
}

function endProbes(watched: Watched): void {
  for (const end of watched.underWay) end();
  watched.underWay.clear();
}
