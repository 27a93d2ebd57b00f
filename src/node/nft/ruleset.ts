/**
 * The nft tables of a node as values: fixed chains, and the sets and maps with everything that changes.
 *
 * Two tables enforce the first law and share nothing. `sdn_compat` works by marks: packets from tun0 have the mark of
 * their VNID, the first packet of a connection records it in conntrack as the owner, source NAT follows the owner, and
 * every later packet is compared with it. A connection that comes in to a pod has the pod's VNID as its owner, with which
 * the pod's answers are compared. `sdn_compat_guard` works by addresses alone: packets with a source in the pod
 * networks, or of a restricted pod with any source except its own egress IPs, do not leave the node, whatever the marks
 * are. On the userspace datapath a third table tells Open vSwitch who opened a connection (see `direction`).
 *
 * Packets that enter through tun0, and packets to pods, get the "seen" bits in their mark (see pipeline.ts). Without
 * these bits the routing guard lets nothing off the node, so a lost table closes the node instead of opening it.
 * Packets to pods need them too: with rp_filter on, the kernel looks up the return path as if the packet came from
 * tun0, with its own mark.
 */
import type { Cidr, Ip } from '../../model/values/address.ts';
import type { Uplink } from '../links/addresses.ts';
import { hex } from '../ovs/flow.ts';
import { noneAsked } from '../ovs/owner.ts';
import { ctMark, direction, podGroup, seenBit, tunDevice, unasked } from '../ovs/pipeline.ts';
import type { Datapath, PodOwners } from '../values/facts.ts';

/** The names of our tables in nft. */
export const nftTables = { nat: 'ip sdn_compat', guard: 'ip sdn_compat_guard', switch: 'netdev sdn_compat' } as const;

/** The sets that are filled together with the chains and do not change; both tables of family ip have them. */
export const networkSets = ['pod_networks', 'inside'] as const;

/** The input of the chains; when it changes, the tables are replaced in one transaction. */
export interface NftBase {
  readonly datapath: Datapath;
  readonly masqueradeBit: number | undefined;
  readonly cluster: readonly Cidr[];
  readonly service: Cidr;
  readonly subnet: Cidr;
  readonly vxlanPort: number;
  readonly nodeIP: Ip;
  readonly uplink: Pick<Uplink, 'device' | 'network'>;
}

/** The changing part. */
export interface NftElements {
  /** Source address by owner, that is, the VNID's mark as the node sees it. */
  readonly snat: ReadonlyMap<number, Ip>;
  /** Addresses that this node hosts. */
  readonly hosted: ReadonlySet<Ip>;
  /** Local pods whose VNID requests egress IPs. */
  readonly restricted: ReadonlySet<Ip>;
  /** The egress IP on this node of each restricted pod that has one. */
  readonly podSources: ReadonlyMap<Ip, Ip>;
  /** The pods of this node, and whose their connections are. */
  readonly pods: ReadonlyMap<Ip, PodOwners>;
  /** The addresses of all nodes. */
  readonly nodes: ReadonlySet<Ip>;
}

const clear = hex(~seenBit.clear >>> 0);
const seenMask = hex(seenBit.set | seenBit.clear);
const hasOwner = `ct mark & ${seenMask} == ${hex(seenBit.set)}`;
const isUnasked = `ct mark & ${hex(unasked.mask)} == ${hex(unasked.value)}`;
const isUnknown = `ct mark ${hex(unasked.unknown)}`;
const isLetIn = `ct mark & ${hex(ctMark.letIn)} == ${hex(ctMark.accepted)}`;
const setSeen = `meta mark set meta mark & ${clear} | ${hex(seenBit.set)}`;
const ended = hex(ctMark.ended);

function list(items: readonly string[]): string {
  return `{ ${items.join(', ')} }`;
}

function chain(name: string, hook: string | undefined, rules: readonly string[]): string[] {
  const type = hook === undefined ? [] : [`    type ${hook}; policy accept;`];
  return [`  chain ${name} {`, ...type, ...rules.map((rule) => `    ${rule}`), '  }'];
}

/** A table that replaces the existing one. */
function table(name: string, content: readonly string[]): string[] {
  return [`table ${name} {}`, `delete table ${name}`, `table ${name} {`, ...content, '}'];
}

function networks({ cluster, service }: NftBase): string[] {
  const inside = [...cluster, service].map(({ text }) => text);
  return [
    `  set pod_networks { type ipv4_addr; flags interval; elements = ${list(cluster.map(({ text }) => text))}; }`,
    `  set inside { type ipv4_addr; flags interval; elements = ${list(inside)}; }`,
  ];
}

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
  ...asNode(base),
];

