/** Clears, at the very end, the fields with which OpenShift SDN configures egress IPs and multicast. */
import { apiVersionOf, hostSubnets, type Kind, netNamespaces } from '../../../../../api/kinds.ts';
import type { HostSubnetObject } from '../../../../model/objects/raw.ts';
import { multicastAnnotation } from '../../../../model/objects/well-known.ts';
import { compareText } from '../../../../model/values/names.ts';
import type { Change, Concern, Part } from '../../../translation.ts';
import type { Context } from '../context/context.ts';
import { multicastNamespaces } from './multicast.ts';

/** Plans what to clear. EgressNetworkPolicies are deleted by firewall/part.ts. */
export function finalizePart(context: Context): Part {
  const { only, namespaces } = context.options;
  const wants = (concern: Concern): boolean => only.length === 0 || only.includes(concern);
  const asking = wants('egressip')
    ? context.egress.groups.flatMap(({ members }) => members.map(({ name }) => String(name)))
    : [];
  const raw = new Map(context.snapshot.netNamespaces.map((one) => [one.metadata.name, one]));
  const withIPs = new Set(asking.filter((name) => (raw.get(name)?.egressIPs ?? []).length > 0));
  const withMulticast = new Set(wants('multicast') ? multicastNamespaces(context) : []);
  const names = [...new Set([...withIPs, ...withMulticast])].sort(compareText);
  const cleared = names.map((name) =>
    clear(netNamespaces, name, {
      ...(withIPs.has(name) ? { egressIPs: null } : {}),
      ...(withMulticast.has(name) ? { metadata: { annotations: { [multicastAnnotation]: null } } } : {}),
    }),
  );
  // other namespaces may still need what the HostSubnets list
  const hosts = wants('egressip') && namespaces.length === 0 ? context.snapshot.hostSubnets : [];
  return { changes: [...cleared, ...hosts.flatMap(clearHost)], findings: [] };
}

function clearHost(host: HostSubnetObject): readonly Change[] {
  const fields = (['egressIPs', 'egressCIDRs'] as const).filter((field) => (host[field] ?? []).length > 0);
  return fields.length === 0
    ? []
    : [clear(hostSubnets, host.metadata.name ?? '', Object.fromEntries(fields.map((field) => [field, null])))];
}

function clear(kind: Kind, name: string, patch: Readonly<Record<string, unknown>>): Change {
  return {
    action: 'clear',
    step: 'finalize',
    object: { apiVersion: apiVersionOf(kind), kind: kind.kind, name },
    patch,
  };
}
