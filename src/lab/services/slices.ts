/**
 * The EndpointSlices of a Service by its selector, as a cluster's controller makes them: one for all pods in which its
 * ports have the same numbers. Pure.
 */
import isEqual from 'lodash/isEqual.js';
import isMatch from 'lodash/isMatch.js';
import type { PodObject } from '../../model/objects/raw.ts';
import { matches } from '../../model/objects/selector.ts';
import {
  type EndpointObject,
  type EndpointSliceObject,
  serviceNameLabel,
  type ServiceObject,
  type ServicePortObject,
} from '../../model/services/objects.ts';
import { compareText } from '../../model/values/names.ts';

const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
const manager = 'endpointslice-controller.k8s.io';

/** Whether the lab made the slice, and not a user who leads a Service elsewhere. */
function isManaged(slice: EndpointSliceObject): boolean {
  return slice.metadata.labels?.[managedByLabel] === manager;
}

type SlicePort = NonNullable<EndpointSliceObject['ports']>[number];

/** The number of a Service's port in the pod; undefined if the pod has no port of that name. */
function portIn(pod: PodObject, { port, targetPort = port, protocol = 'TCP' }: ServicePortObject): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  return ports.find((one) => one.name === targetPort && (one.protocol ?? 'TCP') === protocol)?.containerPort;
}

function portsIn(pod: PodObject, service: ServiceObject): SlicePort[] {
  return (service.spec?.ports ?? []).flatMap((port) => {
    const number = portIn(pod, port);
    return number === undefined ? [] : [{ name: port.name ?? '', port: number, protocol: port.protocol ?? 'TCP' }];
  });
}

function endpointOf(pod: PodObject, service: ServiceObject): EndpointObject {
  const { name = '', namespace = '', deletionTimestamp } = pod.metadata;
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  const serving = isReady || service.spec?.publishNotReadyAddresses === true;
  const terminating = deletionTimestamp !== undefined;
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready: serving && !terminating, serving, terminating },
    nodeName: pod.spec?.nodeName ?? '',
    targetRef: { kind: 'Pod', namespace, name },
  };
}

function isBackend(pod: PodObject, { metadata, spec }: ServiceObject): boolean {
  const { phase, podIP = '' } = pod.status ?? {};
  const isAlive = podIP !== '' && phase !== 'Succeeded' && phase !== 'Failed';
  return (
    isAlive &&
    pod.metadata.namespace === metadata.namespace &&
    matches({ matchLabels: spec?.selector ?? {} }, pod.metadata.labels ?? {})
  );
}

/** The slices that a Service should have; none if it has no selector, because then its user writes them. */
export function wantedSlices(service: ServiceObject, pods: readonly PodObject[]): readonly EndpointSliceObject[] {
  const { name = '', namespace = '', uid = '' } = service.metadata;
  if (Object.keys(service.spec?.selector ?? {}).length === 0 || service.spec?.type === 'ExternalName') return [];
  const byPorts = new Map<string, { readonly ports: SlicePort[]; readonly pods: PodObject[] }>();
  for (const pod of pods.filter((one) => isBackend(one, service))) {
    const ports = portsIn(pod, service);
    const key = JSON.stringify(ports);
    const group = byPorts.get(key) ?? { ports, pods: [] };
    group.pods.push(pod);
    byPorts.set(key, group);
  }
  return [...byPorts]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, group], index) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-${index}`,
        namespace,
        labels: { [serviceNameLabel]: name, [managedByLabel]: manager },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true }],
      },
      addressType: 'IPv4',
      ports: group.ports,
      endpoints: group.pods
        .sort((a, b) => compareText(a.metadata.name ?? '', b.metadata.name ?? ''))
        .map((pod) => endpointOf(pod, service)),
    }));
}

/** What makes the slices of a Service that are there the wanted ones; what a user has written stays. */
export function sliceChanges(
  wanted: readonly EndpointSliceObject[],
  present: readonly EndpointSliceObject[],
): { readonly applied: ReadonlyMap<string, EndpointSliceObject>; readonly removed: readonly string[] } {
  const nameOf = ({ metadata: { name = '' } }: EndpointSliceObject): string => name;
  const byName = new Map(present.map((slice) => [nameOf(slice), slice]));
  const isThere = (slice: EndpointSliceObject): boolean => {
    const found = byName.get(nameOf(slice));
    return found !== undefined && isMatch(found, slice) && isEqual(found.endpoints, slice.endpoints);
  };
  const names = new Set(wanted.map(nameOf));
  return {
    applied: new Map(wanted.filter((slice) => !isThere(slice)).map((slice) => [nameOf(slice), slice])),
    removed: present.filter((slice) => isManaged(slice) && !names.has(nameOf(slice))).map(nameOf),
  };
}
