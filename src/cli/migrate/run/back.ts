/** `sdn-compat migrate back`: undoes a plan, or plans a way back without one. */
import { goBack } from '../../../migrate/run/undo/undo.ts';
import { Failure } from '../../fail.ts';
import { badInput, type SourceFlags } from '../source.ts';
import { changesText } from '../tables.ts';
import { end, withPlan } from './apply.ts';

export interface BackFlags extends SourceFlags {
  readonly plan?: string;
  readonly out?: string;
  readonly from: string;
  readonly planOnly: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly skip: readonly string[];
}

/** Undoes the plan in a folder, or writes a plan of the way back made from objects. */
export async function runBack(flags: BackFlags): Promise<void> {
  const { plan: folder, out } = flags;
  if ((folder === undefined) === (out === undefined))
    throw new Failure('give either --plan DIR, or --out DIR with -f PATH or --from-cluster', badInput);
  if (out !== undefined) await (await import('./back-plan.ts')).runBackPlan(flags, { out, from: flags.from });
  else if (folder !== undefined) await undo(flags, folder);
}

async function undo(flags: BackFlags, folder: string): Promise<void> {
  if (flags.fromCluster || flags.filename.length > 0)
    throw new Failure('--plan goes by its own backup: leave out -f and --from-cluster', badInput);
  const mode = flags.planOnly ? 'show' : flags.dryRun ? 'ask' : 'write';
  const outcome = await withPlan({ ...flags, plan: folder }, (work) =>
    goBack(work, { mode, force: flags.force, skip: flags.skip }),
  );
  end(outcome, {
    done: (writes, left) => {
      if (mode !== 'write') return 'Nothing was written.';
      const but = left === 'skipped' ? 'but for what was left out, ' : '';
      return `Back: ${changesText(writes)}, ${but}nothing of the migration is left.`;
    },
    waiting: (on) => {
      const next =
        on === 'switch'
          ? 'Switch the network plugin back to OpenShift SDN, and when it runs on every node run this again.'
          : 'Run this again when what it waits for is done, or leave that out with --skip:';
      return `The objects of OpenShift SDN are restored as far as they can be now. ${next}`;
    },
  });
}
