/** Applies a plan step by step. After a kill at any moment, the next run finishes, and does nothing twice. */
import partition from 'lodash/partition.js';
import { inParallel } from '../../../io/async/parallel.ts';
import type { KubeClient } from '../../../io/kube/client.ts';
import { isForeignKind } from '../../ownership.ts';
import { alone, isTaken } from '../../plan/lock.ts';
import { type Plan, planHash, type PlanStep } from '../../plan/plan.ts';
import { type ObjectRef, refKey, refText } from '../../ref.ts';
import { clusterUID } from '../../snapshot.ts';
import { stepOf, targetNamed } from '../../targets.ts';
import { type Change, refOf } from '../../translation.ts';
import { otherCluster } from '../identity.ts';
import { changeKey, Journal, type Progress, progressOf, readJournal } from '../journal.ts';
import { leftAtFinalize, leftText } from '../left-at-finalize.ts';
import { type Now, readNow } from '../now.ts';
import { progressReporter } from '../progress.ts';
import { notSwitched } from '../switched.ts';
import { verification } from '../verify/verify.ts';
import { type Execution } from './change.ts';
import { keepPlacement } from './keep-placement.ts';
import { type Acceptance, changesSince, objections } from './objections.ts';
import { skipsOf, unknownText } from './skips.ts';
import { StepWork } from './step-work.ts';

export interface ApplyOptions extends Acceptance {
  readonly dryRun: boolean;
  /** Take over fields of other managers. */
  readonly force: boolean;
  /** Also clear what was left alone so far. */
  readonly finalize: boolean;
  /** Finalize even if not all is well. */
  readonly acceptUnwell: boolean;
  /** Objects to leave out, as `KIND/NAMESPACE/NAME` or `KIND/NAME`. */
  readonly skip: readonly string[];
  /** Milliseconds that a delete may wait for finalizers. */
  readonly timeout: number;
  /** Milliseconds that the plugin may take to assign one more egress IP that the plan keeps on its node. */
  readonly patience: number;
}

/** What a command that works with a plan gives. */
export interface Work {
  readonly client: KubeClient;
  /** The plan's folder. */
  readonly folder: string;
  /** Reads the plan in the folder: with the lock, because an update may replace it before. */
  readonly plan: () => Promise<Plan>;
  readonly signal: AbortSignal;
  /** Prints a line for people. `progress` reports long work, once a second. */
  readonly report: (line: string) => void;
  readonly progress: (line: string) => void;
}

export interface ApplyDeps extends Omit<Work, 'plan'> {
  readonly plan: Plan;
}

/**
 * How it ended. `skipped`: what was left out by name. `unreadable`: the folder is damaged. `waiting`: the network plugin
 * must be switched, or objects must be there or be changed by somebody else. `stopped`: a signal arrived.
 */
export type ApplyOutcome =
  | { readonly kind: 'done'; readonly writes: number; readonly left: 'finalize' | 'nothing' | 'skipped' }
  | {
      readonly kind: 'unreadable' | 'refused' | 'failed';
      readonly writes: number;
      readonly reasons: readonly string[];
    }
  | {
      readonly kind: 'waiting';
      readonly on: 'switch' | 'objects';
      readonly writes: number;
      readonly reasons: readonly string[];
    }
  | { readonly kind: 'stopped'; readonly writes: number };

const atOnce = 8;

/** Applies the plan as far as possible now. Throws if the API server cannot be reached or a right is missing. */
export async function applyPlan(work: Work, options: ApplyOptions): Promise<ApplyOutcome> {
  try {
    const begun = async (): Promise<ApplyOutcome> => begunApply({ ...work, plan: await work.plan() }, options);
    return options.dryRun ? await begun() : ((await alone(work.folder, begun)) ?? refused([isTaken]));
  } catch (error) {
    if (work.signal.aborted) return { kind: 'stopped', writes: 0 };
    throw error;
  }
}

