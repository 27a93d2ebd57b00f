/** Finds objects that are there already and stand in the way of a plan's. Pure. */
import type { Kind } from '../../../api/kinds.ts';
import type { KubeObject, LabelSelectorObject } from '../../model/objects/raw.ts';
import { jsonEqual } from '../../model/values/json.ts';
import { keyExists, objectExists } from '../findings/conflicts.ts';
import type { Finding } from '../findings/finding.ts';
import { selectedTwice } from '../findings/requests.ts';
import { specOf } from '../kinds/item.ts';
import { selecting, withNameLabel } from '../kinds/selection.ts';
import { isForeignKind } from '../ownership.ts';
import { kindAmong, objectRef, refKey } from '../ref.ts';
import { objectsOf, type Snapshot } from '../snapshot.ts';
import type { Change } from '../translation.ts';
import type { Requests } from './requests.ts';
import type { ServedGroup } from './served.ts';

/** Objects of these changes that exist with another spec, and labels of Nodes that exist with another value. */
export function presentFindings(
  snapshot: Snapshot,
  changes: readonly Change[],
  kinds: readonly Kind[],
): readonly Finding[] {
  const there = new Map(
    kinds.flatMap((kind) => objectsOf(snapshot, kind)).map((object) => [refKey(objectRef(object)), object]),
  );
  return changes.flatMap((change): readonly Finding[] => {
    if (change.action !== 'apply') return [];
    const { object } = change;
    const found = there.get(refKey(objectRef(object)));
    if (found === undefined) return [];
    if (isForeignKind(objectRef(object))) return labelFindings(object, found);
    if (jsonEqual(specOf(found), specOf(object))) return [];
    const { kind = '', metadata } = object;
    const { namespace, name = '' } = metadata;
    return [objectExists({ kind, ...(namespace === undefined ? {} : { namespace }), name })];
  });
}

function labelFindings({ kind = '', metadata }: KubeObject, found: KubeObject): readonly Finding[] {
  return Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    const other = found.metadata.labels?.[key];
    if (other === undefined || other === value) return [];
    return [keyExists({ kind, name: metadata.name ?? '', what: 'label', key, value, other })];
  });
}

/** Objects of others that select a namespace which the plan serves, by what they select. */
export function rivalFindings(
  { snapshot, namespaces }: Requests,
  served: readonly ServedGroup[],
  {
    plugin,
    kind,
    made,
    selectors,
  }: {
    readonly plugin: string;
    readonly kind: Kind;
    readonly made: readonly Change[];
    readonly selectors: (object: KubeObject) => readonly LabelSelectorObject[];
  },
): readonly Finding[] {
  const own = new Set(
    made.flatMap((change) =>
      change.action === 'apply' && kindAmong([kind], change.object) !== undefined ? [change.object.metadata.name] : [],
    ),
  );
  const select = selecting(
    served
      .flatMap(({ group }) => group.selected)
      .map((name) => withNameLabel({ name, labels: namespaces?.get(name)?.labels ?? {} })),
  );
  return objectsOf(snapshot, kind)
    .filter(({ metadata }) => !own.has(metadata.name))
    .flatMap((object) => {
      const shared = [...new Set(selectors(object).flatMap(select))];
      const { name = '' } = object.metadata;
      return shared.length === 0 ? [] : [selectedTwice({ plugin, kind: kind.kind, name, namespaces: shared })];
    });
}
