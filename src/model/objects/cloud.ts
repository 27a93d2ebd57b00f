/**
 * The cloud's limits for a node's egress IPs, from the annotation that the cloud network controller writes on the Node.
 */
import { type Cidr, contains, type Ip, lastOf, parseIfaddr } from '../values/address.ts';
import { asList, isRecord, parseJson } from '../values/json.ts';
import { err, ok, type Result } from '../values/result.ts';
import type { KubeObject } from './raw.ts';

/** The Node annotation; its value is a JSON list with one interface. */
export const egressIpConfigAnnotation = 'cloud.network.openshift.io/egress-ipconfig';

/** The limits of one node. Undefined means no limit. */
export interface CloudLimits {
  /** How many egress IPs the node can hold; `current` means unknown: the node keeps what it has and gets no more. */
  readonly capacity: number | 'current' | undefined;
  /** The network that must contain its egress IPs and CIDRs. */
  readonly network: Cidr | undefined;
}

/** The limits of a node with an unreadable annotation. */
export const unknownLimits: CloudLimits = { capacity: 'current', network: undefined };

/** The limits of a node that keeps what it has and gets no more, within the cloud's limits, if there are any. */
export function withoutMore(limits: CloudLimits = unknownLimits): CloudLimits {
  return { ...limits, capacity: 'current' };
}

/** The limits of a Node, and why its annotation cannot be read, if so; undefined when it has none. */
export function limitsOf({
  metadata,
}: KubeObject): { readonly limits: CloudLimits; readonly problem: string | undefined } | undefined {
  const text = metadata.annotations?.[egressIpConfigAnnotation];
  if (text === undefined) return undefined;
  const parsed = parseEgressIpConfig(text);
  return parsed.ok ? { limits: parsed.value, problem: undefined } : { limits: unknownLimits, problem: parsed.error };
}

/** Parses the annotation: `capacity.ip`, else `capacity.ipv4`, and `ifaddr.ipv4`. */
export function parseEgressIpConfig(text: string): Result<CloudLimits> {
  const value = readJson(text);
  if (!value.ok) return value;
  const [config] = asList(value.value);
  if (!isRecord(config)) return err('is not a JSON list of an object');
  const network = networkOf(config['ifaddr']);
  if (!network.ok) return network;
  const capacity = capacityOf(config['capacity']);
  if (!capacity.ok) return capacity;
  return ok({ capacity: capacity.value, network: network.value });
}

/** Whether the node's network contains the IP. */
export function allowsIp({ network }: CloudLimits, ip: Ip): boolean {
  return network === undefined || contains(network, ip);
}

/** Whether the node's network contains the whole CIDR. */
export function allowsCidr({ network }: CloudLimits, cidr: Cidr): boolean {
  return (
    network === undefined ||
    (network.family === cidr.family && cidr.first >= network.first && lastOf(cidr) <= lastOf(network))
  );
}

function readJson(text: string): Result<unknown> {
  try {
    return ok(parseJson(text));
  } catch (error) {
    return err(`is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Host bits, as of the node's own address, are not part of the network. */
function networkOf(ifaddr: unknown): Result<Cidr | undefined> {
  const text = (isRecord(ifaddr) ? ifaddr['ipv4'] : undefined) ?? '';
  if (text === '') return ok(undefined);
  if (typeof text !== 'string') return err('ifaddr.ipv4 is not a text');
  const read = parseIfaddr(text);
  return read.ok && read.value.network.family === 4
    ? ok(read.value.network)
    : err(`ifaddr.ipv4 ${JSON.stringify(text)} is not an IPv4 CIDR`);
}

function capacityOf(capacity: unknown): Result<number | undefined> {
  const given = isRecord(capacity) ? (capacity['ip'] ?? capacity['ipv4']) : undefined;
  if (given === undefined) return ok(undefined);
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0) return ok(given);
  return err(`capacity ${JSON.stringify(given)} is not a whole number`);
}
