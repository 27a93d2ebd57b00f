/** Walks the way back: restores, then removes. What is refused holds up only what needs it. */
import { inParallel } from '../../../io/async/parallel.ts';
import { type ObjectRef, refKey, refText } from '../../ref.ts';
import type { ApplyDeps, ApplyOutcome } from '../apply/apply.ts';
import type { Journal } from '../journal.ts';
import { progressReporter } from '../progress.ts';
import type { WayBack } from './undo-plan.ts';
import type { Undo } from './undo-value.ts';
import { undone } from './write-undo.ts';

const atOnce = 8;

interface Walk {
  readonly deps: ApplyDeps;
  /** Undefined if the server is only asked. */
  readonly journal: Journal | undefined;
}

/** Goes as far as possible; `waiting`: why nothing may be removed yet. */
export async function walk(of: Walk, way: WayBack, waiting: readonly string[]): Promise<ApplyOutcome> {
  const walker = new Walker(of, way);
  const needsNothing = (undo: Undo): boolean => walker.needs(undo).length === 0;
  await walker.make('restore', way.restore.filter(needsNothing));
  await walker.make(
    'restore',
    way.restore.filter((undo) => !needsNothing(undo)),
  );
  if (waiting.length === 0) for (const undos of byKind(way.remove)) await walker.make('remove', undos);
  const { writes, reasons } = walker;
  if (of.deps.signal.aborted) return { kind: 'stopped', writes };
  const awaited = [...way.awaited, ...walker.awaiting];
  if (reasons.length > 0) {
    // what is awaited was told before, if the switch is too
    const all = waiting.length > 0 ? reasons : [...reasons, ...awaited];
    return { kind: 'failed', writes, reasons: all.toSorted() };
  }
  const left = waiting.length > 0 ? waiting : awaited.toSorted();
  const on = waiting.length > 0 ? 'switch' : 'objects';
  if (left.length > 0) return { kind: 'waiting', on, writes, reasons: left };
  await of.journal?.add({ event: 'back-done' });
  return { kind: 'done', writes, left: 'nothing' };
}

/** The kinds one after another: a plugin may refuse to let go of a gateway before its policies. */
function byKind(undos: readonly Undo[]): readonly (readonly Undo[])[] {
  return [...Map.groupBy(undos, ({ object }) => object.kind).values()];
}

const heldTexts = {
  restore: (on: ObjectRef) => `it waits for ${refText(on)}`,
  remove: (on: ObjectRef) => `it stays until ${refText(on)} is restored`,
} as const;

class Walker {
  writes = 0;
  /** What was refused, and what waits for that. */
  readonly reasons: string[] = [];
  /** What waits for an object that is awaited, which is nobody's failure. */
  readonly awaiting: string[] = [];
  readonly #awaited: Set<string>;
  readonly #of: Walk;
  readonly #way: WayBack;
  /** What is not as it was yet, by `refKey`. */
  readonly #unrestored: Map<string, ObjectRef>;

  constructor(of: Walk, way: WayBack) {
    this.#of = of;
    this.#way = way;
    this.#awaited = new Set(way.unmade.map(refKey));
    this.#unrestored = new Map(way.unmade.map((object) => [refKey(object), object]));
  }

  needs({ object }: Undo): readonly ObjectRef[] {
    return this.#way.needs.get(refKey(object)) ?? [];
  }

  /** Makes the writes, except those that need what could not be restored. */
  async make(part: 'restore' | 'remove', undos: readonly Undo[]): Promise<void> {
    const { deps } = this.#of;
    const reportProgress = progressReporter(part, undos.length, deps.progress);
    // several writes to one object happen one after another
    const byObject = [...Map.groupBy(undos, ({ object }) => refKey(object))];
    const before = this.writes;
    await inParallel(byObject, atOnce, async ([key, ofObject]) => {
      for (const undo of ofObject) {
        if (deps.signal.aborted) return;
        const isMade = !this.#isHeld(part, undo) && (await this.#write(part, undo));
        if (!isMade) {
          if (part === 'restore') this.#unrestored.set(key, undo.object);
          return;
        }
        this.writes++;
      }
      reportProgress(this.writes - before);
    });
  }

  async #write(part: 'restore' | 'remove', undo: Undo): Promise<boolean> {
    const { deps, journal } = this.#of;
    const reason = await undone(deps, undo, { journal, step: part });
    if (reason !== undefined) this.reasons.push(reason);
    return reason === undefined;
  }

  /** Whether the write must wait; says for what. */
  #isHeld(part: 'restore' | 'remove', undo: Undo): boolean {
    const on = this.needs(undo).find((object) => this.#unrestored.has(refKey(object)));
    if (on === undefined) return false;
    const isAwaited = this.#awaited.has(refKey(on));
    if (isAwaited) this.#awaited.add(refKey(undo.object));
    (isAwaited ? this.awaiting : this.reasons).push(`${refText(undo.object)}: ${heldTexts[part](on)}`);
    return true;
  }
}
