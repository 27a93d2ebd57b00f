/** Applies a plan step by step. After a kill at any moment, the next run finishes, and does nothing twice. */
import { createHash } from 'node:crypto';
import type { KubeClient } from '../../io/kube/client.ts';
import { inParallel } from '../../io/parallel.ts';
import { parseJson, sortedKeys } from '../../model/json.ts';
import { type Finding } from '../findings/finding.ts';
import { type Severity } from '../findings/rows.ts';
import { isServed } from '../live.ts';
import { type Plan, type PlanStep } from '../plan/plan.ts';
import { refKey, refText } from '../ref.ts';
import { targetNamed } from '../targets.ts';
import { refOf } from '../translation.ts';
import { execute, type Execution } from './change.ts';
import { readLive, readNetworkType } from './cluster-now.ts';
import { driftOf, driftText } from './drift.ts';
import { changeKey, Journal, type Progress, progressOf, readJournal } from './journal.ts';
import { alone, isTaken } from './lock.ts';
import { progressTeller } from './progress.ts';
import { notSwitched } from './switched.ts';
import { verification } from './verify.ts';

export interface ApplyOptions {
  readonly dryRun: boolean;
  /** Take over fields of other managers. */
  readonly force: boolean;
  /** Also clear what was left alone so far. */
  readonly finalize: boolean;
  /** Refuse because of warnings too. */
  readonly strict: boolean;
  /** Continue despite findings that block, a plan that is incomplete, a cluster that has changed. */
  readonly acceptBlockers: boolean;
  readonly acceptIncomplete: boolean;
  readonly acceptChanges: boolean;
  /** Finalize even if not all is well. */
  readonly acceptUnwell: boolean;
  /** Milliseconds that a delete may wait for finalizers. */
  readonly timeout: number;
}

export interface ApplyDeps {
  readonly client: KubeClient;
  /** The plan's folder. */
  readonly folder: string;
  readonly plan: Plan;
  readonly signal: AbortSignal;
  /** Prints a line for people. `progress` reports long work, once a second. */
  readonly tell: (line: string) => void;
  readonly progress: (line: string) => void;
}

/**
 * How it ended. `unreadable`: the folder is damaged. `waiting`: the network plugin must be switched. `stopped`: a
 * signal arrived.
 */
export type ApplyOutcome =
  | { readonly kind: 'done'; readonly writes: number; readonly left: 'finalize' | 'nothing' }
  | {
      readonly kind: 'unreadable' | 'refused' | 'failed' | 'waiting';
      readonly writes: number;
      readonly reasons: readonly string[];
    }
  | { readonly kind: 'stopped'; readonly writes: number };

const atOnce = 8;

/** A hash that no other plan has. */
export function planHash({ target, steps, backup }: Plan): string {
  const json = parseJson(JSON.stringify({ target, steps, backup: [...backup] }));
  return createHash('sha256')
    .update(JSON.stringify(sortedKeys(json)))
    .digest('hex');
}

/** Why the plan may not be applied, judging by the plan and its journal alone. */
export function objections(plan: Plan, progress: Progress, options: ApplyOptions): readonly string[] {
  const of = (severity: Severity): readonly string[] =>
    plan.findings.filter((one) => one.severity === severity).map(findingText);
  const isStrict = plan.strict || options.strict;
  return [
    ...(progress.isGoingBack
      ? ['its way back was begun: finish that with `migrate back --plan`, or make a new plan']
      : []),
    ...(progress.plan !== undefined && progress.plan !== planHash(plan)
      ? ['it was changed since it was begun: restore it, or make a new plan']
      : []),
    ...(options.acceptIncomplete
      ? []
      : plan.incomplete.map((what) => `it is incomplete: ${what} (--accept-incomplete goes on)`)),
    ...(options.acceptBlockers ? [] : of('blocker').map((text) => `blocker: ${text} (--accept-blockers goes on)`)),
    ...(isStrict && !options.acceptBlockers ? of('warning').map((text) => `warning: ${text} (strict)`) : []),
  ];
}

function findingText(finding: Finding): string {
  return `${finding.code}: ${refText(finding)}: ${finding.action}`;
}

