/** Findings on the egress IPs that namespaces request. */
import { listText } from '../../model/values/list-text.ts';
import { makes } from './finding.ts';

/** The finding is on the NetNamespace of this name. */
interface On {
  readonly name: string;
}

/** An entry of egressIPs that is in no EgressIP. */
interface OmittedEntry extends On {
  readonly entry: string;
  /** The EgressIP of the namespace's other entries; undefined if there is none. */
  readonly egressIP: string | undefined;
}

const leftOutOf = ({ egressIP }: OmittedEntry): string =>
  egressIP === undefined ? 'There is no EgressIP for it' : `It is left out of EgressIP ${egressIP}`;

export const egressIPInvalid = makes('EgressIPInvalid', (facts: OmittedEntry & { readonly reason: string }) => ({
  kind: 'NetNamespace',
  name: facts.name,
  today: `${facts.reason}: nothing can serve this request.`,
  tomorrow: `${leftOutOf(facts)}: with one entry that it cannot read OVN-Kubernetes refuses the whole object.`,
  action: `Remove or correct ${JSON.stringify(facts.entry)} in egressIPs of the NetNamespace.`,
}));

export const egressIPClaimedTwice = makes(
  'EgressIPClaimedTwice',
  (facts: OmittedEntry & { readonly namespaces: readonly string[] }) => ({
    kind: 'NetNamespace',
    name: facts.name,
    today: `${facts.entry} is requested by namespaces ${listText(facts.namespaces)} of different VNIDs: all their outside traffic is dropped.`,
    tomorrow: `${leftOutOf(facts)}: one of two EgressIPs with the same address would get it by chance, the other silently none.`,
    action: `Decide which namespace keeps ${facts.entry} and remove it from the others, then plan again.`,
  }),
);

export const egressIPIsNodeAddress = makes(
  'EgressIPIsNodeAddress',
  (
    facts: OmittedEntry & { readonly node: string; readonly hostSubnets: readonly string[]; readonly isInUse: boolean },
  ) => ({
    severity: facts.isInUse ? 'blocker' : 'warning',
    span: facts.isInUse ? 'until-fixed' : null,
    kind: 'NetNamespace',
    name: facts.name,
    today: `${facts.entry} is an address of node ${facts.node}${facts.hostSubnets.length === 0 ? '' : `, and HostSubnet ${listText(facts.hostSubnets)} lists it`}.`,
    tomorrow: `${leftOutOf(facts)}: OVN-Kubernetes never assigns a node's address, and with it in the list it assigns the other addresses only by chance.`,
    action: `Request an address that no node has instead of ${facts.entry}.`,
  }),
);

/** An egress IP that is not in use today but may be tomorrow. */
interface Unused extends On {
  readonly ip: string;
  readonly egressIP: string;
  /** The nodes that can host it. */
  readonly nodes: readonly string[];
}

const begins = ({ egressIP, nodes }: Unused): string =>
  nodes.length === 0
    ? `EgressIP ${egressIP} requests it, but no node can have it.`
    : `EgressIP ${egressIP} requests it, and OVN-Kubernetes may put it on ${listText(nodes)}: traffic begins to leave with it.`;

export const egressIPUnhosted = makes('EgressIPUnhosted', (facts: Unused) => ({
  kind: 'NetNamespace',
  name: facts.name,
  today: `No HostSubnet lists ${facts.ip}: it is not in use.`,
  tomorrow: begins(facts),
  action: `Make sure that ${facts.ip} may be used, or remove it from the NetNamespace.`,
}));

export const egressIPOnSeveralNodes = makes(
  'EgressIPOnSeveralNodes',
  (facts: Unused & { readonly listedOn: readonly string[] }) => ({
    kind: 'NetNamespace',
    name: facts.name,
    today: `HostSubnets ${listText(facts.listedOn)} list ${facts.ip}: no node has it.`,
    tomorrow: begins(facts),
    action: `Decide where ${facts.ip} belongs and remove it from the other HostSubnets, to see before the switch whether it works.`,
  }),
);

export const severalEgressIPsOnOneNode = makes(
  'SeveralEgressIPsOnOneNode',
  ({ name, node, ips }: On & { readonly node: string; readonly ips: readonly string[] }) => ({
    kind: 'NetNamespace',
    name,
    today: `HostSubnet ${node} lists ${listText(ips)}, which one namespace requests: none of them is in use.`,
    tomorrow: `OVN-Kubernetes puts them on different nodes and spreads the namespace's traffic over all of them.`,
    action: `Make sure that the outside accepts ${listText(ips)} from this namespace.`,
  }),
);

/** The input does not show whether a node's network holds the IP. */
export const egressIPDoubtful = makes('EgressIPOutsideNetwork', ({ name, ip }: On & { readonly ip: string }) => ({
  severity: 'warning',
  span: null,
  kind: 'NetNamespace',
  name,
  today: `${ip} is requested; no node that offers egress IPs has an address near it, and the prefix length of their networks is unknown.`,
  tomorrow: `If ${ip} is in none of their networks, it stays unassigned.`,
  action: 'Name the networks with --machine-network CIDR and plan again.',
}));

/** An egress IP that no node can ever host. */
interface Homeless extends On {
  readonly ip: string;
  readonly isInUse: boolean;
}

const useOf = ({ ip, isInUse }: Homeless): string => (isInUse ? `${ip} is in use` : `${ip} is requested`);

export const noAssignableNode = makes('NoAssignableNode', (facts: Homeless) => ({
  severity: facts.isInUse ? 'blocker' : 'warning',
  span: facts.isInUse ? 'until-fixed' : null,
  kind: 'NetNamespace',
  name: facts.name,
  today: `${useOf(facts)}, and no Node that exists has a HostSubnet with egressIPs or egressCIDRs.`,
  tomorrow: `No node has the label k8s.ovn.org/egress-assignable, so ${facts.ip} is never assigned.`,
  action: 'Give a HostSubnet egressCIDRs or egressIPs, or label a node, and plan again.',
}));

