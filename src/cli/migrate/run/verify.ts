/** `sdn-compat migrate verify`: checks whether the cluster is what the plan wanted. */
import { pause } from '../../../io/async/pause.ts';
import type { Live } from '../../../migrate/live.ts';
import { refText } from '../../../migrate/ref.ts';
import type { ApplyDeps } from '../../../migrate/run/apply/apply.ts';
import { otherCluster } from '../../../migrate/run/identity.ts';
import { progressOf, readJournal } from '../../../migrate/run/journal.ts';
import { readNow } from '../../../migrate/run/now.ts';
import { stuck, unstick } from '../../../migrate/run/verify/unstick.ts';
import { type Verification, verification } from '../../../migrate/run/verify/verify.ts';
import { clusterUID, type Snapshot } from '../../../migrate/snapshot.ts';
import type { Check } from '../../../migrate/target.ts';
import { Failure } from '../../fail.ts';
import { print, report } from '../../output.ts';
import { mayPass } from '../may-pass.ts';
import { badInput, planIn } from '../source.ts';
import { aligned } from '../tables.ts';
import { withPlan } from './apply.ts';
import { asked, type ProbeFlags, probeOptions, probesText, withProbes } from './probe.ts';

export interface VerifyFlags extends ProbeFlags {
  readonly plan: string;
  readonly kubeconfig?: string;
  readonly output: 'table' | 'json' | 'yaml';
  readonly watch: boolean;
  readonly unstick: boolean;
  readonly timeout: number;
}

const between = 2_000;

/** Checks once, or until all is well, and prints the last result. */
export async function runVerify(flags: VerifyFlags): Promise<void> {
  const options = probeOptions(flags);
  const seen = await withPlan(flags, await planIn(flags.plan), async (deps) => {
    if (flags.unstick) await touch(deps);
    const { verification: found, live } = await watched(deps, flags);
    return options === undefined ? found : withProbes(found, await asked({ ...deps, live }, flags, options));
  });
  if (flags.output === 'json') print(`${JSON.stringify(seen, null, 2)}\n`);
  else if (flags.output === 'yaml') print((await import('js-yaml')).dump(seen, { noRefs: true, lineWidth: -1 }));
  else print(verificationTable(seen));
  if (!seen.well) process.exitCode = 1;
}

/** Touches the EgressIPs that have an unassigned address, once, and reports which. */
async function touch(deps: ApplyDeps): Promise<void> {
  const names = await unstick(deps.client, stuck((await looker(deps)()).verification), Date.now());
  report(names.length === 0 ? 'no EgressIP has an unassigned address\n' : `touched EgressIP ${names.join(', ')}\n`);
}

/** What was checked, and the result. */
interface Look {
  readonly live: Live;
  readonly verification: Verification;
}

async function watched(deps: ApplyDeps, { watch, timeout }: VerifyFlags): Promise<Look> {
  const end = performance.now() + timeout;
  const look = looker(deps);
  for (let told = ''; ;) {
    const isLast = !watch || performance.now() + between > end;
    const seen = await look().catch((error: unknown) => {
      if (isLast || deps.signal.aborted || !mayPass(error)) throw error;
      return error;
    });
    if (!(seen instanceof Error) && (isLast || seen.verification.well || deps.signal.aborted)) return seen;
    const state =
      seen instanceof Error ? `the cluster cannot be read, trying again: ${seen.message}` : illText(seen.verification);
    if (state !== told) report(`${state}\n`);
    told = state;
    await pause(between, deps.signal);
  }
}

function illText({ checks }: Verification): string {
  return `${checks.filter(({ well }) => !well).length} of ${checks.length} checks are not well yet`;
}

/** Looks once. After the first time, egress routers are taken as they were. */
function looker({ client, folder, plan, signal }: ApplyDeps): () => Promise<Look> {
  let since: Snapshot | undefined;
  return async () => {
    const entries = await readJournal(folder);
    if (!entries.ok) throw new Failure(entries.error, badInput);
    const progress = progressOf(entries.value);
    const now = await readNow(client, signal, since);
    since = now.snapshot;
    const stranger = otherCluster(plan, progress, clusterUID(now.snapshot));
    if (stranger !== undefined) throw new Failure(stranger);
    return { live: now.live, verification: verification(plan, now, progress) };
  };
}

/** Lists where each egress IP is, then what is not well. */
export function verificationTable({ well, checks }: Verification): string {
  const placed = checks.filter(({ object, part }) => object.kind === 'EgressIP' && part !== '' && part !== 'leftover');
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
    rows.length === 0 ? '' : `${aligned([['EGRESSIP', 'ADDRESS', 'NODE', 'KEPT ON', 'ALLOWED', 'STATE'], ...rows])}\n`,
    ...ill.map((line) => `${line}\n`),
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
