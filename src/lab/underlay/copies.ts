/** What of the cluster's own objects the agents see: copies, which say whose they are. Pure. */
import isEqual from 'lodash/isEqual.js';
import { type Kind, namespaces, networkPolicies, nodes, pods } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { fieldOf } from '../../model/values/json.ts';

/** A kind that is copied. */
export interface Copied {
  readonly kind: Kind;
  readonly hasSpec: boolean;
  readonly hasStatus: boolean;
}

export const copied: readonly Copied[] = [
  { kind: namespaces, hasSpec: false, hasStatus: false },
  { kind: nodes, hasSpec: false, hasStatus: true },
  { kind: pods, hasSpec: true, hasStatus: true },
  { kind: networkPolicies, hasSpec: true, hasStatus: false },
];

/** Annotation of a copy with the uid of its object: another object of the same name has another copy. */
const sourceAnnotation = 'lab.sdn-compat/uid';

/** A step towards a copy that is as its object. */
export type CopyStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'create'; readonly object: KubeObject }
  | { readonly do: 'delete' }
  | { readonly do: 'patch'; readonly steps: readonly object[]; readonly isStatus: boolean };

/** The next step. A pod is copied when it has a node. */
export function copyStep(type: Copied, source: KubeObject | undefined, copy: KubeObject | undefined): CopyStep {
  const isThere =
    source !== undefined && (type.kind !== pods || typeof fieldOf(source, 'spec', 'nodeName') === 'string');
  if (copy === undefined) return isThere ? { do: 'create', object: newCopy(type, source) } : { do: 'nothing' };
  if (copy.metadata.deletionTimestamp !== undefined) return { do: 'nothing' };
  const isOther = copy.metadata.annotations?.[sourceAnnotation] !== source?.metadata.uid && type.kind !== namespaces;
  if (!isThere || isOther) return { do: 'delete' };
  return patchStep(type, source, copy);
}

function newCopy({ hasSpec }: Copied, source: KubeObject): KubeObject {
  const { name = '', namespace, labels = {} } = source.metadata;
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      annotations: annotationsOf(source),
    },
    ...(hasSpec ? { spec: fieldOf(source, 'spec') } : {}),
  };
}

function annotationsOf({ metadata: { annotations = {}, uid = '' } }: KubeObject): Readonly<Record<string, string>> {
  return { ...annotations, [sourceAnnotation]: uid };
}

function patchStep({ kind, hasSpec, hasStatus }: Copied, source: KubeObject, copy: KubeObject): CopyStep {
  const { labels = {} } = source.metadata;
  const annotations = annotationsOf(source);
  const wanted: readonly (readonly [path: string, value: unknown, present: unknown])[] = [
    ['/metadata/labels', labels, copy.metadata.labels ?? {}],
    ['/metadata/annotations', annotations, copy.metadata.annotations ?? {}],
    ...(hasSpec && kind !== pods ? [['/spec', fieldOf(source, 'spec'), fieldOf(copy, 'spec')] as const] : []),
  ];
  const steps = wanted.filter(([, value, present]) => !isEqual(value, present));
  if (steps.length > 0)
    return { do: 'patch', steps: steps.map(([path, value]) => ({ op: 'add', path, value })), isStatus: false };
  const status = fieldOf(source, 'status');
  if (!hasStatus || status === undefined || isEqual(status, fieldOf(copy, 'status'))) return { do: 'nothing' };
  return { do: 'patch', steps: [{ op: 'add', path: '/status', value: status }], isStatus: true };
}