/**
 * The source of what leaves: the owner's egress IP, or the node's address. A pod whose VNID requests egress IPs uses the
 * node's address only for what a Service sent to an address of the cluster itself.
 */
const owned: readonly string[] = [
  'ct mark . ip saddr @egress_sources accept',
  'ip daddr @nodes ct status dnat goto served',
  'ip daddr @nodes ct original ip daddr @inside goto served',
  'ct original ip saddr @asking_pods goto stranger',
  `${isUnasked} accept`,
  `${isUnknown} accept`,
  'goto stranger',
];

const served = ({ nodeIP }: NftBase): string[] => [
  `${isUnasked} ct mark set ct mark | ${hex(unasked.served)} accept`,
  `${isUnknown} accept`,
  `ip saddr ${nodeIP} accept`,
  'goto stranger',
];

/**
 * Answers from tun0 that leave the node, whatever Open vSwitch took them for: of a pod whose VNID requests egress IPs,
 * only to connections that came in to this VNID; of other nodes' pods, nothing about a connection (ICMP error).
 */
const answering = ({ subnet }: NftBase): string[] => [
  `iifname != "${tunDevice}" accept`,
  `oifname "${tunDevice}" accept`,
  'ct direction original accept',
  'ip saddr @asking_pods ip saddr . ct mark != @pod_answers drop',
  `ct state related ip saddr @pod_networks ip saddr != ${subnet.text} drop`,
];

/** Connections that come in to a pod, with each packet of the opener. */
const inbound = `oifname "${tunDevice}" ct direction original ct state new,established ct original ip saddr != @pod_networks jump came_in`;

/** Their owner. */
const cameIn: readonly string[] = ['ip daddr . ct mark @pod_answers return', 'ct mark set ip daddr map @pod_owners'];

/**
 * Answers from tun0. What Open vSwitch marks opens a connection: it is no answer to one that policies did not let in. But
 * Open vSwitch forgets connections sooner than the kernel (see `direction`). So it is recorded that a pod whose VNID
 * requests egress IPs has answered, while Open vSwitch knew that it may; such a connection goes on in the way it came.
 */
const answered: readonly string[] = [
  `ct state established ip saddr @asking_pods ip saddr . ct mark @pod_answers meta mark ${hex(noneAsked)} ct mark set ct mark | ${hex(ctMark.answered)}`,
  `ct state established ct mark & ${hex(ctMark.answered)} != 0 ip saddr . ct mark @pod_answers meta mark set ${hex(noneAsked)}`,
  `meta mark != ${hex(noneAsked)} drop`,
];

function natTable(base: NftBase): string[] {
  const untracked = [`udp dport ${base.vxlanPort} notrack`];
  const isNetdev = base.datapath === 'netdev';
  const fromBridge = [
    ...(isNetdev ? [`iifname "${tunDevice}" meta mark set @ll,64,32`] : []),
    `iifname "${tunDevice}" ${setSeen}`,
    `iifname "${tunDevice}" ct direction original jump owner`,
    `iifname "${tunDevice}" ct direction reply jump answered`,
  ];
  const toRoute = [`iifname "${tunDevice}" ${setSeen}`, `iifname != "${tunDevice}" ip daddr @pod_networks ${setSeen}`];
  const { opens, answers } = direction;
  const toBridge = [
    `oifname "${tunDevice}" ct direction original meta mark set ${hex(opens.mark)}`,
    `oifname "${tunDevice}" ct direction reply meta mark set ${hex(answers.mark)}`,
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
    ...chain('stranger', undefined, stranger),
    ...chain('unasked', undefined, unaskedOwner),
    ...chain('owner', undefined, owner),
    ...chain('answered', undefined, isNetdev ? answered : answered.slice(-1)),
    ...chain('came_in', undefined, cameIn),
    ...chain('unasked_source', undefined, unaskedSource(base)),
    ...chain('choose_source', undefined, chooseSource(base)),
    ...chain('served', undefined, served(base)),
    ...chain('owned', undefined, owned),
    ...chain('vxlan_in', 'filter hook prerouting priority raw', untracked),
    ...chain('vxlan_out', 'filter hook output priority raw', untracked),
    ...chain('from_bridge', 'filter hook prerouting priority mangle - 40', fromBridge),
    ...chain('to_route', 'filter hook prerouting priority 300', toRoute),
    ...chain('leaving', 'nat hook postrouting priority srcnat - 100', [
      `ip saddr @pod_networks ${hasOwner} jump choose_source`,
    ]),
    ...chain('answering', 'filter hook forward priority filter', answering(base)),
    ...chain('left', 'filter hook postrouting priority srcnat + 100', [
      inbound,
      `oifname != "${tunDevice}" ct direction original ip daddr != @inside ${hasOwner} jump owned`,
    ]),
    ...(isNetdev ? chain('to_bridge', 'filter hook postrouting priority 300', toBridge) : []),
  ]);
}

