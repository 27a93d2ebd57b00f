/** What each reason of an Event or of a status means, and what to do about it. */

/** A reason in words. */
export interface Explanation {
  /** What it says. */
  readonly about: string;
  /** What to do; empty if there is nothing to do. */
  readonly fix: string;
}

const requested = {
  InvalidEgressIP: {
    about: 'An entry of egressIPs is no IPv4 address, so it is not used. The namespace is dropped if it has no other.',
    fix: 'Write the address as four decimals, such as 192.168.7.201, without a prefix length.',
  },
  EgressIPInSeveralNamespaces: {
    about: 'Namespaces with different VNIDs request one egress IP. Every one of them is dropped.',
    fix: 'Let only one of them request it, or join the namespaces, so that they have one VNID.',
  },
  EgressIPIsNodeAddress: {
    about: "The address is the address of a node, so it is nobody's egress IP.",
    fix: 'Request an address that no node has.',
  },
  EgressIPInsideCluster: {
    about: 'The address lies in a network of pods or Services of ClusterNetwork default, so it is never used.',
    fix: "Request an address of the nodes' network.",
  },
  EgressIPOnSeveralNodes: {
    about: 'Several HostSubnets list the address. While they do it is used on none of them.',
    fix: 'Remove it from all HostSubnets but one.',
  },
  SeveralEgressIPsOnOneNode: {
    about: 'One node lists several egress IPs of one namespace, and uses none of them for it.',
    fix: "Put the namespace's egress IPs on different nodes.",
  },
  NodeOffline: {
    about:
      'The node that has the address does not answer or is not Ready. Addresses of egressCIDRs go to other nodes; one that was assigned by hand stays, and what would leave by it is dropped.',
    fix: 'Repair the node, or list the address in the HostSubnet of another one and remove it there.',
  },
  NoNodeHostsEgressIP: {
    about: 'No HostSubnet lists the address, so no node has it.',
    fix: 'List it in egressIPs of a HostSubnet, or give nodes egressCIDRs that contain it and have room.',
  },
} as const satisfies Readonly<Record<string, Explanation>>;

const shown = {
  RefusedByNode: {
    about:
      'The node that should carry the address refuses it: it is the address of something else, lies outside the network of its interface, or another machine answers for it. The Event EgressIPRefused on its HostSubnet has the reason.',
    fix: 'Do what the reason says: another address, another node, or find the machine with the MAC that it names.',
  },
  NotOnNode: {
    about:
      "The node's agent has applied all objects and has not put the address on its interface yet: it is asking by ARP whether another machine has it.",
    fix: "Wait a few seconds. If it stays so, read the agent's log.",
  },
  NotAssigned: {
    about:
      'OVN-Kubernetes forwards, and no EgressIP of the namespace says that the address has a node. If the namespace has no other, the facade keeps it closed.',
    fix: 'Wait a few seconds. If it stays so, look at the Events of the NetNamespace and of the EgressIP.',
  },
  EgressIPsUnread: {
    about: 'OVN-Kubernetes forwards, and EgressIPs could not be read, so it is not known which node has the address.',
    fix: 'Look at the line above that says why: rights, CRDs, or an API server that does not answer.',
  },
  NodeHealthUnknown: {
    about: 'Nobody can say whether the node is well: its Node does not report, does not exist or could not be read.',
    fix: 'Look at the Node and at the rights of who asks.',
  },
  HostSubnetsUnread: {
    about: 'HostSubnets could not be read, so it is not known which node has the address.',
    fix: 'Look at the line above that says why: rights, CRDs, or an API server that does not answer.',
  },
  NetNamespacesUnread: {
    about: 'NetNamespaces could not be read, so it is not known which namespace requests the address.',
    fix: 'Look at the line above that says why: rights, CRDs, or an API server that does not answer.',
  },
} as const satisfies Readonly<Record<string, Explanation>>;

