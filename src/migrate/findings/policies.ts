/** Findings on EgressNetworkPolicies, which become EgressFirewalls. */
import { listText } from '../../model/values/list-text.ts';
import { makes, type Namespaced } from './finding.ts';

const on = ({ namespace, name }: Namespaced) => ({ kind: 'EgressNetworkPolicy', namespace, name });

/** The policy's Namespace does not exist, or is being deleted. */
export const policyWithoutNamespace = makes(
  'NamespaceMissing',
  (policy: Namespaced & { readonly isTerminating: boolean }) => ({
    ...on(policy),
    severity: 'warning',
    today: policy.isTerminating
      ? `Namespace ${policy.namespace} is being deleted.`
      : 'There is no Namespace of that name.',
    tomorrow: 'No EgressFirewall is made.',
    action: policy.isTerminating
      ? `Nothing, or find out what holds it: see status.conditions of Namespace ${policy.namespace}.`
      : 'Delete the policy.',
  }),
);

export const policyInGlobalNamespace = makes('PolicyInGlobalNamespace', (policy: Namespaced) => ({
  ...on(policy),
  today: 'The namespace is global (VNID 0): the policy is ignored.',
  tomorrow: 'No EgressFirewall is made, so all stays open.',
  action: `Create an EgressFirewall "default" in ${policy.namespace} if the rules were meant to hold.`,
}));

export const policyInJoinedNamespaces = makes(
  'PolicyInJoinedNamespaces',
  (
    facts: Namespaced & {
      readonly vnid: number | undefined;
      readonly sharing: readonly string[];
      /** Those of them that get an EgressFirewall. */
      readonly closed: readonly string[];
    },
  ) => ({
    ...on(facts),
    today: `VNID ${String(facts.vnid)} is shared by ${facts.sharing.join(', ')}: all their traffic to the outside is dropped.`,
    tomorrow: `An EgressFirewall denies all traffic to the outside in ${facts.closed.join(', ')}.`,
    action: 'Write the EgressFirewall that each namespace should have; with OVN-Kubernetes they need not be joined.',
  }),
);

export const severalPolicies = makes('SeveralPolicies', (facts: Namespaced & { readonly count: number }) => ({
  ...on(facts),
  today: `There are ${facts.count} policies in the namespace: all its traffic to the outside is dropped.`,
  tomorrow: 'An EgressFirewall denies all traffic to the outside.',
  action: `Decide which policy is meant, delete the others, and plan again.`,
}));

const shownNames = 3;

export const policyDNSRule = makes('PolicyDNSRule', (facts: Namespaced & { readonly names: readonly string[] }) => ({
  ...on(facts),
  today: `Each node resolves ${listText(facts.names, shownNames)} and follows the records' TTL, at most 30 min.`,
  tomorrow:
    'OVN-Kubernetes resolves the names by itself; a pod that got another answer from DNS than OVN-Kubernetes did meets the rules behind.',
  action:
    'Check names whose answers differ from one query to the next, as those of content networks do; prefer CIDR rules for them.',
}));

interface NodesDenied extends Namespaced {
  readonly denied: string;
  /** An Allow rule for all nodes comes first. */
  readonly isAllowed: boolean;
  /** The admin wants it so. */
  readonly isAccepted: boolean;
}

/** The rules deny node addresses. */
export const denyAllCutsAPIServer = makes(
  'DenyAllCutsAPIServer',
  ({ denied, isAllowed, isAccepted, ...policy }: NodesDenied) => ({
    ...on(policy),
    severity: isAllowed ? 'info' : isAccepted ? 'warning' : 'blocker',
    span: isAllowed ? null : 'until-fixed',
    today:
      'The rules hold for traffic to the outside only: the API server and services with backends on the network of the nodes are reachable.',
    tomorrow: isAllowed
      ? `An Allow rule for all nodes stands in front (${denied} would be denied otherwise).`
      : `Pods cannot reach ${denied}: neither the API server nor services with backends on the network of the nodes.`,
    action: isAllowed
      ? 'Pods may now also reach other ports of nodes; narrow the rule if that is too much.'
      : 'Plan with --allow-api-server, or add Allow rules for the nodes in front; --deny-api-server leaves it so.',
  }),
);

/** The subnet plugin ignores the policy. */
export const policyIgnored = makes('SubnetModeIgnored', (policy: Namespaced) => ({
  ...on(policy),
  today: 'The subnet plugin ignores EgressNetworkPolicies.',
  tomorrow: 'Its EgressFirewall holds from the first minute.',
  action: 'Read it, and delete it if it was never meant to hold.',
}));

interface SelectorUnserved {
  /** The first of the namespaces whose EgressFirewalls allow nodes. */
  readonly name: string;
  readonly namespaces: readonly string[];
  /** The release of OpenShift that has no such rules; undefined if only the served definition shows it. */
  readonly release: string | undefined;
  readonly nodes: number;
}

