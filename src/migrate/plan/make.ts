/** Makes the plan of a migration from a snapshot. Pure. */
import sortBy from 'lodash/sortBy.js';
import uniqBy from 'lodash/uniqBy.js';
import type { KubeObject } from '../../model/objects/raw.ts';
import type { JsonObject } from '../../model/values/json.ts';
import type { AddressEnds } from '../addresses.ts';
import { compareFindings } from '../findings/finding.ts';
import { compareRefs, type ObjectRef, objectRef, refKey } from '../ref.ts';
import { clusterUID, type Snapshot, type Unread } from '../snapshot.ts';
import type { Target } from '../target.ts';
import { oldPlugin, stepOf, targetNamed, targets } from '../targets.ts';
import { type Change, refOf, type Translation } from '../translation.ts';
import { backedUp, type Plan, planHash, type PlanStep } from './plan.ts';

export interface PlanRequest {
  /** Name and version of the program. */
  readonly tool: string;
  readonly target: Target;
  /** As plan.yaml keeps them. */
  readonly options: JsonObject;
  /** Whether warnings block the plan from being applied, as blockers do. */
  readonly strict: boolean;
}

/** A plan, and what its report adds. */
export interface MadePlan {
  readonly plan: Plan;
  /** How many egress IPs the target will assign in all, ascending; empty if there is no prediction. */
  readonly assignedCount: readonly number[];
  /** Node addresses that the outside must accept while there are no egress IPs. */
  readonly nodeAddresses: readonly string[];
  /** The source addresses of namespaces before and after; undefined if the target does not tell. */
  readonly addresses: AddressEnds | undefined;
}

/** Makes the plan of a snapshot. Throws if the options are not the target's. */
export function makePlan(found: Snapshot, { tool, target, options, strict }: PlanRequest): MadePlan {
  const translator = target.translator(options);
  if (translator === undefined) throw new Error(`these are no options of target ${target.name}`);
  const snapshot = target.before(found);
  const translation = translator.translate(snapshot);
  return {
    plan: planOf({ tool, target: target.name, options: translator.options, strict, snapshot, translation }),
    assignedCount: translation.assignedCount ?? [],
    nodeAddresses: oldPlugin.nodeAddresses(snapshot),
    addresses: translation.addresses,
  };
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
  const refs = uniqBy([...touched, ...oldPlugin.besides(touched, snapshot)], refKey).sort(compareRefs);
  const kinds = new Set(refs.map(({ apiVersion, kind }) => `${apiVersion}/${kind}`));
  const all = new Map<string, KubeObject>();
  for (const [kind, objects] of snapshot.objects)
    if (kinds.has(kind)) for (const object of objects) all.set(refKey(objectRef(object)), object);
  const made = {
    ...rest,
    cluster: clusterUID(snapshot),
    incomplete: [
      ...snapshot.unread.filter(({ isMinor }) => isMinor !== true).map(unreadText),
      ...snapshot.unreadFiles.map(({ file, reason }) => `${file}: ${reason}`),
    ],
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

/** Whether a conversion replaces the object. Other sources of a change, such as pods, are always left alone. */
function isConverted({ apiVersion }: ObjectRef): boolean {
  return targets.some((target) => target.apiVersion === apiVersion);
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
