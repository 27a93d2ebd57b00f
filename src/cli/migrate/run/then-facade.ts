/** `sdn-compat migrate apply --then-facade`: a plan for OVN-Kubernetes, and then the old API on top of it. */
import { networkOperators } from '../../../../api/kinds.ts';
import { hasFacade, lackingAfter, lackingNow, whyNotEnded } from '../../../facade/migrated/stand.ts';
import { knownOf } from '../../../migrate/known.ts';
import { refText } from '../../../migrate/ref.ts';
import { type ApplyOutcome, applyPlan, type Work } from '../../../migrate/run/apply/apply.ts';
import { type Progress, progressOf, readJournal } from '../../../migrate/run/journal.ts';
import { readNow } from '../../../migrate/run/now.ts';
import { verification } from '../../../migrate/run/verify/verify.ts';
import { targetNamed, vendorsPlugin } from '../../../migrate/targets.ts';
import { Failure } from '../../fail.ts';
import { badInput } from '../source.ts';
import { type ApplyFlags, end, switchText, withPlan } from './apply.ts';

const install = 'kubectl apply -k config/overlays/ovn-facade';

/** Goes as far as it can now: to the switch, to the installation of the facade, to the end. */
export async function runThenFacade(flags: ApplyFlags): Promise<void> {
  if (flags.finalize || flags.dryRun)
    throw new Failure(
      '--then-facade goes with neither --finalize nor --dry-run: the facade needs what finalize clears',
      badInput,
    );
  let next = '';
  const outcome = await withPlan(flags, async (work) => {
    const { name, plugin } = targetNamed((await work.plan()).target);
    if (name !== vendorsPlugin.name)
      throw new Failure(`--then-facade is for plans to OVN-Kubernetes; this one leads to ${plugin}`, badInput);
    if (await hasFacade(work)) return compared(work, flags);
    next = switchText(plugin);
    const applied = await applyPlan(work, flags);
    if (applied.kind !== 'done') return applied;
    next = `The plan is done. Now install the facade, and when it runs do this again:\n  ${install}`;
    return beforeFacade(work, flags, applied.writes);
  });
  end(outcome, {
    done: () => 'Done: the facade runs, and NetNamespaces and HostSubnets say what the plan says.',
    waiting: () => next,
  });
}

async function progressIn(folder: string): Promise<Progress> {
  const entries = await readJournal(folder);
  if (!entries.ok) throw new Failure(entries.error, badInput);
  return progressOf(entries.value);
}

/** What must be so before the facade takes over: it takes away an EgressIP that no NetNamespace asks for. */
async function beforeFacade(work: Work, { acceptUnwell }: ApplyFlags, writes: number): Promise<ApplyOutcome> {
  const [plan, progress] = [await work.plan(), await progressIn(work.folder)];
  const now = await readNow(work.client, plan, work.signal);
  const ill = verification(plan, now, progress).checks.filter(({ well }) => !well);
  if (ill.length > 0 && !acceptUnwell) {
    const reasons = ill.map(
      ({ object, part, problem = '' }) =>
        `not well (--accept-unwell goes on): ${refText(object)}${part === '' ? '' : ` ${part}`}: ${problem}`,
    );
    return { kind: 'refused', writes, reasons };
  }
  const operator = now.snapshot.networkOperators.find(({ name }) => name === 'cluster');
  const notEnded = whyNotEnded(knownOf(now.snapshot, networkOperators, operator));
  if (notEnded !== undefined)
    return { kind: 'refused', writes, reasons: [`${notEnded}: do what \`migrate guide\` says first`] };
  const lacking = (await lackingNow(work, plan, progress.skipped)).filter(({ isThere }) => isThere);
  if (lacking.length > 0) {
    const reasons = lacking.map(
      ({ text }) =>
        `${text}: the facade would take the EgressIP away; write it again, or delete the object, which the facade then makes from the EgressIP`,
    );
    return { kind: 'refused', writes, reasons };
  }
  return { kind: 'waiting', on: 'objects', writes, reasons: [] };
}

/** Waits until the facade has made NetNamespaces and HostSubnets what the plan says. */
async function compared(work: Work, { timeout }: ApplyFlags): Promise<ApplyOutcome> {
  const [plan, { skipped }] = [await work.plan(), await progressIn(work.folder)];
  const lacking = await lackingAfter(() => lackingNow(work, plan, skipped), timeout, work.signal);
  if (lacking.length === 0) return { kind: 'done', writes: 0, left: 'nothing' };
  if (work.signal.aborted) return { kind: 'stopped', writes: 0 };
  return { kind: 'refused', writes: 0, reasons: lacking.map(({ text }) => text) };
}
