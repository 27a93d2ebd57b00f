/** Nodes that may host egress IPs: their label, the CIDRs kept for the way back, and what is wrong with them. */
import { apiVersionOf, hostSubnets, nodes } from '../../../../api/kinds.ts';
import { familyOf } from '../../../model/address.ts';
import type { HostSubnet } from '../../../model/hostsubnet.ts';
import { lossText } from '../../../model/hostsubnets.ts';
import type { KubeObject } from '../../../model/objects.ts';
import { type Finding, type FindingCode, onCluster, type Severity, type Texts } from '../../finding.ts';
import { listText } from '../../lists.ts';
import { type ObjectRef } from '../../ref.ts';
import { objectsOf } from '../../snapshot.ts';
import type { Change, Part } from '../../translation.ts';
import { assignableLabel } from '../context/annotations.ts';
import { clashes } from '../context/conflicts.ts';
import type { Context } from '../context/context.ts';
import { hasLabel, type Machine, wantsEgress } from '../context/machines.ts';

/** Where the vendor's migration keeps a node's egress CIDRs, and ours too. */
export const cidrsAnnotation = 'networkoperator.openshift.io/sdn-to-ovn-migration';

const assignSubnetAnnotation = 'pod.network.openshift.io/assign-subnet';

/** The part of the translation that labels nodes, with what it says about HostSubnets and Nodes. */
export function nodePart(context: Context): Part {
  const machines = [...context.machines.values()];
  const made = machines.flatMap(labelOf);
  return {
    changes: made.map(({ object, from }): Change => ({ action: 'apply', step: 'label-nodes', object, from })),
    findings: [
      ...made.flatMap(({ object }) => clashes(context.snapshot, object)),
      ...machines.flatMap((machine) => machineFindings(context, machine)),
      ...absentFindings(context),
      ...unknownNetworks(context),
    ],
  };
}

function labelOf({
  name,
  hostSubnet,
  exists,
}: Machine): readonly { readonly object: KubeObject; readonly from: readonly ObjectRef[] }[] {
  if (hostSubnet === undefined || !wantsEgress(hostSubnet) || !exists) return [];
  const { egressCIDRs } = hostSubnet;
  const annotations =
    egressCIDRs.length === 0
      ? {}
      : { annotations: { [cidrsAnnotation]: JSON.stringify({ EgressCIDRs: egressCIDRs.map(({ text }) => text) }) } };
  const object: KubeObject = {
    apiVersion: apiVersionOf(nodes),
    kind: nodes.kind,
    metadata: { name, labels: { [assignableLabel]: '' }, ...annotations },
  };
  return [{ object, from: [{ apiVersion: apiVersionOf(hostSubnets), kind: hostSubnets.kind, name }] }];
}

type Found = readonly [Severity, FindingCode, Texts];

function machineFindings(context: Context, machine: Machine): readonly Finding[] {
  const { name, node, hostSubnet } = machine;
  const onNode = node === undefined ? [] : nodeFindings(machine);
  const onSubnet =
    hostSubnet === undefined
      ? []
      : [...existence(context, machine), ...listFindings(context, hostSubnet), ...standby(hostSubnet)];
  return [
    ...onNode.map((one) => onCluster('Node', name, one)),
    ...onSubnet.map((one) => onCluster('HostSubnet', name, one)),
  ];
}

/** HostSubnets without a Node, meant so or not. */
function existence(context: Context, { name, exists, hostSubnet }: Machine): readonly Found[] {
  if (exists || hostSubnet === undefined) return [];
  const raw = objectsOf(context.snapshot, hostSubnets).find(({ metadata }) => metadata.name === name);
  if (raw?.metadata.annotations?.[assignSubnetAnnotation] !== undefined) {
    return [
      [
        'warning',
        'SubnetHost',
        [
          `HostSubnet ${name} gives a host outside the cluster (${hostSubnet.hostIP}) the pod subnet ${hostSubnet.subnet.text} over VXLAN.`,
          'OVN-Kubernetes has no such hosts: pods no longer reach it, nor it them.',
          `Give ${hostSubnet.hostIP} another way into the cluster, a Service of type LoadBalancer for instance.`,
        ],
      ],
    ];
  }
  const ips = hostSubnet.egressIPs.length === 0 ? '' : ` It lists ${listText(hostSubnet.egressIPs)}.`;
  return [
    [
      'warning',
      'NodeMissing',
      [
        `HostSubnet ${name} (${hostSubnet.hostIP}) has no Node.${ips}`,
        'There is no node to label, so nothing is hosted there; its egress IPs go to other nodes that fit.',
        `Delete HostSubnet ${name} if the node is gone for good.`,
      ],
    ],
  ];
}

