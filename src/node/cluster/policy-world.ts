/** Builds what NetworkPolicies select from out of the cluster's raw objects. */
import isEqual from 'lodash/isEqual.js';
import omit from 'lodash/omit.js';
import { globalVnid } from '../../model/allocation/netids.ts';
import { parseIpv4 } from '../../model/objects/fields.ts';
import type {
  KubeObject,
  NamespaceObject,
  NetworkPolicyObject,
  ObjectMeta,
  PodObject,
} from '../../model/objects/raw.ts';
import { hostNetworkNamespace, namespaceNameLabel } from '../../model/objects/well-known.ts';
import { type NetworkPolicy, parseNetworkPolicy, type Protocol } from '../../model/policy/networkpolicy.ts';
import { asList, asText, fieldOf } from '../../model/values/json.ts';
import { only } from '../../model/values/only.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import type { PolicyPod, PolicyWorld } from '../plan/networkpolicy.ts';
import { memoized } from '../values/memo.ts';

export interface WorldObjects {
  readonly policies: readonly NetworkPolicyObject[];
  readonly namespaces: readonly NamespaceObject[];
  readonly pods: readonly PodObject[];
  readonly vnids: ReadonlyMap<string, Vnid>;
}

const protocols: Readonly<Record<string, Protocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };
const ended: ReadonlySet<string> = new Set(['Succeeded', 'Failed']);

/** The named ports of a container, whatever the API server let through. */
function namedPorts(container: unknown): PolicyPod['ports'] {
  return asList(fieldOf(container, 'ports')).flatMap((port) => {
    const [name, number] = [asText(fieldOf(port, 'name')), fieldOf(port, 'containerPort')];
    const protocol = protocols[asText(fieldOf(port, 'protocol') ?? 'TCP')];
    return name === '' || protocol === undefined || typeof number !== 'number'
      ? []
      : [{ name, protocol, port: number }];
  });
}

/** A pod with its own network; pods on the host network, and those that have ended, yield none. */
const policyPods = memoized(({ metadata, spec = {}, status = {} }: PodObject): readonly PolicyPod[] => {
  const { podIP = '', phase = '' } = status;
  if (spec.hostNetwork === true || ended.has(phase)) return [];
  const ip = parseIpv4(podIP);
  const { namespace = '', name = '', labels = {} } = metadata;
  return [
    { namespace, name, ip: ip.ok ? ip.value : undefined, labels, ports: asList(spec.containers).flatMap(namedPorts) },
  ];
});

const read = memoized(parseNetworkPolicy);

/** What a NetworkPolicy says. */
export function policyOf(raw: NetworkPolicyObject): NetworkPolicy {
  return read(raw).policy;
}

const metadataPart = (metadata: ObjectMeta): ObjectMeta =>
  only(metadata, ['name', 'namespace', 'uid', 'resourceVersion', 'labels']);

/** The part of a Namespace that matters to policies. */
export function namespacePart({ metadata }: NamespaceObject): NamespaceObject {
  return { metadata: metadataPart(metadata) };
}

/** The part of a NetworkPolicy that we read. */
export function policyPart({ metadata, spec = {} }: NetworkPolicyObject): NetworkPolicyObject {
  return { metadata: metadataPart(metadata), spec };
}

/** Whether the two parts mean the same to policies; undefined stands for a missing object. */
export function sameForPolicies(before: KubeObject | undefined, after: KubeObject | undefined): boolean {
  return (
    before !== undefined &&
    after !== undefined &&
    isEqual(omit(before, 'metadata.resourceVersion'), omit(after, 'metadata.resourceVersion'))
  );
}

/** The part of a Pod that matters to policies; the rest is not worth its memory. */
export function podPart({ metadata, spec = {}, status = {} }: PodObject): PodObject {
  return {
    metadata: metadataPart(metadata),
    spec: {
      ...only(spec, ['hostNetwork']),
      containers: (spec.containers ?? []).map((container) => only(container, ['ports'])),
    },
    status: only(status, ['podIP', 'phase']),
  };
}

/**
 * The Namespaces where nothing but their names matters: those that have a VNID, and the one that stands for the nodes if
 * it is among `hosts`.
 */
export function namespacesByName(
  vnids: ReadonlyMap<string, Vnid>,
  hosts: readonly NamespaceObject[],
): readonly NamespaceObject[] {
  const names = [...vnids.keys()].filter((name) => name !== hostNetworkNamespace);
  return [...hosts, ...names.map((name) => ({ metadata: { name } }))];
}

/** Builds the world from these objects; namespaces without a VNID are not part of it yet. */
export function policyWorld(objects: WorldObjects): PolicyWorld {
  return {
    policies: objects.policies.map((raw) => read(raw).policy),
    namespaces: objects.namespaces.flatMap(({ metadata }) => {
      const name = metadata.name ?? '';
      const vnid = name === hostNetworkNamespace ? globalVnid() : objects.vnids.get(name);
      return vnid === undefined ? [] : [{ name, labels: { [namespaceNameLabel]: name, ...metadata.labels }, vnid }];
    }),
    pods: objects.pods.flatMap(policyPods),
    problems: objects.policies
      .map(read)
      .flatMap(({ policy: { namespace, name }, problems }) =>
        problems.map((message) => ({ namespace, name, message })),
      ),
  };
}
