/** The table `sdn_compat`, which works by marks: owners of connections, and source NAT that follows the owner. */
import { hex } from '../ovs/flow.ts';
import { noneAsked } from '../ovs/owner.ts';
import { ctMark, direction, hookPriority, seenBit, tunDevice, unasked } from '../ovs/pipeline.ts';
import { gatewayOf } from '../values/addressing.ts';
import { chain, finerChains, networks, type NftBase, nftTables, noNodePort, table } from './vocabulary.ts';

const clear = hex(~seenBit.clear >>> 0);
const seenMask = hex(seenBit.set | seenBit.clear);
const hasOwner = `ct mark & ${seenMask} == ${hex(seenBit.set)}`;
const isUnasked = `ct mark & ${hex(unasked.mask)} == ${hex(unasked.value)}`;
const isUnknown = `ct mark ${hex(unasked.unknown)}`;
const isLetIn = `ct mark & ${hex(ctMark.letIn)} == ${hex(ctMark.accepted)}`;
const setSeen = `meta mark set meta mark & ${clear} | ${hex(seenBit.set)}`;
const ended = hex(ctMark.ended);

/**
 * Source NAT to an address of the node. Masquerading uses the kernel's first address of the destination network. In the
 * node's own network this may be an egress IP, after the node's address was removed and added again.
 */
function asNode({ nodeIP, uplink: { device, network } }: NftBase): string[] {
  return [`oifname "${device}" rt ip nexthop ${network.text} snat to ${nodeIP}`, 'masquerade'];
}

/**
 * The owner of a connection from tun0: recorded with the first packet and compared with each later one. A connection
 * without an owner, opened under an older agent or marked by another program, gets the packet's owner if it is
 * translated to what that owner may use now. A message about a connection (ICMP error) from somebody else is dropped,
 * and the connection continues, because anybody can send one.
 */
const owner: readonly string[] = [
  `ct mark ${ended} goto stranger`,
  `meta mark ${hex(noneAsked)} goto unasked`,
  'ct state new ct mark 0x0 ct mark set meta mark return',
  'meta mark . ct mark @owners return',
  'ct state related drop',
  `${hasOwner} goto stranger`,
  `${isLetIn} return`,
  'meta mark . ct reply ip daddr @egress_sources ct mark set meta mark return',
  'goto stranger',
];

/** The same for packets of pods whose VNID requests no egress IP; the owner has the VNID all the same. */
const unaskedOwner: readonly string[] = [
  `${isUnasked} return`,
  `${isUnknown} return`,
  'ct state related drop',
  `${hasOwner} goto stranger`,
  `${isLetIn} return`,
  'ct mark set ip saddr map @pod_unasked return',
  `ct mark set ${hex(unasked.unknown)}`,
];

/** Marks a connection with a forbidden packet to end; a trace tells the agent. */
const stranger: readonly string[] = [
  `ct mark set ${ended}`,
  'limit rate over 10/second burst 5 packets drop',
  'meta nftrace set 1',
  'drop',
];

function chooseSource({ masqueradeBit }: NftBase): string[] {
  const bit = masqueradeBit === undefined ? undefined : hex((1 << masqueradeBit) >>> 0);
  return [
    ...(bit === undefined ? [] : [`meta mark & ${bit} != 0 accept`]),
    `${isUnasked} goto unasked_source`,
    `${isUnknown} goto unasked_source`,
    'ip daddr @inside masquerade',
    'snat to ct mark map @egress_snat',
    'drop',
  ];
}

const unaskedSource = (base: NftBase): string[] => [
  'ip daddr @inside accept',
  `ip saddr != ${base.subnet.text} drop`,
  'goto as_node',
];

/**
 * The source of what leaves: the owner's egress IP, or the node's address. A pod whose VNID requests egress IPs uses
 * the node's address only for what finer rules do not cover, and for what a Service sent to an address of the cluster
 * itself, and not to a node port there, because that may lead outside.
 */
const owned = (base: NftBase): string[] => [
  'ct mark . ip saddr @egress_sources accept',
  `ip daddr @nodes ${noNodePort(base)} ct status dnat goto served`,
  `ip daddr @nodes ${noNodePort(base)} ct original ip daddr @inside goto served`,
  'ct original ip saddr @asking_pods goto asking',
  `${isUnasked} accept`,
  `${isUnknown} accept`,
  'goto stranger',
];

/** A pod whose VNID requests egress IPs leaves as the node only where finer rules of its VNID do not cover it. */
const asking: readonly string[] = ['ct original ip saddr . ct mark vmap @owner_rules', 'goto stranger'];

const served = ({ nodeIP }: NftBase): string[] => [
  `${isUnasked} ct mark set ct mark | ${hex(unasked.served)} accept`,
  `${isUnknown} accept`,
  `ip saddr ${nodeIP} accept`,
  'goto stranger',
];

/**
 * Answers from tun0 that leave the node, whatever Open vSwitch took them for: of a pod whose VNID requests egress IPs,
 * only to connections that came in to this VNID; of other nodes' pods, nothing about a connection (ICMP error). On the
 * kernel's datapath Open vSwitch marks in this table of connections what policies let in to any pod: what the pod sends
 * in a connection without a mark is no answer, and has the pod's own address.
 */
