/**
 * Leader election by a Lease object, with client-go's rules and times: the holder renews it, and others take it when it
 * has not changed for its duration. A leader may write only while its last renewal is younger than the renew deadline,
 * so one that was suspended notices before its next write.
 */
import { leases } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { linkedSignal } from '../async/linked-signal.ts';
import { pause } from '../async/pause.ts';
import { Complaint } from '../complaint.ts';
import type { Logger } from '../log.ts';
import type { KubeClient } from './client.ts';
import { isAlreadyExists, isConflict } from './error.ts';
import { guarded } from './fresh.ts';

/** Times in milliseconds. */
export interface LeaseTimes {
  /** How long others wait before taking an unchanged lease. */
  readonly duration: number;
  /** How long a leader continues without a renewal; less than `duration`. */
  readonly renewDeadline: number;
  /** Time between two attempts to renew or take it. */
  readonly retryPeriod: number;
}

export interface LeaseOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly namespace: string;
  readonly name: string;
  /** Identifies this process. */
  readonly identity: string;
  /** What the Lease says of its holder besides. */
  readonly about?: Pick<KubeObject['metadata'], 'labels' | 'annotations'>;
  readonly times: LeaseTimes;
}

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number | null;
  readonly leaseTransitions?: number | null;
  readonly acquireTime?: string | null;
  readonly renewTime?: string | null;
}

interface LeaseObject extends KubeObject {
  readonly spec?: LeaseSpec;
}

/**
 * A point in time by both clocks. When the machine is suspended only the wall clock advances. The longer of both
 * durations counts, so a wall clock that goes back changes nothing, and one that jumps ahead only makes a leader renew
 * before it writes.
 */
interface Instant {
  readonly steady: number;
  readonly wall: number;
}

function instant(): Instant {
  return { steady: performance.now(), wall: Date.now() };
}

function since(from: Instant): number {
  return Math.max(performance.now() - from.steady, Date.now() - from.wall);
}

/** A time in milliseconds as a MicroTime of Kubernetes. */
export function microTime(wall: number): string {
  return new Date(wall).toISOString().replace(/Z$/, '000Z');
}

function transitionsAfter(before: LeaseSpec | undefined): number {
  return (before?.leaseTransitions ?? -1) + 1;
}

/** A write was not sent because this process no longer leads. */
export class NotLeading extends Error {
  override readonly name = 'NotLeading';
}

export class LeaderElection {
  readonly #options: LeaseOptions;
  #heldSince: Instant | undefined;
  /** The lease as last seen, and when it was first seen in this version. */
  #seen: { readonly version: string; readonly at: Instant } | undefined;
  #lastAnswer = instant();

