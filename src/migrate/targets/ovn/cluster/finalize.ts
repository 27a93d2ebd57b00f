/** Clears, at the very end, the fields with which OpenShift SDN configures egress IPs and multicast. */
import { hostSubnets, type Kind, netNamespaces } from '../../../../../api/kinds.ts';
import type { HostSubnetObject, KubeObject } from '../../../../model/objects/raw.ts';
import { multicastAnnotation } from '../../../../model/objects/well-known.ts';
import { compareText } from '../../../../model/values/names.ts';
import { requestedIn } from '../../../kinds/egressip.ts';
import { mayHost } from '../../../kinds/sdn.ts';
import { refNamed } from '../../../ref.ts';
import type { Change, ClearingPatch, Concern, Part } from '../../../translation.ts';
import type { Context } from '../context.ts';
import { hasObject } from '../groups.ts';
import { multicastNamespaces } from './multicast.ts';

/**
 * Plans what to clear. EgressNetworkPolicies are deleted by firewall/part.ts. A request that no EgressIP takes over
 * stays, and so do HostSubnets that may host it: nothing else knows of it.
 */
export function finalizePart(context: Context): Part {
  const { only, namespaces } = context.options;
  const wants = (concern: Concern): boolean => only.length === 0 || only.includes(concern);
  const requests = wants('egressip') ? requestsIn(context) : [];
  const asking = new Map(
    requests.filter(({ given, left }) => left.length < given.length).map((one) => [one.name, one.left]),
  );
  const withMulticast = new Set(wants('multicast') ? multicastNamespaces(context) : []);
  const names = [...new Set([...asking.keys(), ...withMulticast])].sort(compareText);
  const cleared = names.map((name) => {
    const left = asking.get(name);
    return clear(netNamespaces, name, {
      ...(left === undefined ? {} : { egressIPs: left.length === 0 ? null : left }),
      ...(withMulticast.has(name) ? { metadata: { annotations: { [multicastAnnotation]: null } } } : {}),
    });
  });
  // other namespaces may still need what the HostSubnets list
  const hosts = wants('egressip') && namespaces.length === 0 ? context.snapshot.hostSubnets : [];
  const remaining = new Set(requests.flatMap(({ left }) => left));
  return {
    changes: [...cleared, ...hosts.filter((host) => !mayHost(host, remaining)).flatMap(clearHost)],
    findings: [],
  };
}

interface Requests {
  /** Name of the NetNamespace. */
  readonly name: string;
  readonly given: readonly string[];
  /** What no EgressIP of the plan has. */
  readonly left: readonly string[];
}

function requestsIn({ egress, snapshot }: Context): readonly Requests[] {
  const served = new Map(
    egress.groups
      .filter(hasObject)
      .flatMap(({ members, egressIPs }) => members.map(({ name }) => [String(name), new Set<string>(egressIPs)])),
  );
  return snapshot.netNamespaces.map(({ metadata: { name = '' }, egressIPs }) => {
    const given = egressIPs ?? [];
    return { name, given, left: given.filter((text) => served.get(name)?.has(text) !== true) };
  });
}

function clearHost(host: HostSubnetObject): readonly Change[] {
  const fields = (['egressIPs', 'egressCIDRs'] as const).filter((field) => (host[field] ?? []).length > 0);
  return fields.length === 0
    ? []
    : [clear(hostSubnets, host.metadata.name ?? '', Object.fromEntries(fields.map((field) => [field, null])))];
}

function clear(kind: Kind, name: string, patch: ClearingPatch): Change {
  return {
    action: 'clear',
    step: 'finalize',
    object: refNamed(kind, name),
    patch,
  };
}

/** Returns which of the EgressIPs that were left out has an address that a HostSubnet may host. */
export function needers(leftOut: readonly KubeObject[]): (old: KubeObject) => KubeObject | undefined {
  const asking = leftOut.map((object) => ({ object, ips: new Set(requestedIn(object)) }));
  return (old) => (old.kind === hostSubnets.kind ? asking.find(({ ips }) => mayHost(old, ips))?.object : undefined);
}
