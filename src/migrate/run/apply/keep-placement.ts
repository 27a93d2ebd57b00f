/**
 * Makes the changes of the step `keep-placement` phase by phase, so that the new plugin assigns each egress IP to the
 * node that has it today. All is derived from what the API server shows, so a run after a kill goes on where it was.
 */
import type { Kind } from '../../../../api/kinds.ts';
import { linkedSignal } from '../../../io/async/linked-signal.ts';
import { inParallel } from '../../../io/async/parallel.ts';
import type { KubeClient } from '../../../io/kube/client.ts';
import { type ObjectCache, watchKind } from '../../../io/kube/watch.ts';
import { createLogger } from '../../../io/log.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { listText } from '../../../model/values/list-text.ts';
import { type ObjectRef, refKey, refText } from '../../ref.ts';
import type { Phase, Phases, Sight } from '../../target.ts';
import { type Change, refOf } from '../../translation.ts';
import { missingRight } from '../refusal.ts';

export interface Keeping {
  readonly client: KubeClient;
  readonly phases: Phases;
  readonly signal: AbortSignal;
  /** Milliseconds that the plugin may take to act on one more object of a phase. */
  readonly patience: number;
  /** Makes the change; with an object, only as far as that goes. Returns whether it could be made. */
  readonly make: (change: Change, object?: KubeObject) => Promise<boolean>;
  readonly report: (line: string) => void;
}

const atOnce = 8;

/** After so many phases in a row in which the plugin did nothing at all, it is not waited for any longer. */
const mostSilent = 2;

/**
 * Makes the phases, one after the other. Those that cannot be are told, and left to the plugin. Throws if the right to
 * follow what the plugin does is missing.
 */
export async function keepPlacement(keeping: Keeping): Promise<void> {
  const { phases, signal, report } = keeping;
  if (phases.list.length === 0) return;
  const stop = linkedSignal(signal);
  const watching = new Watching(keeping.client, phases.kinds, stop.signal);
  try {
    const isSynced = await watching.synced(keeping.patience);
    if (signal.aborted) return;
    if (!isSynced) {
      report(`${watching.problem() ?? unfollowed(phases.kinds)}; the network plugin chooses the nodes of egress IPs`);
      return;
    }
    await inOrder(keeping, watching);
  } finally {
    stop.abort();
    stop.release();
    await watching.ended();
  }
}

function unfollowed(kinds: readonly Kind[]): string {
  return `${listText(kinds.map(({ kind }) => kind))} cannot be followed`;
}

async function inOrder(keeping: Keeping, watching: Watching): Promise<void> {
  const { phases, signal, report } = keeping;
  let silent = 0;
  const begun = new Set<string>();
  for (const phase of phases.list) {
    if (signal.aborted) return;
    const obstacle = phase.obstacle(watching.sight);
    if (obstacle !== undefined) report(`${phase.name}: ${obstacle.reason}; ${chosen[obstacle.leaves]}`);
    if (obstacle?.leaves === 'all') return;
    if (obstacle !== undefined) continue;
    silent = (await keep(phase, begun, { keeping, watching })) ? 0 : silent + 1;
    if (silent === mostSilent) {
      report(`${watching.problem() ?? 'the network plugin assigns nothing'}; ${chosen.all}`);
      return;
    }
  }
}

const chosen = {
  phase: 'the network plugin chooses other nodes',
  all: 'from here on the network plugin chooses the nodes',
} as const;

const nothing: Sight = { get: () => undefined, all: () => [] };

