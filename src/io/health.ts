/** Probes a set of nodes, all at once, and tells when one goes offline or comes back. The rules are in model/health.ts. */
import type { Ip } from '../model/address.ts';
import { answered, type Health, isBurstDue, judged, probed, type Timing, timingOf, unknownHealth, withReadiness } from '../model/health.ts';
import type { Probe } from './probe.ts';

/** A node to watch: whose health it is, and the address that is probed. */
export interface Target {
  readonly key: string;
  readonly ip: Ip;
}

export type Verdict = Health['verdict'];

export interface HealthOptions {
  /** Milliseconds between two probes; 0: nothing is probed, and a node is online unless its Node says Ready False. */
  readonly interval: number;
  readonly probe: Probe;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Told of every change of a verdict, `unknown` included for a node that is new. */
  readonly onVerdict: (key: string, verdict: Verdict) => void;
  /** Given: while no node at all answers none is called offline, and this is told when that begins and ends. */
  readonly onIsolated?: (isolated: boolean) => void;
}

interface Watched {
  readonly ip: Ip;
  health: Health;
  /** Ends each probe that is under way. */
  readonly underWay: Set<() => void>;
}

/** `setTargets` says who is watched; `run` probes until its signal aborts. */
export class HealthMonitor {
  readonly #options: HealthOptions;
  readonly #timing: Timing;
  readonly #watched = new Map<string, Watched>();
  readonly #notReady = new Set<string>();
  #heardAny: number;
  #isIsolated = false;
  #isRunning = false;
  #round = 0;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#timing = timingOf(options.interval);
    this.#heardAny = options.now();
  }

  /** Watches exactly these. A new one is probed at once; one with another address than before is new. */
  setTargets(targets: readonly Target[]): void {
    const wanted = new Map(targets.map(({ key, ip }) => [key, ip]));
    for (const [key, watched] of this.#watched) {
      if (wanted.get(key) === watched.ip) continue;
      endProbes(watched);
      this.#watched.delete(key);
    }
    for (const [key, ip] of wanted) if (!this.#watched.has(key)) this.#watch(key, ip);
  }

  /** The keys of Nodes whose condition Ready is False, watched or not. */
  setNotReady(keys: ReadonlySet<string>): void {
    const changed = [...keys].filter((key) => !this.#notReady.has(key)).concat([...this.#notReady].filter((key) => !keys.has(key)));
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

  /** What is known of that node; undefined when it is not watched. */
  verdictOf(key: string): Verdict | undefined {
    return this.#watched.get(key)?.health.verdict;
  }

  /** Whether a verdict, online or offline, is there for every node that is watched. */
  isSettled(): boolean {
    for (const { health } of this.#watched.values()) if (health.verdict === 'unknown') return false;
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
      // judged after the answers that are there already have been read, so that a process that slept is fair
      const tick = (): void => {
        setImmediate(() => {
          if (signal.aborted) return;
          this.#tick();
          next();
        });
      };
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      }, { once: true });
      tick();
    });
    this.#isRunning = false;
    for (const watched of this.#watched.values()) endProbes(watched);
  }

  #watch(key: string, ip: Ip): void {
    const first = withReadiness(unknownHealth, this.#notReady.has(key));
    const health: Health = this.#options.interval === 0 && !first.isNotReady ? { ...first, verdict: 'online' } : first;
    const watched: Watched = { ip, health, underWay: new Set() };
    this.#watched.set(key, watched);
    this.#options.onVerdict(key, health.verdict);
    if (this.#isRunning) this.#send(key, watched);
  }

  #tick(): void {
    const now = this.#options.now();
    const isRegular = this.#round % 4 === 0;
    this.#round += 1;
    const heardAny = this.#options.onIsolated === undefined ? undefined : this.#heardAny;
    for (const [key, watched] of this.#watched) {
      this.#set(key, watched, judged(watched.health, now, this.#timing, heardAny));
      if (isRegular || isBurstDue(watched.health, now, this.#timing)) this.#send(key, watched);
    }
    this.#judgeIsolation(now);
  }

  #judgeIsolation(now: number): void {
    let areAllSilent = this.#watched.size > 0;
    for (const { health } of this.#watched.values()) areAllSilent &&= health.silentSince !== undefined || health.verdict === 'offline';
    this.#tellIsolated(areAllSilent && now - this.#heardAny >= this.#timing.patience);
  }

  #tellIsolated(isIsolated: boolean): void {
    if (this.#isIsolated === isIsolated) return;
    this.#isIsolated = isIsolated;
    this.#options.onIsolated?.(isIsolated);
  }

  #send(key: string, watched: Watched): void {
    if (watched.health.verdict === 'offline') endProbes(watched);
    watched.health = probed(watched.health, this.#options.now());
    const end = this.#options.probe(watched.ip, () => {
      if (!watched.underWay.delete(end) || this.#watched.get(key) !== watched) return;
      endProbes(watched);
      this.#heardAny = this.#options.now();
      this.#tellIsolated(false);
      this.#set(key, watched, answered(watched.health));
    });
    watched.underWay.add(end);
  }

  #set(key: string, watched: Watched, health: Health): void {
    const before = watched.health.verdict;
    watched.health = health;
    if (health.verdict === before) return;
    if (health.verdict === 'offline') endProbes(watched);
    this.#options.onVerdict(key, health.verdict);
  }
}

function endProbes(watched: Watched): void {
  for (const end of watched.underWay) end();
  watched.underWay.clear();
}
