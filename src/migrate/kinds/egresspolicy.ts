/** EgressNetworkPolicies as the migrator reads them. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { egressItems, readEgressRule, type RuleReading } from '../../model/policy/egressrule.ts';
import { fieldOf, type Json, jsonOf } from '../../model/values/json.ts';
import { type Item, itemOf, textAt } from './item.ts';

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
  /** Undefined if spec.egress is not a list: OpenShift SDN then denies everything. */
  readonly rules: readonly PolicyRuleItem[] | undefined;
}

/** Reads an EgressNetworkPolicy. */
export function egressPolicyItem(object: KubeObject): EgressPolicyItem {
  const rules = egressItems(object)?.map((rule) => ({
    reading: readEgressRule(rule),
    to: fieldOf(rule, 'to'),
    cidrSelector: textAt(rule, 'to', 'cidrSelector'),
    dnsName: textAt(rule, 'to', 'dnsName'),
  }));
  return { ...itemOf(object), egress: jsonOf(fieldOf(object, 'spec', 'egress') ?? []), rules };
}
