/** The work on one step of a plan: which of its changes were made, which failed, and what depends on these. */
import isEqual from 'lodash/isEqual.js';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { isServed } from '../../live.ts';
import { type ObjectRef, refKey, refText } from '../../ref.ts';
import { targetNamed } from '../../targets.ts';
import { type Change, refOf } from '../../translation.ts';
import { execute, type Execution, type Outcome } from './change.ts';

/** Makes changes of one step, each at most once. */
export class StepWork {
  writes = 0;
  /** By `refKey`. */
  readonly failed = new Map<string, ObjectRef>();
  readonly reasons: string[] = [];
  readonly notes: string[] = [];
  readonly #execution: Execution;
  /** What failed in earlier steps. */
  readonly #before: readonly ObjectRef[];
  /** What was made whole, by `refKey`. */
  readonly #made = new Set<string>();

  constructor(execution: Execution, before: readonly ObjectRef[]) {
    this.#execution = execution;
    this.#before = before;
  }

  /** Makes the change, or as much of it as the object has; returns whether that could be done. */
  async make(change: Change, object?: KubeObject): Promise<boolean> {
    const ref = refOf(change);
    const key = refKey(ref);
    const { live, progress, journal } = this.#execution;
    if (progress.skipped.has(key) || this.failed.has(key)) return false;
    if (this.#made.has(key)) return true;
    if (journal === undefined && !isServed(live, ref)) {
      this.notes.push(`${refText(ref)}: the API server has no such kind before the switch`);
      return true;
    }
    const isPart = object !== undefined && change.action === 'apply' && !isEqual(object, change.object);
    const outcome = await this.#attempt(change, isPart ? object : undefined);
    if (outcome.kind === 'failed') {
      this.failed.set(key, ref);
      this.reasons.push(outcome.reason);
      return false;
    }
    if (!isPart) this.#made.add(key);
    if (outcome.kind !== 'nothing') {
      this.writes++;
      this.notes.push(`${refText(ref)}: would be ${outcome.kind}`);
    }
    return true;
  }

  async #attempt(change: Change, part: KubeObject | undefined): Promise<Outcome> {
    const on = targetNamed(this.#execution.plan.target).dependency?.(change, this.#before);
    if (on !== undefined) return { kind: 'failed', object: refOf(change), reason: waitingText(change, on) };
    return execute(change, this.#execution, part);
  }
}

/** Why the change was not made: `EgressIP egressip-shop: it waits for EgressFirewall shop/default`. */
function waitingText(change: Change, on: ObjectRef): string {
  return `${refText(refOf(change))}: it waits for ${refText(on)}`;
}
