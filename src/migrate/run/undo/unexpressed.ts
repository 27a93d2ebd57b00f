/** Finds requests and rules of the new plugin that the way back brings to nothing: the backup knows none. Pure. */
import { compareText } from '../../../model/values/names.ts';
import type { Live } from '../../live.ts';
import { bearsOurMark, holds, isPlanManager } from '../../ownership.ts';
import type { Plan } from '../../plan/plan.ts';
import { kindAmong, objectRef, refKey, refText } from '../../ref.ts';
import { leadsBack, oldPlugin, targetNamed } from '../../targets.ts';
import { refOf } from '../../translation.ts';
import { contentOf } from '../drift.ts';

/**
 * One line for each object of the new plugin, such as an EgressIP, that no plan made and that says something else than
 * this plan: OpenShift SDN does not know it, so its namespaces lose what it gives them. `mentioned`: what is named
 * already, by `refKey`.
 */
export function unexpressed(plan: Plan, { objects }: Live, mentioned: ReadonlySet<string>): readonly string[] {
  if (leadsBack(plan)) return [];
  const { beside } = targetNamed(plan.target);
  const changes = plan.steps.flatMap((step) => step.changes);
  const planned = new Map(
    changes.flatMap((change) => (change.action === 'apply' ? [[refKey(refOf(change)), change.object] as const] : [])),
  );
  return [...objects]
    .filter(
      ([key, object]) =>
        !mentioned.has(key) && kindAmong(beside, object) !== undefined && !bearsOurMark(object, isPlanManager),
    )
    .filter(([key, object]) => {
      const config = planned.get(key);
      return config === undefined || !holds(contentOf(config), object);
    })
    .map(([, object]) => `${refText(objectRef(object))} has no effect under ${oldPlugin.plugin}: ${why}`)
    .sort(compareText);
}

const why = 'no plan made it, and the backup has nothing for it; `sdn-compat migrate back --out` translates it';