/** Makes one phase, adds its entries to those that were begun, and waits; returns false if the plugin did nothing. */
async function keep(
  phase: Phase,
  begun: Set<string>,
  { keeping, watching }: { readonly keeping: Keeping; readonly watching: Watching },
): Promise<boolean> {
  const { signal, patience, make, report } = keeping;
  for (const change of phase.first) {
    if (await make(change)) continue;
    report(`${phase.name}: ${refText(refOf(change))} is left out; ${chosen.phase}`);
    return true;
  }
  for (const entry of phase.entries) begun.add(entry);
  const made = new Set<string>();
  await inParallel(phase.then(watching.sight, begun), atOnce, async ({ change, object }) => {
    if (!signal.aborted && (await make(change, object))) made.add(refKey(refOf(change)));
  });
  const seen = new Set<string>();
  // what was there and is gone was deleted by others, and nothing will be assigned to it
  const wasMade = (object: ObjectRef): boolean => {
    const key = refKey(object);
    const isThere = watching.sight.get(object) !== undefined;
    if (isThere) seen.add(key);
    return made.has(key) && (isThere || !seen.has(key));
  };
  const missing = await watching.until(() => phase.missing(watching.sight, wasMade), patience);
  if (missing.length === 0 || signal.aborted) return true;
  report(`${phase.name}: not assigned within ${patience / 1_000} s: ${listText(missing)}`);
  return missing.length < phase.missing(nothing, wasMade).length;
}

/** What the API server shows of some kinds, followed as it changes. */
class Watching {
  readonly sight: Sight;
  readonly #caches: ReadonlyMap<string, ObjectCache<KubeObject>>;
  readonly #signal: AbortSignal;
  /** Called once after each burst of changes, and when one of the kinds may not be followed. */
  #changed: () => void = () => undefined;
  #isTelling = false;
  /** The missing right, as an error. */
  #refused: Error | undefined;
  /** The last failure since the last change was seen. */
  #failure: string | undefined;

  constructor(client: KubeClient, kinds: readonly Kind[], signal: AbortSignal) {
    const logger = createLogger({ level: 'silent', name: 'migrate' });
    this.#signal = signal;
    const onFailure = (kind: Kind) => (error: unknown) => this.#failed(error, kind);
    this.#caches = new Map(
      kinds.map((kind) => [kind.kind, watchKind(client, kind, { logger, onFailure: onFailure(kind) }, signal)]),
    );
    const changed = (): void => {
      this.#failure = undefined;
      this.#wake();
    };
    // an empty list changes no object
    for (const cache of this.#caches.values()) cache.subscribe(changed, changed);
    this.sight = {
      get: (object) => this.#caches.get(object.kind)?.get(object.name),
      all: ({ kind }) => this.#caches.get(kind)?.list() ?? [],
    };
  }

  #failed(error: unknown, kind: Kind): void {
    this.#refused ??= missingRight(error, kind);
    this.#failure = `${unfollowed([kind])}: ${error instanceof Error ? error.message : String(error)}`;
    this.#wake();
  }

  /** Why what was seen last may be old; undefined if there is no reason. */
  problem(): string | undefined {
    return this.#failure;
  }

  #wake(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      this.#changed();
    });
  }

  /** Waits that many milliseconds until all kinds were read; returns whether they were. */
  async synced(patience: number): Promise<boolean> {
    return this.#within(() => [...this.#caches.values()].every((cache) => cache.isSynced()), patience);
  }

  async ended(): Promise<void> {
    await Promise.all([...this.#caches.values()].map(({ ended }) => ended));
  }

  /** What is left when nothing more is done for that many milliseconds; empty as soon as nothing is. */
  async until(left: () => readonly string[], patience: number): Promise<readonly string[]> {
    for (let missing = left(); ;) {
      const before = missing.length;
      if (before === 0 || this.#signal.aborted) return missing;
      const isLess = await this.#within(() => {
        missing = left();
        return missing.length < before;
      }, patience);
      if (!isLess) return missing;
    }
  }

  /** Looks again after each change; returns whether the condition held in time. Throws if a right is missing. */
  async #within(holds: () => boolean, patience: number): Promise<boolean> {
    const seen = await this.#seen(() => holds() || this.#refused !== undefined, patience);
    if (this.#refused !== undefined) throw this.#refused;
    return seen;
  }

  async #seen(holds: () => boolean, patience: number): Promise<boolean> {
    if (holds()) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(holds()), patience);
    const aborted = (): void => resolve(false);
    this.#signal.addEventListener('abort', aborted, { once: true });
    this.#changed = () => {
      if (holds()) resolve(true);
    };
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#changed = () => undefined;
      this.#signal.removeEventListener('abort', aborted);
    }
  }
}
