/** EgressNetworkPolicies as the migrator reads them. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { readEgressRule, type RuleReading } from '../../model/policy/egressrule.ts';
import { fieldOf, type Json, jsonOf } from '../../model/values/json.ts';
import { type Item, itemOf, listAt, textAt } from './item.ts';

export interface PolicyRuleItem {
  readonly reading: RuleReading;
  /** `to` as it is written. */
  readonly to: unknown;
  /** Both are empty if it has none. */
  readonly cidrSelector: string;
  readonly dnsName: string;
}

export interface EgressPolicyItem extends Item {
  /** spec.egress as it is written. */
  readonly egress: Json;
  readonly rules: readonly PolicyRuleItem[];
}

/** Reads an EgressNetworkPolicy. */
export function egressPolicyItem(object: KubeObject): EgressPolicyItem {
  const rules = listAt(object, 'spec', 'egress').map((rule) => ({
    reading: readEgressRule(rule),
    to: fieldOf(rule, 'to'),
    cidrSelector: textAt(rule, 'to', 'cidrSelector'),
    dnsName: textAt(rule, 'to', 'dnsName'),
  }));
  return { ...itemOf(object), egress: jsonOf(fieldOf(object, 'spec', 'egress') ?? []), rules };
}
