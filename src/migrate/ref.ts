/** Identifies objects, in keys, messages and the order of everything. */
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import { compareText } from '../model/values/names.ts';

/** What identifies an object; namespace is absent for cluster-scoped kinds. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** What identifies the object. */
export function objectRef({ apiVersion = '', kind = '', metadata }: KubeObject): ObjectRef {
  const { namespace, name = '' } = metadata;
  return namespace === undefined ? { apiVersion, kind, name } : { apiVersion, kind, namespace, name };
}

/** What identifies the cluster-scoped object of that kind and name. */
export function refNamed(kind: Kind, name: string): ObjectRef {
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, name };
}

/** The object with nothing but its identity: what an apply gives up all other fields with. */
export function bareObject({ apiVersion, kind, ...metadata }: ObjectRef): KubeObject {
  return { apiVersion, kind, metadata };
}

/** A unique text for each object of a cluster: apiVersion, kind, namespace and name. */
export function refKey({ apiVersion, kind, namespace = '', name }: ObjectRef): string {
  return `${apiVersion}/${kind}/${namespace}/${name}`;
}

/** Names the object in a message: `EgressFirewall shop/default`. */
export function refText({ kind, namespace, name }: Omit<ObjectRef, 'apiVersion'>): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** Compares by the order of objects everywhere in a plan: kind, group, namespace, name. */
export function compareRefs(a: ObjectRef, b: ObjectRef): number {
  return (
    compareText(a.kind, b.kind) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.namespace ?? '', b.namespace ?? '') ||
    compareText(a.name, b.name)
  );
}

/** The one of these kinds that the object has; undefined if it has another. */
export function kindAmong(
  kinds: readonly Kind[],
  { apiVersion, kind }: { readonly apiVersion?: string | undefined; readonly kind?: string | undefined },
): Kind | undefined {
  return kinds.find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);
}

/** `egressips.k8s.ovn.org`, as RBAC rules and messages name a kind. */
export function resourceName({ plural, group }: Kind): string {
  return group === '' ? plural : `${plural}.${group}`;
}
