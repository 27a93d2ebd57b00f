/** Clears, at the very end, the fields with which OpenShift SDN configures egress IPs and multicast. */
import { apiVersionOf, hostSubnets, type Kind, netNamespaces } from '../../../../api/kinds.ts';
import { asList, isRecord } from '../../../model/json.ts';
import { compareText } from '../../../model/names.ts';
import { multicastAnnotation } from '../../../model/well-known.ts';
import { objectsOf } from '../../snapshot.ts';
import type { Change, Concern, Part } from '../../translation.ts';
import type { Context } from '../context/context.ts';
import { multicastNamespaces } from './multicast.ts';

/** Plans what to clear. EgressNetworkPolicies are deleted by firewall/part.ts. */
export function finalizePart(context: Context): Part {
  const { only, namespaces } = context.options;
  const wants = (concern: Concern): boolean => only.length === 0 || only.includes(concern);
  const asking = wants('egressip')
    ? context.egress.groups.flatMap(({ members }) => members.map(({ name }) => String(name)))
    : [];
  const raw = rawOf(context, netNamespaces);
  const withIPs = new Set(asking.filter((name) => lists(raw.get(name), 'egressIPs')));
  const withMulticast = new Set(wants('multicast') ? multicastNamespaces(context) : []);
  const names = [...new Set([...withIPs, ...withMulticast])].sort(compareText);
  const cleared = names.map((name) =>
    clear(netNamespaces, name, {
      ...(withIPs.has(name) ? { egressIPs: null } : {}),
      ...(withMulticast.has(name) ? { metadata: { annotations: { [multicastAnnotation]: null } } } : {}),
    }),
  );
  // other namespaces may still need what the HostSubnets list
  const hosts = wants('egressip') && namespaces.length === 0 ? [...rawOf(context, hostSubnets)] : [];
  return { changes: [...cleared, ...hosts.flatMap(([name, host]) => clearHost(name, host))], findings: [] };
}

function rawOf({ snapshot }: Context, kind: Kind): ReadonlyMap<string, unknown> {
  return new Map(objectsOf(snapshot, kind).map((one) => [one.metadata.name ?? '', one]));
}

function clearHost(name: string, raw: unknown): readonly Change[] {
  const fields = ['egressIPs', 'egressCIDRs'].filter((field) => lists(raw, field));
  return fields.length === 0
    ? []
    : [clear(hostSubnets, name, Object.fromEntries(fields.map((field) => [field, null])))];
}

function lists(raw: unknown, field: string): boolean {
  return isRecord(raw) && asList(raw[field]).length > 0;
}

function clear(kind: Kind, name: string, patch: Readonly<Record<string, unknown>>): Change {
  return {
    action: 'clear',
    step: 'finalize',
    object: { apiVersion: apiVersionOf(kind), kind: kind.kind, name },
    patch,
  };
}
