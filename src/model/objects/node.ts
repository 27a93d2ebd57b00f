/** Reads a Node's status; its shape is unchecked when it comes from a file. */
import { contains, type Ip, parseCidr } from '../values/address.ts';
import { asList, asText, fieldOf } from '../values/json.ts';
import { parseIpv4 } from './fields.ts';
import type { KubeObject, NodeObject } from './raw.ts';

/** Ranges whose addresses no node can be reached at from others (RFC 6890): this network, loopback, multicast, reserved. */
const notOfNodes = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4'].map((text) => {
  const range = parseCidr(text);
  if (!range.ok) throw new Error(range.error);
  return range.value;
});

/**
 * The IPv4 addresses that the Node reports as its InternalIPs, in its order, each once; those that no node can be
 * reached at are left out.
 */
export function internalIPs(node: KubeObject): readonly Ip[] {
  const found = asList(fieldOf(node, 'status', 'addresses')).flatMap((entry) => {
    const ip = parseIpv4(asText(fieldOf(entry, 'address')));
    const isInternal = fieldOf(entry, 'type') === 'InternalIP' && ip.ok;
    return isInternal && !notOfNodes.some((range) => contains(range, ip.value)) ? [ip.value] : [];
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

/**
 * What the kubelet says when the network plugin alone does not answer its runtime, as while our agent is restarted; with
 * more than one reason it lists them in brackets. Kubelets before 1.21 say it without "container".
 */
const pluginAway =
  /^(?:container )?runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:/;

/** Whether the Node's network plugin alone does not answer, which leaves what it set up as it is. */
export function isPluginAway(node: NodeObject): boolean {
  return readyFalse(node).some((condition) => pluginAway.test(asText(fieldOf(condition, 'message'))));
}

/**
 * Whether the Node's condition Ready is False. Unknown, or no condition, does not count, nor that its network plugin
 * alone does not answer: what the plugin set up goes on without it, and probes through it say whether it does.
 */
export function isNotReady(node: NodeObject): boolean {
  return readyFalse(node).length > 0 && !isPluginAway(node);
}

function readyFalse(node: NodeObject): readonly unknown[] {
  return asList(fieldOf(node, 'status', 'conditions')).filter(
    (condition) => fieldOf(condition, 'type') === 'Ready' && fieldOf(condition, 'status') === 'False',
  );
}
