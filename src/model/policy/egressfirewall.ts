/** What an EgressFirewall of OVN-Kubernetes does with what leaves the cluster. */
import type { KubeObject } from '../objects/raw.ts';
import { type Cidr, contains, type Ip } from '../values/address.ts';
import { asList, asText, fieldOf } from '../values/json.ts';
import { egressItems, readEgressRule } from './egressrule.ts';

/** A rule; nodes are no part of what leaves the cluster, and who has a name is not known. */
interface FirewallRule {
  readonly allow: boolean;
  readonly to: Cidr | { readonly name: string } | 'nodes';
  /** Empty: all. */
  readonly ports: readonly { readonly protocol: string; readonly port: number }[];
}

/** The rules of the EgressFirewall of a namespace. */
export type Firewall = readonly FirewallRule[];

export interface Outgoing {
  readonly to: Ip;
  readonly proto: string;
  readonly port: number | undefined;
}

export interface FirewallVerdict {
  readonly isDenied: boolean;
  /** The rule that decides, in words; undefined if none does. */
  readonly rule: string | undefined;
  /** Rules that may decide before that: for names, and for ports if the packet has none. */
  readonly unknown: readonly string[];
}

function readRule(item: unknown): FirewallRule | undefined {
  const name = asText(fieldOf(item, 'to', 'dnsName'));
  const ports = asList(fieldOf(item, 'ports')).map((one) => ({
    protocol: asText(fieldOf(one, 'protocol')).toLowerCase(),
    port: Number(fieldOf(one, 'port')),
  }));
  const read = readEgressRule(item);
  if (read.kind === 'cidr') return { allow: read.allow, to: read.cidr, ports };
  if (name !== '') return { allow: read.allow, to: { name }, ports };
  return fieldOf(item, 'to', 'nodeSelector') === undefined ? undefined : { allow: read.allow, to: 'nodes', ports };
}

/** Reads an EgressFirewall. One with a rule that cannot be read counts for nothing: OVN-Kubernetes lets everything out. */
export function firewallIn(object: KubeObject): Firewall {
  const rules = (egressItems(object) ?? []).map(readRule);
  return rules.every((rule) => rule !== undefined) ? rules : [];
}

/** Whether it lets nothing out of the cluster. */
export function letsNothingOut(firewall: Firewall, isNode: (address: string) => boolean): boolean {
  for (const { allow, to, ports } of firewall) {
    const isInside = to === 'nodes' || ('length' in to && to.length === 32 && isNode(to.text.replace('/32', '')));
    if (allow && !isInside) return false;
    if (!allow && to !== 'nodes' && 'length' in to && to.length === 0 && ports.length === 0) return true;
  }
  return false;
}

/** What it does with a packet that leaves the cluster: the first rule that fits decides, and without one it passes. */
export function firewallVerdict(firewall: Firewall, { to: ip, proto, port }: Outgoing): FirewallVerdict {
  const unknown: string[] = [];
  for (const [index, { allow, to, ports }] of firewall.entries()) {
    if (to === 'nodes' || ('length' in to && !contains(to, ip))) continue;
    const fitting = ports.filter((one) => one.protocol === proto && (port === undefined || one.port === port));
    if (ports.length > 0 && fitting.length === 0) continue;
    const text = `rule ${index + 1}, which ${allow ? 'allows' : 'denies'} ${'name' in to ? to.name : to.text}`;
    if ('name' in to || (ports.length > 0 && port === undefined)) unknown.push(text);
    else return { isDenied: !allow, rule: text, unknown };
  }
  return { isDenied: false, rule: undefined, unknown };
}
