/** What a stage of a procedure says of a cluster. */
import type { Answer } from '../../../src/migrate/guide/answer.ts';
import type { Facts } from '../../../src/migrate/guide/facts.ts';
import type { Procedure, Stage } from '../../../src/migrate/guide/stage.ts';

export function stageOf({ stages }: Procedure, name: string): Stage {
  const found = stages.find((stage) => stage.name === name);
  if (found === undefined) throw new Error(`there is no stage ${name}`);
  return found;
}

/** Yes, or the reasons behind no and unknown. */
export function told(answer: Answer): string {
  return answer.kind === 'yes' ? 'yes' : `${answer.kind}: ${answer.reasons.join('; ')}`;
}

/** What a stage says of these facts. */
export function saying(procedure: Procedure, name: string): (facts: Facts) => string {
  const { done } = stageOf(procedure, name);
  return (facts) => told(done(facts));
}
