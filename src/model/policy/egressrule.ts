/**
 * The one reader of EgressNetworkPolicy rules, for the agent and the migrator, with the meaning that OpenShift SDN
 * gives them.
 */
import type { KubeObject } from '../objects/raw.ts';
import { type Cidr, parseIfaddr } from '../values/address.ts';
import { asText, fieldOf } from '../values/json.ts';

/** A rule as a value; the addresses of a name change, so it is resolved when flows are made. */
export type EgressRule = { readonly allow: boolean } & (
  { readonly kind: 'cidr'; readonly cidr: Cidr } | { readonly kind: 'dns'; readonly name: string }
);

/** How a rule reads. */
export type RuleReading =
  /** `isCorrected`: it says 0.0.0.0/32, which OpenShift SDN takes for 0.0.0.0/0. */
  | { readonly kind: 'cidr'; readonly allow: boolean; readonly cidr: Cidr; readonly isCorrected: boolean }
  /** `text` is the name as it is written; a rule's name is compared in lower case and without a last dot. */
  | { readonly kind: 'dns'; readonly allow: boolean; readonly name: string; readonly text: string }
  /** Neither a range of IPv4 addresses nor a name; `field` is below the rule. */
  | { readonly kind: 'broken'; readonly allow: boolean; readonly field: string; readonly reason: string };

export const everything: Cidr = { text: '0.0.0.0/0', family: 4, first: 0n, length: 0 };
const zeroSlash32 = '0.0.0.0/32';
const namePattern = /^([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+\.?$/;

/**
 * The items of spec.egress, unread. Without spec or egress a policy has no rules, as Kubernetes reads a missing list;
 * undefined if the field holds anything else.
 */
export function egressItems(policy: KubeObject): readonly unknown[] | undefined {
  const egress = fieldOf(policy, 'spec', 'egress') ?? [];
  return Array.isArray(egress) ? egress : undefined;
}

/**
 * Reads an item of spec.egress, whatever it holds. A rule with both selectors goes by the CIDR. Host bits are masked,
 * as Open vSwitch masks them in a match: `10.20.30.40/16` is `10.20.0.0/16`. Anything but `Allow` denies.
 */
export function readEgressRule(rule: unknown): RuleReading {
  const allow = fieldOf(rule, 'type') === 'Allow';
  const [range, text] = [asText(fieldOf(rule, 'to', 'cidrSelector')), asText(fieldOf(rule, 'to', 'dnsName'))];
  if (range === zeroSlash32) return { kind: 'cidr', allow, cidr: everything, isCorrected: true };
  if (range !== '') {
    const read = parseIfaddr(range);
    if (read.ok && read.value.network.family === 4)
      return { kind: 'cidr', allow, cidr: read.value.network, isCorrected: false };
    return { kind: 'broken', allow, field: 'to.cidrSelector', reason: `${JSON.stringify(range)} is not an IPv4 CIDR` };
  }
  if (namePattern.test(text)) return { kind: 'dns', allow, name: text.toLowerCase().replace(/\.$/, ''), text };
  return text === ''
    ? { kind: 'broken', allow, field: 'to', reason: 'it has neither cidrSelector nor dnsName' }
    : { kind: 'broken', allow, field: 'to.dnsName', reason: `${JSON.stringify(text)} is not a name` };
}
