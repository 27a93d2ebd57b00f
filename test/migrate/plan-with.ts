/** Plans to OVN-Kubernetes from their changes alone, and the changes of finalize. */
import { planOf } from '../../src/migrate/plan/make.ts';
import type { Plan } from '../../src/migrate/plan/plan.ts';
import { objectRef, refKey } from '../../src/migrate/ref.ts';
import type { Entry } from '../../src/migrate/run/journal.ts';
import { type Change, refOf, type StepName } from '../../src/migrate/translation.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { snapshotOf } from './snapshots.ts';

type Fields = Readonly<Record<string, unknown>>;

export const planID = 'mine';

/** A plan of these changes, whose backup has these objects. */
export function planWith(changes: readonly Change[], backup: readonly KubeObject[], target = 'ovn'): Plan {
  const made = planOf({
    tool: 'test',
    target,
    options: {},
    strict: false,
    snapshot: snapshotOf([]),
    translation: { changes, findings: [], placement: new Map() },
  });
  return { ...made, id: planID, backup: backupOf(backup) };
}

export function backupOf(objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> {
  return new Map(objects.map((object) => [refKey(objectRef(object)), object]));
}

export function clearing(was: KubeObject, patch: Fields = { egressIPs: null }): Change {
  return { action: 'clear', step: 'finalize', object: objectRef(was), patch };
}

export function deletingAt(step: StepName, was: KubeObject): Change {
  return { action: 'delete', step, object: objectRef(was), from: [] };
}

export function applying(object: KubeObject, step: StepName = 'egress-ips'): Change {
  return { action: 'apply', step, object, from: [] };
}

/** The entry of the journal that a change was begun. */
export function begun(change: Change, more: Partial<Entry> = {}): Entry {
  return { event: 'begin', step: change.step, object: refKey(refOf(change)), ...more };
}
