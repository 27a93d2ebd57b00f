/** A plan: what a migration does, in order, and everything it touches as it was. folder.ts keeps it on disk. */
import { createHash } from 'node:crypto';
import isEqual from 'lodash/isEqual.js';
import omit from 'lodash/omit.js';
import sortBy from 'lodash/sortBy.js';
import uniqBy from 'lodash/uniqBy.js';
import { apiVersionOf, egressIPs, netNamespaces } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { type JsonObject, jsonOf, sortedKeys } from '../../model/values/json.ts';
import { compareFindings, type Finding } from '../findings/finding.ts';
import { isForeignKind } from '../ownership.ts';
import { compareRefs, type ObjectRef, objectRef, refKey } from '../ref.ts';
import { clusterUID, type Snapshot, type Unread } from '../snapshot.ts';
import { stepOf, targetNamed } from '../targets.ts';
import { type Change, type Placement, refOf, type StepName, type Translation } from '../translation.ts';

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
  readonly findings: readonly Finding[];
  readonly placement: ReadonlyMap<string, Placement>;
}

/** What a backup keeps of an object: all but its status and field managers, which cannot be restored. */
export function backedUp(object: KubeObject): KubeObject {
  return { ...omit(object, 'status'), metadata: omit(object.metadata, 'managedFields') };
}

/** Whether the change leaves an object of others as the backup has it, after an update that took ours back. */
export function isAsBackedUp({ backup }: Pick<Plan, 'backup'>, change: Change): boolean {
  const was = backup.get(refKey(refOf(change)));
  if (change.action !== 'apply' || was === undefined || isForeignKind(refOf(change))) return false;
  return isEqual(omit(change.object, 'metadata', 'status'), omit(was, 'metadata', 'status'));
}

interface PlanInput {
  readonly tool: string;
  /** Name of the target. */
  readonly target: string;
  readonly options: JsonObject;
  readonly strict: boolean;
  readonly snapshot: Snapshot;
  readonly translation: Translation;
}

/** Makes the plan from a translation of a snapshot: changes by step, and backup. Pure; input order does not matter. */
export function planOf({ snapshot, translation, ...rest }: PlanInput): Plan {
  const { changes, findings, placement } = translation;
  const touched = changes.flatMap((change) => [
    refOf(change),
    ...(change.action === 'clear' ? [] : change.from.filter(isConverted)),
  ]);
  const refs = uniqBy(touched, refKey).sort(compareRefs);
  const kinds = new Set(refs.map(({ apiVersion, kind }) => `${apiVersion}/${kind}`));
  const all = new Map<string, KubeObject>();
  for (const [kind, objects] of snapshot.objects)
    if (kinds.has(kind)) for (const object of objects) all.set(refKey(objectRef(object)), object);
  const made = {
    ...rest,
    cluster: clusterUID(snapshot),
    incomplete: snapshot.unread.filter(({ isMinor }) => isMinor !== true).map(unreadText),
    steps: stepsOf(rest, changes),
    backup: new Map(
      refs.flatMap((ref) => {
        const key = refKey(ref);
        const object = all.get(key);
        return object === undefined ? [] : [[key, backedUp(object)] as const];
      }),
    ),
    seen: new Map(),
    findings: findings.toSorted(compareFindings),
    placement: new Map(sortBy([...placement], ([ip]) => ip)),
  };
  return { id: planHash(made).slice(0, idLength), ...made };
}

const idLength = 10;

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
  const textOf = (value: unknown): string => JSON.stringify(sortedKeys(jsonOf(value)));
  const addList = (items: readonly unknown[]): void => {
    for (const [index, item] of items.entries()) hash.update(`${index === 0 ? '' : ','}${textOf(item)}`);
  };
  hash.update('{"backup":[');
  addList([...backup]);
  hash.update('],"steps":[');
  addList(steps);
  hash.update(`],"target":${textOf(target)}}`);
  return hash.digest('hex');
}

/** Whether a conversion replaces the object. Other sources of a change, such as pods, are always left alone. */
function isConverted({ apiVersion }: ObjectRef): boolean {
  return apiVersion === apiVersionOf(netNamespaces) || apiVersion === apiVersionOf(egressIPs);
}

/** The changes by step of the plan's target, in safe order, each step sorted by object. */
export function stepsOf(plan: { readonly target: string }, changes: readonly Change[]): readonly PlanStep[] {
  const byStep = Map.groupBy(changes, ({ step }) => stepOf(plan, step));
  return targetNamed(plan.target).steps.flatMap((step): readonly PlanStep[] => {
    const { name, description } = step;
    const known = (byStep.get(step) ?? []).map((change) => ({ change, ref: refOf(change) }));
    const own = known.sort((a, b) => compareRefs(a.ref, b.ref)).map(({ change }) => change);
    return own.length === 0 && name !== 'switch' ? [] : [{ name, description, changes: own }];
  });
}

function unreadText({ kind, reason, right }: Unread): string {
  return `${kind.plural}${kind.group === '' ? '' : `.${kind.group}`}: ${reason}${right === undefined ? '' : ` (missing right: ${right})`}`;
}
