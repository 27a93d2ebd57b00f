/** Clears, at the very end, the fields with which OpenShift SDN configures egress IPs and multicast. */
import { hostSubnets, netNamespaces } from '../../../../../api/kinds.ts';
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { multicastAnnotation } from '../../../../model/objects/well-known.ts';
import { compareText } from '../../../../model/values/names.ts';
import { requestedIn } from '../../../kinds/egressip.ts';
import { mayHost } from '../../../kinds/sdn.ts';
import { clear, clearHosts, requestLists } from '../../../requests/clearing.ts';
import type { Concern, Part } from '../../../translation.ts';
import type { Context } from '../context.ts';
import { multicastNamespaces } from './multicast.ts';

/**
 * Plans what to clear. EgressNetworkPolicies are deleted by firewall/part.ts. A request that no EgressIP takes over
 * stays, and so do HostSubnets that may host it: nothing else knows of it.
 */
export function finalizePart(context: Context): Part {
  const { only, namespaces } = context.options;
  const wants = (concern: Concern): boolean => only.length === 0 || only.includes(concern);
  const lists = wants('egressip') ? requestLists(context.snapshot, context.egress.groups) : [];
  const asking = new Map(
    lists.filter(({ given, left }) => left.length < given.length).map((one) => [one.name, one.left]),
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
  const isWhole = wants('egressip') && namespaces.length === 0;
  return { changes: [...cleared, ...(isWhole ? clearHosts(context.snapshot, lists) : [])], findings: [] };
}

/** Returns which of the EgressIPs that were left out has an address that a HostSubnet may host. */
export function needers(leftOut: readonly KubeObject[]): (old: KubeObject) => KubeObject | undefined {
  const asking = leftOut.map((object) => ({ object, ips: new Set(requestedIn(object)) }));
  return (old) => (old.kind === hostSubnets.kind ? asking.find(({ ips }) => mayHost(old, ips))?.object : undefined);
}
