/** Reads a Node's status; its shape is unchecked when it comes from a file. */
import type { Ip } from '../values/address.ts';
import { asList, asText, fieldOf } from '../values/json.ts';
import { parseIpv4 } from './fields.ts';
import type { KubeObject, NodeObject } from './raw.ts';

/** The IPv4 addresses that the Node reports as its InternalIPs, in its order, each once. */
export function internalIPs(node: KubeObject): readonly Ip[] {
  const found = asList(fieldOf(node, 'status', 'addresses')).flatMap((entry) => {
    const ip = parseIpv4(asText(fieldOf(entry, 'address')));
    return fieldOf(entry, 'type') === 'InternalIP' && ip.ok ? [ip.value] : [];
  });
  return [...new Set(found)];
}

/**
 * The address of the Node's HostSubnet: the present one while the Node reports it, else its first InternalIP that is no
 * egress IP of anybody, because clouds and kubelets report the egress IPs that a node hosts too. A Node without
 * HostSubnet that has one InternalIP alone has that one: it hosts nothing yet. Undefined if there is none.
 */
export function hostIPOf(
  node: KubeObject,
  present: string | undefined,
  isEgressIP: (ip: Ip) => boolean,
): Ip | undefined {
  const own = internalIPs(node);
  const found = own.find((ip) => ip === present) ?? own.find((ip) => !isEgressIP(ip));
  return found ?? (present === undefined && own.length === 1 ? own[0] : undefined);
}

/** Whether the Node says that it is not Ready; that it says nothing, or does not know, is not that. */
export function isNotReady(node: NodeObject): boolean {
  return asList(fieldOf(node, 'status', 'conditions')).some(
    (condition) => fieldOf(condition, 'type') === 'Ready' && fieldOf(condition, 'status') === 'False',
  );
}
