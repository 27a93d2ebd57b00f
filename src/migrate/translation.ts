/** What a translation to another network plugin consists of. Each target makes it with one pure function. */
import type { KubeObject } from '../model/objects/raw.ts';
import type { AddressEnds } from './addresses.ts';
import { type Finding } from './findings/finding.ts';
import { type ObjectRef, objectRef } from './ref.ts';

/**
 * The name of a step of a migration: one of the target's `steps`. Every target has the steps `switch` and `finalize`.
 */
export type StepName = string;

/**
 * What a step does with one object. `apply` is a server-side apply of exactly these fields with our field manager, so
 * an object of somebody else (a Node, a Namespace) has only apiVersion, kind, name and our fields. `clear` is only in
 * `finalize`: a merge patch, in which null removes.
 */
export type Change =
  | {
      readonly action: 'apply';
      readonly step: StepName;
      readonly object: KubeObject;
      readonly from: readonly ObjectRef[];
    }
  | {
      readonly action: 'delete';
      readonly step: StepName;
      readonly object: ObjectRef;
      readonly from: readonly ObjectRef[];
    }
  | {
      readonly action: 'clear';
      readonly step: 'finalize';
      readonly object: ObjectRef;
      readonly patch: ClearingPatch;
    };

/** A merge patch: null removes a field, a label or an annotation. */
export interface ClearingPatch {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, null>>;
    readonly annotations?: Readonly<Record<string, null>>;
  };
  readonly [field: string]: unknown;
}

/** The object that a change is about. */
export function refOf(change: Change): ObjectRef {
  return change.action === 'apply' ? objectRef(change.object) : change.object;
}

/** Where an egress IP is today, and where the target may assign it: names of Nodes, sorted. */
export interface Placement {
  readonly today: readonly string[];
  readonly allowed: readonly string[];
  /** The node on which the plan keeps it; absent if the target chooses. */
  readonly expected?: string;
}

/** What one concern adds to a translation, in any order: the target sorts. */
export interface Part {
  readonly changes: readonly Change[];
  readonly findings: readonly Finding[];
}

export interface Translation extends Part {
  readonly placement: ReadonlyMap<string, Placement>;
  /** Fields of objects of a kind of which nothing tells whether they can be set: they are not. */
  readonly undecided?: readonly { readonly kind: string; readonly field: string }[];
  /** How many egress IPs the target will assign in all, ascending; absent if there is no prediction. */
  readonly assignedCount?: readonly number[];
  /** The source addresses of namespaces before and after; absent if the target does not tell. */
  readonly addresses?: AddressEnds;
}

/** The concerns that `--only` chooses from. */
export const concerns = ['egressip', 'firewall', 'multicast', 'isolation', 'router'] as const;

export type Concern = (typeof concerns)[number];
