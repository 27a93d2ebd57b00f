/** The catalog of findings: each code with its severities and its row in docs/migrate.md. */

import { type Span, spans } from './loss.ts';

/** blocker: `apply` refuses; warning: somebody must look (refused with --strict); info: good to know. */
export const severities = ['blocker', 'warning', 'info'] as const;

export type Severity = (typeof severities)[number];

interface Row {
  /** The first applies if a finding does not name another. */
  readonly severities: readonly [Severity, ...Severity[]];
  /** What it is about, for the documentation. */
  readonly about: string;
  /** What a namespace loses, and for how long; the first applies if a finding does not name another. */
  readonly loses?: { readonly what: string; readonly spans: readonly [Span, ...Span[]] };
}

/** Findings of the way to OVN-Kubernetes, some of them also of the way back. */
export const forthRows = {
  AddressOnNIC: {
    severities: ['warning', 'info'],
    about:
      "OpenShift SDN's egress IP is on an interface of the node: OVN-Kubernetes never assigns it while it is there. Info: the node has several addresses",
  },
  CIDRRestrictionLost: {
    severities: ['info', 'warning'],
    about:
      'an IP may go to nodes whose `egressCIDRs` do not hold it; warning on the way back, when the annotation that kept the CIDRs cannot be read',
    loses: { what: 'the choice of its nodes by egressCIDRs', spans: ['for-good', 'until-fixed'] },
  },
  CloudAddressUnused: {
    severities: ['warning'],
    about: 'the cloud holds an address that no EgressIP of the plan has: it takes capacity of a node',
  },
  CloudPrivateIPConfig: {
    severities: ['info'],
    about: 'the cloud must give the address back first; traffic with it stops meanwhile',
  },
  ClusterMTU: {
    severities: ['info', 'warning', 'blocker'],
    about:
      "Geneve takes 50 bytes more than VXLAN; blocker when the operator's MTU for pods does not fit below its MTU between nodes, warning when it does not fit below the MTU that its ConfigMap or OpenShift SDN's MTU shows",
    loses: { what: "packets of today's size", spans: ['for-good', 'until-fixed'] },
  },
  ClusterNetworkInvalid: { severities: ['warning'], about: 'it cannot be read: isolation and overlaps are not known' },
  ClusterUnknown: {
    severities: ['warning'],
    about: 'the input does not say which cluster it is from, so the plan is not bound to it',
  },
  ConverterOn: {
    severities: ['warning', 'blocker'],
    about: "the vendor's converter is not turned off; blocker when the migration has begun",
  },
  DenyAllCutsAPIServer: {
    severities: ['blocker', 'warning', 'info'],
    about:
      'EgressFirewalls match after load balancing, so a Deny of node addresses also cuts off the API server; info with `--allow-api-server`, warning with `--deny-api-server`',
    loses: { what: "the API server and services on the nodes' network", spans: ['until-fixed'] },
  },
  DisruptionBudget: {
    severities: ['warning'],
    about: 'a PodDisruptionBudget lets no pod be evicted, so that reboots wait',
  },
  DropBecomesEgressIP: { severities: ['info'], about: 'a namespace that is dropped today leaves with an egress IP' },
  DropBecomesNodeAddress: {
    severities: ['warning', 'info'],
    about: 'a namespace that is dropped today may leave with node addresses; info with `--keep-closed`',
  },
  DuplicateObject: {
    severities: ['blocker', 'warning'],
    about:
      'the input has different versions of an object, as two dumps of different days have; warning for Nodes and Namespaces, which change all the time',
  },
  EgressIPClaimedTwice: {
    severities: ['warning'],
    about: 'two VNIDs request it: dropped today, in no EgressIP tomorrow',
  },
  EgressIPConfigInvalid: { severities: ['warning'], about: "a Node's cloud annotation cannot be read" },
  EgressIPInvalid: { severities: ['warning'], about: 'an entry that is no IPv4 address' },
  EgressIPIsNodeAddress: {
    severities: ['warning', 'blocker'],
    about: 'a node has the address; blocker when it is in use',
    loses: { what: 'an egress IP', spans: ['until-fixed'] },
  },
  EgressIPOnSeveralNodes: {
    severities: ['warning'],
    about: 'several HostSubnets list it: not in use today, assigned tomorrow',
  },
  EgressIPOutsideNetwork: {
    severities: ['warning', 'blocker'],
    about: "no labelled node's network holds it; blocker when it is in use",
    loses: { what: 'an egress IP', spans: ['until-fixed'] },
  },
  EgressIPUnhosted: { severities: ['warning'], about: 'no HostSubnet lists it: not in use today, assigned tomorrow' },
  EgressIPUnrequested: { severities: ['info'], about: 'a HostSubnet lists it and nobody requests it' },
  EgressRouterPod: {
    severities: ['warning'],
    about: 'a pod or template that is an egress router, and what becomes of it',
    loses: { what: 'the egress router', spans: ['for-good', 'until-apply'] },
  },
  FirewallInterrupted: {
    severities: ['info'],
    about: 'no EgressFirewall holds before apply has made it',
    loses: { what: 'the protection of its policy', spans: ['until-apply'] },
  },
  GenevePort: {
    severities: ['info'],
    about: "the UDP port of OVN-Kubernetes' tunnels must be open between nodes, and no object shows whether it is",
  },
  HostSubnetInvalid: { severities: ['warning'], about: 'it counts as absent: its node gets no label' },
  HostedControlPlane: {
    severities: ['blocker'],
    about: 'the control plane is hosted by another cluster, which sets the plugin',
  },
  HybridOverlay: {
    severities: ['warning'],
    about: 'nodes or configuration for a hybrid overlay, which takes UDP port 4789',
  },
  IncompleteInput: {
    severities: ['blocker', 'warning'],
    about: 'a kind could not be read, or the input has none of it',
  },
  JoinedNamespaces: {
    severities: ['warning', 'info'],
    about: 'namespaces share a VNID; warning when their lists differ',
  },
  LocalPreferenceLost: {
    severities: ['info'],
    about: "a pod on a hosting node no longer prefers that node's IP",
    loses: { what: "the preference for its pod's own node", spans: ['for-good'] },
  },
  MTUConfigMap: {
    severities: ['warning', 'info'],
    about:
      "the network operator's ConfigMap `mtu` with the MTU of the nodes is missing, which stops a live migration, cannot be read, or is left from another network; info when the input does not say",
  },
  MacvlanPod: {
    severities: ['warning'],
    about: 'a pod with a macvlan interface that is no egress router',
    loses: { what: 'the macvlan interface', spans: ['for-good'] },
  },
  MoreEgressIPsThanNodes: {
    severities: ['warning', 'blocker'],
    about: 'IPs may stay unassigned for lack of nodes or capacity; blocker when a namespace may have none',
    loses: { what: 'perhaps some of its egress IPs', spans: ['until-fixed'] },
  },
  MulticastInterrupted: {
    severities: ['info'],
    about: 'multicast works in neither plugin while nodes are switched one after another',
    loses: { what: 'multicast', spans: ['reboots'] },
  },
  MulticastMixed: {
    severities: ['warning'],
    about: 'joined namespaces share their multicast; OVN-Kubernetes keeps it within each',
    loses: { what: 'multicast between joined namespaces', spans: ['for-good'] },
  },
  MultitenantIsolation: {
    severities: ['warning', 'blocker'],
    about:
      "NetworkPolicies replace the plugin's isolation, and later namespaces have none; blocker on OpenShift, whose migration refuses the plugin",
  },
  NamespaceMissing: {
    severities: ['warning', 'info'],
    about: 'a NetNamespace or policy without its Namespace; nothing is made of it',
  },
  NamespaceServedTwice: {
    severities: ['blocker'],
    about:
      'an EgressIP of somebody else selects a namespace of the plan: its pods leave with the addresses of one of the two',
  },
  NamespaceUnlabelled: {
    severities: ['blocker'],
    about: 'a Namespace without the label `kubernetes.io/metadata.name`: EgressIPs of the plan select it by that',
    loses: { what: 'its egress IPs', spans: ['until-fixed'] },
  },
  NetNamespaceInvalid: { severities: ['warning'], about: 'it has no usable `netid`' },
  NetworkOverlap: {
    severities: ['blocker', 'warning'],
    about:
      "a network, address or destination lies in OVN-Kubernetes's join (100.64.0.0/16), transit (100.88.0.0/16) or masquerade network (169.254.169.0/29), or in those that the operator's configuration sets instead",
  },
  NetworkPolicyEnforced: {
    severities: ['warning'],
    about: 'a NetworkPolicy that the present plugin ignores begins to hold',
  },
  NoAssignableNode: {
    severities: ['warning', 'blocker'],
    about: 'no Node offers egress IPs at all',
    loses: { what: 'an egress IP', spans: ['until-fixed'] },
  },
  NodeAlreadyAssignable: {
    severities: ['warning'],
    about: 'a Node has the label though its HostSubnet offers nothing',
  },
  NodeMissing: { severities: ['warning'], about: 'a HostSubnet without a Node' },
  NodeNetworkConfigured: {
    severities: ['warning'],
    about: 'nmstate configures interfaces of nodes: none of them may be the one of the default route',
  },
  NodeNetworkUnknown: { severities: ['warning'], about: "the prefix length of nodes' addresses is unknown" },
  NodeRoutes: {
    severities: ['info', 'warning'],
    about:
      'pods no longer follow the routes of their node, unless `routingViaHost` is set; warning when nmstate sets routes',
  },
  NodeSelectorUnserved: {
    severities: ['warning'],
    about:
      'before OpenShift 4.13 an EgressFirewall cannot name nodes by label: their addresses of now are allowed instead',
  },
  NodeUnready: { severities: ['warning'], about: 'a labelled node is not Ready' },
  ObjectExists: {
    severities: ['blocker', 'warning'],
    about:
      'an object of the plan exists with another spec, or another EgressIP requests the same address; warning: a label or annotation has another value',
  },
  PinningLost: {
    severities: ['info'],
    about: 'an admin chose the node; OVN-Kubernetes chooses itself',
    loses: { what: 'the nodes that an admin chose', spans: ['for-good'] },
  },
  PlacementBound: { severities: ['info'], about: 'the prediction is a bound' },
  PolicyDNSRule: { severities: ['info'], about: 'OVN-Kubernetes resolves names itself' },
  PolicyInGlobalNamespace: { severities: ['warning'], about: 'ignored in VNID 0, and no EgressFirewall is made' },
  PolicyInJoinedNamespaces: {
    severities: ['warning'],
    about: 'closes all namespaces of the VNID, and each gets a closed EgressFirewall',
  },
  PlacementNotKept: {
    severities: ['info'],
    about:
      'a node has the label already, so that OVN-Kubernetes spreads the egress IPs again instead of leaving each on its node',
  },
  PolicyRuleInvalid: {
    severities: ['blocker', 'warning'],
    about:
      'a rule that cannot be read closes what comes after it, as it does today; on the way back it is left out, with a warning',
  },
  PolicyTooLong: {
    severities: ['blocker', 'warning'],
    about: 'more rules than can be',
    loses: { what: 'all rules of its policy', spans: ['until-fixed'] },
  },
  PolicyZeroSlash32: { severities: ['info'], about: '`0.0.0.0/32` means everything' },
  SeveralEgressIPsOnOneNode: { severities: ['warning'], about: 'none of them is in use today, all of them tomorrow' },
  SeveralPolicies: { severities: ['warning'], about: 'closed today, and a closed EgressFirewall tomorrow' },
  StandbyNode: { severities: ['info'], about: 'a node that hosts nothing now gets the label too' },
  SubnetModeIgnored: {
    severities: ['warning'],
    about: 'the subnet plugin ignores an egress IP or policy that begins to hold',
  },
  SubnetHost: {
    severities: ['warning'],
    about: 'a host outside the cluster with a pod subnet',
    loses: { what: 'the way to and from a host outside', spans: ['for-good'] },
  },
  WebhookFailsClosed: {
    severities: ['warning'],
    about: 'a webhook for pods, nodes or namespaces that refuses everything while it cannot be reached',
  },
  WildcardRule: {
    severities: ['blocker'],
    about: 'a rule for a name with `*`, which neither plugin can be relied on to match',
  },
} as const satisfies Readonly<Record<string, Row>>;

