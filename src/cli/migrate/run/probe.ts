/** `migrate verify --probe`: from where is asked, and how it is shown. */
import { randomBytes } from 'node:crypto';
import type { Live } from '../../../migrate/live.ts';
import { compareRefs } from '../../../migrate/ref.ts';
import type { ApplyDeps } from '../../../migrate/run/apply/apply.ts';
import { progressReporter } from '../../../migrate/run/progress.ts';
import { probe, type ProbeOptions, sampled } from '../../../migrate/run/verify/probe.ts';
import type { Verification } from '../../../migrate/run/verify/verify.ts';
import type { Check } from '../../../migrate/target.ts';
import { targetNamed } from '../../../migrate/targets.ts';
import { aligned } from '../../aligned.ts';
import { Failure } from '../../fail.ts';
import { report } from '../../output.ts';
import { badInput } from '../source.ts';

export interface ProbeFlags {
  readonly probe?: string;
  readonly probeImage?: string;
  readonly probeNamespace: readonly string[];
  readonly probeSample: number;
  readonly probeTimeout: number;
}

/** What is asked; undefined if nothing is. */
export function probeOptions({
  probe: url,
  probeImage: image,
  probeTimeout: timeout,
}: ProbeFlags): ProbeOptions | undefined {
  if (url === undefined) return undefined;
  if (image === undefined) throw new Failure('--probe needs --probe-image, an image with curl', badInput);
  const isWeb = URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol);
  if (!isWeb) throw new Failure(`--probe ${JSON.stringify(url)}: it is no http or https URL`, badInput);
  return { url, image, timeout };
}

/** Asks from the chosen namespaces, or from a sample of those that the plan serves. */
export async function asked(
  { client, plan, signal, live }: Pick<ApplyDeps, 'client' | 'plan' | 'signal'> & { readonly live: Live },
  flags: ProbeFlags,
  options: ProbeOptions,
): Promise<readonly Check[]> {
  const changes = plan.steps.flatMap((step) => step.changes);
  const all = targetNamed(plan.target).leavesWith(changes, live);
  const unknown = flags.probeNamespace.find((name) => !all.has(name));
  if (unknown !== undefined)
    throw new Failure(
      `--probe-namespace ${unknown}: the plan gives no egress IP to a namespace of that name`,
      badInput,
    );
  const names =
    flags.probeNamespace.length > 0 ? flags.probeNamespace : sampled([...all.keys()].sort(), flags.probeSample);
  if (names.length < all.size) report(`asking from ${names.length} of ${all.size} namespaces\n`);
  const asked = progressReporter('asked', names.length, (line) => report(`${line}\n`));
  return probe(
    { client, plan, run: randomBytes(4).toString('hex'), signal, asked },
    new Map(names.map((name) => [name, all.get(name) ?? []])),
    options,
  );
}

/** The checks with those of the probes. */
export function withProbes({ checks, well }: Verification, probes: readonly Check[]): Verification {
  const sorted = probes.toSorted((a, b) => compareRefs(a.object, b.object));
  return { well: well && probes.every((one) => one.well), checks: [...checks, ...sorted] };
}

/** The addresses with which pods left; empty if none was asked. */
export function probesText(checks: readonly Check[]): string {
  const probes = checks.filter(({ part }) => part === 'probe');
  if (probes.length === 0) return '';
  const rows = probes.map(({ object, address, well }) => [object.name, address ?? '-', well ? 'well' : 'NOT WELL']);
  return `${aligned([['NAMESPACE', 'LEFT WITH', 'STATE'], ...rows])}\n`;
}
