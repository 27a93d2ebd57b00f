/** Where a cluster stands in a procedure, and the one next command. Pure. */
import type { Answer } from './answer.ts';
import { guide } from './commands.ts';
import type { Facts } from './facts.ts';
import type { Procedure, Stage } from './stage.ts';

export interface StageView {
  readonly stage: string;
  readonly title: string;
  readonly state: 'done' | 'now' | 'later' | 'unknown';
  /** Why it is not done, or not known; empty for what is done or later. */
  readonly reasons: readonly string[];
}

export interface Stand {
  readonly procedure: Procedure['name'];
  readonly title: string;
  /** `4.16.3`; empty if it is not known. */
  readonly release: string;
  /** The default plugin by the operator, and the one that is asked for; empty if they are not known. */
  readonly plugin: { readonly runs: string; readonly wanted: string };
  readonly stages: readonly StageView[];
  /** What is next; undefined if all is done, or if it cannot be told. */
  readonly next?: {
    readonly stage: string;
    readonly command: string;
    /** Whether there is nothing to do but to wait. */
    readonly isWait: boolean;
    readonly notes: readonly string[];
  };
  /** Why it cannot be told; empty if it can. */
  readonly unclear: readonly string[];
}

/** Computes it. */
export function standOf(facts: Facts, procedure: Procedure): Stand {
  const { stages } = procedure;
  const answers = stages.map(({ done }) => done(facts));
  const proven = stages.findLastIndex(({ isProof }, index) => isProof === true && answers[index]?.kind === 'yes');
  const at = answers.findIndex(({ kind }, index) => kind === 'no' || (kind === 'unknown' && index > proven));
  const { config, version } = facts;
  const current = at === -1 ? undefined : stages[at];
  const answer = answers[at];
  return {
    procedure: procedure.name,
    title: procedure.title,
    release: version.kind === 'known' ? version.value.version : '',
    plugin: {
      runs: config.kind === 'known' ? config.value.type : '',
      wanted: config.kind === 'known' ? config.value.wantedType : '',
    },
    stages: stages.map((stage, index) => view(stage, answers[index], at === -1 ? 'past' : place(index, at))),
    ...(current === undefined || answer?.kind !== 'no' ? {} : { next: nextOf(current, facts, procedure) }),
    unclear: answer?.kind === 'unknown' ? answer.reasons : [],
  };
}

function place(index: number, at: number): 'past' | 'at' | 'later' {
  if (index === at) return 'at';
  return index < at ? 'past' : 'later';
}

function view({ name, title }: Stage, answer: Answer | undefined, where: 'past' | 'at' | 'later'): StageView {
  const what = { stage: name, title };
  if (answer?.kind === 'unknown' && where !== 'later') return { ...what, state: 'unknown', reasons: answer.reasons };
  if (where === 'at' && answer?.kind === 'no') return { ...what, state: 'now', reasons: answer.reasons };
  return { ...what, state: where === 'past' ? 'done' : 'later', reasons: [] };
}

function nextOf(stage: Stage, facts: Facts, { flags }: Procedure): NonNullable<Stand['next']> {
  const command = stage.command(facts);
  return {
    stage: stage.name,
    command: command ?? guide(facts, ...flags, '--watch'),
    isWait: command === undefined,
    notes: stage.notes?.(facts) ?? [],
  };
}
