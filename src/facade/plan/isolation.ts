/**
 * Decides on the NetworkPolicy that isolates a namespace from those of other VNIDs. Policies of users are left alone;
 * one of this name is ours if it has our label or says what the translation says. Pure.
 */
import omit from 'lodash/omit.js';
import { admittedBy, type IsolationPolicy } from '../../migrate/targets/ovn/cluster/isolation.ts';
import type { NetworkPolicyObject } from '../../model/objects/raw.ts';
import { managedBy, managedByLabel } from '../../model/objects/well-known.ts';
import { jsonEqual, jsonOf } from '../../model/values/json.ts';
import type { MergePatch } from './merge-patch.ts';

/** What becomes of the isolation of a namespace. */
export type IsolationWish =
  | { readonly kind: 'policy'; readonly policy: IsolationPolicy }
  /** Everybody may reach it: the plugin does not isolate, or its VNID is 0. */
  | { readonly kind: 'none' }
  /** Nothing tells whether the plugin isolates. */
  | { readonly kind: 'unknown' };

export type IsolationStep =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'delete' }
  /** It was not made for this. It stays. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'create'; readonly object: NetworkPolicyObject }
  | { readonly kind: 'patch'; readonly patch: MergePatch };

/** Whether the facade keeps the policy. */
export function isKept({ metadata }: NetworkPolicyObject): boolean {
  return metadata.labels?.[managedByLabel] === managedBy[managedByLabel];
}

/** The step that brings the policy to what is wished; `live` is undefined if there is none. */
export function isolationStep(live: NetworkPolicyObject | undefined, wish: IsolationWish): IsolationStep {
  if (wish.kind === 'unknown') return { kind: 'nothing' };
  if (wish.kind === 'none') return { kind: live !== undefined && isKept(live) ? 'delete' : 'nothing' };
  const { policy } = wish;
  if (live === undefined)
    return { kind: 'create', object: { ...policy, metadata: { ...policy.metadata, labels: { ...managedBy } } } };
  if (!isKept(live) && admittedBy(live) === undefined) return { kind: 'foreign' };
  const isSame = jsonEqual(jsonOf(live.spec ?? null), jsonOf(policy.spec));
  if (isSame && isKept(live)) return { kind: 'nothing' };
  const gone = Object.keys(omit(live.spec ?? {}, Object.keys(policy.spec)));
  return {
    kind: 'patch',
    patch: {
      spec: { ...Object.fromEntries(gone.map((key) => [key, null])), ...policy.spec },
      metadata: { labels: { ...managedBy } },
    },
  };
}

/** Which namespaces share a VNID other than 0, and which have VNID 0, as the policies of all say. */
export interface Groups {
  readonly joined: readonly (readonly string[])[];
  readonly global: readonly string[];
}

/** What the policies say that the translation made. All namespaces but those of VNID 0 had one. */
export function groupsIn(policies: readonly NetworkPolicyObject[]): Groups {
  const admitted = new Map(
    policies.flatMap((policy) => {
      const names = admittedBy(policy);
      return names === undefined ? [] : [[policy.metadata.namespace ?? '', names] as const];
    }),
  );
  const [first = [], ...others] = admitted.values();
  const global = first.filter((name) => !admitted.has(name) && others.every((names) => names.includes(name)));
  const alike = Map.groupBy([...admitted], ([, names]) => names.join());
  return {
    joined: [...alike.values()].map((group) =>
      group.filter(([name, names]) => names.includes(name)).map(([name]) => name),
    ),
    global,
  };
}
