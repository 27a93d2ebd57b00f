/** What objects of all targets have in common. */
import { apiVersionOf, type Kind, netNamespaces } from '../../../api/kinds.ts';
import type { KubeObject, LabelSelectorObject } from '../../model/objects/raw.ts';
import { managedBy, namespaceNameLabel } from '../../model/objects/well-known.ts';
import { type ObjectRef, refNamed } from '../ref.ts';
import type { Change, StepName } from '../translation.ts';
import type { RequestGroup } from './groups.ts';

interface Applying {
  readonly step: StepName;
  readonly spec: object;
  readonly from: readonly ObjectRef[];
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A change that applies an object with this spec, a cluster-scoped one unless it has a namespace. */
export function applying(
  kind: Kind,
  name: string,
  { step, spec, from, namespace, labels = {}, annotations }: Applying,
): Change {
  const object = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...managedBy, ...labels },
      ...(annotations === undefined ? {} : { annotations }),
    },
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
