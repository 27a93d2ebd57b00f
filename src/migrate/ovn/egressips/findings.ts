/** What a migration changes for the namespaces of one VNID that requests egress IPs: findings on their NetNamespaces. */
import type { Ip } from '../../../model/address.ts';
import { reasonText } from '../../../model/egress/reasons.ts';
import type { NetNamespace } from '../../../model/netnamespace.ts';
import { type Finding, type FindingCode, onNetNamespace, type Severity, type Texts } from '../../finding.ts';
import { listText } from '../../lists.ts';
import type { Context } from '../context/context.ts';
import { type Group, hasObject, type LeftOut } from '../context/groups.ts';
import { lostFindings } from './lost.ts';

/** All findings of a group. Each is on the namespaces that the matter is of: who requests the IP, or all that share the VNID. */
export function groupFindings(context: Context, group: Group): readonly Finding[] {
  return [
    ...group.leftOut.flatMap((entry) => leftOutFindings(context, group, entry)),
    ...group.egressIPs.flatMap((ip) => ipFindings(context, group, ip)),
    ...tooMany(context, group),
    ...dropFindings(context, group),
    ...joinedFindings(group),
    ...(hasObject(group) ? lostFindings(context.egress, group) : []),
  ];
}

/** The members that list the entry. */
function requesters({ members }: Group, text: string): readonly NetNamespace[] {
  return members.filter(
    ({ egressIPs, invalidEgressIPs }) =>
      egressIPs.some((ip) => ip === text) || invalidEgressIPs.some((one) => one.text === text),
  );
}

function leftOutFindings(context: Context, group: Group, entry: LeftOut): readonly Finding[] {
  const inUse = usesToday(group, entry.text);
  const texts = leftOutTexts(context, group, entry);
  return requesters(group, entry.text).map(({ name }) =>
    onNetNamespace(name, inUse ? 'blocker' : 'warning', entry.code, texts),
  );
}

function leftOutTexts({ egress }: Context, group: Group, entry: LeftOut): Texts {
  const object = hasObject(group) ? `It is left out of EgressIP ${group.name}` : 'There is no EgressIP for it';
  switch (entry.code) {
    case 'EgressIPInvalid':
      return [
        `${entry.reason}: nothing can serve this request.`,
        `${object}: with one entry that it cannot read OVN-Kubernetes refuses the whole object.`,
        `Remove or correct ${JSON.stringify(entry.text)} in egressIPs of the NetNamespace.`,
      ];
    case 'EgressIPClaimedTwice':
      return [
        `${entry.text} is requested by namespaces ${listText(entry.namespaces)} of different VNIDs: all their outside traffic is dropped.`,
        `${object}: one of two EgressIPs with the same address would get it by chance, the other silently none.`,
        `Decide which namespace keeps ${entry.text} and remove it from the others, then plan again.`,
      ];
    case 'EgressIPIsNodeAddress':
      return [
        `${entry.text} is an address of node ${entry.node}${egress.hostsOf(entry.text).length === 0 ? '' : `, and HostSubnet ${listText(egress.hostsOf(entry.text).map(({ name }) => name))} lists it`}.`,
        `${object}: OVN-Kubernetes never assigns a node's address, and with it in the list it assigns the other addresses only by chance.`,
        `Request an address that no node has instead of ${entry.text}.`,
      ];
  }
}

/** Whether traffic leaves with the IP today. */
function usesToday({ today }: Group, text: string): boolean {
  return today.kind === 'via' && today.hops.some(({ egressIP }) => egressIP === text);
}

function ipFindings(context: Context, group: Group, ip: Ip): readonly Finding[] {
  if (!hasObject(group)) return [];
  const found = [...hostFindings(context, group, ip), ...outsideFindings(context, group, ip)];
  return requesters(group, ip).flatMap(({ name }) =>
    found.map(([severity, code, texts]) => onNetNamespace(name, severity, code, texts)),
  );
}

type Found = readonly [Severity, FindingCode, Texts];

/** What is wrong with who lists the IP today. */
function hostFindings({ egress }: Context, { name, today }: Group, ip: Ip): readonly Found[] {
  const reason = today.kind === 'normal' ? undefined : today.reasons.find(({ egressIP }) => egressIP === ip);
  const nodes = egress.fitting(ip);
  const tomorrow =
    nodes.length === 0
      ? `EgressIP ${name} requests it, but no node can have it.`
      : `EgressIP ${name} requests it, and OVN-Kubernetes may put it on ${listText(nodes)}: traffic begins to leave with it.`;
  switch (reason?.code) {
    case 'NoNodeHostsEgressIP':
      return [
        [
          'warning',
          'EgressIPUnhosted',
          [
            `No HostSubnet lists ${ip}: it is not in use.`,
            tomorrow,
            `Make sure that ${ip} may be used, or remove it from the NetNamespace.`,
          ],
        ],
      ];
    case 'EgressIPOnSeveralNodes':
      return [
        [
          'warning',
          'EgressIPOnSeveralNodes',
          [
            `HostSubnets ${listText(reason.nodes)} list ${ip}: no node has it.`,
            tomorrow,
            `Decide where ${ip} belongs and remove it from the other HostSubnets, to see before the switch whether it works.`,
          ],
        ],
      ];
    case 'SeveralEgressIPsOnOneNode':
      if (reason.egressIPs[0] !== ip) return []; // one finding for all of them
      return [
        [
          'warning',
          'SeveralEgressIPsOnOneNode',
          [
            `HostSubnet ${reason.node} lists ${listText(reason.egressIPs)}, which one namespace requests: none of them is in use.`,
            `OVN-Kubernetes puts them on different nodes and spreads the namespace's traffic over all of them.`,
            `Make sure that the outside accepts ${listText(reason.egressIPs)} from this namespace.`,
          ],
        ],
      ];
    default:
      return [];
  }
}

