/** `sdn-compat migrate verify`: checks whether the cluster is what the plan wanted. */
import { pause } from '../../../io/async/pause.ts';
import type { Live } from '../../../migrate/live.ts';
import type { Plan } from '../../../migrate/plan/plan.ts';
import { refText } from '../../../migrate/ref.ts';
import type { Work } from '../../../migrate/run/apply/apply.ts';
import { otherCluster } from '../../../migrate/run/identity.ts';
import { progressOf } from '../../../migrate/run/journal.ts';
import { readNow } from '../../../migrate/run/now.ts';
import { planReader } from '../../../migrate/run/plan-reader.ts';
import { stuckIn, touch } from '../../../migrate/run/verify/touch.ts';
import { type Verification, verification } from '../../../migrate/run/verify/verify.ts';
import { clusterUID, type Snapshot } from '../../../migrate/snapshot.ts';
import type { Check } from '../../../migrate/target.ts';
import { targetNamed } from '../../../migrate/targets.ts';
import { ok } from '../../../model/values/result.ts';
import { aligned } from '../../aligned.ts';
import type { ClientFlags } from '../../client.ts';
import { Failure } from '../../fail.ts';
import { formatted, print, report } from '../../output.ts';
import { mayPass } from '../may-pass.ts';
import { badInput } from '../source.ts';
import { withPlan } from './apply.ts';
import { asked, type ProbeFlags, probeOptions, probesText, withProbes } from './probe.ts';

export interface VerifyFlags extends ProbeFlags, ClientFlags {
  readonly plan: string;
  readonly output: 'table' | 'json' | 'yaml';
  readonly watch: boolean;
  readonly unstick: boolean;
  readonly timeout: number;
}

const between = 2_000;

/** Checks once, or until all is well, and prints the last result. */
export async function runVerify(flags: VerifyFlags): Promise<void> {
  const options = probeOptions(flags);
  const seen = await withPlan(flags, async (work) => {
    const look = looker(work);
    if (flags.unstick) await unstick(work, look);
    const { verification: found, live, plan } = await watched(work, look, flags);
    return options === undefined ? found : withProbes(found, await asked({ ...work, plan, live }, flags, options));
  });
  print(await formatted(seen, flags.output, () => verificationTable(seen)));
  if (!seen.well) process.exitCode = 1;
}

/** Touches the objects that the plugin passed over, once, and reports which. */
async function unstick({ client }: Work, look: () => Promise<Look>): Promise<void> {
  const { plan, verification: found } = await look();
  const { plugin, stuck } = targetNamed(plan.target);
  if (stuck === undefined) {
    report(`${plugin} passes over nothing that touching helps\n`);
    return;
  }
  const names = await touch(client, stuck, { names: stuckIn(found, stuck), now: Date.now() });
  const { kind } = stuck.kind;
  report(names.length === 0 ? `no ${kind} has ${stuck.what}\n` : `touched ${kind} ${names.join(', ')}\n`);
}

/** What was checked, and the result. */
interface Look {
  readonly plan: Plan;
  readonly live: Live;
  readonly verification: Verification;
}

async function watched({ signal }: Work, look: () => Promise<Look>, { watch, timeout }: VerifyFlags): Promise<Look> {
  const end = performance.now() + timeout;
  for (let told = ''; ;) {
    const isLast = !watch || performance.now() + between > end;
    const seen = await look().catch((error: unknown) => {
      if (isLast || signal.aborted || !mayPass(error)) throw error;
      return error;
    });
    if (!(seen instanceof Error) && (isLast || seen.verification.well || signal.aborted)) return seen;
    const state =
      seen instanceof Error ? `the cluster cannot be read, trying again: ${seen.message}` : illText(seen.verification);
    if (state !== told) report(`${state}\n`);
    told = state;
    await pause(between, signal);
  }
}

function illText({ checks }: Verification): string {
  return `${checks.filter(({ well }) => !well).length} of ${checks.length} checks are not well yet`;
}

/** Looks once, at the plan as it is then. After the first time, egress routers are taken as they were. */
function looker({ client, folder, plan: read, signal }: Work): () => Promise<Look> {
  let since: Snapshot | undefined;
  const reader = planReader(folder, async () => ok(await read()));
  return async () => {
    const current = await reader();
    if (!current.ok) throw new Failure(current.error, badInput);
    const { plan, entries } = current.value;
    const progress = progressOf(entries);
    const now = await readNow(client, plan, signal, since).catch((error: unknown) => {
      throw signal.aborted ? new Failure('stopped by a signal before the cluster was read') : error;
    });
    since = now.snapshot;
    const stranger = otherCluster(plan, progress, clusterUID(now.snapshot));
    if (stranger !== undefined) throw new Failure(stranger);
    return { plan, live: now.live, verification: verification(plan, now, progress) };
  };
}

/** The part of a check that is about an egress IP, which may be one that nobody can read. */
const addressLike = /^[\da-f]*[.:][\da-f.:]*$/i;

const columns = ['ADDRESS', 'NODE', 'KEPT ON', 'ALLOWED', 'STATE'];

/** Lists where each egress IP is, then what is not well. */
export function verificationTable({ well, checks }: Verification): string {
  const placed = checks.filter(({ part }) => addressLike.test(part));
  const kind = placed[0]?.object.kind ?? '';
  const rows = placed.map(({ object, part, node, allowed, expected, well: isWell }) => [
    object.name,
    part,
    node ?? '-',
    expected ?? '-',
    allowed?.join(',') ?? '-',
    isWell ? 'well' : 'NOT WELL',
  ]);
  const ill = checks
    .filter((check) => !check.well)
    .map(
      ({ object, part, problem = '' }) =>
        `${refText(object)}${part === '' ? '' : ` ${part}`}: ${problem.replace(/\s+/g, ' ')}`,
    );
  return [
    rows.length === 0 ? '' : `${aligned([[kind.toUpperCase(), ...columns], ...rows])}\n`,
    ...ill.map((line) => `${line}\n`),
    ...checks.flatMap(({ object, part }) => (part === 'skipped' ? [`${refText(object)} was left out\n`] : [])),
    keptText(placed),
    probesText(checks),
    well
      ? `all is well: ${checks.length} check${checks.length === 1 ? '' : 's'}\n`
      : `${ill.length} of ${checks.length} checks are not well\n`,
  ].join('');
}

/** How many egress IPs are on the node where the plan keeps them; empty if it keeps none. */
function keptText(placed: readonly Check[]): string {
  const kept = placed.filter(({ expected }) => expected !== undefined);
  if (kept.length === 0) return '';
  const there = kept.filter(({ node, expected }) => node === expected).length;
  return `${there} of ${kept.length} egress IPs are on the node that they had before\n`;
}
