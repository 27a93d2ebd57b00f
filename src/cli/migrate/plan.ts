/** `sdn-compat migrate plan`: writes the folder that apply, verify and back work with. */
import { namespaces, netNamespaces } from '../../../api/kinds.ts';
import { planDiff } from '../../migrate/plan/diff.ts';
import { writePlan } from '../../migrate/plan/folder.ts';
import { makePlan } from '../../migrate/plan/make.ts';
import { objectsOf, type Snapshot } from '../../migrate/snapshot.ts';
import { targetNamed, wantedFor } from '../../migrate/targets.ts';
import type { Concern } from '../../migrate/translation.ts';
import type { JsonObject } from '../../model/values/json.ts';
import { Failure } from '../fail.ts';
import { print } from '../output.ts';
import { programVersion } from '../version.ts';
import { ownOptions } from './options.ts';
import { isBlocked, reportsOf, summaryText } from './plan-output.ts';
import { badInput, progressLines, readSnapshot, type SourceFlags } from './source.ts';

export interface PlanFlags extends SourceFlags {
  readonly to?: string;
  readonly out?: string;
  readonly update?: string;
  readonly only?: readonly Concern[];
  readonly namespace: readonly string[];
  readonly strict: boolean;
  readonly diff: boolean;
}

/** Reads the input, makes and writes the plan, and reports what it wrote, even if the plan must not be applied yet. */
export async function runPlan(flags: PlanFlags): Promise<void> {
  const { to, out, update } = flags;
  if (update !== undefined) {
    if (to !== undefined || out !== undefined)
      throw new Failure('--update goes by the plan in its folder: leave out --to and --out', badInput);
    await (await import('./update.ts')).runUpdate(flags, update);
  } else if (to === undefined || out === undefined) {
    throw new Failure('give --to TARGET and --out DIR, or --update DIR', badInput);
  } else {
    await newPlan(flags, to, out);
  }
}

async function newPlan(flags: PlanFlags, to: string, out: string): Promise<void> {
  const progress = progressLines();
  const snapshot = await readSnapshot(flags, progress, { kinds: wantedFor({ target: to }) });
  refuseUnknown(flags.namespace, snapshot);
  progress('planning');
  const target = targetNamed(to);
  const made = makePlan(snapshot, {
    tool: `sdn-compat ${programVersion}`,
    target,
    options: { ...ownOptions(target, flags), ...commonOptions(flags) },
    strict: flags.strict,
  });
  const { plan } = made;
  progress(`writing ${out}`);
  const written = await writePlan(out, plan, reportsOf(made));
  if (!written.ok) throw new Failure(written.error, badInput);
  print(summaryText(plan, out));
  if (flags.diff)
    print(
      `\n${planDiff(plan, snapshot)
        .map((line) => `${line}\n`)
        .join('')}`,
    );
  if (isBlocked(plan)) process.exitCode = 1;
}

/** Refuses a name that no namespace has: it is a typo, and the empty plan would look fine. */
function refuseUnknown(chosen: readonly string[], snapshot: Snapshot): void {
  const known = new Set(
    [namespaces, netNamespaces].flatMap((kind) => objectsOf(snapshot, kind)).map(({ metadata }) => metadata.name),
  );
  const unknown = chosen.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new Failure(
      `--namespace ${unknown}: the input has neither a Namespace nor a NetNamespace of that name`,
      badInput,
    );
}

function commonOptions({ only = [], namespace, machineNetwork }: PlanFlags): JsonObject {
  return { only, namespaces: [...new Set(namespace)].sort(), machineNetworks: [...new Set(machineNetwork)].sort() };
}