/** Applies the plan as far as possible now. Throws if the API server cannot be reached or a right is missing. */
export async function applyPlan(deps: ApplyDeps, options: ApplyOptions): Promise<ApplyOutcome> {
  try {
    const begun = (): Promise<ApplyOutcome> => begunApply(deps, options);
    return options.dryRun ? await begun() : ((await alone(deps.folder, begun)) ?? refused([isTaken]));
  } catch (error) {
    if (deps.signal.aborted) return { kind: 'stopped', writes: 0 };
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
  const live = await readLive(client, signal);
  const changed = options.acceptChanges ? [] : driftOf(plan, live, progress);
  if (changed.length > 0)
    return refused(
      changed.map(
        (drift) => `the cluster changed since the plan was made (--accept-changes goes on): ${driftText(drift)}`,
      ),
    );
  if (options.dryRun) return new Run(deps, options, { progress, live, journal: undefined }).go();
  const journal = await Journal.open(folder);
  try {
    if (progress.plan === undefined) await journal.add({ event: 'plan', plan: planHash(plan) });
    return await new Run(deps, options, { progress, live, journal }).go();
  } finally {
    await journal.close();
  }
}

function refused(reasons: readonly string[]): ApplyOutcome {
  return { kind: 'refused', writes: 0, reasons };
}

type State = Pick<Execution, 'progress' | 'live' | 'journal'>;

class Run {
  readonly #deps: ApplyDeps;
  readonly #options: ApplyOptions;
  readonly #state: State;
  #writes = 0;

  constructor(deps: ApplyDeps, options: ApplyOptions, state: State) {
    this.#deps = deps;
    this.#options = options;
    this.#state = state;
  }

  async go(): Promise<ApplyOutcome> {
    const { plan, signal } = this.#deps;
    for (const [index, step] of plan.steps.entries()) {
      if (step.name === 'switch') {
        const reasons = await this.#notSwitched(plan.steps.slice(index + 1));
        if (reasons.length > 0) return { kind: 'waiting', writes: this.#writes, reasons };
        continue;
      }
      if (step.name === 'finalize') {
        if (!this.#options.finalize && this.#pending(step) > 0)
          return { kind: 'done', writes: this.#writes, left: 'finalize' };
        const reasons = await this.#notWell();
        if (reasons.length > 0) return { kind: 'refused', writes: this.#writes, reasons };
      }
      const reasons = await this.#step(step);
      if (signal.aborted) return { kind: 'stopped', writes: this.#writes };
      if (reasons.length > 0) return { kind: 'failed', writes: this.#writes, reasons };
    }
    return { kind: 'done', writes: this.#writes, left: 'nothing' };
  }

  #pending({ name, changes }: PlanStep): number {
    return changes.filter((change) => !this.#state.progress.done.has(changeKey(name, refKey(refOf(change))))).length;
  }

  /** Why the steps after the switch must wait; empty if there is nothing to do after it. A dry run does not wait. */
  async #notSwitched(later: readonly PlanStep[]): Promise<readonly string[]> {
    const isNeeded = later.some(
      (step) => (step.name !== 'finalize' || this.#options.finalize) && this.#pending(step) > 0,
    );
    if (!isNeeded || this.#options.dryRun) return [];
    const { client, plan, signal } = this.#deps;
    return notSwitched(targetNamed(plan.target), this.#state.live, await readNetworkType(client, signal));
  }

  /** Why finalize may not clear what was left alone so far. */
  async #notWell(): Promise<readonly string[]> {
    const { client, plan, folder, signal } = this.#deps;
    if (this.#options.dryRun || this.#options.acceptUnwell) return [];
    const [live, entries] = [await readLive(client, signal), await readJournal(folder)];
    const { checks } = verification(plan, live, progressOf(entries.ok ? entries.value : []));
    return checks
      .filter(({ well }) => !well)
      .map(
        ({ object, part, problem }) =>
          `not well (--accept-unwell goes on): ${refText(object)}${part === '' ? '' : ` ${part}`}: ${problem ?? ''}`,
      );
  }

  /** Runs the step. Returns the reasons why some of it could not be done. */
  async #step(step: PlanStep): Promise<readonly string[]> {
    const { client, signal, tell, progress } = this.#deps;
    const execution: Execution = {
      client,
      signal,
      force: this.#options.force,
      timeout: this.#options.timeout,
      ...this.#state,
    };
    const [reasons, notes]: [string[], string[]] = [[], []];
    const tellProgress = progressTeller(step.name, step.changes.length, progress);
    let ended = 0;
    await inParallel(step.changes, atOnce, async (change) => {
      if (signal.aborted) return;
      if (this.#options.dryRun && !isServed(this.#state.live, refOf(change))) {
        notes.push(`${refText(refOf(change))}: the API server has no such kind before the switch`);
        return;
      }
      const outcome = await execute(change, execution);
      if (outcome.kind === 'failed') reasons.push(outcome.reason);
      else if (outcome.kind !== 'nothing') {
        this.#writes++;
        notes.push(`${refText(outcome.object)}: would be ${outcome.kind}`);
      }
      ended++;
      tellProgress(ended);
    });
    if (this.#options.dryRun) for (const note of notes.sort()) tell(note);
    return reasons.sort();
  }
}