  readonly #complaint: Complaint;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#complaint = new Complaint({
      logger: options.logger,
      failing: 'the lease could not be taken or renewed',
      over: 'the lease can be taken and renewed again',
    });
  }

  /** Whether this process may write now. */
  isLeading(): boolean {
    return this.#heldSince !== undefined && since(this.#heldSince) < this.#options.times.renewDeadline;
  }

  /** Whether the API server has answered recently. */
  isHealthy(): boolean {
    return performance.now() - this.#lastAnswer.steady < this.#options.times.duration;
  }

  /**
   * Until the signal aborts: waits for the lease, runs `lead` while holding it (its signal aborts when the lease is
   * lost), and waits again. Finally releases the lease, so that another process takes it at once, also when `lead`
   * rejects; then this rejects, too.
   */
  async run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { retryPeriod } = this.#options.times;
    try {
      while (!signal.aborted) {
        if (await this.#attempt(signal)) await this.#term(lead, signal);
        // jitter, so that candidates do not all ask at once
        else await pause(retryPeriod * (1 + Math.random() * 0.2), signal);
      }
    } finally {
      await this.#release();
    }
  }

  /** A client that refuses writes as soon as this process no longer leads. */
  guard(client: KubeClient): KubeClient {
    const check = (): void => {
      if (!this.isLeading()) throw new NotLeading('this process is not the leader any more: nothing is written');
    };
    return {
      get: (kind, ref, options) => client.get(kind, ref, options),
      list: (kind, options) => client.list(kind, options),
      newestVersion: (kind, options) => client.newestVersion(kind, options),
      count: (kind, options) => client.count(kind, options),
      log: (ref, options) => client.log(ref, options),
      watch: (kind, request) => client.watch(kind, request),
      create: async (kind, object, options) => {
        check();
        return client.create(kind, object, options);
      },
      patch: async (kind, ref, body, options) => {
        check();
        return client.patch(kind, ref, body, options);
      },
      delete: async (kind, ref, options) => {
        check();
        return client.delete(kind, ref, options);
      },
      close: () => undefined,
    };
  }

  async #term(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { logger, identity, times } = this.#options;
    logger.info({ identity }, 'leading');
    const term = linkedSignal(signal);
    const work = lead(term.signal).finally(() => term.abort());
    work.catch(() => undefined); // awaited below, but may fail earlier
    while (!term.signal.aborted) {
      await pause(times.retryPeriod, term.signal);
      if (!(await this.#attempt(signal)) && !this.isLeading()) term.abort();
    }
    term.release();
    if (!signal.aborted) logger.warn({ identity }, 'not leading any more');
    await work;
  }

  /** Takes or renews the lease; returns false if another process holds it or its state is unknown. */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    const { times } = this.#options;
    const limit = linkedSignal(signal);
    const timer = setTimeout(limit.abort, Math.max(times.retryPeriod, times.renewDeadline / 2));
    try {
      const isHeld = await this.#takeOrRenew(limit.signal);
      this.#lastAnswer = instant();
      this.#complaint.succeeded();
      return isHeld;
    } catch (error) {
      if (!signal.aborted) this.#complaint.failed(error);
      return false;
    } finally {
      clearTimeout(timer);
      limit.release();
    }
  }

  async #takeOrRenew(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, identity, about = {}, times } = this.#options;
    const began = instant();
    const now = microTime(began.wall);
    const present = await client.get<LeaseObject>(leases, { name, namespace }, { signal });
    const before = present?.spec;
    const isMine = before?.holderIdentity === identity;
    if (present !== undefined && !isMine && !this.#isExpired(present)) {
      this.#heldSince = undefined;
      return false;
    }
    const mine = { holderIdentity: identity, leaseDurationSeconds: Math.ceil(times.duration / 1000), renewTime: now };
    const spec = isMine ? mine : { ...mine, acquireTime: now, leaseTransitions: transitionsAfter(before) };
    try {
      await this.#write(present, isMine ? {} : about, spec, signal);
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error)) throw error;
      this.#heldSince = undefined;
      return false;
    }
    this.#heldSince = began;
    return true;
  }

  /** Makes the lease, or changes it as it was seen; rejects if somebody was faster. */
  async #write(seen: LeaseObject | undefined, metadata: object, spec: LeaseSpec, signal: AbortSignal): Promise<void> {
    const { client, namespace, name } = this.#options;
    const ref = { name, namespace };
    if (seen === undefined) await client.create(leases, { metadata: { ...ref, ...metadata }, spec }, { signal });
    else await client.patch(leases, ref, guarded(seen, { spec }, { ...metadata }), { type: 'merge', signal });
  }

  /** Whether nobody holds the lease, or it has not changed for its duration by our own clock. */
  #isExpired({ metadata, spec }: LeaseObject): boolean {
    if ((spec?.holderIdentity ?? '') === '') return true;
    const version = metadata.resourceVersion ?? '';
    if (this.#seen?.version !== version) this.#seen = { version, at: instant() };
    const duration = (spec?.leaseDurationSeconds ?? 0) * 1000;
    return performance.now() - this.#seen.at.steady >= Math.max(duration, this.#options.times.duration);
  }

  async #release(): Promise<void> {
    const { client, namespace, name, identity, logger } = this.#options;
    if (this.#heldSince === undefined) return;
    this.#heldSince = undefined;
    const signal = AbortSignal.timeout(5_000);
    try {
      const present = await client.get<LeaseObject>(leases, { name, namespace }, { signal });
      if (present?.spec?.holderIdentity !== identity) return;
      await client.patch(
        leases,
        { name, namespace },
        guarded(present, { spec: { holderIdentity: '', leaseDurationSeconds: 1 } }),
        { type: 'merge', signal },
      );
      logger.info({ identity }, 'the lease is given back');
    } catch (error) {
      logger.warn({ err: error }, 'the lease could not be given back');
    }
  }
}
