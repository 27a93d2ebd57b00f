/** `sdn-compat migrate back --out`: plans a way back from OVN-Kubernetes' objects alone. */
import { writePlan } from '../../../migrate/plan/folder.ts';
import { makePlan } from '../../../migrate/plan/make.ts';
import { countsText } from '../../../migrate/report/content.ts';
import { unsetOptions } from '../../../migrate/target.ts';
import { oldPlugin } from '../../../migrate/targets.ts';
import { Failure } from '../../fail.ts';
import { print } from '../../output.ts';
import { programVersion } from '../../version.ts';
import { badInput, progressLines, readSnapshot, type SourceFlags } from '../source.ts';
import { changesText, findingsText } from '../tables.ts';

/** Reads the input, makes and writes the plan, and reports what it wrote. */
export async function runBackPlan(flags: SourceFlags, out: string): Promise<void> {
  const snapshot = await readSnapshot(flags, progressLines(), { needed: oldPlugin.needs });
  const { plan } = makePlan(snapshot, {
    tool: `sdn-compat ${programVersion}`,
    target: oldPlugin,
    options: unsetOptions(oldPlugin),
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