export const egressIPOutsideNetwork = makes(
  'EgressIPOutsideNetwork',
  (facts: Homeless & { readonly networks: readonly string[] }) => ({
    severity: facts.isInUse ? 'blocker' : 'warning',
    span: facts.isInUse ? 'until-fixed' : null,
    kind: 'NetNamespace',
    name: facts.name,
    today: `${useOf(facts)}; the nodes that offer egress IPs are on ${listText(facts.networks)}.`,
    tomorrow: `No labeled node's network holds ${facts.ip}: it stays unassigned.`,
    action: `Offer egress IPs on a node whose network holds ${facts.ip}, or request an address of ${listText(facts.networks)}.`,
  }),
);

interface Surplus extends On {
  readonly egressIP: string;
  readonly requested: readonly string[];
  /** Those that may stay unassigned, and the nodes that can host them. */
  readonly surplus: readonly string[];
  readonly nodes: readonly string[];
  /** Whether a namespace whose traffic leaves today may end up without an egress IP. */
  readonly mayEndWithNone: boolean;
}

export const moreEgressIPsThanNodes = makes(
  'MoreEgressIPsThanNodes',
  ({ name, egressIP, requested, surplus, nodes, mayEndWithNone }: Surplus) => ({
    severity: mayEndWithNone ? 'blocker' : 'warning',
    kind: 'NetNamespace',
    name,
    today: `Requested are ${listText(requested)}; the nodes that can host them are ${listText(nodes)}.`,
    tomorrow: `Of ${listText(surplus)} in EgressIP ${egressIP} some may stay unassigned: ${
      surplus.length > nodes.length
        ? 'one IP of an object a node'
        : 'one IP of an object a node, only nodes that are Ready, and no more than the cloud lets each have'
    }.`,
    action: 'Offer egress IPs on more nodes, or request fewer.',
  }),
);

/** A namespace whose traffic to the outside is dropped today. */
interface Dropped extends On {
  readonly reasons: readonly string[];
}

const droppedToday = ({ reasons }: Dropped): string =>
  `All traffic to the outside is dropped: ${[...new Set(reasons)].slice(0, 3).join('; ')}.`;

export const dropBecomesEgressIP = makes(
  'DropBecomesEgressIP',
  (facts: Dropped & { readonly egressIP: string; readonly ips: readonly string[] }) => ({
    kind: 'NetNamespace',
    name: facts.name,
    today: droppedToday(facts),
    tomorrow: `Traffic leaves with an address of EgressIP ${facts.egressIP}: ${listText(facts.ips)}.`,
    action: 'Make sure that the namespace may reach the outside.',
  }),
);

/** Its traffic may leave with node addresses, unless the plan keeps it closed. */
export const dropBecomesNodeAddress = makes(
  'DropBecomesNodeAddress',
  (facts: Dropped & { readonly isKeptClosed: boolean }) => ({
    severity: facts.isKeptClosed ? 'info' : 'warning',
    kind: 'NetNamespace',
    name: facts.name,
    today: droppedToday(facts),
    tomorrow: facts.isKeptClosed
      ? 'The EgressFirewall of the plan denies all but the nodes, so the namespace stays closed.'
      : 'OVN-Kubernetes drops nothing: while no egress IP is assigned, traffic leaves with the address of the node that the pod runs on.',
    action: facts.isKeptClosed
      ? 'Delete the EgressFirewall once an egress IP is assigned.'
      : 'Fix the egress IPs, or plan with --keep-closed, which adds an EgressFirewall that denies all but the nodes.',
  }),
);

interface Joined {
  /** All namespaces of the VNID; the finding is on the first. */
  readonly namespaces: readonly string[];
  readonly vnid: number;
  readonly ips: readonly string[];
  readonly listsDiffer: boolean;
  /** The EgressIP and the namespaces that it selects; undefined if there is none. */
  readonly egressIP: { readonly name: string; readonly selected: readonly string[] } | undefined;
}

/** Namespaces that share a VNID share egress IPs. */
export const egressIPsJoined = makes(
  'JoinedNamespaces',
  ({ namespaces, vnid, ips, listsDiffer, egressIP }: Joined) => ({
    severity: listsDiffer ? 'warning' : 'info',
    kind: 'NetNamespace',
    name: namespaces[0] ?? '',
    today: `Namespaces ${listText(namespaces)} share VNID ${vnid}, so all of them leave with ${listText(ips)}${listsDiffer ? ', though their lists differ' : ''}.`,
    tomorrow:
      egressIP === undefined
        ? 'There is no EgressIP for them.'
        : `EgressIP ${egressIP.name} selects ${listText(egressIP.selected)} by name; a namespace that joins later is not among them.`,
    action: 'Add namespaces to the EgressIP by hand from then on.',
  }),
);

interface Ignored {
  readonly name: string;
  /** Name of the EgressIP, and its addresses. */
  readonly egressIP: string;
  readonly ips: readonly string[];
}

/** The subnet plugin ignores what the NetNamespace requests. */
export const egressIPIgnored = makes('SubnetModeIgnored', ({ name, egressIP, ips }: Ignored) => ({
  kind: 'NetNamespace',
  name,
  today: `The subnet plugin has no egress IPs: ${name} leaves with node addresses although it requests ${listText(ips)}.`,
  tomorrow: `It leaves with ${listText(ips)} (EgressIP ${egressIP}).`,
  action: `Let the outside accept ${listText(ips)}, or clear the list before the migration.`,
}));
