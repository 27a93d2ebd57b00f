/** `sdn-compat migrate back --out`: plans a way back from the objects of a plugin alone. */
import { writePlan } from '../../../migrate/plan/folder.ts';
import { makePlan } from '../../../migrate/plan/make.ts';
import { countsText } from '../../../migrate/report/content.ts';
import { unsetOptions } from '../../../migrate/target.ts';
import { wantedFor, waysBack } from '../../../migrate/targets.ts';
import { Failure } from '../../fail.ts';
import { print } from '../../output.ts';
import { programVersion } from '../../version.ts';
import { badInput, progressLines, readSnapshot, type SourceFlags } from '../source.ts';
import { changesText, findingsText } from '../tables.ts';

/** Reads the input, makes and writes the plan, and reports what it wrote. */
export async function runBackPlan(
  flags: SourceFlags,
  { out, from }: { readonly out: string; readonly from: string },
): Promise<void> {
  const way = waysBack.find((one) => one.from.name === from);
  if (way === undefined) throw new Error(`no way back leads from ${from}`);
  const { target } = way;
  const snapshot = await readSnapshot(flags, progressLines(), {
    needed: target.needs,
    kinds: wantedFor({ target: target.name }),
  });
  const { plan } = makePlan(snapshot, {
    tool: `sdn-compat ${programVersion}`,
    target,
    options: unsetOptions(target),
    strict: false,
  });
  const written = await writePlan(out, plan);
  if (!written.ok) throw new Failure(written.error, badInput);
  const steps = plan.steps.map(
    ({ name, changes }) => `${name}: ${name === 'switch' ? 'yours' : changesText(changes.length)}\n`,
  );
  print(
    `${steps.join('')}\n${findingsText(plan.findings)}\n${countsText(plan.findings)}\n\`migrate apply --plan ${out}\` runs it.\n`,
  );
}
