/** Findings of the way back: what OpenShift SDN cannot express of another plugin's objects. */
import { listText } from '../../model/values/list-text.ts';
import { makes, type Namespaced } from './finding.ts';

/** The finding is on this object, which gives namespaces addresses. */
export interface On {
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** The object that a finding is on. */
export const on = ({ kind, namespace, name }: On) => ({
  kind,
  ...(namespace === undefined ? {} : { namespace }),
  name,
});

export const egressIPFamilyLost = makes(
  'FamilyLost',
  ({ ips, ...object }: On & { readonly ips: readonly string[] }) => ({
    ...on(object),
    today: `It asks for ${listText(ips)}.`,
    tomorrow: 'OpenShift SDN has IPv4 egress IPs only: these are left out.',
    action: 'Give the namespaces IPv4 addresses.',
  }),
);

export const podSelectorLost = makes('PodSelectorLost', (object: On) => ({
  ...on(object),
  today: 'It is for some pods of the namespaces only.',
  tomorrow: 'All pods of the namespaces leave with the address.',
  action: 'Move the other pods to a namespace of their own.',
}));

export const namespaceSelectorLost = makes(
  'NamespaceSelectorLost',
  ({ selected, ...object }: On & { readonly selected: readonly string[] }) => ({
    ...on(object),
    today: 'It is for all namespaces with certain labels.',
    tomorrow: `It becomes a list for those that have them now: ${selected.length === 0 ? 'none' : listText(selected)}.`,
    action: 'Give namespaces that get these labels later a list of their own.',
  }),
);

export const nothingSelected = makes('NamespaceMissing', (object: On) => ({
  ...on(object),
  severity: 'warning',
  today: 'It selects no namespace.',
  tomorrow: 'Nothing requests its addresses.',
  action: 'Nothing, if it is of no use any more.',
}));

/** The finding is on the Namespace that the objects select. */
export const severalEgressIPs = makes(
  'SeveralEgressIPs',
  ({ namespace, names }: { readonly namespace: string; readonly names: readonly string[] }) => ({
    kind: 'Namespace',
    name: namespace,
    today: `${listText(names)} select the namespace; one of them serves it, and which is undefined.`,
    tomorrow: 'Its NetNamespace requests the addresses of all of them.',
    action: 'Remove the addresses that are not meant.',
  }),
);

/** The first namespace keeps the addresses. */
interface Shared extends On {
  readonly first: string;
  readonly others: readonly string[];
}

export const sharedEgressIP = makes('SharedEgressIP', ({ first, others, ...object }: Shared) => ({
  ...on(object),
  today: `Namespaces ${listText([first, ...others])} share its addresses.`,
  tomorrow: `OpenShift SDN drops namespaces with different VNIDs that request one address: ${first} keeps them, the others leave with node addresses.`,
  action: `Give ${listText(others)} addresses of their own; or, with the multitenant plugin, join them to ${first} and list the addresses there too.`,
}));

/** Namespaces that shared a VNID each get their own when OpenShift SDN starts. */
export const joinAgain = makes(
  'JoinedNamespaces',
  ({ first, others, netid, ...object }: Shared & { readonly netid: string }) => ({
    ...on(object),
    severity: 'warning',
    today: `Namespaces ${listText([first, ...others])} share its addresses; they shared VNID ${netid}.`,
    tomorrow:
      'OpenShift SDN gives each a VNID of its own when it starts, and drops them all while two of them request one address.',
    action: `Join them again as soon as it runs: set the netid of NetNamespaces ${listText(others)} to that of ${first}.`,
  }),
);

interface KeptCIDRs {
  readonly node: string;
  readonly annotation: string;
  readonly text: string;
  /** Whether some of the CIDRs can be read. */
  readonly isPartly: boolean;
}

/** The annotation that kept a node's CIDRs cannot be read. */
export const keptCIDRsUnreadable = makes('CIDRRestrictionLost', ({ node, annotation, text, isPartly }: KeptCIDRs) => ({
  severity: 'warning',
  span: 'until-fixed',
  kind: 'Node',
  name: node,
  today: `Annotation ${annotation} cannot be read: ${text}`,
  tomorrow: isPartly ? 'The HostSubnet gets the CIDRs that can be read.' : 'The HostSubnet gets no egressCIDRs.',
  action: `Set egressCIDRs of HostSubnet ${node}.`,
}));

/** An address is on no node, and no HostSubnet offers it. */
export const addressHomeless = makes('EgressIPUnhosted', ({ ip, ...object }: On & { readonly ip: string }) => ({
  ...on(object),
  today: `${ip} is on no node at the moment.`,
  tomorrow: 'No HostSubnet offers it: OpenShift SDN drops the namespaces that request nothing else.',
  action: `List ${ip} in a HostSubnet, or give a node egressCIDRs that hold it.`,
}));

const onFirewall = ({ namespace, name }: Namespaced) => ({ kind: 'EgressFirewall', namespace, name });

export const firewallTooLong = makes(
  'PolicyTooLong',
  ({ count, most, ...firewall }: Namespaced & { readonly count: number; readonly most: number }) => ({
    ...onFirewall(firewall),
    severity: 'blocker',
    today: `The firewall has ${count} rules when nodes are written by address.`,
    tomorrow: `An EgressNetworkPolicy may have ${most}: the API server refuses it.`,
    action: 'Merge rules into larger CIDRs.',
  }),
);

/** The namespace already has these policies. */
interface Present extends Namespaced {
  readonly policies: readonly string[];
}

export const policiesPresent = makes('SeveralPolicies', ({ policies, ...firewall }: Present) => ({
  ...onFirewall(firewall),
  today: `EgressNetworkPolicies ${listText(policies)} are in the namespace too; OVN-Kubernetes does not look at them.`,
  tomorrow: 'They stay as they are: OpenShift SDN drops all traffic of the namespace to the outside.',
  action: 'Delete all but one.',
}));

export const policyDiffers = makes('ObjectExists', ({ policies, ...firewall }: Present) => ({
  ...onFirewall(firewall),
  severity: 'warning',
  today: `EgressNetworkPolicy ${listText(policies)} is in the namespace too and has other rules; OVN-Kubernetes does not look at it.`,
  tomorrow:
    'It gets the rules of the firewall; a second policy would make OpenShift SDN drop all. Apply needs --force for that.',
  action: 'Decide which rules are meant.',
}));

/** A firewall rule; `field` names it, as in `spec.egress[0]`. */
interface Rule extends Namespaced {
  readonly field: string;
  readonly type: 'Allow' | 'Deny';
}

export const rulePortsLost = makes('RulePortsLost', ({ field, type, ...firewall }: Rule) => ({
  ...onFirewall(firewall),
  today: `${field} is for certain ports: ${type}.`,
  tomorrow: `OpenShift SDN has rules for whole addresses only. ${
    type === 'Allow' ? 'The rule is left out: what it allows meets the rules behind it.' : 'The rule denies all ports.'
  }`,
  action: 'Decide whether the address may be reached as a whole.',
}));

export const wildcardLost = makes(
  'WildcardLost',
  ({ field, type, to, ...firewall }: Rule & { readonly to: string }) => ({
    ...onFirewall(firewall),
    today: `${field}: ${type} to ${to}.`,
    tomorrow: 'OpenShift SDN has no names with *: the rule is left out.',
    action: 'Name the hosts.',
  }),
);

export const firewallRuleInvalid = makes('PolicyRuleInvalid', ({ field, ...firewall }: Rule) => ({
  ...onFirewall(firewall),
  severity: 'warning',
  today: `${field} cannot be read; OVN-Kubernetes applies no rule of the firewall.`,
  tomorrow: 'The rule is left out; the others hold.',
  action: 'Correct the rule.',
}));

export const ruleFamilyLost = makes(
  'FamilyLost',
  ({ field, type, to, ...firewall }: Rule & { readonly to: string }) => ({
    ...onFirewall(firewall),
    today: `${field}: ${type} to ${to}.`,
    tomorrow: 'OpenShift SDN has IPv4 only: the rule is left out.',
    action: 'Nothing, if there is no IPv6.',
  }),
);

export const nodeSelectorLost = makes(
  'NodeSelectorLost',
  ({ field, type, count, ...firewall }: Rule & { readonly count: number }) => ({
    ...onFirewall(firewall),
    today: `${field}: ${type} to nodes by their labels.`,
    tomorrow: `It becomes ${count} rules, one for each address that these nodes have now.`,
    action: 'Change the rules when nodes come or go.',
  }),
);