const answering = ({ subnet, datapath }: NftBase): string[] => [
  `iifname != "${tunDevice}" accept`,
  `oifname "${tunDevice}" accept`,
  'ct direction original accept',
  'ip saddr @asking_pods ip saddr . ct mark != @pod_answers drop',
  ...(datapath === 'system' ? [`ip saddr ${subnet.text} ct mark 0x0 drop`] : []),
  `ct state related ip saddr @pod_networks ip saddr != ${subnet.text} drop`,
];

/**
 * Connections that come in to a pod, with each packet of the opener, on the userspace datapath. On the kernel's, Open
 * vSwitch records them in this table of connections, once the policies have let them in.
 */
const inbound = `oifname "${tunDevice}" ct direction original ct state new,established ct original ip saddr != @pod_networks jump came_in`;

/** Their owner. */
const cameIn: readonly string[] = ['ip daddr . ct mark @pod_answers return', 'ct mark set ip daddr map @pod_owners'];

/**
 * Answers from tun0. What Open vSwitch marks opens a connection: it is no answer to one that policies did not let in.
 * But Open vSwitch forgets connections sooner than the kernel (see `direction`). So it is recorded that a pod whose
 * VNID requests egress IPs has answered, while Open vSwitch knew that it may; such a connection goes on in the way it
 * came.
 */
const answered: readonly string[] = [
  `ct state established ip saddr @asking_pods ip saddr . ct mark @pod_answers meta mark ${hex(noneAsked)} ct mark set ct mark | ${hex(ctMark.answered)}`,
  `ct state established ct mark & ${hex(ctMark.answered)} != 0 ip saddr . ct mark @pod_answers meta mark set ${hex(noneAsked)}`,
  `meta mark != ${hex(noneAsked)} drop`,
];

/** The table with its chains and empty sets; it replaces the existing one. */
export function natTable(base: NftBase): string[] {
  const untracked = [`udp dport ${base.vxlanPort} notrack`];
  const isNetdev = base.datapath === 'netdev';
  const fromBridge = [
    `iifname != "${tunDevice}" accept`,
    ...(isNetdev ? ['meta mark set @ll,64,32'] : []),
    setSeen,
    'ct direction original jump owner',
    'ct direction reply jump answered',
  ];
  const toRoute = [`iifname "${tunDevice}" ${setSeen}`, `iifname != "${tunDevice}" ip daddr @pod_networks ${setSeen}`];
  const { opens, answers } = direction;
  const toBridge = [
    `oifname != "${tunDevice}" accept`,
    `ct direction original meta mark set ${hex(opens.mark)}`,
    `ct direction reply meta mark set ${hex(answers.mark)}`,
  ];
  return table(nftTables.nat, [
    ...networks(base),
    '  map egress_snat { type mark : ipv4_addr; }',
    '  set egress_sources { type mark . ipv4_addr; }',
    '  set owners { type mark . mark; }',
    '  map pod_owners { type ipv4_addr : mark; }',
    '  map pod_unasked { type ipv4_addr : mark; }',
    '  set pod_answers { type ipv4_addr . mark; }',
    '  set asking_pods { type ipv4_addr; }',
    '  set nodes { type ipv4_addr; }',
    '  map owner_rules { type ipv4_addr . mark : verdict; }',
    ...chain('stranger', undefined, stranger),
    ...chain('unasked', undefined, unaskedOwner),
    ...chain('owner', undefined, owner),
    ...chain('answered', undefined, isNetdev ? answered : answered.slice(-1)),
    ...(isNetdev ? chain('came_in', undefined, cameIn) : []),
    ...chain('as_node', undefined, asNode(base)),
    ...chain('unasked_source', undefined, unaskedSource(base)),
    ...chain('choose_source', undefined, chooseSource(base)),
    ...chain('served', undefined, served(base)),
    ...finerChains(base, nftTables.nat),
    ...chain('asking', undefined, asking),
    ...chain('owned', undefined, owned(base)),
    ...chain('vxlan_in', `filter hook prerouting priority ${hookPriority.untracked}`, untracked),
    ...chain('vxlan_out', `filter hook output priority ${hookPriority.untracked}`, untracked),
    ...chain('from_bridge', `filter hook prerouting priority ${hookPriority.arriving}`, fromBridge),
    ...chain('to_route', `filter hook prerouting priority ${hookPriority.last}`, toRoute),
    ...chain('leaving', `nat hook postrouting priority ${hookPriority.sourceNat}`, [
      `ip saddr @pod_networks ${hasOwner} jump choose_source`,
      // the node itself begins with this address what it sends to a Service, whose endpoint may be beyond tun0
      `oifname != { "${tunDevice}", "lo" } ip saddr ${gatewayOf(base.subnet)} goto as_node`,
    ]),
    ...chain('answering', `filter hook forward priority ${hookPriority.filter}`, answering(base)),
    ...chain('left', `filter hook postrouting priority ${hookPriority.afterNat}`, [
      ...(isNetdev ? [inbound] : []),
      `oifname != "${tunDevice}" ct direction original ${hasOwner} ip daddr != @inside jump owned`,
    ]),
    ...(isNetdev ? chain('to_bridge', `filter hook postrouting priority ${hookPriority.last}`, toBridge) : []),
  ]);
}
