/** Decides when and in which order the way back writes. */
import type { Kind } from '../../../api/kinds.ts';
import { compareText } from '../../model/names.ts';
import { sdnKinds } from '../input/source.ts';
import { objectsOf, type Snapshot } from '../snapshot.ts';
import { hasNamed } from './lookup.ts';

/** When an OpenShift SDN object can be written: at once if it exists, otherwise after SDN has started and made it. */
export function restoreStep(snapshot: Snapshot, kind: Kind, name: string): 'restore' | 'restore-after' {
  return hasNamed(snapshot, kind, name) ? 'restore' : 'restore-after';
}

/** Whether the API server serves the kinds of OpenShift SDN, as far as the snapshot shows. */
export function hasSDN(snapshot: Snapshot): boolean {
  return sdnKinds.some((kind) => objectsOf(snapshot, kind).length > 0);
}

/** The names sorted, each once. */
export function sortedNames(names: Iterable<string>): readonly string[] {
  return [...new Set(names)].sort(compareText);
}
