/** Findings on where egress IPs are: what of OpenShift SDN's choice of nodes OVN-Kubernetes cannot express or keep. */
import { listText } from '../../model/values/list-text.ts';
import { makes } from './finding.ts';

/** The finding is on the NetNamespace of this name. */
interface On {
  readonly name: string;
}

/** An egress IP, and nodes that matter to it. */
export interface IPOnNodes {
  readonly ip: string;
  readonly nodes: readonly string[];
}

/** An admin chose the node of each. `nodes` can host it tomorrow. */
export const pinningLost = makes(
  'PinningLost',
  ({
    name,
    pinned,
    isKept,
  }: On & { readonly pinned: readonly (IPOnNodes & { readonly node: string })[]; readonly isKept: boolean }) => ({
    kind: 'NetNamespace',
    name,
    today: `An admin put ${listText(pinned.map(({ ip, node }) => `${ip} on ${node}`))}.`,
    tomorrow: `${isKept ? 'The plan puts it there; when that node fails, it goes to another and does not come back' : 'OVN-Kubernetes chooses the node'}: ${listText(pinned.map(({ ip, nodes }) => `${ip} on one of ${nodesText(nodes)}`))}.`,
    action:
      'Nothing, unless routes or firewalls outside count on the node; then leave the label only on nodes that may host.',
  }),
);

interface Spoiled {
  /** A node that has the label before the migration. */
  readonly node: string;
  /** How many egress IPs it has, and how many another has before its last. */
  readonly has: number;
  readonly needed: number;
}

/** The plan cannot keep egress IPs on their nodes. The finding is on the node in the way. */
export const placementNotKept = makes('PlacementNotKept', ({ node, has, needed }: Spoiled) => ({
  kind: 'Node',
  name: node,
  today: `Node ${node} has the label k8s.ovn.org/egress-assignable already, with ${has} egress IPs of OVN-Kubernetes.`,
  tomorrow: `OVN-Kubernetes gives an egress IP to a labeled node with the fewest, and others are to have ${needed + 1}: OVN-Kubernetes chooses the nodes of all egress IPs.`,
  action: `Take the label from node ${node} and plan again, unless it does not matter which node hosts an egress IP.`,
}));

/** egressCIDRs keep each IP on some nodes. */
export const cidrRestrictionLost = makes(
  'CIDRRestrictionLost',
  ({
    name,
    within,
    beyond,
  }: On & { readonly within: readonly IPOnNodes[]; readonly beyond: readonly IPOnNodes[] }) => ({
    kind: 'NetNamespace',
    name,
    today: `egressCIDRs keep ${listText(within.map(({ ip, nodes }) => `${ip} on ${nodesText(nodes)}`))}.`,
    tomorrow: `OVN-Kubernetes knows no CIDRs of nodes: ${listText(beyond.map(({ ip, nodes }) => `${ip} may go to ${nodesText(nodes)} too`))}.`,
    action: 'Nothing, unless these nodes must not host it; then take their label away.',
  }),
);

export const localPreferenceLost = makes(
  'LocalPreferenceLost',
  ({ name, nodes, ips }: On & { readonly nodes: readonly string[]; readonly ips: readonly string[] }) => ({
    kind: 'NetNamespace',
    name,
    today: `A pod on ${listText(nodes)} leaves with the egress IP of its own node; other pods are spread over all.`,
    tomorrow: `Every pod's connections are spread over ${listText(ips)}.`,
    action: 'Nothing, unless the outside expects one address of a pod.',
  }),
);

/** The prediction is not exact. The finding is on the first EgressIP. */
export const placementBound = makes('PlacementBound', ({ name }: { readonly name: string }) => ({
  kind: 'EgressIP',
  name,
  today: 'Nodes differ in networks or capacity, and many namespaces request egress IPs.',
  tomorrow:
    'There are too many possibilities to follow: the prediction holds all nodes that fit, of which some may be impossible.',
  action: 'Nothing.',
}));

function nodesText(names: readonly string[]): string {
  return names.length === 0 ? 'no node' : listText(names);
}
