/** EgressFirewalls become EgressNetworkPolicies. What these cannot say is closed rather than opened, with a finding. */
import { apiVersionOf, egressFirewalls, egressNetworkPolicies, nodes } from '../../../api/kinds.ts';
import { familyOf, parseIfaddr, parseIp } from '../../model/address.ts';
import { asList, asText, fieldOf, isRecord, jsonEqual, parseJson } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import { matches } from '../../model/selector.ts';
import type { Finding, FindingCode, Severity, Texts } from '../finding.ts';
import { listText } from '../lists.ts';
import { objectRef } from '../ref.ts';
import { objectsOf, type Snapshot } from '../snapshot.ts';
import { type Change, type Part } from '../translation.ts';
import { hasSDN } from './steps.ts';

interface PolicyRule {
  readonly type: 'Allow' | 'Deny';
  readonly to: { readonly cidrSelector: string } | { readonly dnsName: string };
}

type Note = (severity: Severity, code: FindingCode, texts: Texts) => void;

const most = 1_000;

/** The part of the way back that is about firewalls. */
export function policyPart(snapshot: Snapshot): Part {
  const parts = objectsOf(snapshot, egressFirewalls).map((firewall) => firewallPart(snapshot, firewall));
  return { changes: parts.flatMap(({ changes }) => changes), findings: parts.flatMap(({ findings }) => findings) };
}

function firewallPart(snapshot: Snapshot, firewall: KubeObject): Part {
  const { namespace = '', name = '' } = firewall.metadata;
  const findings: Finding[] = [];
  const note: Note = (severity, code, [today, tomorrow, action]) =>
    findings.push({ severity, code, kind: egressFirewalls.kind, namespace, name, today, tomorrow, action });
  const egress = asList(fieldOf(firewall, 'spec', 'egress')).flatMap((rule, index) =>
    rulesOf(snapshot, rule, { field: `spec.egress[${index}]`, note }),
  );
  if (egress.length > most) {
    note('blocker', 'PolicyTooLong', [
      `The firewall has ${egress.length} rules when nodes are written by address.`,
      `An EgressNetworkPolicy may have ${most}: the API server refuses it.`,
      'Merge rules into larger CIDRs.',
    ]);
  }
  const target = policyName(snapshot, { namespace, egress, note });
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
    from: [objectRef(firewall)],
  };
  return { changes: [change], findings };
}

interface Wanted {
  readonly namespace: string;
  readonly egress: readonly PolicyRule[];
  readonly note: Note;
}

/** The policy that gets the rules: never a second one, which would close the namespace. Undefined: those that are there stay. */
function policyName(snapshot: Snapshot, { namespace, egress, note }: Wanted): string | undefined {
  const present = objectsOf(snapshot, egressNetworkPolicies).filter(({ metadata }) => metadata.namespace === namespace);
  const [only, ...more] = present;
  if (only === undefined) return 'default';
  const names = listText(present.map(({ metadata }) => metadata.name ?? ''));
  if (more.length > 0) {
    note('warning', 'SeveralPolicies', [
      `EgressNetworkPolicies ${names} are in the namespace too; OVN-Kubernetes does not look at them.`,
      'They stay as they are: OpenShift SDN drops all traffic of the namespace to the outside.',
      'Delete all but one.',
    ]);
    return undefined;
  }
  if (jsonEqual(parseJson(JSON.stringify(fieldOf(only, 'spec', 'egress') ?? [])), parseJson(JSON.stringify(egress))))
    return undefined;
  note('warning', 'ObjectExists', [
    `EgressNetworkPolicy ${names} is in the namespace too and has other rules; OVN-Kubernetes does not look at it.`,
    'It gets the rules of the firewall; a second policy would make OpenShift SDN drop all. Apply needs --force for that.',
    'Decide which rules are meant.',
  ]);
  return only.metadata.name;
}

interface Where {
  readonly field: string;
  readonly note: Note;
}

function rulesOf(snapshot: Snapshot, rule: unknown, { field, note }: Where): readonly PolicyRule[] {
  const type = fieldOf(rule, 'type') === 'Allow' ? 'Allow' : 'Deny';
  if (asList(fieldOf(rule, 'ports')).length > 0) {
    const tomorrow =
      type === 'Allow'
        ? 'The rule is left out: what it allows meets the rules behind it.'
        : 'The rule denies all ports.';
    note('warning', 'RulePortsLost', [
      `${field} is for certain ports: ${type}.`,
      `OpenShift SDN has rules for whole addresses only. ${tomorrow}`,
      'Decide whether the address may be reached as a whole.',
    ]);
    if (type === 'Allow') return [];
  }
  const selector = fieldOf(rule, 'to', 'nodeSelector');
  if (isRecord(selector)) return nodeRules(snapshot, { type, selector }, { field, note });
  const [name, text] = [asText(fieldOf(rule, 'to', 'dnsName')), asText(fieldOf(rule, 'to', 'cidrSelector'))];
  const cidr = parseIfaddr(text);
  if (cidr.ok && cidr.value.network.family === 4) return [{ type, to: { cidrSelector: cidr.value.network.text } }];
  if (/^([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+\.?$/.test(name)) return [{ type, to: { dnsName: name } }];
  if (name.startsWith('*.')) {
    note('warning', 'WildcardLost', [
      `${field}: ${type} to ${name}.`,
      'OpenShift SDN has no names with *: the rule is left out.',
      'Name the hosts.',
    ]);
  } else if (!cidr.ok || text === '') {
    note('warning', 'PolicyRuleInvalid', [
      `${field} cannot be read; OVN-Kubernetes applies no rule of the firewall.`,
      'The rule is left out; the others hold.',
      'Correct the rule.',
    ]);
  } else {
    note('warning', 'FamilyLost', [
      `${field}: ${type} to ${text}.`,
      'OpenShift SDN has IPv4 only: the rule is left out.',
      'Nothing, if there is no IPv6.',
    ]);
  }
  return [];
}

interface NodeRule {
  readonly type: 'Allow' | 'Deny';
  readonly selector: object;
}

/** A rule for each address of the nodes that have the labels now. */
function nodeRules(snapshot: Snapshot, { type, selector }: NodeRule, { field, note }: Where): readonly PolicyRule[] {
  const selected = objectsOf(snapshot, nodes).filter(({ metadata }) => matches(selector, metadata.labels ?? {}));
  const addresses = selected.flatMap((node) =>
    asList(fieldOf(node, 'status', 'addresses')).map((one) => parseIp(asText(fieldOf(one, 'address')))),
  );
  const rules = addresses.flatMap((ip): readonly PolicyRule[] =>
    ip.ok && familyOf(ip.value) === 4 ? [{ type, to: { cidrSelector: `${ip.value}/32` } }] : [],
  );
  note('warning', 'NodeSelectorLost', [
    `${field}: ${type} to nodes by their labels.`,
    `It becomes ${rules.length} rules, one for each address that these nodes have now.`,
    'Change the rules when nodes come or go.',
  ]);
  return rules;
}
