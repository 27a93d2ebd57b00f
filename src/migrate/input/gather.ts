/**
 * What `migrate gather` writes: exactly the objects that a plan is made from, laid out like a must-gather, so that a
 * plan can be made where the cluster cannot be reached. Nothing secret: no Secrets, and of pods and workloads only
 * egress routers, without the values of their other variables.
 */
import { apiVersionOf, configMaps, type Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { isRecord } from '../../model/values/json.ts';
import { configMapItem, installConfig } from '../kinds/configmap.ts';
import { objectsOf, type Snapshot, type Unread } from '../snapshot.ts';
import { allKinds, macvlanKinds, minorKinds, type Wanted } from './source.ts';

/** A file of the archive: its path, and what it holds. */
export interface GatheredFile {
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** How much of each kind was gathered, or why it was not. */
export interface GatheredKind {
  readonly kind: string;
  readonly apiVersion: string;
  readonly count: number;
  /** Why the kind could not be read; absent if it was. */
  readonly unread?: string;
  /** Whether a plan without what is unread is whole. */
  readonly isMinor?: true;
  /** Whether the API server does not serve the kind. */
  readonly absent: boolean;
}

/** The files: a list of each kind and namespace, also an empty one, which shows that there is nothing else. */
export function gatheredFiles(snapshot: Snapshot, wanted: Wanted): readonly GatheredFile[] {
  return allKinds(wanted).flatMap((kind) => {
    const isUnread = snapshot.unread.some((one) => one.kind === kind);
    // of ConfigMaps only some are read, and one that may not be read hides no other
    const isHidden = isUnread && (kind !== configMaps || objectsOf(snapshot, kind).length === 0);
    if (snapshot.absent.includes(kind) || isHidden) return [];
    const objects = objectsOf(snapshot, kind).map((object) => cleaned(kind, object));
    if (!kind.namespaced) return [fileOf(kind, undefined, objects)];
    const byNamespace = Map.groupBy(objects, ({ metadata }) => metadata.namespace ?? '');
    return objects.length === 0
      ? [fileOf(kind, undefined, [])]
      : [...byNamespace].map(([namespace, inNamespace]) => fileOf(kind, namespace, inNamespace));
  });
}

/** A line for each kind, for people and for the index of the archive. */
export function gatheredKinds(snapshot: Snapshot, wanted: Wanted): readonly GatheredKind[] {
  return allKinds(wanted).map((kind) => {
    const all = snapshot.unread.filter((one) => one.kind === kind);
    const unread = all.find(({ isMinor }) => isMinor !== true) ?? all[0];
    return {
      kind: kind.kind,
      apiVersion: apiVersionOf(kind),
      count: objectsOf(snapshot, kind).length,
      ...(unread === undefined
        ? {}
        : { unread: unread.right === undefined ? unread.reason : `${rightPrefix}${unread.right}` }),
      ...(unread?.isMinor === true ? { isMinor: true } : {}),
      absent: snapshot.absent.includes(kind),
    };
  });
}

const rightPrefix = 'missing right: ';

/** What a row of the index says could not be read of the kind; undefined if it was read. */
export function unreadInRow(kind: Kind, { unread, isMinor }: Readonly<Record<string, unknown>>): Unread | undefined {
  if (typeof unread !== 'string') return undefined;
  return {
    kind,
    reason: `${unread} (it was not gathered)`,
    right: unread.startsWith(rightPrefix) ? unread.slice(rightPrefix.length) : undefined,
    ...(isMinor === true || minorKinds.includes(kind) ? { isMinor: true } : {}),
  };
}

function fileOf(kind: Kind, namespace: string | undefined, items: readonly KubeObject[]): GatheredFile {
  const group = kind.group === '' ? 'core' : kind.group;
  const folder = namespace === undefined ? 'cluster-scoped-resources' : `namespaces/${encodeURIComponent(namespace)}`;
  return {
    path: `${folder}/${group}/${kind.plural}.yaml`,
    content: { apiVersion: apiVersionOf(kind), kind: `${kind.kind}List`, items },
  };
}

/** Variables of an egress router that a plan reads; the value of any other may be secret. */
const routerVariable = /^EGRESS_/;
/** Annotations that anything reads: those of the network plugins, their operator, and ours. Any other may be secret. */
const readAnnotation =
  /^([a-z0-9.-]+\.)?(network\.openshift\.io|networkoperator\.openshift\.io|k8s\.ovn\.org|sdn-compat(\.io)?)\//;

const readOf = <T>(annotations: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => readAnnotation.test(key)));

/** The object with no annotations but those that are read. */
export function withReadAnnotations<T extends KubeObject>(object: T): T {
  const { annotations } = object.metadata;
  if (annotations === undefined) return object;
  return { ...object, metadata: { ...object.metadata, annotations: readOf(annotations) } };
}

/** The object without what is not read and may be secret. */
function cleaned(kind: Kind, object: KubeObject): KubeObject {
  const plain = withReadAnnotations(object);
  if (kind === configMaps) return withoutPullSecret(plain);
  return macvlanKinds.includes(kind) ? asObject(redacted(plain), plain) : plain;
}

/** Of the installer's configuration only the networks are read; the rest may hold credentials. */
function withoutPullSecret(map: KubeObject): KubeObject {
  const { namespace, name, data } = configMapItem(map);
  if (name !== installConfig.name || namespace !== installConfig.namespace) return map;
  const networking = /^networking:\n(?: .*\n?)*/m.exec(data['install-config'] ?? '')?.[0] ?? '';
  const cut: KubeObject & { readonly data: object } = { ...map, data: { 'install-config': networking } };
  return cut;
}

function asObject(value: unknown, fallback: KubeObject): KubeObject {
  return isRecord(value) && 'metadata' in value ? { ...fallback, ...value } : fallback;
}

/** Replaces the values of variables that no plan reads, wherever containers are. */
function redacted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redacted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key === 'annotations' && isRecord(inner)) return [key, readOf(inner)];
      return [key, key === 'env' ? variables(inner) : redacted(inner)];
    }),
  );
}

function variables(list: unknown): unknown {
  if (!Array.isArray(list)) return [];
  return list.filter((one) => isRecord(one) && routerVariable.test(String(one['name'])));
}