/** Whether no node may ever host the IP. */
function outsideFindings({ egress, machines }: Context, group: Group, ip: Ip): readonly Found[] {
  if (egress.doubtful(ip)) {
    return [
      [
        'warning',
        'EgressIPOutsideNetwork',
        [
          `${ip} is requested; no node that offers egress IPs has an address that begins alike, and nothing tells the prefix length of their networks.`,
          `If ${ip} is in none of their networks, it stays unassigned.`,
          'Name the networks with --machine-network CIDR and plan again.',
        ],
      ],
    ];
  }
  if (egress.fitting(ip).length > 0) return [];
  const able = [...machines.values()].filter(({ assignable, exists }) => assignable && exists);
  const networks = [...new Set(able.flatMap((machine) => machine.networks?.map(({ text }) => text) ?? []))].sort();
  const today = usesToday(group, ip) ? `${ip} is in use` : `${ip} is requested`;
  const severity = usesToday(group, ip) ? 'blocker' : 'warning';
  if (able.length === 0) {
    return [
      [
        severity,
        'NoAssignableNode',
        [
          `${today}, and no Node that exists has a HostSubnet with egressIPs or egressCIDRs.`,
          `No node bears the label k8s.ovn.org/egress-assignable, so ${ip} is never assigned.`,
          'Give a HostSubnet egressCIDRs or egressIPs, or label a node, and plan again.',
        ],
      ],
    ];
  }
  return [
    [
      severity,
      'EgressIPOutsideNetwork',
      [
        `${today}; the nodes that offer egress IPs are on ${listText(networks)}.`,
        `No labelled node's network holds ${ip}: it stays unassigned.`,
        `Offer egress IPs on a node whose network holds ${ip}, or request an address of ${listText(networks)}.`,
      ],
    ],
  ];
}

/** More IPs than nodes that can have them, or than these have room for. A blocker where a namespace may end with none. */
function tooMany({ egress }: Context, group: Group): readonly Finding[] {
  const { name, egressIPs, members, today } = group;
  const surplus = egressIPs.filter(
    (ip) => egress.fitting(ip).length > 0 && egress.prediction.allowed.get(ip)?.includes(null) !== false,
  );
  if (!hasObject(group) || surplus.length === 0) return [];
  const nodes = [...new Set(surplus.flatMap((ip) => egress.fitting(ip)))];
  const why =
    surplus.length > nodes.length
      ? 'one IP of an object a node'
      : 'one IP of an object a node, only nodes that are Ready, and no more than the cloud lets each have';
  const texts: Texts = [
    `Requested are ${listText(egressIPs)}; the nodes that can host them are ${listText(nodes)}.`,
    `Of ${listText(surplus)} in EgressIP ${name} some may stay unassigned: ${why}.`,
    'Offer egress IPs on more nodes, or request fewer.',
  ];
  const severity = today.kind === 'via' && !egress.served(group) ? 'blocker' : 'warning';
  return members
    .filter((one) => one.egressIPs.length > 0)
    .map((one) => onNetNamespace(one.name, severity, 'MoreEgressIPsThanNodes', texts));
}

/** A VNID whose traffic is dropped today opens, by a node's address or by an egress IP. */
function dropFindings({ egress, options, exists }: Context, group: Group): readonly Finding[] {
  if (group.today.kind !== 'dropped') return [];
  const today = `All traffic to the outside is dropped: ${[...new Set(group.today.reasons.map(reasonText))].slice(0, 3).join('; ')}.`;
  return group.members
    .filter(({ name }) => exists(name))
    .map(({ name }) => {
      if (egress.served(group)) {
        return onNetNamespace(name, 'info', 'DropBecomesEgressIP', [
          today,
          `Traffic leaves with an address of EgressIP ${group.name}: ${listText(group.egressIPs)}.`,
          'Make sure that the namespace may reach the outside.',
        ]);
      }
      if (options.keepClosed) {
        return onNetNamespace(name, 'info', 'DropBecomesNodeAddress', [
          today,
          'The EgressFirewall of the plan denies all but the nodes, so the namespace stays closed.',
          'Delete the EgressFirewall once an egress IP is assigned.',
        ]);
      }
      return onNetNamespace(name, 'warning', 'DropBecomesNodeAddress', [
        today,
        'OVN-Kubernetes drops nothing: while no egress IP is assigned, traffic leaves with the address of the node that the pod runs on.',
        'Mend the egress IPs, or plan with --keep-closed, which adds an EgressFirewall that denies all but the nodes.',
      ]);
    });
}

function joinedFindings(group: Group): readonly Finding[] {
  const names = group.members.map(({ name }) => name);
  if (names.length < 2) return [];
  const [first = ''] = names;
  const lists = new Set(group.members.map(({ egressIPs }) => egressIPs.join()));
  return [
    onNetNamespace(first, lists.size > 1 ? 'warning' : 'info', 'JoinedNamespaces', [
      `Namespaces ${listText(names)} share VNID ${group.vnid}, so all of them leave with ${listText(group.egressIPs)}${lists.size > 1 ? ', though their lists differ' : ''}.`,
      hasObject(group)
        ? `EgressIP ${group.name} selects ${listText(group.selected)} by name; a namespace that joins later is not among them.`
        : 'There is no EgressIP for them.',
      'Add namespaces to the EgressIP by hand from then on.',
    ]),
  ];
}
