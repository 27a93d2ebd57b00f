/** What objects of all targets have in common. */
import { apiVersionOf, type Kind, netNamespaces } from '../../../api/kinds.ts';
import type { KubeObject, LabelSelectorObject } from '../../model/objects/raw.ts';
import { managedBy, namespaceNameLabel } from '../../model/objects/well-known.ts';
import { type ObjectRef, refNamed } from '../ref.ts';
import type { Change, StepName } from '../translation.ts';
import type { RequestGroup } from './groups.ts';

/** A change that applies a cluster-scoped object with this spec. */
export function applying(
  kind: Kind,
  name: string,
  { step, spec, from }: { readonly step: StepName; readonly spec: object; readonly from: readonly ObjectRef[] },
): Change {
  const object = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name, labels: managedBy },
    spec,
  } satisfies KubeObject & { readonly spec: object };
  return { action: 'apply', step, object, from };
}

/** The NetNamespaces of a group. */
export function sourcesOf({ members }: RequestGroup): readonly ObjectRef[] {
  return members.map(({ name }) => refNamed(netNamespaces, name));
}

/** The selector of these Namespaces, by the label with their name. */
export function selectorOfNamespaces(names: readonly string[]): LabelSelectorObject {
  const [only, ...others] = names;
  return only !== undefined && others.length === 0
    ? { matchLabels: { [namespaceNameLabel]: only } }
    : { matchExpressions: [{ key: namespaceNameLabel, operator: 'In', values: names }] };
}
