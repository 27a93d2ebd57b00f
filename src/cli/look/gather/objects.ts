/** The objects of a bundle besides those that a plan is made from: who runs, what was told, where pods are. */
import { apiVersionOf, endpointSlices, events, type Kind, leases, pods, services } from '../../../../api/kinds.ts';
import { ownSelector } from '../../../io/input/cluster.ts';
import type { KubeClient } from '../../../io/kube/client.ts';
import { withReadAnnotations } from '../../../migrate/input/gather.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { asList, asText, fieldOf, isRecord } from '../../../model/values/json.ts';

/** A list as a file of a must-gather holds it. */
export interface ListFile {
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** What was taken, and a line for each thing that could not be. */
export interface Taken<T> {
  readonly all: readonly T[];
  readonly unread: readonly string[];
}

async function taken<T extends KubeObject>(client: KubeClient, kind: Kind, labelSelector?: string): Promise<Taken<T>> {
  try {
    const { items } = await client.list<T>(kind, labelSelector === undefined ? {} : { labelSelector });
    return { all: items, unread: [] };
  } catch (error) {
    return { all: [], unread: [`${kind.plural}: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

function listFile(kind: Kind, path: string, items: readonly KubeObject[]): ListFile {
  return {
    path,
    content: { apiVersion: apiVersionOf(kind), kind: `${kind.kind}List`, items: items.map(withReadAnnotations) },
  };
}

const isOurs = (event: KubeObject): boolean =>
  [fieldOf(event, 'source', 'component'), fieldOf(event, 'reportingComponent')].some((one) =>
    asText(one).startsWith('sdn-compat'),
  );

const pick = (from: unknown, ...fields: readonly string[]): object =>
  Object.fromEntries(
    fields.flatMap((field) => (isRecord(from) && from[field] !== undefined ? [[field, from[field]]] : [])),
  );

/** An object with its name and labels, and these fields of it. */
function cutTo<T extends object>(kind: Kind, { metadata }: KubeObject, fields: T): KubeObject & T {
  const { name, namespace, labels } = metadata;
  return {
    ...{ apiVersion: apiVersionOf(kind), kind: kind.kind },
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
    },
    ...fields,
  };
}

/** Of a pod where it is and which address it has, which is all that decides about its packets. */
function whereabouts(pod: KubeObject): KubeObject {
  return cutTo(pods, pod, {
    spec: pick(fieldOf(pod, 'spec'), 'nodeName', 'hostNetwork'),
    status: pick(fieldOf(pod, 'status'), 'phase', 'podIP', 'podIPs'),
  });
}

/** A Service and its EndpointSlices, by which `trace` tells where its connections go on. */
const serviceOf = (service: KubeObject): KubeObject =>
  cutTo(services, service, {
    spec: fieldOf(service, 'spec'),
    status: pick(fieldOf(service, 'status'), 'loadBalancer'),
  });
const sliceOf = (slice: KubeObject): KubeObject =>
  cutTo(endpointSlices, slice, pick(slice, 'addressType', 'endpoints', 'ports'));

/** A file of objects for each namespace that has any. */
function byNamespace(kind: Kind, path: string, objects: readonly KubeObject[]): readonly ListFile[] {
  const all = Map.groupBy(objects, ({ metadata }) => metadata.namespace ?? '');
  return [...all].map(([namespace, items]) =>
    listFile(kind, `namespaces/${encodeURIComponent(namespace)}/${path}`, items),
  );
}

const isOwnPod = ({ metadata }: KubeObject): boolean => asText(metadata.labels?.['app']).startsWith('sdn-compat-');

/** How a container ended; not its message, which is what the program wrote. */
function lastOf(ended: unknown): object {
  return pick(ended, 'exitCode', 'signal', 'reason', 'startedAt', 'finishedAt');
}

/** How our pods are: which images run, and how often they began again. */
function healthOf(pod: KubeObject): object {
  const containers = asList(fieldOf(pod, 'status', 'containerStatuses')).map((one) => ({
    name: fieldOf(one, 'name'),
    image: fieldOf(one, 'image'),
    imageID: fieldOf(one, 'imageID'),
    ready: fieldOf(one, 'ready'),
    restarts: fieldOf(one, 'restartCount'),
    last: lastOf(fieldOf(one, 'lastState', 'terminated')),
  }));
  return {
    name: pod.metadata.name,
    node: fieldOf(pod, 'spec', 'nodeName'),
    phase: fieldOf(pod, 'status', 'phase'),
    containers,
  };
}

export interface Others {
  readonly files: readonly ListFile[];
  /** Our own pods. */
  readonly ownPods: readonly { readonly namespace: string; readonly name: string }[];
  /** How they are. */
  readonly health: readonly object[];
  readonly unread: readonly string[];
}

/** Takes them; `known` are the pods that are in the bundle already, as NAMESPACE/NAME. */
export async function otherObjects(client: KubeClient, known: ReadonlySet<string>): Promise<Others> {
  const [own, told, allPods, served, slices] = await Promise.all([
    taken(client, leases, ownSelector),
    taken(client, events),
    taken(client, pods),
    taken(client, services),
    taken(client, endpointSlices),
  ]);
  const ours = allPods.all.filter(isOwnPod);
  const others = allPods.all.filter(
    ({ metadata: { namespace = '', name = '' } }) => !known.has(`${namespace}/${name}`),
  );
  return {
    files: [
      listFile(leases, 'sdn-compat/leases.yaml', own.all),
      listFile(events, 'sdn-compat/events.yaml', told.all.filter(isOurs)),
      ...byNamespace(pods, 'core/pod-addresses.yaml', others.map(whereabouts)),
      ...byNamespace(services, 'core/services.yaml', served.all.map(serviceOf)),
      ...byNamespace(endpointSlices, 'discovery.k8s.io/endpointslices.yaml', slices.all.map(sliceOf)),
    ],
    ownPods: ours.map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name })),
    health: ours.map(healthOf),
    unread: [own, told, allPods, served, slices].flatMap(({ unread }) => unread),
  };
}
