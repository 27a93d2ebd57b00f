/** What a translation to another network plugin is made of. One pure function a target makes it from a snapshot. */
import type { KubeObject } from '../model/objects.ts';
import { type Finding } from './findings/finding.ts';
import { type ObjectRef, objectRef } from './ref.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * The steps of a migration, in the order in which they are safe: the label before the object.
 * `restore` and `restore-after` are of the way back alone.
 */
export const stepNames = [
  'label-nodes',
  'annotate-namespaces',
  'network-policies',
  'restore',
  'switch',
  'restore-after',
  'egress-firewalls',
  'release-cloud-addresses',
  'egress-ips',
  'egress-routers',
  'finalize',
] as const;

export type StepName = (typeof stepNames)[number];

/**
 * What a step does with one object. `apply` is a server-side apply of exactly these fields under our field manager, so
 * an object that belongs to someone else (a Node, a Namespace) is given as apiVersion, kind, name and the fields of ours.
 * `clear` applies only in `finalize`: a merge patch, null removes.
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
      readonly patch: Readonly<Record<string, unknown>>;
    };

/** The object that a change is about. */
export function refOf(change: Change): ObjectRef {
  return change.action === 'apply' ? objectRef(change.object) : change.object;
}

/** Where an egress IP is today and where the target may put it: names of Nodes, sorted. */
export interface Placement {
  readonly today: readonly string[];
  readonly allowed: readonly string[];
}

/** What one concern adds to a translation. Order does not matter: the target sorts. */
export interface Part {
  readonly changes: readonly Change[];
  readonly findings: readonly Finding[];
}

export interface Translation extends Part {
  readonly placement: ReadonlyMap<string, Placement>;
  /** How many egress IPs the target will assign in all, ascending; absent when nothing is foreseen. */
  readonly assignedCount?: readonly number[];
}

/** The concerns that `--only` chooses from. */
export const concerns = ['egressip', 'firewall', 'multicast', 'isolation', 'router'] as const;

export type Concern = (typeof concerns)[number];

export interface TranslateOptions {
  readonly only: readonly Concern[];
  /** Only these namespaces' objects; empty means all. */
  readonly namespaces: readonly string[];
  /** Put before the names of EgressIPs: `PREFIX-NAMESPACE`. */
  readonly prefix: string;
  /** Add an EgressFirewall that keeps a namespace closed whose traffic SDN drops. */
  readonly keepClosed: boolean;
  /** Put Allow rules for nodes and the API server before a Deny of everything. */
  readonly allowAPIServer: boolean;
  /** CIDRs of the networks that nodes' primary addresses lie in, for when the input does not tell prefix lengths. */
  readonly machineNetworks: readonly string[];
}

/** A target: pure, the same input gives the same translation. */
export type Translate = (snapshot: Snapshot, options: TranslateOptions) => Translation;
