/** All network plugins that plans lead to, and the kinds that their plans may touch. */
import uniq from 'lodash/uniq.js';
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import { ovn } from './ovn/target.ts';
import { foreignKinds } from './ownership.ts';
import type { ObjectRef } from './ref.ts';
import { sdn } from './sdn/target.ts';
import type { Target } from './target.ts';

export const targets: readonly Target[] = [ovn, sdn];

/** The target of that name. Throws if `targets` has none. */
export function targetNamed(name: string): Target {
  const target = targets.find((one) => one.name === name);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  return target;
}

/** All kinds that a plan may touch. */
export const plannedKinds: readonly Kind[] = uniq([
  ...foreignKinds,
  ...targets.flatMap(({ makes, writes }) => [...makes, ...writes]),
]);

/** The kind of the object; undefined if plans may not touch it. */
export function kindOf({ apiVersion, kind }: Pick<ObjectRef, 'apiVersion' | 'kind'>): Kind | undefined {
  return plannedKinds.find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);
}
