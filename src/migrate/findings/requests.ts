/** Findings on requests for egress IPs, in the words of any target but OVN-Kubernetes. */
import { listText } from '../../model/values/list-text.ts';
import { makes } from './finding.ts';

/** The finding is on the NetNamespace of this name; `plugin` is the target's. */
interface On {
  readonly name: string;
  readonly plugin: string;
}

const on = ({ name }: On) => ({ kind: 'NetNamespace', name });

/** Annotations of the NetNamespace, or of the ClusterNetwork, that the target has nothing for. */
interface Annotated extends On {
  readonly kind: string;
  readonly annotations: readonly string[];
}

export const finerRulesLost = makes('FinerRulesLost', ({ plugin, annotations, ...object }: Annotated) => ({
  ...object,
  today: `Only part of the outside traffic takes an egress IP, or some takes one alone, by ${listText(annotations)}.`,
  tomorrow: `Nothing is made of that for ${plugin}: all of it takes any of the egress IPs.`,
  action: 'Let firewalls and peers outside expect the egress IPs for all traffic, before the switch.',
}));

export const bandwidthLost = makes('FinerRulesLost', ({ plugin, annotations, ...object }: Annotated) => ({
  ...object,
  today: `By each of its egress IPs goes at most so much in a second, by ${listText(annotations)}.`,
  tomorrow: `Nothing is made of that for ${plugin}: its pods send as much as they can.`,
  action: 'Limit them before the switch: each Pod by kubernetes.io/egress-bandwidth, or all of them outside.',
}));

export const placementLost = makes('FinerRulesLost', ({ plugin, annotations, ...object }: Annotated) => ({
  ...object,
  today: `Automatic assignment puts its egress IPs on some nodes only, or does not move them back, by ${listText(annotations)}.`,
  tomorrow: `Nothing is made of that for ${plugin}: they may be on any node that gets egress IPs, and move as it decides.`,
  action: 'Check that all of these nodes may host them, or choose them as the plugin lets you, before the switch.',
}));

export const drainLost = makes('FinerRulesLost', ({ plugin, annotations, ...object }: Annotated) => ({
  ...object,
  today: `A planned move of one of its egress IPs cuts no connection, by ${listText(annotations)}.`,
  tomorrow: `Nothing is made of that for ${plugin}: what talks when an address moves may be cut.`,
  action: 'Move addresses when nothing that matters talks, from the switch on.',
}));

interface Entry extends On {
  readonly entry: string;
}

export const entryInvalid = makes('EgressIPInvalid', (facts: Entry & { readonly reason: string }) => ({
  ...on(facts),
  today: `${facts.reason}: nothing can serve this request.`,
  tomorrow: `No object for ${facts.plugin} has it.`,
  action: `Remove or correct ${JSON.stringify(facts.entry)} in egressIPs of the NetNamespace.`,
}));

export const entryClaimedTwice = makes(
  'EgressIPClaimedTwice',
  (facts: Entry & { readonly namespaces: readonly string[] }) => ({
    ...on(facts),
    today: `${facts.entry} is requested by namespaces ${listText(facts.namespaces)} of different VNIDs: all their outside traffic is dropped.`,
    tomorrow: `No object for ${facts.plugin} has it.`,
    action: `Decide which namespace keeps ${facts.entry} and remove it from the others, then plan again.`,
  }),
);

export const entryIsNodeAddress = makes(
  'EgressIPIsNodeAddress',
  (facts: Entry & { readonly node: string; readonly isInUse: boolean }) => ({
    ...on(facts),
    severity: facts.isInUse ? 'blocker' : 'warning',
    span: facts.isInUse ? 'until-fixed' : null,
    today: `${facts.entry} is an address of node ${facts.node}.`,
    tomorrow: `No object for ${facts.plugin} has it: it would take the node's own address to another node.`,
    action: `Request an address that no node has instead of ${facts.entry}.`,
  }),
);

interface Unhosted extends On {
  readonly ip: string;
}

/** No node may have the IP. */
export const requestUnhosted = makes('EgressIPUnhosted', (facts: Unhosted) => ({
  ...on(facts),
  today: `No HostSubnet of a node that exists lists ${facts.ip} or has egressCIDRs that hold it: it is not in use.`,
  tomorrow: `No object for ${facts.plugin} has it: there is no node to name.`,
  action: `List ${facts.ip} in a HostSubnet, or give one egressCIDRs that hold it, and plan again; or remove it from the NetNamespace.`,
}));

/** No node may have an IP that is in use today. */
export const requestHomeless = makes(
  'NoAssignableNode',
  (facts: Unhosted & { readonly listedOn: readonly string[] }) => ({
    ...on(facts),
    severity: 'blocker',
    today: `${facts.ip} is in use; of HostSubnets ${listText(facts.listedOn)}, which list it, none has a Node.`,
    tomorrow: `No object for ${facts.plugin} has it: there is no node to name.`,
    action: `List ${facts.ip} in the HostSubnet of a node that exists, and plan again.`,
  }),
);

