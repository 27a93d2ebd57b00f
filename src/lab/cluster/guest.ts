/**
 * What a lab makes on an API server that is already there, and removes again: its Nodes and ClusterNetwork, the CRDs that
 * are missing, and the ServiceAccounts and roles of config/. All of it bears the lab's label, which a crash does not
 * forget; what the controllers made of it is found by its names.
 */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { crds } from '../../../api/crds.ts';
import {
  clusterNetworks,
  clusterRoleBindings,
  clusterRoles,
  customResourceDefinitions,
  egressNetworkPolicies,
  events,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  nodes,
  pods,
  roleBindings,
  roles,
  serviceAccounts,
} from '../../../api/kinds.ts';
import { rights } from '../../../api/rights.ts';
import { controllerManager } from '../../controllers/field-manager.ts';
import { untilRight } from '../../io/async/until-right.ts';
import type { KubeClient, ListOptions } from '../../io/kube/client.ts';
import { isAlreadyExists, isNotFound } from '../../io/kube/error.ts';
import type { KubeObject, PodObject } from '../../model/objects/raw.ts';
import { asList, asText, fieldOf, isRecord, jsonIn } from '../../model/values/json.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { files, type Layout } from '../layout.ts';
import { clusterNetwork, nodeObject } from './objects.ts';

/** In the order in which they are made; they go the other way round. */
const labelled: readonly Kind[] = [
  nodes,
  customResourceDefinitions,
  clusterNetworks,
  namespaces,
  serviceAccounts,
  clusterRoles,
  clusterRoleBindings,
  roles,
  roleBindings,
];

/** The label of what a lab made; its value is the lab's own, so that labs of one name are two labs. */
const labelOfLab = 'sdn-compat-lab';

/** What a lab must know before it makes anything. */
interface Noted {
  readonly id: string;
  /** The names of those that the server had before. */
  readonly netNamespaces: readonly unknown[];
}

/** What was noted; undefined if the lab never came so far. */
async function noted(layout: Layout): Promise<Noted | undefined> {
  const value = jsonIn(await readFile(files.before(layout), 'utf8').catch(() => ''));
  const id = asText(fieldOf(value, 'id'));
  return id === '' ? undefined : { id, netNamespaces: asList(fieldOf(value, 'netNamespaces')) };
}

/** What was asked about a kind, or this if the server does not have the kind. */
async function orIfAbsent<T>(asked: Promise<T>, absent: T): Promise<T> {
  return asked.catch((error: unknown) => {
    if (isNotFound(error)) return absent;
    throw error;
  });
}

/** The objects; none if the server does not have the kind. */
async function listed<T extends KubeObject>(client: KubeClient, kind: Kind, options: ListOptions = {}): Promise<T[]> {
  return orIfAbsent(
    client.list<T>(kind, options).then(({ items }) => items),
    [],
  );
}

async function isServed(client: KubeClient, kind: Kind): Promise<boolean> {
  return orIfAbsent(
    client.list(kind, { pageSize: 1 }).then(() => true),
    false,
  );
}

async function untilServed(client: KubeClient, kind: Kind, patience: number): Promise<void> {
  const missing = `the API server does not serve ${kind.plural}, whose CRD it has`;
  await untilRight(async () => ((await isServed(client, kind)) ? undefined : missing), { patience, every: 100 });
}

function isObject(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value['metadata']);
}

/** The definitions of the kinds that the server lacks. */
async function missingKinds(client: KubeClient): Promise<ReadonlyMap<Kind, KubeObject>> {
  const ours = [clusterNetworks, hostSubnets, netNamespaces, egressNetworkPolicies];
  const missing = new Map<Kind, KubeObject>();
  for (const kind of ours) {
    if (await isServed(client, kind)) continue;
    const crd = crds.filter(isObject).find(({ metadata }) => metadata.name === `${kind.plural}.${kind.group}`);
    if (crd !== undefined) missing.set(kind, crd);
  }
  return missing;
}

/** Makes everything; an error says what is there already, and then what was made must be removed. */
export async function moveIn(client: KubeClient, layout: Layout): Promise<Result<void>> {
  const missing = await missingKinds(client);
  const before = await listed(client, netNamespaces);
  const lab: Noted = {
    id: `${layout.name}-${randomBytes(4).toString('hex')}`,
    netNamespaces: before.map(({ metadata }) => metadata.name),
  };
  await writeFile(files.before(layout), JSON.stringify(lab));
  const objects = [
    ...layout.nodes.map((node) => ({ kind: nodes, object: nodeObject(node) })),
    ...[...missing.values()].map((object) => ({ kind: customResourceDefinitions, object })),
    { kind: clusterNetworks, object: clusterNetwork },
    ...rights.filter(isObject).flatMap((object) => {
      const kind = labelled.find((one) => 'kind' in object && one.kind === object.kind);
      return kind === undefined ? [] : [{ kind, object }];
    }),
  ];
  for (const { kind, object } of objects) {
    if (missing.has(kind)) await untilServed(client, kind, 20_000 * layout.pace);
    const taken = await make(client, lab, kind, object);
    if (taken !== undefined) return err(taken);
  }
  for (const kind of missing.keys()) await untilServed(client, kind, 20_000 * layout.pace);
  return ok(undefined);
}

