/** Where and in which order the way back writes. */
import type { Kind } from '../../../api/kinds.ts';
import { compareText } from '../../model/names.ts';
import { sdnKinds } from '../input/source.ts';
import { objectsOf, type Snapshot } from '../snapshot.ts';

/** When an object of OpenShift SDN can be written: at once when it is there, else when SDN has started and made it. */
export function restoreStep(snapshot: Snapshot, kind: Kind, name: string): 'restore' | 'restore-after' {
  return objectsOf(snapshot, kind).some(({ metadata }) => metadata.name === name) ? 'restore' : 'restore-after';
}

/** Whether the API server has the kinds of OpenShift SDN, as far as the snapshot tells. */
export function hasSDN(snapshot: Snapshot): boolean {
  return sdnKinds.some((kind) => objectsOf(snapshot, kind).length > 0);
}

/** Names in order, each once. */
export function sortedNames(names: Iterable<string>): readonly string[] {
  return [...new Set(names)].sort(compareText);
}