function standby({ name, egressIPs, egressCIDRs }: HostSubnet): readonly Found[] {
  if (egressCIDRs.length === 0 || egressIPs.length > 0) return [];
  const cidrs = listText(egressCIDRs.map(({ text }) => text));
  return [
    [
      'info',
      'StandbyNode',
      [
        `${name} may host egress IPs of ${cidrs} and hosts none.`,
        'It gets the label too, and may be given egress IPs at once, not only when another node fails.',
        'Nothing, unless it must stay empty; then take its label away.',
      ],
    ],
  ];
}

/** IPs that are listed and that nobody requests. */
function listFindings({ requested }: Context, { name, egressIPs, egressCIDRs }: HostSubnet): readonly Found[] {
  const unused = egressIPs.filter((ip) => !requested.has(ip));
  if (unused.length === 0 || egressCIDRs.length > 0) return [];
  return [
    [
      'info',
      'EgressIPUnrequested',
      [
        `HostSubnet ${name} lists ${listText(unused)}, which no NetNamespace requests.`,
        'No EgressIP has it.',
        'Nothing, if it is of no use any more.',
      ],
    ],
  ];
}

function nodeFindings(machine: Machine): readonly Found[] {
  const { name, node, hostSubnet, ready, assignable, leftovers, addresses } = machine;
  const found: Found[] = [];
  if (assignable && !ready) {
    const ips = hostSubnet?.egressIPs ?? [];
    const today = `Node ${name} is not Ready${ips.length === 0 ? '.' : `, so ${listText(ips)} on it is not in use.`}`;
    found.push([
      'warning',
      'NodeUnready',
      [
        today,
        'OVN-Kubernetes gives it no egress IP until it is Ready and reachable; the others take its share, and give nothing back later.',
        `Repair node ${name} or remove it, and plan again.`,
      ],
    ]);
  }
  if (hasLabel(node) && !wantsEgress(hostSubnet)) {
    found.push([
      'warning',
      'NodeAlreadyAssignable',
      [
        `Node ${name} bears the label ${assignableLabel}; its HostSubnet offers no egress IP.`,
        'OVN-Kubernetes takes it into the pool of nodes that host egress IPs.',
        `Take the label away if ${name} must not host egress IPs.`,
      ],
    ]);
  }
  if (leftovers.length > 0) {
    found.push([
      'warning',
      'AddressOnNIC',
      [
        `${listText(leftovers)} is on an interface of node ${name}, and counts among the node's addresses.`,
        'OVN-Kubernetes takes it for an address of the node and never assigns it while it is there.',
        `Remove it from the interface when OpenShift SDN has gone (ip address del), or reboot ${name}, before EgressIPs are created.`,
      ],
    ]);
  }
  const more = addresses.filter((ip) => familyOf(ip) === 4).slice(1);
  if (assignable && more.length > 0) {
    found.push([
      'info',
      'AddressOnNIC',
      [
        `Node ${name} has more than one address: ${listText(addresses)}.`,
        `OVN-Kubernetes hosts egress IPs of the network of the first, and none of these is ever assigned as one.`,
        'Check that the first is on the network that the egress IPs are of.',
      ],
    ]);
  }
  return found;
}

function absentFindings({ cluster }: Context): readonly Finding[] {
  return [
    ...cluster.invalidHostSubnets.map(({ name, problems }) =>
      absentFinding(
        name,
        problems.map(({ field, reason }) => `${field}: ${reason}`),
      ),
    ),
    ...cluster.lostSubnets
      .filter(({ loser }) => !cluster.invalidHostSubnets.some(({ name }) => name === loser.name))
      .map((lost) => absentFinding(lost.loser.name, [`subnet: ${lossText(lost)}`])),
  ];
}

function absentFinding(name: string, problems: readonly string[]): Finding {
  const reasons = listText(problems);
  return onCluster('HostSubnet', name, [
    'warning',
    'HostSubnetInvalid',
    [
      `${reasons}; it counts as absent, and what it lists is not hosted.`,
      'Its node gets no label.',
      'Correct the HostSubnet and plan again.',
    ],
  ]);
}

/** One finding for all nodes whose prefix length nothing tells. */
function unknownNetworks({ machines }: Context): readonly Finding[] {
  const unknown = [...machines.values()]
    .filter(({ assignable, exists, network }) => assignable && exists && network === undefined)
    .map(({ name }) => name);
  const [first] = unknown;
  if (first === undefined) return [];
  return [
    onCluster('Node', first, [
      'warning',
      'NodeNetworkUnknown',
      [
        `Nothing in the input tells the prefix length of the addresses of ${listText(unknown)}.`,
        'The prediction takes it that their networks hold every egress IP; OVN-Kubernetes assigns only those that they do hold.',
        'Name the networks with --machine-network CIDR and plan again.',
      ],
    ]),
  ];
}
