/** Turns EgressFirewalls into EgressNetworkPolicies. What these cannot express is closed, with a finding. */
import { apiVersionOf, egressNetworkPolicies } from '../../../../api/kinds.ts';
import type { KubeObject, LabelSelectorObject } from '../../../model/objects/raw.ts';
import { matches } from '../../../model/objects/selector.ts';
import { mostRules } from '../../../model/policy/egresspolicy.ts';
import { familyOf, parseIfaddr, parseIp } from '../../../model/values/address.ts';
import { jsonEqual, jsonOf } from '../../../model/values/json.ts';
import {
  firewallRuleInvalid,
  firewallTooLong,
  nodeSelectorLost,
  policiesPresent,
  policyDiffers,
  ruleFamilyLost,
  rulePortsLost,
  wildcardLost,
} from '../../findings/back.ts';
import type { Finding, Namespaced } from '../../findings/finding.ts';
import type { EgressFirewallItem, FirewallRuleItem } from '../../kinds/egressfirewall.ts';
import { bearsOurMark, isPlanManager } from '../../ownership.ts';
import { objectRef } from '../../ref.ts';
import type { Snapshot } from '../../snapshot.ts';
import { type Change, type Part } from '../../translation.ts';
import { hasSDN } from './steps.ts';

interface PolicyRule {
  readonly type: 'Allow' | 'Deny';
  readonly to: { readonly cidrSelector: string } | { readonly dnsName: string };
}

/** Adds a finding to those of the object that is translated. */
type AddFinding = (finding: Finding) => void;

/** Plans the policies of the way back. */
export function policyPart(snapshot: Snapshot): Part {
  const parts = snapshot.egressFirewalls.map((firewall) => firewallPart(snapshot, firewall));
  return { changes: parts.flatMap(({ changes }) => changes), findings: parts.flatMap(({ findings }) => findings) };
}

function firewallPart(snapshot: Snapshot, firewall: EgressFirewallItem): Part {
  const { namespace, name } = firewall;
  const findings: Finding[] = [];
  const note: AddFinding = (finding) => findings.push(finding);
  const subject = { namespace, name };
  const egress = firewall.rules.flatMap((rule, index) =>
    rulesOf(snapshot, rule, { ...subject, field: `spec.egress[${index}]`, note }),
  );
  if (egress.length > mostRules) note(firewallTooLong({ ...subject, count: egress.length, most: mostRules }));
  const target = policyName(snapshot, { ...subject, egress, note });
  if (target === undefined) return { changes: [], findings };
  const object: KubeObject & { readonly spec: unknown } = {
    apiVersion: apiVersionOf(egressNetworkPolicies),
    kind: egressNetworkPolicies.kind,
    metadata: { name: target, namespace },
    spec: { egress },
  };
  const change: Change = {
    action: 'apply',
    step: hasSDN(snapshot) ? 'restore' : 'restore-after',
    object,
    from: [objectRef(firewall.object)],
  };
  return { changes: [change], findings };
}

interface Wanted extends Namespaced {
  readonly egress: readonly PolicyRule[];
  readonly note: AddFinding;
}

/**
 * The policy that gets the rules: never a second one, which would close the namespace. Undefined if none changes. What a
 * plan of ours made is asked for as before, or an update of the plan would take it back.
 */
function policyName(snapshot: Snapshot, { namespace, name, egress, note }: Wanted): string | undefined {
  const present = snapshot.egressPolicies.filter((one) => one.namespace === namespace);
  const [only, ...more] = present;
  if (only === undefined) return 'default';
  const policies = present.map((one) => one.name);
  if (more.length > 0) {
    note(policiesPresent({ namespace, name, policies }));
    return undefined;
  }
  const isPlanned = bearsOurMark(only.object, isPlanManager);
  if (jsonEqual(only.egress, jsonOf(egress))) return isPlanned ? only.name : undefined;
  if (!isPlanned) note(policyDiffers({ namespace, name, policies }));
  return only.name;
}

interface Where extends Namespaced {
  readonly field: string;
  readonly note: AddFinding;
}

function rulesOf(snapshot: Snapshot, rule: FirewallRuleItem, where: Where): readonly PolicyRule[] {
  const { note, ...place } = where;
  const { type, nodeSelector, cidrSelector: text, dnsName: name } = rule;
  const facts = { ...place, type } as const;
  if (rule.hasPorts) {
    note(rulePortsLost(facts));
    if (type === 'Allow') return [];
  }
  if (nodeSelector !== undefined) return nodeRules(snapshot, { type, selector: nodeSelector }, where);
  const cidr = parseIfaddr(text);
  if (cidr.ok && cidr.value.network.family === 4) return [{ type, to: { cidrSelector: cidr.value.network.text } }];
  if (/^([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+\.?$/.test(name)) return [{ type, to: { dnsName: name } }];
  if (name.startsWith('*.')) {
    note(wildcardLost({ ...facts, to: name }));
  } else if (!cidr.ok || text === '') {
    note(firewallRuleInvalid(facts));
  } else {
    note(ruleFamilyLost({ ...facts, to: text }));
  }
  return [];
}

interface NodeRule {
  readonly type: 'Allow' | 'Deny';
  readonly selector: LabelSelectorObject;
}

/** Makes a rule for each address of the nodes that have the labels now. */
function nodeRules(snapshot: Snapshot, { type, selector }: NodeRule, { note, ...place }: Where): readonly PolicyRule[] {
  const selected = snapshot.nodes.filter(({ labels }) => matches(selector, labels));
  const addresses = selected.flatMap((node) => node.addresses.map(parseIp));
  const rules = addresses.flatMap((ip): readonly PolicyRule[] =>
    ip.ok && familyOf(ip.value) === 4 ? [{ type, to: { cidrSelector: `${ip.value}/32` } }] : [],
  );
  note(nodeSelectorLost({ ...place, type, count: rules.length }));
  return rules;
}