const rules = {
  InvalidEgressRule: {
    about:
      'An annotation egress.sdn-compat.io/… of the NetNamespace cannot be read. One about traffic counts as absent: more of it takes an egress IP, not less, and an unreadable bandwidth limits nothing. An unreadable drain counts as absent too: an egress IP that moves cuts its connections. With an unreadable node-selector no egress IP of the namespace goes to another node; an unreadable no-failback counts as true.',
    fix: 'Correct the value that the message names, as docs/finer-rules.md has it.',
  },
  NoSelectedNode: {
    about:
      'Annotation egress.sdn-compat.io/node-selector selects none of the nodes that could have the address, or those are offline or full: it is on no node. The message says what is in the way on each.',
    fix: 'Label a node with fitting egressCIDRs so that it is selected, give a selected one egressCIDRs, or change the selector.',
  },
  EgressIPOutsideNodeSelector: {
    about:
      'An admin listed the address in the HostSubnet of a node that annotation egress.sdn-compat.io/node-selector does not select. It stays there: the selector is for automatic assignment.',
    fix: 'List it in the HostSubnet of a selected node, or change the selector.',
  },
  InvalidExcludedCIDRs: {
    about:
      'The annotation egress.sdn-compat.io/excluded-cidrs of ClusterNetwork default cannot be read. No network is excluded.',
    fix: 'Write a list of CIDRs with commas between.',
  },
  EgressRulesDisagree: {
    about:
      'Namespaces that share a VNID have different annotations egress.sdn-compat.io/…. None of these counts: all of their traffic takes an egress IP.',
    fix: 'Give them the same annotations, or isolate them.',
  },
  EgressIPOfRuleNotRequested: {
    about: 'destination-ips names an egress IP that the namespace does not request. What goes there is dropped.',
    fix: 'Request the address too, or name one that is requested.',
  },
} as const satisfies Readonly<Record<string, Explanation>>;

