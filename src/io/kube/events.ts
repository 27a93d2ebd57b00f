/**
 * Events, which users see with `kubectl describe` and `kubectl get events`. The same occurrence on the same object is
 * one Event with a growing count, written at most once a minute however often it is reported.
 */
import { createHash } from 'node:crypto';
import { apiVersionOf, events, type Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { pause } from '../async/pause.ts';
import { createQueue, type WorkQueue } from '../async/queue.ts';
import { Complaint } from '../complaint.ts';
import type { Logger } from '../log.ts';
import type { KubeClient } from './client.ts';
import { isAlreadyExists, isRefused } from './error.ts';

/** The object that an Event is about. */
export interface Involved {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
}

/** A reference to an object of this kind and name; with uid and namespace if the object is given. */
export function involved(kind: Kind, name: string, object?: KubeObject): Involved {
  const { uid, namespace } = object?.metadata ?? {};
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
  };
}

export interface Occurrence {
  readonly object: Involved;
  readonly type: 'Normal' | 'Warning';
  /** A machine-readable word. */
  readonly reason: string;
  readonly message: string;
}

/** Reports what happened; never waits, never throws. */
export type ReportEvent = (occurrence: Occurrence) => void;

export interface RecorderOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  /** The reporting component: `sdn-compat-controller`. */
  readonly component: string;
  /** Milliseconds since 1970, for the times in Events. The quiet period is measured by a monotonic clock. */
  readonly now: () => number;
  /** The minimum time in milliseconds between two writes of one Event; 60,000 by default. */
  readonly quiet?: number;
}

interface EventObject extends KubeObject {
  readonly count?: number;
}

/** The most Events to remember. The oldest is forgotten, which at worst writes it one more time. */
const mostRemembered = 50_000;
/** The pause in milliseconds between two Events of a burst. */
const breath = 10;
const longestMessage = 1_000;

/** The name of the Event: the same for the same occurrence, no matter who reports it and when. */
function nameOf({ object, type, reason, message }: Occurrence): string {
  const key = JSON.stringify([
    object.kind,
    object.namespace ?? '',
    object.name,
    object.uid ?? '',
    type,
    reason,
    message,
  ]);
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
  return `${object.name.slice(0, 200)}.${hash}`;
}

function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Writes Events one after another, so that a burst of them delays nothing else. */
export class EventRecorder {
  readonly #options: RecorderOptions;
  readonly #queue: WorkQueue;
  readonly #refusal: Complaint;
  readonly #waiting = new Map<string, Occurrence>();
  readonly #written = new Map<string, number>();

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#refusal = new Complaint({ logger: options.logger, failing: 'an Event is refused and left out' });
    this.#queue = createQueue({ logger: options.logger, concurrency: 2, baseDelay: 500, maxDelay: 60_000 });
  }

  /** Accepts an occurrence; drops it if it was written within the quiet period. */
  readonly report: ReportEvent = (occurrence) => {
    const { quiet = 60_000 } = this.#options;
    const at = performance.now();
    const name = nameOf(occurrence);
    const written = this.#written.get(name);
    if (written !== undefined && at - written < quiet) return;
    this.#written.delete(name);
    this.#written.set(name, at);
    for (const oldest of this.#written.keys()) {
      if (this.#written.size <= mostRemembered) break;
      this.#written.delete(oldest);
    }
    this.#waiting.set(name, occurrence);
    this.#queue.add(name);
  };

  /** Writes reported occurrences until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#queue.process(async (name) => {
      const occurrence = this.#waiting.get(name);
      if (occurrence === undefined) return;
      await this.#write(name, occurrence, signal).catch((error: unknown) => {
        if (!isRefused(error)) throw error;
        this.#refusal.failed(error, { event: occurrence.reason, object: occurrence.object });
      });
      if (this.#waiting.get(name) === occurrence) this.#waiting.delete(name);
      await pause(breath, signal);
    }, signal);
  }

  async #write(name: string, occurrence: Occurrence, signal: AbortSignal): Promise<void> {
    const { client, component, now } = this.#options;
    const { object, type, reason, message } = occurrence;
    const namespace = object.namespace ?? 'default';
    const at = timestamp(now());
    const body = {
      metadata: { name, namespace },
      involvedObject: { ...object },
      type,
      reason,
      message: message.slice(0, longestMessage),
      count: 1,
      firstTimestamp: at,
      lastTimestamp: at,
      source: { component },
      reportingComponent: component,
      reportingInstance: component,
    };
    try {
      await client.create(events, body, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const present = await client.get<EventObject>(events, { name, namespace }, { signal });
      const patch = { count: (present?.count ?? 0) + 1, lastTimestamp: at };
      await client.patch(events, { name, namespace }, patch, { type: 'merge', signal });
    }
  }
}