async function begunApply(deps: ApplyDeps, options: ApplyOptions): Promise<ApplyOutcome> {
  const { client, folder, plan, signal } = deps;
  const entries = await readJournal(folder);
  if (!entries.ok) return { kind: 'unreadable', writes: 0, reasons: [entries.error] };
  const progress = progressOf(entries.value);
  const reasons = objections(plan, progress, options);
  if (reasons.length > 0) return refused(reasons);
  const now = await readNow(client, plan, signal);
  const stranger = otherCluster(plan, progress, clusterUID(now.snapshot));
  if (stranger !== undefined) return refused([stranger]);
  const { skipped, unknown } = skipsOf(options.skip, plan, now.live);
  if (unknown.length > 0) return refused(unknown.map(unknownText));
  const known = { ...progress, skipped: new Set([...progress.skipped, ...skipped]) };
  const changed = changesSince({ plan, progress: known, options }, now);
  if (changed.length > 0) return refused(changed);
  if (options.dryRun) return new Run(deps, options, { progress: known, now, journal: undefined }).go();
  const journal = await Journal.open(folder);
  try {
    if (progress.plan === undefined) await journal.add({ event: 'plan', plan: planHash(plan), ...clusterOf(now) });
    for (const object of skipped) await journal.add({ event: 'skip', object });
    return await new Run(deps, options, { progress: known, now, journal }).go();
  } finally {
    await journal.close();
  }
}

function clusterOf({ snapshot }: Now): { readonly cluster?: string } {
  const cluster = clusterUID(snapshot);
  return cluster === undefined ? {} : { cluster };
}

function refused(reasons: readonly string[]): ApplyOutcome {
  return { kind: 'refused', writes: 0, reasons };
}

type State = Pick<Execution, 'progress' | 'journal'> & { readonly now: Now };

class Run {
  readonly #deps: ApplyDeps;
  readonly #options: ApplyOptions;
  readonly #state: State;
  /** Read again before each step. */
  #now: Now;
  #writes = 0;
  /** What could not be made so far, and why. */
  readonly #failed: ObjectRef[] = [];
  readonly #reasons: string[] = [];

  constructor(deps: ApplyDeps, options: ApplyOptions, state: State) {
    this.#deps = deps;
    this.#options = options;
    this.#state = state;
    this.#now = state.now;
  }