const objects = {
  JoinedNamespacesDisagree: {
    about: 'Namespaces that share a VNID request different egress IPs. All of them count for all of these namespaces.',
    fix: 'Give them the same egressIPs, or isolate them.',
  },
  VNIDInSeveralNamespaces: {
    about:
      'In mode networkpolicy namespaces share a VNID: egress IPs and EgressNetworkPolicies hold for all of them, NetworkPolicies for each alone.',
    fix: 'Give each a VNID of its own, unless it is meant so.',
  },
  DuplicateName: {
    about: 'The input has different objects with one kind and name; one of them is used.',
    fix: 'Leave out the files that are older.',
  },
  InvalidHostSubnet: {
    about:
      'The HostSubnet has a field that cannot be used, and counts as absent for egress IPs; what it lists may still be on its node.',
    fix: 'Correct the field that the message names.',
  },
  InvalidNetNamespace: {
    about:
      'The NetNamespace has a field that cannot be used, and counts as absent: its namespace has no VNID for agents.',
    fix: 'Correct the field that the message names.',
  },
  InvalidEgressIPConfig: {
    about: "The cloud's annotation on the Node cannot be read: the node keeps what it has and gets no more.",
    fix: 'Look at the cloud network config controller, which writes it.',
  },
  EgressIPOutsideCloudNetwork: {
    about: 'The HostSubnet lists an address outside of the network that the cloud lets its node have addresses of.',
    fix: 'Use an address of that network.',
  },
  EgressCIDROutsideCloudNetwork: {
    about:
      'A range of egressCIDRs is outside of the network that the cloud lets the node have addresses of; it is not used.',
    fix: 'Use a range of that network.',
  },
  EgressIPsExceedCapacity: {
    about: 'The HostSubnet lists more egress IPs than the cloud lets the node have.',
    fix: 'Move some of them to other nodes.',
  },
  SubnetInSeveralHostSubnets: {
    about: 'The subnets of two HostSubnets overlap; one of them counts as absent; the message says which, and why.',
    fix: 'Delete the HostSubnet that the message says is absent: it gets another subnet.',
  },
  InvalidClusterNetwork: {
    about: 'ClusterNetwork default is invalid; the last valid one stays in use.',
    fix: 'Correct the field that the message names.',
  },
  NetworkChangeRefused: {
    about: 'oc adm pod-network asked for something impossible.',
    fix: 'Do what the message says, and ask again.',
  },
  NodeAddressMissing: {
    about:
      'The Node reports no IPv4 InternalIP, or several that are all egress IPs: it gets no HostSubnet and no pods.',
    fix: 'Give the kubelet --node-ip, or take the egress IP off the node.',
  },
  HostIPRefused: {
    about: "The Node's address cannot be the hostIP of its HostSubnet, for the reason that the message names.",
    fix: 'Correct the address of the node.',
  },
  SubnetsExhausted: {
    about: 'All subnets of ClusterNetwork default are given out: the node gets none.',
    fix: 'Remove HostSubnets of nodes that are gone, or add a range to ClusterNetwork.',
  },
  VNIDsExhausted: {
    about: 'All VNIDs are given out: the namespace gets none.',
    fix: 'Remove NetNamespaces of namespaces that are gone.',
  },
  NamespaceMissing: {
    about: 'The Namespace of a NetNamespace does not exist: the NetNamespace and what it requests are kept for it.',
    fix: 'Create the Namespace, or delete the NetNamespace.',
  },
  NetNamespaceKept: {
    about: 'The Namespace was made again, and the NetNamespace was written for it: its VNID and egress IPs count.',
    fix: '',
  },
  NetNamespaceRenewed: {
    about:
      'The NetNamespace was of an earlier Namespace of that name: the new one gets a VNID of its own and requests no egress IP.',
    fix: 'Request egress IPs for the new Namespace if it should have them.',
  },
  EgressNodeOffline: {
    about: 'A node with egressCIDRs does not answer or is not Ready: its egress IPs go to other nodes.',
    fix: 'Repair the node.',
  },
  EgressNodeOnline: { about: 'A node with egressCIDRs answers again: egress IPs may be placed on it.', fix: '' },
  ControllerCutOff: {
    about:
      'The controller reaches no node with egressCIDRs at all, so it is rather itself that is cut off: egress IPs stay where they are.',
    fix: "Look at the network of the controller's node.",
  },
  EgressIPDraining: {
    about:
      'The egress IP moved away from this node, and annotation egress.sdn-compat.io/drain of its NetNamespace lets the connections that it has here go on until the time in the message. New ones leave by the node that has the address now.',
    fix: 'Nothing is to be done. Keep the node running until EgressIPDrained.',
  },
  EgressIPDrained: {
    about:
      'What the egress IP had left behind on this node is over: its time is up, or the namespace does not request it any more, it was moved again, or the annotation is gone. Connections that were left are ended.',
    fix: 'Nothing is to be done. If too many connections were left, give the annotation a longer time.',
  },
  EgressIPRefused: {
    about:
      'The agent cannot carry the address: it is the address of something else, lies outside the network of its interface, leaves no room for the label, or another machine answers for it.',
    fix: 'Do what the message says: another address, another node, or find the machine with the MAC that it names.',
  },
  EgressIPAnsweredElsewhere: {
    about: 'The node has the address, and another machine answers for it by ARP, too.',
    fix: 'Find the machine with the MAC that the message names, and take the address off it.',
  },
  BandwidthNotLimited: {
    about:
      'The node of the Event hosts an egress IP of the namespace, and Open vSwitch there cannot limit what the namespace sends by it, as annotation egress.sdn-compat.io/bandwidth asks. The traffic goes on, with the egress IP and without the limit.',
    fix: 'Run a kernel from 4.18 on there, or the userspace datapath, or let another node host the address; or limit the Pods by kubernetes.io/egress-bandwidth.',
  },
  PodNotAttached: {
    about:
      'The pod asks for a macvlan interface, as egress routers do, and cannot get one: without it the pod would leave with another address than the one that it was made for, so it is not attached.',
    fix: 'Do what the message says: a privileged container, the name of an interface that the node has, or no annotation.',
  },
} as const satisfies Readonly<Record<string, Explanation>>;

