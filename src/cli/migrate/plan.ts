/** `sdn-compat migrate plan`: writes the folder that apply, verify and back work with. */
import { hostSubnets, namespaces, netNamespaces } from '../../../api/kinds.ts';
import { objectsOf, type Snapshot } from '../../migrate/input/snapshot.ts';
import { toOVN } from '../../migrate/ovn/translate.ts';
import { planDiff } from '../../migrate/plan/diff.ts';
import { writePlan } from '../../migrate/plan/folder.ts';
import { type Plan, planOf } from '../../migrate/plan/plan.ts';
import { countsText, reportOf } from '../../migrate/report/content.ts';
import { htmlReport } from '../../migrate/report/html.ts';
import { markdownReport } from '../../migrate/report/markdown.ts';
import type { Concern, TranslateOptions } from '../../migrate/translation.ts';
import { asText, isRecord } from '../../model/json.ts';
import { Failure } from '../fail.ts';
import { programVersion } from '../version.ts';
import { changesText } from './apply.ts';
import { badInput, progressLines, readSnapshot, type SourceFlags } from './source.ts';
import { aligned, findingsText } from './tables.ts';

export interface PlanFlags extends SourceFlags {
  readonly to: 'ovn';
  readonly out: string;
  readonly only?: readonly Concern[];
  readonly namespace: readonly string[];
  readonly prefix: string;
  readonly strict: boolean;
  readonly keepClosed: boolean;
  readonly allowApiServer: boolean;
  readonly diff: boolean;
}

/** Reads, plans, writes, and says what it wrote. The plan is written also when it must not be applied yet. */
export async function runPlan(flags: PlanFlags): Promise<void> {
  const progress = progressLines();
  const snapshot = await readSnapshot(flags, progress);
  refuseUnknown(flags.namespace, snapshot);
  progress('planning');
  const options = optionsOf(flags);
  const translation = toOVN(snapshot, options);
  const plan = planOf({
    tool: `sdn-compat ${programVersion}`,
    target: flags.to,
    options: plainOptions(options),
    strict: flags.strict,
    snapshot,
    translation,
  });
  const report = reportOf({
    plan,
    assignedCount: translation.assignedCount ?? [],
    nodeAddresses: nodeAddresses(snapshot),
  });
  progress(`writing ${flags.out}`);
  const written = await writePlan(
    flags.out,
    plan,
    new Map([
      ['report.md', markdownReport(report)],
      ['report.html', htmlReport(report)],
    ]),
  );
  if (!written.ok) throw new Failure(written.error, badInput);
  process.stdout.write(summaryText(plan, flags.out));
  if (flags.diff)
    process.stdout.write(
      `\n${planDiff(plan, snapshot)
        .map((line) => `${line}\n`)
        .join('')}`,
    );
  const blocks = plan.findings.some(
    ({ severity }) => severity === 'blocker' || (flags.strict && severity === 'warning'),
  );
  if (blocks) process.exitCode = 1;
}

/** A name that nothing bears is a slip, and a plan of nothing would look fine. */
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

function optionsOf(flags: PlanFlags): TranslateOptions {
  return {
    only: flags.only ?? [],
    namespaces: [...new Set(flags.namespace)].sort(),
    prefix: flags.prefix,
    keepClosed: flags.keepClosed,
    allowAPIServer: flags.allowApiServer,
    machineNetworks: [...new Set(flags.machineNetwork)].sort(),
  };
}

function plainOptions({
  only,
  namespaces,
  prefix,
  keepClosed,
  allowAPIServer,
  machineNetworks,
}: TranslateOptions): Plan['options'] {
  return { only: only.toSorted(), namespaces, prefix, keepClosed, allowAPIServer, machineNetworks };
}

function nodeAddresses(snapshot: Snapshot): readonly string[] {
  const addresses = objectsOf(snapshot, hostSubnets).map((host) => (isRecord(host) ? asText(host['hostIP']) : ''));
  return [...new Set(addresses.filter((address) => address !== ''))];
}

function summaryText(plan: Plan, folder: string): string {
  const urgent = plan.findings.filter(({ severity }) => severity !== 'info');
  const steps = plan.steps.map(({ name, changes }, index) => [
    `${index + 1}.`,
    name,
    name === 'switch' ? 'yours' : changesText(changes.length),
  ]);
  return [
    ...(plan.incomplete.length === 0
      ? []
      : [`The plan is incomplete:\n${plan.incomplete.map((text) => `  ${text}\n`).join('')}\n`]),
    aligned(steps),
    '\n',
    urgent.length === 0 ? '' : `${findingsText(urgent)}\n`,
    `${countsText(plan.findings)}; ${folder}/report.html has them all.\n`,
  ].join('');
}
