/** What a migration changes for somebody: said before it happens, one finding an object and matter. */
import { compareText } from '../model/names.ts';

/** blocker: `apply` refuses; warning: somebody must look (refused with --strict); info: good to know. */
export const severities = ['blocker', 'warning', 'info'] as const;

export type Severity = (typeof severities)[number];

/** Stable names of the matters; docs/migrate.md explains each. */
export const findingCodes = [
  'AddressOnNIC',
  'CIDRRestrictionLost',
  'CloudPrivateIPConfig',
  'ClusterMTU',
  'ClusterNetworkInvalid',
  'DenyAllCutsAPIServer',
  'DropBecomesEgressIP',
  'DropBecomesNodeAddress',
  'DuplicateObject',
  'EgressIPClaimedTwice',
  'EgressIPConfigInvalid',
  'EgressIPInvalid',
  'EgressIPIsNodeAddress',
  'EgressIPOnSeveralNodes',
  'EgressIPOutsideNetwork',
  'EgressIPUnhosted',
  'EgressIPUnrequested',
  'EgressRouterPod',
  'HostSubnetInvalid',
  'HostedControlPlane',
  'HybridOverlay',
  'IncompleteInput',
  'JoinedNamespaces',
  'LocalPreferenceLost',
  'MacvlanPod',
  'MoreEgressIPsThanNodes',
  'MulticastMixed',
  'MultitenantIsolation',
  'NamespaceMissing',
  'NetNamespaceInvalid',
  'NetworkOverlap',
  'NetworkPolicyEnforced',
  'NoAssignableNode',
  'NodeAlreadyAssignable',
  'NodeMissing',
  'NodeNetworkUnknown',
  'NodeUnready',
  'ObjectExists',
  'PinningLost',
  'PlacementBound',
  'PolicyDNSRule',
  'PolicyInGlobalNamespace',
  'PolicyInJoinedNamespaces',
  'PolicyRuleInvalid',
  'PolicyTooLong',
  'PolicyZeroSlash32',
  'SeveralEgressIPsOnOneNode',
  'SeveralPolicies',
  'StandbyNode',
  'SubnetHost',
] as const;

/** Of the way back made from OVN-Kubernetes' objects alone, besides some of the others. */
export const backFindingCodes = [
  'FamilyLost',
  'NamespaceSelectorLost',
  'NodeSelectorLost',
  'PodSelectorLost',
  'RulePortsLost',
  'SeveralEgressIPs',
  'SharedEgressIP',
  'WildcardLost',
] as const;

export type FindingCode = (typeof findingCodes)[number] | (typeof backFindingCodes)[number];

export interface Finding {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** The object at fault; `namespace` only for namespaced kinds. */
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  /** What OpenShift SDN does with it today. */
  readonly today: string;
  /** What OVN-Kubernetes will do with what the plan makes of it. */
  readonly tomorrow: string;
  /** What the admin should do. */
  readonly action: string;
}

export type Texts = readonly [today: string, tomorrow: string, action: string];

/** A finding on a cluster-scoped object. */
export function onCluster(
  kind: string,
  name: string,
  [severity, code, [today, tomorrow, action]]: readonly [Severity, FindingCode, Texts],
): Finding {
  return { severity, code, kind, name, today, tomorrow, action };
}

/** A finding on the NetNamespace of a namespace. */
export function onNetNamespace(name: string, severity: Severity, code: FindingCode, texts: Texts): Finding {
  return onCluster('NetNamespace', name, [severity, code, texts]);
}

/** Total order of findings: severity, code, kind, namespace, name, then the texts. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    compareText(a.code, b.code) ||
    compareText(a.kind, b.kind) ||
    compareText(a.namespace ?? '', b.namespace ?? '') ||
    compareText(a.name, b.name) ||
    compareText(a.today, b.today) ||
    compareText(a.tomorrow, b.tomorrow)
  );
}
