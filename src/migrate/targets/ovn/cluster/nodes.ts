/** Labels nodes that may host egress IPs, keeps their CIDRs for the way back, and reports what is wrong with them. */
import { apiVersionOf, hostSubnets, nodes } from '../../../../../api/kinds.ts';
import { lostText } from '../../../../model/allocation/hostsubnets.ts';
import type { HostSubnet } from '../../../../model/objects/hostsubnet.ts';
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { assignSubnetAnnotation } from '../../../../model/objects/well-known.ts';
import { familyOf } from '../../../../model/values/address.ts';
import type { Finding } from '../../../findings/finding.ts';
import { hostSubnetInvalid } from '../../../findings/input.ts';
import {
  addressOnNIC,
  egressIPUnrequested,
  nodeAlreadyAssignable,
  nodeMissing,
  nodeNetworkUnknown,
  nodeUnready,
  severalAddresses,
  standbyNode,
  subnetHost,
} from '../../../findings/nodes.ts';
import { type ObjectRef, refNamed } from '../../../ref.ts';
import type { Change, Part } from '../../../translation.ts';
import { clashes } from '../conflicts.ts';
import type { Context } from '../context.ts';
import { assignableLabel } from '../marks/annotations.ts';
import { cidrsAnnotation } from '../marks/origin.ts';
import { hasLabel, type OvnNode, wantsEgress } from '../ovn-nodes.ts';

/** Plans the labels of nodes, with findings on HostSubnets and Nodes. */
export function nodePart(context: Context): Part {
  const ovnNodes = [...context.ovnNodes.values()];
  const made = ovnNodes.flatMap(labelOf);
  return {
    changes: made.map(({ object, from }): Change => ({ action: 'apply', step: 'label-nodes', object, from })),
    findings: [
      ...made.flatMap(({ object }) => clashes(context.snapshot, object)),
      ...ovnNodes.flatMap((ovnNode) => findingsOf(context, ovnNode)),
      ...absentFindings(context),
      ...unknownNetworks(context),
    ],
  };
}

function labelOf({
  name,
  hostSubnet,
  exists,
}: OvnNode): readonly { readonly object: KubeObject; readonly from: readonly ObjectRef[] }[] {
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
  return [{ object, from: [refNamed(hostSubnets, name)] }];
}

function findingsOf(context: Context, ovnNode: OvnNode): readonly Finding[] {
  const { node, hostSubnet } = ovnNode;
  return [
    ...(node === undefined ? [] : nodeFindings(ovnNode)),
    ...(hostSubnet === undefined
      ? []
      : [...existence(context, ovnNode), ...listFindings(context, hostSubnet), ...standby(context, hostSubnet)]),
  ];
}

/** Findings on HostSubnets without a Node, intended or not. */
function existence(context: Context, { name, exists, hostSubnet }: OvnNode): readonly Finding[] {
  if (exists || hostSubnet === undefined) return [];
  const { hostIP, egressIPs, subnet } = hostSubnet;
  const raw = context.snapshot.hostSubnets.find(({ metadata }) => metadata.name === name);
  return raw?.metadata.annotations?.[assignSubnetAnnotation] === undefined
    ? [nodeMissing({ name, hostIP, egressIPs })]
    : [subnetHost({ name, hostIP, subnet: subnet.text })];
}

function standby({ kept }: Context, { name, egressIPs, egressCIDRs }: HostSubnet): readonly Finding[] {
  if (egressCIDRs.length === 0 || egressIPs.length > 0) return [];
  return [standbyNode({ name, cidrs: egressCIDRs.map(({ text }) => text), isLast: kept.expected.size > 0 })];
}

/** Findings on listed IPs that nobody requests. */
function listFindings({ requested }: Context, { name, egressIPs, egressCIDRs }: HostSubnet): readonly Finding[] {
  const unused = egressIPs.filter((ip) => !requested.has(ip));
  return unused.length === 0 || egressCIDRs.length > 0 ? [] : [egressIPUnrequested({ name, ips: unused })];
}

function nodeFindings(ovnNode: OvnNode): readonly Finding[] {
  const { name, node, hostSubnet, ready, assignable, leftovers, addresses } = ovnNode;
  const isPooled = hasLabel(node) && !wantsEgress(hostSubnet);
  const hasMore = addresses.filter((ip) => familyOf(ip) === 4).length > 1;
  return [
    ...(assignable && !ready ? [nodeUnready({ name, egressIPs: hostSubnet?.egressIPs ?? [] })] : []),
    ...(isPooled ? [nodeAlreadyAssignable({ name, label: assignableLabel })] : []),
    ...(leftovers.length > 0 ? [addressOnNIC({ name, ips: leftovers })] : []),
    ...(assignable && hasMore ? [severalAddresses({ name, addresses })] : []),
  ];
}

function absentFindings({ cluster }: Context): readonly Finding[] {
  return [
    ...cluster.invalidHostSubnets.map(({ name, problems }) => hostSubnetInvalid({ name, problems })),
    ...cluster.lostSubnets
      .filter(({ loser }) => !cluster.invalidHostSubnets.some(({ name }) => name === loser.name))
      .map((lost) =>
        hostSubnetInvalid({ name: lost.loser.name, problems: [{ field: 'subnet', reason: lostText(lost) }] }),
      ),
  ];
}

/** Makes one finding for all nodes whose prefix length is unknown. */
function unknownNetworks({ ovnNodes }: Context): readonly Finding[] {
  const unknown = [...ovnNodes.values()]
    .filter(({ assignable, exists, network }) => assignable && exists && network === undefined)
    .map(({ name }) => name);
  const [first] = unknown;
  return first === undefined ? [] : [nodeNetworkUnknown({ name: first, names: unknown })];
}
