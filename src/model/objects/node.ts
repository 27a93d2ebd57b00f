/** Reads a Node's status; its shape is unchecked when it comes from a file. */
import { type Ip, parseIp } from '../values/address.ts';
import { asList, asText, fieldOf } from '../values/json.ts';
import type { KubeObject, NodeObject } from './raw.ts';

/** The first InternalIP of a Node, or undefined if there is none. */
export function internalIP(node: KubeObject): Ip | undefined {
  for (const entry of asList(fieldOf(node, 'status', 'addresses'))) {
    const ip = fieldOf(entry, 'type') === 'InternalIP' ? parseIp(asText(fieldOf(entry, 'address'))) : undefined;
    if (ip?.ok === true) return ip.value;
  }
  return undefined;
}

/** Whether the Node says that it is not Ready; that it says nothing, or does not know, is not that. */
export function isNotReady(node: NodeObject): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'False') === true;
}
