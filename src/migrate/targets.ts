/** All network plugins that plans lead to, and the kinds that their plans may touch. */
import uniq from 'lodash/uniq.js';
import type { Kind } from '../../api/kinds.ts';
import { sourceKinds, type Wanted } from './input/source.ts';
import type { OldPlugin } from './old-plugin.ts';
import { foreignKinds } from './ownership.ts';
import { kindAmong, type ObjectRef } from './ref.ts';
import type { Step, Target } from './target.ts';
import { antrea } from './targets/antrea/target.ts';
import { cilium } from './targets/cilium/target.ts';
import { egressGateway } from './targets/egressgateway/target.ts';
import { egressService } from './targets/egressservice/target.ts';
import { kubeVip } from './targets/kube-vip/target.ts';
import { ovn } from './targets/ovn/target.ts';
import { sdn, wayBackFrom } from './targets/sdn/target.ts';
import type { Change, StepName } from './translation.ts';

/** The plugins that clusters are migrated to. */
export const newPlugins: readonly Target[] = [ovn, egressGateway, antrea, cilium, kubeVip, egressService];

/** The plugin that clusters are migrated from, and that the way back leads to. */
export const oldPlugin: OldPlugin = sdn;

/** The plugin that the vendor's migration leads to, and from which the vendor's way back leads. */
export const vendorsPlugin: Target = ovn;

/** A way back without a plan: the plugin that it leads from, and the target that it is. */
export interface WayBack {
  readonly from: Target;
  readonly target: Target;
}

/** The ways back without a plan. */
export const waysBack: readonly WayBack[] = [
  { from: vendorsPlugin, target: oldPlugin },
  ...newPlugins.flatMap((from) =>
    from.wayOut === undefined ? [] : [{ from, target: wayBackFrom(from, from.wayOut) }],
  ),
];

export const targets: readonly Target[] = [...newPlugins, ...waysBack.map(({ target }) => target)];

/** The target of that name. Throws if `targets` has none. */
export function targetNamed(name: string): Target {
  const target = targets.find((one) => one.name === name);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  return target;
}

/** Whether the plan leads back to the old plugin. */
export function leadsBack(plan: { readonly target: string }): boolean {
  return wayBackOf(plan) !== undefined;
}

/** The way back that the plan is; undefined if it leads forth. */
function wayBackOf(plan: { readonly target: string }): WayBack | undefined {
  return waysBack.find(({ target }) => target.name === plan.target);
}

/** Whether the object is one of the old plugin's own. */
export function isOfOldPlugin({ apiVersion }: Pick<ObjectRef, 'apiVersion'>): boolean {
  return apiVersion === oldPlugin.apiVersion;
}

/** Name of the plugin that the plan leads to, for people; of a plan that leads back, that from which it leads. */
export function newPluginOf(plan: { readonly target: string }): string {
  return (wayBackOf(plan)?.from ?? targetNamed(plan.target)).plugin;
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

/** The kinds that matter to a plan of the target: those that it may touch, and those that show how far its plugin is. */
export function kindsOf(plan: { readonly target: string }): readonly Kind[] {
  const involved = involvedIn(plan);
  return uniq([
    ...foreignKinds,
    ...involved.flatMap(({ makes, writes, reads = [] }) => [...makes, ...writes, ...reads]),
  ]);
}

/** What is read of a cluster, or of files, for plans of the target. Rights for other targets are not asked for. */
export function wantedFor(plan: { readonly target: string }): Wanted {
  const involved = involvedIn(plan);
  return {
    kinds: uniq([...sourceKinds, ...kindsOf(plan), ...involved.flatMap(({ sources }) => sources)]),
    definitions: uniq(involved.flatMap(({ definitions = [] }) => definitions)),
  };
}

function involvedIn(plan: { readonly target: string }): readonly Target[] {
  const way = wayBackOf(plan);
  // the vendor's plans touch policies, too
  if (way !== undefined && way.target !== oldPlugin) return [way.target, way.from];
  return [oldPlugin, way?.from ?? targetNamed(plan.target)];
}

/** What is read of a cluster, or of files, for the vendor's migration. */
export const wanted: Wanted = wantedFor({ target: vendorsPlugin.name });

/** What is read to compare all targets: of their own kinds only those of the vendor's, which may be there. */
export const wantedToCompare: Wanted = {
  ...wanted,
  kinds: uniq([
    ...wanted.kinds,
    ...newPlugins.flatMap(({ reads = [], madeFrom }) => reads.filter((kind) => madeFrom.includes(kind))),
  ]),
};

/** The kind of the object; undefined if plans may not touch it. */
export function kindOf(object: Pick<ObjectRef, 'apiVersion' | 'kind'>): Kind | undefined {
  return kindAmong(plannedKinds, object);
}
