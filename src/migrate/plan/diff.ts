/** Compares the objects of a plan with those in the cluster. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { isJsonObject, type Json, jsonEqual, jsonOf } from '../../model/values/json.ts';
import { objectRef, refKey, refText } from '../ref.ts';
import { objectsOf, type Snapshot } from '../snapshot.ts';
import { targetNamed } from '../targets.ts';
import { refOf } from '../translation.ts';
import { type Plan } from './plan.ts';

/** Lines: `+` for a new object or field, `~` a changed field, `-` a removed object, `?` one that is not in the plan. */
export function planDiff(plan: Plan, snapshot: Snapshot): readonly string[] {
  const present = new Map([...snapshot.objects.values()].flat().map((object) => [refKey(objectRef(object)), object]));
  const changes = plan.steps.filter(({ name }) => name !== 'finalize').flatMap((step) => step.changes);
  const made = new Set(changes.map((change) => refKey(refOf(change))));
  const lines = changes.flatMap((change) => {
    const ref = refOf(change);
    const was = present.get(refKey(ref));
    if (change.action !== 'apply') return [`- ${refText(ref)}`];
    return was === undefined
      ? [`+ ${refText(ref)}`]
      : objectDiff(change.object, was).map((line) => `${line[0] ?? ''} ${refText(ref)}${line.slice(1)}`);
  });
  const foreign = targetNamed(plan.target)
    .beside.flatMap((kind) => objectsOf(snapshot, kind))
    .filter((object) => !made.has(refKey(objectRef(object))));
  return [...lines, ...foreign.map((object) => `? ${refText(objectRef(object))}`)];
}

/** Our fields that the object lacks or has with another value. */
function objectDiff(ours: KubeObject, was: KubeObject): readonly string[] {
  return fieldDiff('', jsonOf(ours), jsonOf(was));
}

function fieldDiff(path: string, ours: Json | undefined, was: Json | undefined): readonly string[] {
  if (ours === undefined || jsonEqual(ours, was)) return [];
  if (was === undefined) return [`+ ${path}: ${JSON.stringify(ours)}`];
  if (!isJsonObject(ours) || !isJsonObject(was))
    return [`~ ${path}: ${JSON.stringify(was)} -> ${JSON.stringify(ours)}`];
  return Object.keys(ours)
    .sort()
    .flatMap((key) => fieldDiff(path === '' ? key : `${path}.${key}`, ours[key], was[key]));
}