/** Several nodes list the IP, which is not in use for that. */
export const requestOnSeveralNodes = makes(
  'EgressIPOnSeveralNodes',
  (facts: Unhosted & { readonly nodes: readonly string[] }) => ({
    ...on(facts),
    today: `HostSubnets ${listText(facts.nodes)} list ${facts.ip}: no node has it.`,
    tomorrow: `${facts.plugin} may put it on one of them: traffic begins to leave with it.`,
    action: `Decide where ${facts.ip} belongs and remove it from the other HostSubnets.`,
  }),
);

export const severalEgressIPsLost = makes(
  'SeveralEgressIPsLost',
  (facts: On & { readonly ips: readonly string[]; readonly kept: string }) => ({
    ...on(facts),
    today: `It requests ${listText(facts.ips)}; its pods leave with those that nodes have.`,
    tomorrow: `${facts.plugin} gives it one address: ${facts.kept}.`,
    action: `Make sure that the outside accepts ${facts.kept} for all of its traffic, and that one address has source ports enough.`,
  }),
);

/** A namespace whose traffic to the outside is dropped today. */
interface Dropped extends On {
  readonly reasons: readonly string[];
}

const droppedToday = ({ reasons }: Dropped): string =>
  `All traffic to the outside is dropped: ${[...new Set(reasons)].slice(0, 3).join('; ')}.`;

export const dropBecomesServed = makes(
  'DropBecomesEgressIP',
  (facts: Dropped & { readonly ips: readonly string[] }) => ({
    ...on(facts),
    today: droppedToday(facts),
    tomorrow: `Traffic leaves with ${listText(facts.ips)}.`,
    action: 'Make sure that the namespace may reach the outside.',
  }),
);

export const dropBecomesOpen = makes('DropBecomesNodeAddress', (facts: Dropped) => ({
  ...on(facts),
  today: droppedToday(facts),
  tomorrow: `Nothing is made of it, and ${facts.plugin} drops nothing that it does not know: traffic leaves with node addresses.`,
  action: 'Fix the egress IPs and plan again, or close the namespace with a NetworkPolicy before the switch.',
}));

interface Joined extends On {
  readonly namespaces: readonly string[];
  readonly vnid: number;
  readonly ips: readonly string[];
  readonly object: string;
}

/** Namespaces that share a VNID share egress IPs. */
export const requestsJoined = makes('JoinedNamespaces', (facts: Joined) => ({
  ...on(facts),
  severity: 'info',
  today: `Namespaces ${listText(facts.namespaces)} share VNID ${facts.vnid}, so all of them leave with ${listText(facts.ips)}.`,
  tomorrow: `${facts.object} selects them by name; a namespace that joins later is not among them.`,
  action: 'Add namespaces to it by hand from then on.',
}));

/** The subnet plugin ignores what the NetNamespace requests. */
export const requestIgnored = makes('SubnetModeIgnored', (facts: On & { readonly ips: readonly string[] }) => ({
  ...on(facts),
  today: `The subnet plugin has no egress IPs: ${facts.name} leaves with node addresses although it requests ${listText(facts.ips)}.`,
  tomorrow: `It leaves with ${listText(facts.ips)}.`,
  action: `Let the outside accept ${listText(facts.ips)}, or clear the list before the migration.`,
}));

/** A Namespace lacks the label by which the target's object selects it. */
export const selectedUnlabelled = makes(
  'NamespaceUnlabelled',
  (facts: On & { readonly label: string; readonly object: string }) => ({
    kind: 'Namespace',
    name: facts.name,
    today: `It does not have the label ${facts.label} with its name, which Kubernetes sets since 1.21. OpenShift SDN goes by the name.`,
    tomorrow: `${facts.object} selects nothing there, so its pods leave with node addresses.`,
    action: `Label it (kubectl label namespace ${facts.name} ${facts.label}=${facts.name}) and plan again.`,
  }),
);

interface ServedTwice {
  readonly plugin: string;
  /** The object of somebody else, and what it selects. */
  readonly kind: string;
  readonly name: string;
  readonly namespaces: readonly string[];
}

export const selectedTwice = makes('NamespaceServedTwice', (facts: ServedTwice) => ({
  kind: facts.kind,
  name: facts.name,
  today: `It selects ${listText(facts.namespaces)}; OpenShift SDN does not look at it.`,
  tomorrow: `An object of the plan selects the same: ${facts.plugin} lets pods leave with the addresses of one of the two.`,
  action: 'Delete it or change its selector, and plan again.',
}));