  async go(): Promise<ApplyOutcome> {
    const { plan, signal } = this.#deps;
    for (const [index, step] of plan.steps.entries()) {
      const ended = await this.#before(step, plan.steps.slice(index + 1));
      if (ended !== undefined) return ended;
      await this.#step(step);
      if (signal.aborted) return { kind: 'stopped', writes: this.#writes };
    }
    return this.#failure() ?? { kind: 'done', writes: this.#writes, left: 'nothing' };
  }

  /** How the run ends before the step; undefined if the step is next. */
  async #before(step: PlanStep, later: readonly PlanStep[]): Promise<ApplyOutcome | undefined> {
    if (step.name === 'switch') {
      const failure = this.#failure();
      if (failure !== undefined) return failure;
      const reasons = this.#notSwitched(later);
      return reasons.length === 0 ? undefined : { kind: 'waiting', on: 'switch', writes: this.#writes, reasons };
    }
    if (step.name === 'finalize') return this.#beforeFinalize(step);
    if (this.#writes > 0 && !this.#options.dryRun) {
      this.#now = await readNow(this.#deps.client, this.#deps.plan, this.#deps.signal, this.#now.snapshot);
      const changed = changesSince(
        { plan: this.#deps.plan, progress: await this.#progress(), options: this.#options },
        this.#now,
      );
      if (changed.length > 0) return { kind: 'refused', writes: this.#writes, reasons: changed };
    }
    return undefined;
  }

  async #beforeFinalize(step: PlanStep): Promise<ApplyOutcome | undefined> {
    const failure = this.#failure();
    if (failure !== undefined) return failure;
    if (!this.#options.finalize && this.#pending(step) > 0)
      return { kind: 'done', writes: this.#writes, left: 'finalize' };
    const reasons = await this.#notWell();
    return reasons.length === 0 ? undefined : { kind: 'refused', writes: this.#writes, reasons };
  }

  #failure(): ApplyOutcome | undefined {
    if (this.#reasons.length === 0) return undefined;
    return { kind: 'failed', writes: this.#writes, reasons: this.#reasons.toSorted() };
  }

  /** The journal as it is now. */
  async #progress(): Promise<Progress> {
    const entries = await readJournal(this.#deps.folder);
    const { skipped } = this.#state.progress;
    return { ...progressOf(entries.ok ? entries.value : []), skipped };
  }

  #pending({ name, changes }: PlanStep): number {
    const { done, skipped } = this.#state.progress;
    const left =
      name === 'finalize' ? leftAtFinalize(this.#deps.plan, this.#state.progress) : new Map<string, unknown>();
    const keys = changes.map((change) => refKey(refOf(change)));
    return keys.filter((key) => !skipped.has(key) && !left.has(key) && !done.has(changeKey(name, key))).length;
  }

  /** Why the steps after the switch must wait; empty if there is nothing to do after it. A dry run does not wait. */
  #notSwitched(later: readonly PlanStep[]): readonly string[] {
    const isNeeded = later.some(
      (step) => (step.name !== 'finalize' || this.#options.finalize) && this.#pending(step) > 0,
    );
    if (!isNeeded || this.#options.dryRun) return [];
    const { skipped } = this.#state.progress;
    return notSwitched(targetNamed(this.#deps.plan.target), this.#now, skipped);
  }

  /** Why finalize may not clear what was left alone so far. */
  async #notWell(): Promise<readonly string[]> {
    const { client, plan, signal } = this.#deps;
    if (this.#options.dryRun || this.#options.acceptUnwell) return [];
    const now = await readNow(client, plan, signal, this.#now.snapshot);
    const { checks } = verification(plan, now, await this.#progress());
    return checks
      .filter(({ well }) => !well)
      .map(
        ({ object, part, problem }) =>
          `not well (--accept-unwell goes on): ${refText(object)}${part === '' ? '' : ` ${part}`}: ${problem ?? ''}`,
      );
  }

  /** Makes the changes of the step, except what was left out and what depends on something that failed. */
  async #step(step: PlanStep): Promise<void> {
    const { client, plan, signal, report, progress } = this.#deps;
    const { dryRun, force, timeout, patience } = this.#options;
    const { journal } = this.#state;
    const { live } = this.#now;
    const known = step.name === 'finalize' ? this.#withoutKept() : this.#state.progress;
    const execution: Execution = { client, plan, signal, force, timeout, live, journal, progress: known };
    const work = new StepWork(execution, [...this.#failed]);
    if (stepOf(plan, step.name).isPhased === true && !dryRun) {
      const phases = targetNamed(plan.target).phases(step.changes, plan.placement);
      const make = work.make.bind(work);
      await keepPlacement({ client, phases, signal, patience, make, report: progress });
    }
    const reportProgress = progressReporter(step.name, step.changes.length, progress);
    let ended = 0;
    for (const changes of this.#inTurn(step.changes)) {
      await inParallel(changes, atOnce, async (change) => {
        if (signal.aborted) return;
        await work.make(change);
        ended++;
        reportProgress(ended);
      });
    }
    this.#writes += work.writes;
    this.#failed.push(...work.failed.values());
    this.#reasons.push(...work.reasons);
    if (dryRun) for (const note of work.notes.toSorted()) report(note);
  }

  /**
   * The changes of others' objects, then those of whole ones, in the target's turns: a label before the object that
   * needs it.
   */
  #inTurn(changes: readonly Change[]): readonly (readonly Change[])[] {
    const { turnOf = () => 0 } = targetNamed(this.#deps.plan.target);
    const [foreign, whole] = partition(changes, (change) => isForeignKind(refOf(change)));
    const turns = [...Map.groupBy(whole, (change) => turnOf(change, this.#now.live))].sort(([a], [b]) => a - b);
    return [foreign, ...turns.map(([, ofTurn]) => ofTurn)];
  }

  /** What is left out of finalize too, because what was to take its place was left out; tells what. */
  #withoutKept(): Progress {
    const { plan, report } = this.#deps;
    const { progress } = this.#state;
    const left = leftAtFinalize(plan, progress);
    for (const one of left.values()) report(leftText(one));
    return { ...progress, skipped: new Set([...progress.skipped, ...left.keys()]) };
  }
}