const policies = {
  SeveralPolicies: {
    about: 'A namespace has several EgressNetworkPolicies: all its traffic to the outside is dropped.',
    fix: 'Keep one of them.',
  },
  PolicyInJoinedNamespaces: {
    about: 'Namespaces that share a VNID have an EgressNetworkPolicy: all their traffic to the outside is dropped.',
    fix: 'Isolate the namespaces, or delete the policies.',
  },
  PolicyInGlobalNamespace: {
    about: 'A namespace with VNID 0 has an EgressNetworkPolicy, which is ignored.',
    fix: 'Delete it, or isolate the namespace.',
  },
  PolicyZeroSlash32: { about: 'The range 0.0.0.0/32 of a rule is read as 0.0.0.0/0.', fix: 'Write what you mean.' },
  InvalidPolicyRule: {
    about: 'A rule of an EgressNetworkPolicy cannot be read, and counts as Deny for everything.',
    fix: 'Correct the field that the message names.',
  },
} as const satisfies Readonly<Record<string, Explanation>>;

const facade = {
  AnnotationNotFollowed: {
    about:
      'The object has annotations egress.sdn-compat.io/…, and OVN-Kubernetes forwards: nothing is made of them. All traffic to the outside takes any of the egress IPs, on the nodes that OVN-Kubernetes chooses.',
    fix: 'Remove the annotations, or let firewalls and peers expect the egress IPs for all traffic.',
  },
  EgressPoolNotFollowed: {
    about: 'There is an EgressPool, and the controller runs with --backend ovn, which gives no addresses of pools.',
    fix: 'List egressIPs in the NetNamespaces by hand.',
  },
  EgressIPElsewhere: {
    about:
      'OVN-Kubernetes has the address on another node than the HostSubnet that lists it. The namespace leaves with its address all the same.',
    fix: 'Nothing, unless it must be that node; the message says why it is not.',
  },
  EgressIPOfOthers: {
    about: 'An EgressIP of the name that would be made was made for something else: the namespace stays closed.',
    fix: 'Rename or delete it, or start the facade with another --egressip-prefix.',
  },
  EgressIPUnassigned: {
    about: 'OVN-Kubernetes has given the address no node though one could have it.',
    fix: 'Look at the nodes that its HostSubnets allow, and at the log of OVN-Kubernetes.',
  },
  EgressFirewallOfOthers: {
    about:
      "An EgressFirewall has rules of the user's own that differ from those of the EgressNetworkPolicy: they stay, and win.",
    fix: 'Delete one of the two.',
  },
  NetworkPolicyOfOthers: {
    about: 'A NetworkPolicy of the name that would be made for isolation was made by somebody else: it stays.',
    fix: 'Rename or delete it.',
  },
} as const satisfies Readonly<Record<string, Explanation>>;

const pools = {
  EgressIPGranted: {
    about: 'The namespace asked for egress IPs, and got this address of an EgressPool.',
    fix: '',
  },
  EgressIPNotGranted: {
    about:
      'The namespace asks for more egress IPs than it gets: quotas of the pools, or no free address that a HostSubnet, or a node of its node selector, may host.',
    fix: 'Ask for less, raise the quota, enlarge a pool, or give nodes, of those that are selected, egressCIDRs that hold its addresses.',
  },
  EgressIPRequestInvalid: {
    about: 'Annotation egress.sdn-compat.io/request is no number from 0 to 64. The namespace keeps what it has.',
    fix: 'Write a number, or remove the annotation.',
  },
  EgressIPInUse: {
    about: 'Another machine answers for an address that the namespace got of an EgressPool: it gets another.',
    fix: 'Take the address out of the pool, or away from that machine.',
  },
  EgressPoolInvalid: {
    about: 'A range of the EgressPool cannot be read, or it has too many addresses. It gives none; what it gave stays.',
    fix: 'Correct the range that the Event names.',
  },
} as const satisfies Readonly<Record<string, Explanation>>;

/** By reason. */
export const explanations: Readonly<Record<string, Explanation>> = {
  ...requested,
  ...shown,
  ...objects,
  ...rules,
  ...policies,
  ...facade,
  ...pools,
};
