/** All network plugins that plans lead to, and the kinds that their plans may touch. */
import uniq from 'lodash/uniq.js';
import type { Kind } from '../../api/kinds.ts';
import { sourceKinds, type Wanted } from './input/source.ts';
import type { OldPlugin } from './old-plugin.ts';
import { foreignKinds } from './ownership.ts';
import { kindAmong, type ObjectRef } from './ref.ts';
import type { Step, Target } from './target.ts';
import { ovn } from './targets/ovn/target.ts';
import { sdn } from './targets/sdn/target.ts';
import type { Change, StepName } from './translation.ts';

export const targets: readonly Target[] = [ovn, sdn];

/** The plugin that clusters are migrated from, and that the way back leads to. */
export const oldPlugin: OldPlugin = sdn;

/** The plugins that clusters are migrated to. */
export const newPlugins: readonly Target[] = targets.filter((target) => target !== oldPlugin);

/** The target of that name. Throws if `targets` has none. */
export function targetNamed(name: string): Target {
  const target = targets.find((one) => one.name === name);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  return target;
}

/** Whether the plan leads back to the old plugin. */
export function leadsBack({ target }: { readonly target: string }): boolean {
  return target === oldPlugin.name;
}

/** Whether the object is one of the old plugin's own. */
export function isOfOldPlugin({ apiVersion }: Pick<ObjectRef, 'apiVersion'>): boolean {
  return apiVersion === oldPlugin.apiVersion;
}

/** Names of the plugins that clusters are migrated to, for people. */
export const newPluginNames = newPlugins.map(({ plugin }) => plugin).join(' or ');

/** Name of the plugin that the plan leads to, for people; of a plan that leads back, where it may lead from. */
export function newPluginOf(plan: { readonly target: string }): string {
  return leadsBack(plan) ? newPluginNames : targetNamed(plan.target).plugin;
}

/** The step of that name of a plan. Throws if the plan's target has none. */
export function stepOf({ target }: { readonly target: string }, name: StepName): Step {
  const step = targetNamed(target).steps.find((one) => one.name === name);
  if (step === undefined) throw new Error(`target ${target} has no step ${name}`);
  return step;
}

/** Whether the change deletes what an earlier version of its plan made. */
export function deletesOwn(plan: { readonly target: string }, { action, step }: Change): boolean {
  return action === 'delete' && stepOf(plan, step).deletesOthers !== true;
}

/** All kinds that a plan may touch. */
export const plannedKinds: readonly Kind[] = uniq([
  ...foreignKinds,
  ...targets.flatMap(({ makes, writes }) => [...makes, ...writes]),
]);

/** What is read of a cluster, or of files, for all targets. */
export const wanted: Wanted = {
  kinds: uniq([...sourceKinds, ...plannedKinds, ...targets.flatMap(({ sources }) => sources)]),
  definitions: uniq(targets.flatMap(({ definitions = [] }) => definitions)),
};

/** The kind of the object; undefined if plans may not touch it. */
export function kindOf(object: Pick<ObjectRef, 'apiVersion' | 'kind'>): Kind | undefined {
  return kindAmong(plannedKinds, object);
}
