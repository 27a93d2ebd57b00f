/**
 * Probes a set of nodes concurrently, and reports when one goes offline or comes back. The rules are in
 * model/egress/health.ts.
 */
import sortBy from 'lodash/sortBy.js';
import {
  answered,
  type Health,
  heardAgain,
  isBurstDue,
  judged,
  probed,
  type Timing,
  timingOf,
  unknownHealth,
  withReadiness,
} from '../../model/egress/health.ts';
import type { Ip } from '../../model/values/address.ts';
import type { Probe } from './probe.ts';

/** A node to watch: its key, and the address to probe. */
export interface Probed {
  readonly key: string;
  readonly ip: Ip;
  /** It gets no verdict: its answers only show that this process is not cut off. */
  readonly isWitness?: boolean;
}

/** With fewer targets than this, other nodes are watched as witnesses. */
const enough = 4;

/** The targets and, if they are few, the first others by key as witnesses. */
export function withWitnesses(targets: readonly Probed[], others: readonly Probed[]): readonly Probed[] {
  if (targets.length === 0) return [];
  const witnesses = sortBy(others, ({ key }) => key).slice(0, Math.max(0, enough - targets.length));
  return [...targets, ...witnesses.map((one) => ({ ...one, isWitness: true }))];
}

export type HealthVerdict = Health['verdict'];

export interface HealthOptions {
  /** Milliseconds between two probes; 0 disables probes, and a node is online unless its Node has Ready False. */
  readonly interval: number;
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
  health: Health;
  /** When it last answered; infinitely late until it first does. */
  heardAt: number;
  /** Functions that end the pending probes. */
  readonly underWay: Set<() => void>;
}

/** The most pending probes of one node; for the next one the oldest is canceled. */
const mostUnderWay = 8;

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
  #round = 0;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#timing = timingOf(options.interval);
    this.#heardAny = options.now();
  }

  /** Watches exactly these targets. A new one is probed at once; one with a changed address counts as new. */
  setTargets(targets: readonly Probed[]): void {
    const wanted = new Map(targets.map((target) => [target.key, target]));
    for (const [key, watched] of this.#watched) {
      const target = wanted.get(key);
      if (target?.ip === watched.ip && (target.isWitness ?? false) === watched.isWitness) continue;
      endProbes(watched);
      this.#watched.delete(key);
    }
    for (const target of targets) if (!this.#watched.has(target.key)) this.#watch(target);
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
    await new Promise<void>((resolve) => {
      let timer = setTimeout(() => undefined, 0);
      const began = this.#options.now();
      let ticks = 0;
      const next = (): void => {
        const elapsed = this.#options.now() - began;
        ticks = Math.max(ticks + 1, Math.floor(elapsed / this.#timing.burst));
        timer = setTimeout(tick, Math.max(1, ticks * this.#timing.burst - elapsed));
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

  #watch({ key, ip, isWitness = false }: Probed): void {
    const first = withReadiness(unknownHealth, this.#notReady.has(key));
    const health: Health = this.#options.interval === 0 && !first.isNotReady ? { ...first, verdict: 'online' } : first;
    const watched: Watched = { ip, isWitness, health, heardAt: Infinity, underWay: new Set() };
    this.#watched.set(key, watched);
    if (!isWitness) this.#options.onVerdict(key, health.verdict);
    if (this.#isRunning) this.#send(key, watched);
  }

  #tick(): void {
    const now = this.#options.now();
    const isRegular = this.#round % 4 === 0;
    this.#round += 1;
    if (isRegular) this.#own = this.#options.ownAddresses?.() ?? this.#own;
    for (const [key, watched] of this.#watched) {
      this.#set(key, watched, judged(watched.health, now, this.#timing, this.#heardAny));
      if (isRegular || (!this.#isIsolated && isBurstDue(watched.health, now, this.#timing))) this.#send(key, watched);
    }
    this.#judgeIsolation(now);
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

  #send(key: string, watched: Watched): void {
    if (watched.health.verdict === 'offline') endProbes(watched);
    watched.health = probed(watched.health, this.#options.now());
    const end = this.#options.probe(watched.ip, (isAnswered) => {
      if (!watched.underWay.delete(end) || !isAnswered || this.#watched.get(key) !== watched) return;
      endProbes(watched);
      watched.heardAt = this.#options.now();
      if (!this.#own.has(watched.ip)) this.#hear(watched.heardAt);
      this.#set(key, watched, answered(watched.health));
    });
    watched.underWay.add(end);
    const [oldest] = watched.underWay;
    if (watched.underWay.size <= mostUnderWay || oldest === undefined) return;
    watched.underWay.delete(oldest);
    oldest();
  }

  /**
   * Another node answered. If it is the first after none did, nodes that fell silent in that time are not judged by it.
   */
  #hear(now: number): void {
    const before = this.#heardAny;
    if (now - before >= this.#timing.gap) {
      for (const watched of this.#watched.values())
        if (watched.heardAt >= before - this.#timing.interval / 2) watched.health = heardAgain(watched.health, now);
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

function endProbes(watched: Watched): void {
  for (const end of watched.underWay) end();
  watched.underWay.clear();
}
