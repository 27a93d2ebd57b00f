/** Whether a cluster is what its plan wanted: every EgressIP, firewall, label and annotation, and nothing left over. Pure. */
import { egressFirewalls, egressIPs, egressRouters, networkPolicies } from '../../../api/kinds.ts';
import { asList, asText, fieldOf } from '../../model/json.ts';
import { compareText } from '../../model/names.ts';
import type { KubeObject } from '../../model/objects.ts';
import { isServed, type Live, liveObject } from '../input/cluster-now.ts';
import { type Facts, factsOf, requestedBy, whyUnassigned } from '../ovn/placement/why-unassigned.ts';
import { type Plan } from '../plan/plan.ts';
import { bearsOurMark, holds, isForeignKind, isOurs } from '../planned.ts';
import { compareRefs, type ObjectRef, objectRef, refKey, refText } from '../ref.ts';
import { type Change, refOf } from '../translation.ts';
import { contentOf, isEmpty } from './drift.ts';
import { changeKey, type Progress } from './journal.ts';

/** One thing that was looked at. */
export interface Check {
  readonly object: ObjectRef;
  /** What was looked at: an egress IP, a label, `rules`; empty: the object itself. */
  readonly part: string;
  readonly well: boolean;
  /** Where an egress IP is. */
  readonly node?: string;
  /** Where the plan allows it, when that is known. */
  readonly allowed?: readonly string[];
  /** What is wrong, and why as far as objects tell; absent when all is well. */
  readonly problem?: string;
}

export interface Verification {
  readonly well: boolean;
  /** In order of object and part. */
  readonly checks: readonly Check[];
}

interface Scene {
  readonly plan: Plan;
  readonly live: Live;
  readonly progress: Progress;
  readonly facts: Facts;
}

/** All checks of a plan. */
export function verification(plan: Plan, live: Live, progress: Progress): Verification {
  const scene = { plan, live, progress, facts: factsOf(live, progress) };
  const wanted = plan.steps.filter(({ name }) => name !== 'finalize').flatMap(({ changes }) => changes);
  const checks = [...wanted.flatMap((change) => changeChecks(change, scene)), ...leftovers(scene), ...finalized(scene)];
  const sorted = checks.sort((a, b) => compareRefs(a.object, b.object) || compareText(a.part, b.part));
  return { well: sorted.every(({ well }) => well), checks: sorted };
}

function bad(object: ObjectRef, part: string, problem: string): Check {
  return { object, part, well: false, problem };
}

function changeChecks(change: Change, scene: Scene): readonly Check[] {
  const object = refOf(change);
  const is = liveObject(scene.live, object);
  if (change.action !== 'apply') {
    // one that stands where one was deleted is OVN-Kubernetes' own
    const isGone = is === undefined || scene.progress.done.has(changeKey(change.step, refKey(object)));
    return [
      isGone
        ? { object, part: '', well: true }
        : bad(object, '', is.metadata.deletionTimestamp === undefined ? 'it is still there' : 'it is being deleted'),
    ];
  }
  if (is === undefined)
    return [
      bad(object, '', isServed(scene.live, object) ? 'it is not there' : `the API server has no kind ${object.kind}`),
    ];
  if (isForeignKind(object)) return keyChecks(change.object, is);
  if (!holds(contentOf(change.object), is)) return [bad(object, '', 'it was changed: it is not what the plan says')];
  if (object.kind === egressIPs.kind) return egressIPChecks(is, scene);
  if (object.kind === egressFirewalls.kind) return [firewallCheck(object, is)];
  return [{ object, part: '', well: true }];
}

function keyChecks(config: KubeObject, is: KubeObject): readonly Check[] {
  const object = objectRef(config);
  return (['labels', 'annotations'] as const).flatMap((field) =>
    Object.entries(config.metadata[field] ?? {}).map(([key, value]): Check => {
      const now = is.metadata[field]?.[key];
      const part = `${field} ${key}`;
      if (now === value) return { object, part, well: true };
      return bad(
        object,
        part,
        now === undefined ? 'it is missing' : `it is ${JSON.stringify(now)}, not ${JSON.stringify(value)}`,
      );
    }),
  );
}

function firewallCheck(object: ObjectRef, is: KubeObject): Check {
  const status = asText(fieldOf(is, 'status', 'status'));
  const messages = asList(fieldOf(is, 'status', 'messages')).map(asText);
  const failed = [status, ...messages].find(
    (text) => text !== '' && (!/\bapplied\b/i.test(text) || /\bnot\b|error|fail/i.test(text)),
  );
  if (failed !== undefined) return bad(object, 'rules', `OVN-Kubernetes says: ${failed}`);
  return status === ''
    ? bad(object, 'rules', 'OVN-Kubernetes has not said that it applied the rules (status is empty)')
    : { object, part: 'rules', well: true };
}

function assignedOf(egressIP: unknown): ReadonlyMap<string, string> {
  return new Map(
    asList(fieldOf(egressIP, 'status', 'items')).map((item) => [
      asText(fieldOf(item, 'egressIP')),
      asText(fieldOf(item, 'node')),
    ]),
  );
}

function egressIPChecks(is: KubeObject, scene: Scene): readonly Check[] {
  const object = objectRef(is);
  const assigned = assignedOf(is);
  const requested = requestedBy(is);
  return requested.map((ip): Check => {
    const node = assigned.get(ip);
    const allowed = scene.plan.placement.get(ip)?.allowed;
    const shown = { ...(node === undefined ? {} : { node }), ...(allowed === undefined ? {} : { allowed }) };
    if (node === undefined)
      return {
        ...bad(
          object,
          ip,
          `it is not assigned: ${whyUnassigned(ip, { own: object.name, count: requested.length, allowed, facts: scene.facts }).join('; ')}`,
        ),
        ...shown,
      };
    if (allowed === undefined || allowed.includes(node)) return { object, part: ip, well: true, ...shown };
    return { ...bad(object, ip, `it is on ${node}, where the plan does not allow it`), ...shown };
  });
}

const wholeKinds: readonly string[] = [egressIPs, egressFirewalls, egressRouters, networkPolicies].map(
  ({ kind }) => kind,
);

/** Objects and keys that bear our mark and are not in the plan. */
function leftovers({ plan, live }: Scene): readonly Check[] {
  const known = new Set(plan.steps.flatMap(({ changes }) => changes.map((change) => refKey(refOf(change)))));
  return [...live.objects.values()].flatMap((object) => {
    const ref = objectRef(object);
    if (known.has(refKey(ref))) return [];
    if (wholeKinds.includes(ref.kind))
      return isOurs(object) ? [bad(ref, 'leftover', 'we made it, and the plan does not know it')] : [];
    return isForeignKind(ref) && bearsOurMark(object)
      ? [bad(ref, 'leftover', 'it has labels or annotations of ours, and the plan does not know it')]
      : [];
  });
}

/** After finalize: what was cleared stays clear. */
function finalized({ plan, live, progress }: Scene): readonly Check[] {
  const changes = plan.steps.find(({ name }) => name === 'finalize')?.changes ?? [];
  return changes.flatMap((change): readonly Check[] => {
    const object = refOf(change);
    const is = liveObject(live, object);
    if (is === undefined || !progress.done.has(changeKey('finalize', refKey(object)))) return [];
    if (change.action === 'delete') return [bad(object, 'finalize', `${refText(object)} is there again`)];
    if (change.action !== 'clear') return [];
    const back = Object.entries(change.patch).filter(
      ([field, value]) => value === null && !isEmpty(fieldOf(is, field)),
    );
    return back.map(([field]) => bad(object, field, 'it is set again'));
  });
}
