/** `sdn-compat migrate apply`: runs a plan and reports how it ended. */
import { existsSync } from 'node:fs';
import type { Plan } from '../../../migrate/plan/plan.ts';
import { type ApplyOptions, type ApplyOutcome, applyPlan, type Work } from '../../../migrate/run/apply/apply.ts';
import { targetNamed } from '../../../migrate/targets.ts';
import type { ClientFlags } from '../../client.ts';
import { Failure, untilSignal } from '../../fail.ts';
import { print, report } from '../../output.ts';
import { badInput, openClient, planIn } from '../source.ts';
import { changesText } from '../tables.ts';

export interface ApplyFlags extends ApplyOptions, ClientFlags {
  readonly plan: string;
  /** Whether the facade follows. */
  readonly thenFacade?: boolean;
}

/** Exit status if the admin must act before it can continue. */
const yourTurn = 3;

const most = 20;

/** What the admin must do at the switch. */
export function switchText(plugin: string): string {
  return `Everything that must be done before the switch is done. Now switch the network plugin to ${plugin}, and when it runs on every node run this again.`;
}

/** Reads the plan and applies it. */
export async function runApply(flags: ApplyFlags): Promise<void> {
  let plugin = '';
  const outcome = await withPlan(flags, (work) => {
    const plan = async (): Promise<Plan> => {
      const read = await work.plan();
      plugin = targetNamed(read.target).plugin;
      return read;
    };
    return applyPlan({ ...work, plan }, flags);
  });
  end(outcome, {
    done: (writes, left) => {
      if (flags.dryRun) return 'Nothing was written: this was a dry run.';
      return left === 'nothing'
        ? `Done: ${changesText(writes)}, nothing is left to do.`
        : `Done: ${changesText(writes)}. Look with \`migrate verify\`; when it is well, \`migrate apply --finalize\` clears the objects of the old plugin.`;
    },
    waiting: () => switchText(plugin),
  });
}

/** Works with a plan and its cluster until the work ends or a signal arrives. */
export async function withPlan<T>(
  flags: ClientFlags & { readonly plan: string },
  work: (given: Work) => Promise<T>,
): Promise<T> {
  const plan = (): Promise<Plan> => planIn(flags.plan);
  // a folder that is not there cannot be locked
  if (!existsSync(flags.plan)) await plan();
  const client = await openClient(flags);
  return work({
    client,
    folder: flags.plan,
    plan,
    signal: untilSignal(),
    report: (line) => print(`${line}\n`),
    progress: (line) => report(`${line}\n`),
  }).finally(() => client.close());
}

export interface EndTexts {
  readonly done: (writes: number, left: 'finalize' | 'nothing' | 'skipped') => string;
  readonly waiting: (on: 'switch' | 'objects') => string;
}

/** Reports how it ended and sets the exit status. */
export function end(outcome: ApplyOutcome, texts: EndTexts): void {
  switch (outcome.kind) {
    case 'done':
      print(`${texts.done(outcome.writes, outcome.left)}\n`);
      return;
    case 'waiting':
      print(`${texts.waiting(outcome.on)}\n${listed(outcome.reasons)}`);
      process.exitCode = yourTurn;
      return;
    case 'stopped':
      throw new Failure('stopped by a signal between two writes; run it again to go on');
    case 'unreadable':
      throw new Failure(outcome.reasons.join('\n'), badInput);
    case 'refused':
      throw new Failure(
        `refused; ${outcome.writes === 0 ? 'nothing was written' : `${changesText(outcome.writes)} made before`}:\n${listed(outcome.reasons)}`.trimEnd(),
      );
    case 'failed':
      throw new Failure(
        `failed after ${changesText(outcome.writes)}; run it again when these are fixed, or leave them out with --skip:\n${listed(outcome.reasons)}`.trimEnd(),
      );
  }
}

function listed(reasons: readonly string[]): string {
  const more = reasons.length > most ? [`and ${reasons.length - most} more`] : [];
  return [...reasons.slice(0, most), ...more].map((reason) => `  ${reason}\n`).join('');
}
