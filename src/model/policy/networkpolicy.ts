/** NetworkPolicies (networking.k8s.io/v1) as values, and arithmetic on their IP blocks and port ranges. */
import type { LabelSelectorObject, NetworkPolicyObject, PolicyPeerObject, PolicyPortObject } from '../objects/raw.ts';
import { type Cidr, ipFromNumber, lastOf, overlaps, parseCidr, parseIfaddr } from '../values/address.ts';
import { isRecord } from '../values/json.ts';
import { err, ok, type Result } from '../values/result.ts';

export type Protocol = 'tcp' | 'udp' | 'sctp';

export type Peer =
  | { readonly kind: 'pods'; readonly pods: LabelSelectorObject; readonly namespaces: LabelSelectorObject | undefined }
  | { readonly kind: 'block'; readonly cidrs: readonly Cidr[] };

/** A port by number (a range has several masks), by name, or all ports of a protocol. */
export type PolicyPort =
  | { readonly kind: 'any'; readonly protocol: Protocol }
  | { readonly kind: 'range'; readonly protocol: Protocol; readonly from: number; readonly to: number }
  | { readonly kind: 'named'; readonly protocol: Protocol; readonly name: string };

/** One rule. Undefined peers or ports mean all. */
export interface PolicyRule {
  readonly peers: readonly Peer[] | undefined;
  readonly ports: readonly PolicyPort[] | undefined;
}

export interface NetworkPolicy {
  readonly namespace: string;
  readonly name: string;
  readonly pods: LabelSelectorObject;
  /** Undefined: the policy does not apply to this direction. */
  readonly ingress: readonly PolicyRule[] | undefined;
  readonly egress: readonly PolicyRule[] | undefined;
}

const protocols: Readonly<Record<string, Protocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };

/** The range without `excepts`, as the fewest ranges, in order. */
export function subtract(cidr: Cidr, excepts: readonly Cidr[]): Cidr[] {
  const hit = excepts.filter((except) => overlaps(except, cidr));
  if (hit.length === 0) return [cidr];
  if (hit.some((except) => except.length <= cidr.length)) return [];
  const half = (lastOf(cidr) - cidr.first + 1n) / 2n;
  return [cidr.first, cidr.first + half].flatMap((first) => {
    const part = parseCidr(`${ipFromNumber(first, cidr.family)}/${cidr.length + 1}`);
    return part.ok ? subtract(part.value, hit) : [];
  });
}

/** A range of ports as OpenFlow matches: pairs of a 16-bit value and mask. */
export function portMasks(from: number, to: number): { readonly value: number; readonly mask: number }[] {
  const masks: { value: number; mask: number }[] = [];
  let start = from;
  while (start <= to) {
    let size = start === 0 ? 0x10000 : start & -start;
    while (start + size - 1 > to) size /= 2;
    masks.push({ value: start, mask: 0x10000 - size });
    start += size;
  }
  return masks;
}

/** Parses an IP block; like Kubernetes, ignores host bits (10.0.0.5/24). */
function blockOf(text: string): Result<Cidr> {
  const parsed = parseIfaddr(text);
  return parsed.ok ? ok(parsed.value.network) : err(`${JSON.stringify(text)} is not a CIDR`);
}

/** Parses a peer. An IPv6 block becomes one without addresses: pods have no IPv6, and flows match none. */
function parsePeer({ ipBlock, podSelector, namespaceSelector }: PolicyPeerObject): Result<Peer> {
  if (ipBlock === undefined) {
    if (podSelector === undefined && namespaceSelector === undefined)
      return err('a peer names neither pods nor namespaces nor an ipBlock');
    return ok({ kind: 'pods', pods: podSelector ?? {}, namespaces: namespaceSelector });
  }
  const block = blockOf(ipBlock.cidr);
  if (!block.ok) return err(`ipBlock.cidr: ${block.error}`);
  const excepts: Cidr[] = [];
  for (const text of ipBlock.except ?? []) {
    const except = blockOf(text);
    if (!except.ok) return err(`ipBlock.except: ${except.error}`);
    excepts.push(except.value);
  }
  return ok({ kind: 'block', cidrs: block.value.family === 4 ? subtract(block.value, excepts) : [] });
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65535;
}

function parsePort({ protocol = 'TCP', port, endPort }: PolicyPortObject): Result<PolicyPort> {
  const known = protocols[protocol];
  if (known === undefined) return err(`protocol ${JSON.stringify(protocol)} is none of TCP, UDP, SCTP`);
  if (port === undefined) return ok({ kind: 'any', protocol: known });
  if (typeof port === 'string') return ok({ kind: 'named', protocol: known, name: port });
  const to = endPort ?? port;
  if (!isPort(port) || !isPort(to) || to < port)
    return err(`port ${port}${endPort === undefined ? '' : ` to ${endPort}`} is no range of ports`);
  return ok({ kind: 'range', protocol: known, from: port, to });
}

function parseAll<T, U>(
  items: readonly T[] | undefined,
  parse: (item: T) => Result<U>,
): Result<readonly U[] | undefined> {
  if (items === undefined || items.length === 0) return ok(undefined);
  const values: U[] = [];
  for (const item of items) {
    if (!isRecord(item)) return err(`${JSON.stringify(item)} is no peer or port`);
    const parsed = parse(item);
    if (!parsed.ok) return parsed;
    values.push(parsed.value);
  }
  return ok(values);
}

interface RawRule {
  readonly from?: readonly PolicyPeerObject[];
  readonly to?: readonly PolicyPeerObject[];
  readonly ports?: readonly PolicyPortObject[];
}

/** Parses rules. An invalid rule allows nothing; its reason is added to `problems`. */
function parseRules(
  rules: readonly (RawRule | null)[],
  direction: 'ingress' | 'egress',
  problems: string[],
): PolicyRule[] {
  return rules.flatMap((rule, index): PolicyRule[] => {
    if (rule === null) {
      problems.push(`spec.${direction}[${index}]: null is no rule; it allows nothing`);
      return [];
    }
    const peers = parseAll(direction === 'ingress' ? rule.from : rule.to, parsePeer);
    const ports = parseAll(rule.ports, parsePort);
    if (peers.ok && ports.ok) return [{ peers: peers.value, ports: ports.value }];
    const reason = peers.ok ? ports : peers;
    problems.push(`spec.${direction}[${index}]: ${reason.ok ? '' : reason.error}; the rule allows nothing`);
    return [];
  });
}

/**
 * Parses a NetworkPolicy. Without policyTypes it applies to ingress, and also to egress if it has egress rules.
 * `problems` lists invalid rules.
 */
export function parseNetworkPolicy(raw: NetworkPolicyObject): {
  readonly policy: NetworkPolicy;
  readonly problems: readonly string[];
} {
  const { namespace = '', name = '' } = raw.metadata;
  const { podSelector = {}, policyTypes, ingress = [], egress } = raw.spec ?? {};
  const types = policyTypes ?? (egress === undefined || egress.length === 0 ? ['Ingress'] : ['Ingress', 'Egress']);
  const problems: string[] = [];
  const policy: NetworkPolicy = {
    namespace,
    name,
    pods: podSelector,
    ingress: types.includes('Ingress') ? parseRules(ingress, 'ingress', problems) : undefined,
    egress: types.includes('Egress') ? parseRules(egress ?? [], 'egress', problems) : undefined,
  };
  return { policy, problems };
}