/** The served EgressFirewall has no rules for nodes by label. */
export const nodeSelectorUnserved = makes(
  'NodeSelectorUnserved',
  ({ name, namespaces, release, nodes }: SelectorUnserved) => ({
    kind: 'EgressFirewall',
    namespace: name,
    name: 'default',
    today: `OpenShift SDN lets pods reach the nodes whatever the policy says; ${release === undefined ? 'the served EgressFirewall' : `OpenShift ${release}`} has no rules for nodes by label.`,
    tomorrow: `The EgressFirewalls of ${listText(namespaces)} allow the ${nodes} node addresses of now; nodes that are added later are denied.`,
    action: `Add an Allow rule for each new node${release === undefined ? '' : ', or update to 4.13 before the migration'}.`,
  }),
);

interface TooLong extends Namespaced {
  readonly count: number;
  /** How many rules OpenShift SDN's API accepts, and how many OVN-Kubernetes applies. */
  readonly mostOfSDN: number;
  readonly mostOfOVN: number;
}

export const policyTooLong = makes('PolicyTooLong', ({ count, mostOfSDN, mostOfOVN, ...policy }: TooLong) => ({
  ...on(policy),
  severity: count > mostOfOVN ? 'blocker' : 'warning',
  span: count > mostOfOVN ? 'until-fixed' : null,
  today: `The policy has more rules than OpenShift SDN's API takes (${mostOfSDN}).`,
  tomorrow:
    count > mostOfOVN
      ? `The EgressFirewall has ${count} rules; with more than ${mostOfOVN} OVN-Kubernetes applies none and all is open.`
      : `The EgressFirewall has ${count} rules.`,
  action: 'Merge rules into larger CIDRs.',
}));

/** The namespace has no EgressFirewall before apply has made it. */
export const firewallInterrupted = makes('FirewallInterrupted', (policy: Namespaced) => ({
  ...on(policy),
  today: 'It holds, and so it does until the switch.',
  tomorrow:
    'Its EgressFirewall can be made only when OVN-Kubernetes runs on every node: from the switch of a node until then its pods reach what the policy denies.',
  action:
    'Apply as soon as the last node is switched. What must stay closed meanwhile needs a firewall outside, or no pods.',
}));

/** `field` names the rule, as in `spec.egress[0]`. */
export const policyZeroSlash32 = makes('PolicyZeroSlash32', (facts: Namespaced & { readonly field: string }) => ({
  ...on(facts),
  today: `${facts.field}.to.cidrSelector: 0.0.0.0/32 is read as 0.0.0.0/0, everything.`,
  tomorrow: 'OVN-Kubernetes would take it for one address that no packet has; the EgressFirewall says 0.0.0.0/0.',
  action: 'Nothing; correct the policy when it is to stay in use.',
}));

interface BrokenRule extends Namespaced {
  readonly field: string;
  readonly type: string;
  /** The destination, as the rule has it. */
  readonly to: unknown;
}

export const policyRuleInvalid = makes('PolicyRuleInvalid', ({ field, type, to, ...policy }: BrokenRule) => ({
  ...on(policy),
  severity: 'blocker',
  today: `${field}: ${type} to ${JSON.stringify(to ?? null)} cannot be read.`,
  tomorrow: `In its place everything but the nodes is denied, as OpenShift SDN has it: with a rule that it cannot read OVN-Kubernetes would apply none, so all would be open.`,
  action: 'Correct the rule and plan again.',
}));

/** spec.egress is not a list, so that none of its rules can be read. */
export const policyRulesInvalid = makes(
  'PolicyRuleInvalid',
  ({ egress, ...policy }: Namespaced & { /** As the policy has it. */ readonly egress: unknown }) => ({
    ...on(policy),
    severity: 'blocker',
    today: `spec.egress: ${JSON.stringify(egress)} is not a list, so no rule can be read, and everything is denied.`,
    tomorrow: 'Everything but the nodes is denied, as OpenShift SDN has it.',
    action: 'Write the rules as a list and plan again.',
  }),
);

/** A rule for all names below a domain. */
export const wildcardRule = makes(
  'WildcardRule',
  ({ field, type, to, ...policy }: BrokenRule & { readonly to: string }) => ({
    ...on(policy),
    today: `${field}: ${type} to ${to}. OpenShift SDN has no names with *, so the rule cannot be read, and everything is denied in its place.`,
    tomorrow:
      'Everything but the nodes is denied in its place, as today. OVN-Kubernetes matches such names on 4.16 with the feature gate DNSNameResolver, a technology preview, and refuses the whole EgressFirewall without it.',
    action: 'Name the hosts or give their CIDRs, and plan again.',
  }),
);