/** Findings of the way back made from OVN-Kubernetes' objects alone. */
export const backRows = {
  FamilyLost: {
    severities: ['warning'],
    about: 'an address or rule of IPv6 is left out on the way back',
    loses: { what: 'an address or rule', spans: ['for-good'] },
  },
  NamespaceSelectorLost: {
    severities: ['warning'],
    about: 'an EgressIP selects namespaces by labels: on the way back those that have them now get a list',
    loses: { what: 'the selection of later namespaces', spans: ['for-good'] },
  },
  NodeSelectorLost: {
    severities: ['warning'],
    about: 'a firewall rule for nodes becomes one for each address that they have now',
  },
  PodSelectorLost: {
    severities: ['warning'],
    about: 'an EgressIP is for some pods only: on the way back all pods of the namespace get the address',
    loses: { what: 'the selection of pods', spans: ['for-good'] },
  },
  RulePortsLost: {
    severities: ['warning'],
    about: 'a Deny for some ports denies all on the way back; an Allow for some ports is left out',
    loses: { what: 'the ports of a rule', spans: ['for-good'] },
  },
  SeveralEgressIPs: {
    severities: ['warning'],
    about: 'several EgressIPs select a namespace: on the way back it requests the addresses of all',
  },
  SharedEgressIP: {
    severities: ['warning'],
    about: 'namespaces with different VNIDs cannot share an address: on the way back the first keeps it',
  },
  WildcardLost: {
    severities: ['warning'],
    about: 'a firewall rule for a name with * is left out on the way back',
    loses: { what: 'a rule', spans: ['for-good'] },
  },
} as const satisfies Readonly<Record<string, Row>>;

export const rows = { ...forthRows, ...backRows };

export type FindingCode = keyof typeof rows;

/** What findings of the code may say is lost; undefined if nothing. */
export function lossesOf(code: FindingCode): Row['loses'] {
  const row: Row = rows[code];
  return row.loses;
}

function isFindingCode(text: string): text is FindingCode {
  return Object.hasOwn(rows, text);
}

export const findingCodes: readonly FindingCode[] = Object.keys(rows).filter(isFindingCode);

/** The rows as the table in docs/migrate.md, sorted by code. */
export function catalogueTable(): string {
  const all: readonly (readonly [string, Row])[] = Object.entries(rows);
  const lines = all
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { severities: possible, about, loses }]) =>
        `| \`${code}\` | ${possible.join(', ')} | ${about} | ${loses === undefined ? '' : losesText(loses)} |\n`,
    );
  return `| code | severity | what it is about | what its namespace loses |\n|---|---|---|---|\n${lines.join('')}`;
}

function losesText({ what, spans: possible }: NonNullable<Row['loses']>): string {
  return `${what}, ${possible.map((span) => spans[span]).join(' or ')}`;
}
