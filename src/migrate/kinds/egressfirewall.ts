/** EgressFirewalls (k8s.ovn.org/v1) as the migrator reads them. */
import type { KubeObject, LabelSelectorObject } from '../../model/objects/raw.ts';
import { type Item, itemOf, listAt, selectorAt, textAt, textsAt } from './item.ts';

/** An item of spec.egress. Of the three destinations one is set. */
export interface FirewallRuleItem {
  /** Anything but Allow denies. */
  readonly type: 'Allow' | 'Deny';
  readonly hasPorts: boolean;
  readonly nodeSelector: LabelSelectorObject | undefined;
  /** Empty if it has none. */
  readonly cidrSelector: string;
  readonly dnsName: string;
}

export interface EgressFirewallItem extends Item {
  readonly rules: readonly FirewallRuleItem[];
  /** status.status and status.messages: what OVN-Kubernetes says of the rules. */
  readonly status: string;
  readonly messages: readonly string[];
}

/** Reads an EgressFirewall. */
export function egressFirewallItem(object: KubeObject): EgressFirewallItem {
  return {
    ...itemOf(object),
    rules: listAt(object, 'spec', 'egress').map(ruleItem),
    status: textAt(object, 'status', 'status'),
    messages: textsAt(object, 'status', 'messages'),
  };
}

function ruleItem(rule: unknown): FirewallRuleItem {
  return {
    type: textAt(rule, 'type') === 'Allow' ? 'Allow' : 'Deny',
    hasPorts: listAt(rule, 'ports').length > 0,
    nodeSelector: selectorAt(rule, 'to', 'nodeSelector'),
    cidrSelector: textAt(rule, 'to', 'cidrSelector'),
    dnsName: textAt(rule, 'to', 'dnsName'),
  };
}
