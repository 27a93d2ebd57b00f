/** What NetworkPolicies select from, made from the raw objects of the cluster. */
import pick from 'lodash/pick.js';
import { parseIp } from '../model/address.ts';
import { parseNetworkPolicy, type Protocol } from '../model/networkpolicy.ts';
import type { NamespaceObject, NetworkPolicyObject, PodObject } from '../model/objects.ts';
import type { Vnid } from '../model/vnid.ts';
import type { PolicyPod, PolicyWorld } from './plan/networkpolicy.ts';

export interface WorldObjects {
  readonly policies: readonly NetworkPolicyObject[];
  readonly namespaces: readonly NamespaceObject[];
  readonly pods: readonly PodObject[];
  readonly vnids: ReadonlyMap<string, Vnid>;
}

const protocols: Readonly<Record<string, Protocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };
const ended: ReadonlySet<string> = new Set(['Succeeded', 'Failed']);

type Container = NonNullable<NonNullable<PodObject['spec']>['containers']>[number];

function namedPorts(container: Container): PolicyPod['ports'] {
  return (container.ports ?? []).flatMap(({ name, containerPort, protocol = 'TCP' }) => {
    const known = protocols[protocol];
    return name === undefined || known === undefined ? [] : [{ name, protocol: known, port: containerPort }];
  });
}

/** A pod with an address of its own; one on the host's network, without address, or ended is none. */
function policyPod({ metadata, spec = {}, status = {} }: PodObject): PolicyPod | undefined {
  const { podIP = '', phase = '' } = status;
  const ip = parseIp(podIP);
  if (!ip.ok || spec.hostNetwork === true || ended.has(phase)) return undefined;
  const { namespace = '', labels = {} } = metadata;
  return { namespace, ip: ip.value, labels, ports: (spec.containers ?? []).flatMap(namedPorts) };
}

/** The part of a Pod that policies look at; the rest of a large object is not worth its memory. */
export function policyPart({ metadata, spec = {}, status = {} }: PodObject): PodObject {
  return {
    metadata: pick(metadata, ['name', 'namespace', 'uid', 'resourceVersion', 'labels']),
    spec: { ...pick(spec, ['hostNetwork']), containers: (spec.containers ?? []).map((container) => pick(container, ['ports'])) },
    status: pick(status, ['podIP', 'phase']),
  };
}

/** The world of the objects of one moment; namespaces without a VNID are not part of it yet. */
export function policyWorld(objects: WorldObjects): PolicyWorld {
  return {
    policies: objects.policies.map((raw) => parseNetworkPolicy(raw).policy),
    namespaces: objects.namespaces.flatMap(({ metadata }) => {
      const name = metadata.name ?? '';
      const vnid = objects.vnids.get(name);
      return vnid === undefined ? [] : [{ name, labels: { 'kubernetes.io/metadata.name': name, ...metadata.labels }, vnid }];
    }),
    pods: objects.pods.flatMap((raw) => policyPod(raw) ?? []),
  };
}
