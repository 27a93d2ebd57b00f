/** Findings of the way to OVN-Kubernetes, some of them also of the way back. */
import type { Row } from './row.ts';

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
    isRefused: true,
    about: 'two VNIDs request it: dropped today, in no EgressIP tomorrow',
  },
  EgressIPConfigInvalid: { severities: ['warning'], about: "a Node's cloud annotation cannot be read" },
  EgressIPInvalid: { severities: ['warning'], isRefused: true, about: 'an entry that is no IPv4 address' },
  EgressIPIsNodeAddress: {
    severities: ['warning', 'blocker'],
    isRefused: true,
    about: 'a node has the address; blocker when it is in use',
    loses: { what: 'an egress IP', spans: ['until-fixed'] },
  },
  EgressIPOnSeveralNodes: {
    severities: ['warning'],
    about: 'several HostSubnets list it: not in use today, assigned tomorrow',
  },
  EgressIPOutsideNetwork: {
    severities: ['warning', 'blocker'],
    about: "no labeled node's network holds it; blocker when it is in use",
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
  FinerRulesLost: {
    severities: ['warning'],
    about:
      'annotations `egress.sdn-compat.io/…` say which traffic takes which egress IP, how much, which nodes may host them, or that a move cuts nothing, and nothing is made of that',
    loses: {
      what: 'the choice of the traffic that takes an egress IP, its limit, and the choice of the nodes that host it',
      spans: ['for-good'],
    },
  },
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
    about: 'a kind, an object or a file could not be read, or the input has none of a kind',
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
    isRefused: true,
    about:
      'an EgressIP of somebody else selects a namespace of the plan: its pods leave with the addresses of one of the two',
  },
  NamespaceUnlabelled: {
    severities: ['blocker'],
    isRefused: true,
    about: 'a Namespace without the label `kubernetes.io/metadata.name`: EgressIPs of the plan select it by that',
    loses: { what: 'its egress IPs', spans: ['until-fixed'] },
  },
  NetNamespaceInvalid: { severities: ['warning'], isRefused: true, about: 'it has no usable `netid`' },
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
      'the EgressFirewall of the cluster, as before OpenShift 4.13, cannot name nodes by label: their addresses of now are allowed instead',
  },
  NodeUnready: { severities: ['warning'], about: 'a labeled node is not Ready' },
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
    isRefused: true,
    about:
      'a rule that cannot be read closes what comes after it, as it does today; on the way back it is left out, with a warning',
  },
  PolicyTooLong: {
    severities: ['blocker', 'warning'],
    about: 'more rules than can be',
    loses: { what: 'all rules of its policy', spans: ['until-fixed'] },
  },
  PolicyZeroSlash32: { severities: ['info'], about: '`0.0.0.0/32` means everything' },
  ServedKindUnknown: {
    severities: ['info', 'warning'],
    isUnknown: true,
    about:
      'nothing tells yet whether EgressIPs or EgressFirewalls can name nodes: their definitions come with the switch, and `apply` asks again; warning: they cannot be read',
  },
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