/** The sources that a pod's connection may leave with, by its addresses before and after NAT. */
function sources({ subnet }: NftBase): string[] {
  return [
    'ct original ip saddr . ip saddr @pod_sources accept',
    `ct original ip saddr != ${subnet.text} ip saddr @egress_hosted accept`,
    'ip saddr @egress_hosted drop',
    'fib saddr type != local drop',
    // what a Service sent to the cluster itself leaves as the node; rewriting without a trace (IPVS) is recognized by the
    // destination
    'ip daddr @node_addresses ct status dnat accept',
    'ip daddr @node_addresses ct original ip daddr @inside accept',
    'ct original ip saddr @restricted_pods drop',
    `ct original ip saddr != ${subnet.text} drop`,
  ];
}

/** Messages about connections that came in (ICMP errors), which leave: only a pod's own, and none of other nodes' pods. */
const errors = ({ subnet }: NftBase): string[] => [
  'ip saddr . ct reply ip saddr @pod_itself return',
  'ip saddr @restricted_pods drop',
  `ip saddr @pod_networks ip saddr != ${subnet.text} drop`,
];

function guardTable(base: NftBase): string[] {
  const forged = [
    `iifname "${tunDevice}" udp dport ${base.vxlanPort} drop`,
    // a Service turned it into VXLAN, whoever sent it
    `udp dport ${base.vxlanPort} ct original proto-dst != ${base.vxlanPort} drop`,
  ];
  const refused = 'reject with icmp type admin-prohibited';
  return table(nftTables.guard, [
    ...networks(base),
    '  set egress_hosted { type ipv4_addr; }',
    '  set restricted_pods { type ipv4_addr; }',
    '  set pod_sources { type ipv4_addr . ipv4_addr; }',
    '  set pod_itself { type ipv4_addr . ipv4_addr; }',
    '  set node_addresses { type ipv4_addr; }',
    ...chain('sources', undefined, sources(base)),
    ...chain('errors', undefined, errors(base)),
    ...chain('arriving', 'filter hook prerouting priority mangle - 40', [
      `iifgroup ${podGroup} drop`,
      `iifname != { "${tunDevice}", "lo" } ip saddr ${base.subnet.text} drop`,
    ]),
    ...chain('forward', 'filter hook forward priority filter', [
      ...forged,
      `iifname != "${tunDevice}" ct state new ct original ip daddr @egress_hosted ${refused}`,
      `iifname "${tunDevice}" ip saddr @pod_networks ip daddr != @inside ct state invalid,untracked drop`,
      `iifname "${tunDevice}" oifname != "${tunDevice}" ct direction reply ct state related jump errors`,
    ]),
    ...chain('inbound', 'filter hook input priority filter', [
      'iif "lo" accept',
      ...forged,
      `ip daddr @egress_hosted ct state new ${refused}`,
    ]),
    ...chain('leak_guard', 'filter hook postrouting priority srcnat + 100', [
      `oifname { "${tunDevice}", "lo" } accept`,
      'ct direction reply accept',
      'ip saddr @pod_networks drop',
      'ct original ip saddr @pod_networks jump sources',
    ]),
  ]);
}

/**
 * The table of the userspace datapath: it turns what the node's kernel knows about a packet into the source MAC, which
 * is all that Open vSwitch gets.
 */
export function switchTable(device: string = tunDevice): string[] {
  const rules = Object.values(direction).map(({ mark, mac }) => `meta mark ${hex(mark)} ether saddr set ${mac}`);
  return table(nftTables.switch, chain('to_bridge', `filter hook egress device "${device}" priority filter`, rules));
}

/** The tables of a node on this datapath. */
export function tablesOf(datapath: Datapath): string[] {
  const { nat, guard, switch: toSwitch } = nftTables;
  return datapath === 'netdev' ? [nat, guard, toSwitch] : [nat, guard];
}

/** The tables with their chains and empty sets, as input for `nft -f`; they replace the existing ones. */
export function renderBase(base: NftBase): string {
  return [...natTable(base), ...guardTable(base), ...(base.datapath === 'netdev' ? switchTable() : []), ''].join('\n');
}
