/** Findings on Nodes and HostSubnets that may host egress IPs. */
import { listText } from '../../model/values/list-text.ts';
import { makes } from './finding.ts';

interface Named {
  readonly name: string;
}

/** A host outside the cluster has a pod subnet. */
export const subnetHost = makes(
  'SubnetHost',
  ({ name, hostIP, subnet }: Named & { readonly hostIP: string; readonly subnet: string }) => ({
    kind: 'HostSubnet',
    name,
    today: `HostSubnet ${name} gives a host outside the cluster (${hostIP}) the pod subnet ${subnet} over VXLAN.`,
    tomorrow: 'OVN-Kubernetes has no such hosts: pods no longer reach it, nor it them.',
    action: `Give ${hostIP} another way into the cluster, a Service of type LoadBalancer for instance.`,
  }),
);

export const nodeMissing = makes(
  'NodeMissing',
  ({ name, hostIP, egressIPs }: Named & { readonly hostIP: string; readonly egressIPs: readonly string[] }) => ({
    kind: 'HostSubnet',
    name,
    today: `HostSubnet ${name} (${hostIP}) has no Node.${egressIPs.length === 0 ? '' : ` It lists ${listText(egressIPs)}.`}`,
    tomorrow: 'There is no node to label, so nothing is hosted there; its egress IPs go to other nodes that fit.',
    action: `Delete HostSubnet ${name} if the node is gone for good.`,
  }),
);

export const standbyNode = makes(
  'StandbyNode',
  ({ name, cidrs, isLast }: Named & { readonly cidrs: readonly string[]; readonly isLast: boolean }) => ({
    kind: 'HostSubnet',
    name,
    today: `${name} may host egress IPs of ${listText(cidrs)} and hosts none.`,
    tomorrow: isLast
      ? 'It gets the label last, when the egress IPs are on their nodes; new ones may be given to it at once.'
      : 'It gets the label too, and may be given egress IPs at once, not only when another node fails.',
    action: 'Nothing, unless it must stay empty; then take its label away.',
  }),
);

export const egressIPUnrequested = makes(
  'EgressIPUnrequested',
  ({ name, ips }: Named & { readonly ips: readonly string[] }) => ({
    kind: 'HostSubnet',
    name,
    today: `HostSubnet ${name} lists ${listText(ips)}, which no NetNamespace requests.`,
    tomorrow: 'No EgressIP has it.',
    action: 'Nothing, if it is of no use any more.',
  }),
);

/** A node that hosts or may host egress IPs is not Ready. */
export const nodeUnready = makes(
  'NodeUnready',
  ({ name, egressIPs }: Named & { readonly egressIPs: readonly string[] }) => ({
    kind: 'Node',
    name,
    today: `Node ${name} is not Ready${egressIPs.length === 0 ? '.' : `, so ${listText(egressIPs)} on it is not in use.`}`,
    tomorrow:
      'OVN-Kubernetes gives it no egress IP until it is Ready and reachable; the others take its share, and give nothing back later.',
    action: `Repair node ${name} or remove it, and plan again.`,
  }),
);

export const nodeAlreadyAssignable = makes(
  'NodeAlreadyAssignable',
  ({ name, label }: Named & { readonly label: string }) => ({
    kind: 'Node',
    name,
    today: `Node ${name} has the label ${label}; its HostSubnet offers no egress IP.`,
    tomorrow: 'OVN-Kubernetes takes it into the pool of nodes that host egress IPs.',
    action: `Take the label away if ${name} must not host egress IPs.`,
  }),
);

/** Egress IPs of OpenShift SDN are among the node's addresses. */
export const addressOnNIC = makes('AddressOnNIC', ({ name, ips }: Named & { readonly ips: readonly string[] }) => ({
  severity: 'warning',
  kind: 'Node',
  name,
  today: `${listText(ips)} is on an interface of node ${name}, and counts among the node's addresses.`,
  tomorrow: 'OVN-Kubernetes takes it for an address of the node and never assigns it while it is there.',
  action: `Remove it from the interface when OpenShift SDN has gone (ip address del), or reboot ${name}, before EgressIPs are created.`,
}));

/** The node has several addresses of its own. */
export const severalAddresses = makes(
  'AddressOnNIC',
  ({ name, addresses }: Named & { readonly addresses: readonly string[] }) => ({
    severity: 'info',
    kind: 'Node',
    name,
    today: `Node ${name} has more than one address: ${listText(addresses)}.`,
    tomorrow: `OVN-Kubernetes hosts egress IPs of the network of the first, and none of these is ever assigned as one.`,
    action: 'Check that the first is on the network that the egress IPs are of.',
  }),
);

/** The input does not show the prefix length of these nodes' addresses. The finding is on the first of them. */
export const nodeNetworkUnknown = makes(
  'NodeNetworkUnknown',
  ({ name, names }: Named & { readonly names: readonly string[] }) => ({
    kind: 'Node',
    name,
    today: `The input does not show the prefix length of the addresses of ${listText(names)}.`,
    tomorrow:
      'The prediction takes it that their networks hold every egress IP; OVN-Kubernetes assigns only those that they do hold.',
    action: 'Name the networks with --machine-network CIDR and plan again.',
  }),
);

/** The cloud holds an address on the interface of a node. */
export const cloudPrivateIPConfig = makes(
  'CloudPrivateIPConfig',
  ({ name, egressIP }: Named & { readonly egressIP: string }) => ({
    kind: 'CloudPrivateIPConfig',
    name,
    today: `The cloud has ${name} on the interface of a node, as this object asks.`,
    tomorrow: `It is deleted, and its finalizer waited for, before EgressIP ${egressIP} is created: with it there OVN-Kubernetes would never assign ${name}, without any event.`,
    action: `Expect traffic with ${name} to stop from then until OVN-Kubernetes has assigned it.`,
  }),
);

/** The cloud holds an address that no EgressIP of the plan has. */
export const cloudAddressUnused = makes('CloudAddressUnused', ({ name }: Named) => ({
  kind: 'CloudPrivateIPConfig',
  name,
  today: `The cloud has ${name} on the interface of a node, and no NetNamespace of the plan requests it.`,
  tomorrow: 'It stays there, and takes one of the addresses that the cloud lets the node have.',
  action: `Delete CloudPrivateIPConfig ${name} if nothing else uses it.`,
}));