async function make(client: KubeClient, { id }: Noted, kind: Kind, object: KubeObject): Promise<string | undefined> {
  const { metadata } = object;
  const labels = { ...metadata.labels, [labelOfLab]: id };
  try {
    await client.create(kind, { ...object, metadata: { ...metadata, labels } });
    return undefined;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return `the API server has the ${kind.kind} ${metadata.name ?? ''} already: the lab needs one without sdn-compat, without a ClusterNetwork and without another lab`;
  }
}

/** Has a namespace that was made in the lab go with it, once its pods may be made: Kubernetes makes their ServiceAccount. */
export async function takeNamespace(client: KubeClient, layout: Layout, name: string): Promise<void> {
  const lab = await noted(layout);
  const account = { name: 'default', namespace: name };
  const missing = `the API server makes no ServiceAccount default in namespace ${name}`;
  const look = async () => ((await client.get(serviceAccounts, account)) === undefined ? missing : undefined);
  await untilRight(look, { patience: 10_000 * layout.pace, every: 20 });
  if (lab === undefined) return;
  await client.patch(namespaces, { name }, { metadata: { labels: { [labelOfLab]: lab.id } } }, { type: 'merge' });
}

/** Removes what the lab and its controllers made, once its processes have ended. Nothing there is not an error. */
export async function moveOut(client: KubeClient, layout: Layout): Promise<void> {
  const lab = await noted(layout);
  if (lab === undefined) return;
  const selection = { labelSelector: `${labelOfLab}=${lab.id}` };
  const own = await listed(client, nodes, selection);
  const names = new Set(own.map(({ metadata }) => metadata.name));
  // somebody may have deleted a Node, whose pods would keep their namespace for ever
  const there = new Set((await listed(client, nodes)).map(({ metadata }) => metadata.name));
  if (own.length > 0) for (const { name } of layout.nodes) if (!there.has(name)) names.add(name);
  const [since = 'never'] = own.map(({ metadata }) => metadata.creationTimestamp ?? 'never').sort();
  await removeThose(client, pods, ({ spec }) => names.has(spec?.nodeName));
  await removeThose(client, hostSubnets, ({ metadata }) => names.has(metadata.name));
  await removeThose(client, netNamespaces, (one) => !lab.netNamespaces.includes(one.metadata.name) && isOurs(one));
  await removeThose(client, events, (one) => (one.metadata.creationTimestamp ?? '') >= since && isReport(one));
  for (const kind of labelled.toReversed()) await removeThose(client, kind, () => true, selection);
  await untilGone(client, selection, 60_000 * layout.pace);
}

/**
 * What `moveOut` would remove, in words, for a server that does not come back; undefined if the lab made nothing there.
 */
export async function leftThere(layout: Layout): Promise<string | undefined> {
  const lab = await noted(layout);
  if (lab === undefined) return undefined;
  const kinds = labelled.map(({ plural, group }) => (group === '' ? plural : `${plural}.${group}`)).join(',');
  const names = layout.nodes.map(({ name }) => name).join(' ');
  const before = lab.netNamespaces.map(String).sort().join(', ');
  return `kubectl delete -A -l ${labelOfLab}=${lab.id} ${kinds}
kubectl delete --ignore-not-found hostsubnets ${names}
besides, the pods of these nodes, Events, and the NetNamespaces${before === '' ? '' : ` except ${before}`}`;
}

async function removeThose(
  client: KubeClient,
  kind: Kind,
  which: (object: PodObject) => boolean,
  options: ListOptions = {},
): Promise<void> {
  for (const object of await listed<PodObject>(client, kind, options)) {
    const { name = '', namespace } = object.metadata;
    const ref = namespace === undefined ? { name } : { name, namespace };
    // nobody runs the lab's pods any more, who would end them in their own time
    if (which(object)) await client.delete(kind, ref, kind === pods ? { gracePeriodSeconds: 0 } : {});
  }
}

/** Whether an Event is of our controllers or agents. */
function isReport(event: KubeObject): boolean {
  return [controllerManager, 'sdn-compat-node'].includes(asText(fieldOf(event, 'source', 'component')));
}

function isOurs({ metadata }: KubeObject): boolean {
  return asList(fieldOf(metadata, 'managedFields')).some((one) => fieldOf(one, 'manager') === controllerManager);
}

/** A namespace goes after its objects, and a CRD after those of its kind. */
async function untilGone(client: KubeClient, selection: ListOptions, patience: number): Promise<void> {
  const end = performance.now() + patience;
  for (const kind of [customResourceDefinitions, namespaces]) {
    const look = async (): Promise<string | undefined> => {
      const left = await listed(client, kind, selection);
      const names = left.map(({ metadata }) => metadata.name ?? '').join(', ');
      return left.length === 0 ? undefined : `the API server does not finish deleting ${kind.plural}: ${names}`;
    };
    await untilRight(look, { patience: end - performance.now(), every: 100 });
  }
}
