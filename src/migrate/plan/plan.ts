/** A plan: what a migration does, in order, and everything it touches as it was. folder.ts keeps it on disk. */
import { createHash } from 'node:crypto';
import isEqual from 'lodash/isEqual.js';
import omit from 'lodash/omit.js';
import sortBy from 'lodash/sortBy.js';
import type { KubeObject } from '../../model/objects/raw.ts';
import { type JsonObject, sortedText } from '../../model/values/json.ts';
import type { Finding } from '../findings/finding.ts';
import { isForeignKind } from '../ownership.ts';
import { refKey } from '../ref.ts';
import { type Change, type Placement, refOf, type StepName } from '../translation.ts';

export interface PlanStep {
  readonly name: StepName;
  /** What the step does, for people. */
  readonly description: string;
  /** Sorted by kind, namespace and name. */
  readonly changes: readonly Change[];
}

export interface Plan {
  /**
   * Identifies the plan in the field manager of its writes, also after an update. Empty in plans of format version 1.
   */
  readonly id: string;
  /** The uid of Namespace kube-system, which no other cluster has; undefined if the input did not have it. */
  readonly cluster: string | undefined;
  /** Name and version of the program that made it. */
  readonly tool: string;
  /** Name of the target. */
  readonly target: string;
  /** What it was made with. */
  readonly options: JsonObject;
  /** Whether warnings block it from being applied, as blockers do. */
  readonly strict: boolean;
  /** What could not be read when it was made; empty if it is complete. */
  readonly incomplete: readonly string[];
  /** In safe order. Steps without changes are left out, except the switch. */
  readonly steps: readonly PlanStep[];
  /** Every object that a step touches or was made from, as it was, without status and managedFields. By `refKey`. */
  readonly backup: ReadonlyMap<string, KubeObject>;
  /** Objects that were otherwise when the plan was last updated than in the backup, by `refKey`. */
  readonly seen: ReadonlyMap<string, KubeObject>;
  /** Objects of the backup that were gone when the plan was last updated, by `refKey`. */
  readonly gone?: ReadonlySet<string>;
  readonly findings: readonly Finding[];
  readonly placement: ReadonlyMap<string, Placement>;
}

/** What a backup keeps of an object: all but its status and field managers, which cannot be restored. */
export function backedUp(object: KubeObject): KubeObject {
  return { ...omit(object, 'status'), metadata: omit(object.metadata, 'managedFields') };
}

/** The object of the backup as the plan last took it over; undefined if it was gone then. */
export function newest(
  { backup, seen, gone }: Pick<Plan, 'backup'> & Partial<Pick<Plan, 'seen' | 'gone'>>,
  key: string,
): KubeObject | undefined {
  return gone?.has(key) === true ? undefined : (seen?.get(key) ?? backup.get(key));
}

/** Whether the change leaves an object of others as the backup has it, after an update that took ours back. */
export function isAsBackedUp({ backup }: Pick<Plan, 'backup'>, change: Change): boolean {
  const was = backup.get(refKey(refOf(change)));
  if (change.action !== 'apply' || was === undefined || isForeignKind(refOf(change))) return false;
  return isEqual(omit(change.object, 'metadata', 'status'), omit(was, 'metadata', 'status'));
}

type Hashed = Pick<Plan, 'target' | 'steps' | 'backup'>;

/** A hash that no other plan has. The order of the backup does not matter. */
export function planHash({ target, steps, backup }: Hashed): string {
  return hashOf({ target, steps, backup: new Map(sortBy([...backup], ([key]) => key)) });
}

/** Whether the journal's hash is that of the plan. Earlier versions took the backup in the order of its files. */
export function isHashOf(hash: string, plan: Hashed): boolean {
  return hash === planHash(plan) || hash === hashOf(plan);
}

/** Hashes the plan as one JSON text with sorted keys, piece by piece: the whole text of a large plan is costly. */
function hashOf({ target, steps, backup }: Hashed): string {
  const hash = createHash('sha256');
  const addList = <T>(items: Iterable<T>, add: (item: T) => void): void => {
    let between = '';
    for (const item of items) {
      hash.update(between);
      add(item);
      between = ',';
    }
  };
  const addText = (value: unknown): void => void hash.update(sortedText(value));
  hash.update('{"backup":[');
  addList(backup, addText);
  hash.update('],"steps":[');
  addList(steps, ({ changes, ...rest }) => {
    hash.update('{"changes":[');
    addList(changes, addText);
    hash.update(`],${sortedText(rest).slice(1)}`);
  });
  hash.update(`],"target":${sortedText(target)}}`);
  return hash.digest('hex');
}
