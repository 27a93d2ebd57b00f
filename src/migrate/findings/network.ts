/**
 * Findings on the cluster's network as a whole: overlaps, hosted control planes, hybrid overlay, isolation, multicast.
 */
import upperFirst from 'lodash/upperFirst.js';
import { listText } from '../../model/values/list-text.ts';
import { makes } from './finding.ts';

/** What lies in a network of OVN-Kubernetes. */
type Inside =
  | { readonly kind: 'cluster-network' | 'service-network' | 'machine-network'; readonly cidr: string }
  | { readonly kind: 'node-address'; readonly ip: string }
  | { readonly kind: 'egress-ips'; readonly ips: readonly string[] }
  /** CIDRs of a policy. */
  | { readonly kind: 'destinations'; readonly cidrs: readonly string[] };

/** Names it in a sentence. */
function insideText(inside: Inside): string {
  switch (inside.kind) {
    case 'cluster-network':
      return `the cluster network ${inside.cidr}`;
    case 'service-network':
      return `the service network ${inside.cidr}`;
    case 'machine-network':
      return `the machine network ${inside.cidr}`;
    case 'node-address':
      return `the node's address ${inside.ip}`;
    case 'egress-ips':
      return `egress IP ${listText(inside.ips)}`;
    case 'destinations':
      return `the destination ${listText(inside.cidrs)}`;
  }
}

interface Overlap {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly inside: Inside;
  /** What OVN-Kubernetes uses the network for. */
  readonly use: string;
  readonly network: string;
}

export const networkOverlap = makes('NetworkOverlap', ({ inside, use, network, ...object }: Overlap) => {
  const what = insideText(inside);
  return {
    ...object,
    // a policy names what is outside, which need not be there
    severity: inside.kind === 'destinations' ? 'warning' : 'blocker',
    today: `${upperFirst(what)} works: OpenShift SDN uses no networks besides those of the ClusterNetwork.`,
    tomorrow: `OVN-Kubernetes uses ${network} itself (${use} network), so traffic to what shares it is lost.`,
    action: `Set another ${use} network in the configuration of the network operator before the switch, or move ${what}.`,
  };
});

export const hostedControlPlane = makes('HostedControlPlane', () => ({
  kind: 'Infrastructure',
  name: 'cluster',
  today:
    'The control plane is hosted by another cluster (controlPlaneTopology is External), which also sets the network plugin.',
  tomorrow: "The plugin cannot be switched from within this cluster: the vendor's live migration refuses it.",
  action: 'Make a new hosted cluster with OVN-Kubernetes and move the workloads there.',
}));

/** The operator is configured with a hybrid overlay or, if `node` is given, that Node is part of one. */
export const hybridOverlay = makes('HybridOverlay', ({ node }: { readonly node?: string }) => ({
  kind: node === undefined ? 'Network' : 'Node',
  name: node ?? 'cluster',
  today:
    node === undefined
      ? 'The network operator is configured with a hybrid overlay, which OpenShift SDN has not.'
      : `Node ${node} is one for a hybrid overlay; OpenShift SDN does not serve it.`,
  tomorrow:
    'OVN-Kubernetes runs a hybrid overlay over VXLAN beside Geneve: it takes UDP port 4789 of OpenShift SDN, and its hosts leave by no egress IP.',
  action: 'Plan the hybrid overlay apart from this migration, and check its network and port for overlaps.',
}));

interface Isolation {
  /** Name of the NetworkPolicies that replace VNIDs. */
  readonly policy: string;
  /** How many namespaces get one. */
  readonly count: number;
  /** Whether the vendor's procedure leads the switch. */
  readonly isOpenShift: boolean;
}

export const multitenantIsolation = makes('MultitenantIsolation', ({ policy, count, isOpenShift }: Isolation) => ({
  severity: isOpenShift ? 'blocker' : 'warning',
  kind: 'ClusterNetwork',
  name: 'default',
  today: 'The multitenant plugin isolates each namespace, or group of joined ones, by its VNID.',
  tomorrow: `${count} namespace${count === 1 ? ' gets' : 's get'} the NetworkPolicy ${policy}, which gives the same reachability between pods. A namespace created later has none.`,
  action: isOpenShift
    ? `The vendor's procedure refuses this plugin live and excludes it offline. Change to the networkpolicy mode first, with these NetworkPolicies in place (apply --accept-blockers makes them and stops at the switch), and add the policy to the template for new projects.`
    : `Add the policy to the template for new projects.`,
}));

interface Joined {
  readonly policy: string;
  /** All namespaces of the VNID; the finding is on the first. */
  readonly namespaces: readonly string[];
  readonly vnid: number;
}

/** Joined namespaces stay joined by their NetworkPolicies. */
export const isolationJoined = makes('JoinedNamespaces', ({ policy, namespaces, vnid }: Joined) => ({
  severity: 'info',
  kind: 'NetNamespace',
  name: namespaces[0] ?? '',
  today: `Pods of ${namespaces.join(', ')} reach one another: the namespaces share VNID ${vnid}.`,
  tomorrow: `Their NetworkPolicies ${policy} name one another.`,
  action: 'Nothing. To join or isolate namespaces later, change the lists in these NetworkPolicies.',
}));

export const networkPolicyEnforced = makes(
  'NetworkPolicyEnforced',
  ({ namespace, name }: { readonly namespace: string; readonly name: string }) => ({
    kind: 'NetworkPolicy',
    namespace,
    name,
    today: 'The network plugin ignores NetworkPolicies.',
    tomorrow:
      'It holds from the first minute: what it allows is added to what other policies of these pods allow, and its egress rules cut what they do not name.',
    action: 'Read it, and delete it if it was never meant to hold.',
  }),
);

/** Multicast of a namespace works in neither plugin for a time. */
export const multicastInterrupted = makes('MulticastInterrupted', ({ name }: { readonly name: string }) => ({
  kind: 'NetNamespace',
  name,
  today: 'Its pods send each other multicast, on all nodes.',
  tomorrow:
    'While nodes are switched, pods on nodes with different plugins do not; in a live migration none do during both rounds of reboots.',
  action: 'Tell the owners of what needs multicast when the nodes are rebooted.',
}));

interface Multicast {
  /** All namespaces of the VNID; the finding is on the first. */
  readonly namespaces: readonly string[];
  readonly vnid: number;
  /** The namespaces without the annotation. */
  readonly without: readonly string[];
}

export const multicastMixed = makes('MulticastMixed', ({ namespaces, vnid, without }: Multicast) => ({
  kind: 'NetNamespace',
  name: namespaces[0] ?? '',
  today: `Namespaces ${listText(namespaces)} share VNID ${vnid} and with it their multicast.`,
  tomorrow: `Multicast stays within each namespace that has the annotation; none crosses from one to another.${without.length === 0 ? '' : ` ${listText(without)}, whose NetNamespace has no annotation, loses it.`}`,
  action: "Put pods that need each other's multicast into one namespace, or annotate the Namespaces that lack it.",
}));
