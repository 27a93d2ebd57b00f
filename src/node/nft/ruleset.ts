/**
 * The nft tables of a node as values: fixed chains, and the sets and maps that carry all that changes.
 *
 * Two tables hold the first law, and share nothing. `sdn_compat` goes by marks: what comes from tun0 bears the mark of
 * its VNID, a connection's first packet leaves it in conntrack as the owner, source NAT follows the owner, and every
 * later packet is held against it. `sdn_compat_guard` goes by addresses alone: a source in the pod networks, or a
 * restricted pod behind any source but its own egress IPs, does not leave the node, whatever marks say.
 * On the userspace datapath a third table tells Open vSwitch who opened a connection (see `direction`).
 *
 * What comes in by tun0 and what goes to pods gets the "seen" bits in its mark (see pipeline.ts): the routing guard lets
 * nothing off the node without them, so a lost table closes the node instead of opening it. Packets to pods need them
 * too: where rp_filter is on, the kernel looks the way back up as if it came from tun0, with the packet's own mark.
 */
import type { Cidr, Ip } from '../../model/address.ts';
import type { Uplink } from '../links/addresses.ts';
import { hex } from '../ovs/flow.ts';
import { noneAsked } from '../ovs/owner.ts';
import { acceptedMask, ctMark, direction, podGroup, seenBit, tunDevice } from '../ovs/pipeline.ts';
import type { Datapath } from '../values/facts.ts';

/** Our tables, as nft names them. */
export const nftTables = { nat: 'ip sdn_compat', guard: 'ip sdn_compat_guard', switch: 'netdev sdn_compat' } as const;

/** The sets that are filled with the chains, and stay as they are; each is in both tables of family ip. */
export const networkSets = ['pod_networks', 'inside'] as const;

/** What the chains are made from; a change of it replaces the tables in one transaction. */
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

/** What changes from moment to moment. */
export interface NftElements {
  /** Source address by owner: the VNID's mark as the node sees it. */
  readonly snat: ReadonlyMap<number, Ip>;
  /** Addresses that this node hosts. */
  readonly hosted: ReadonlySet<Ip>;
  /** Local pods whose VNID requests egress IPs. */
  readonly restricted: ReadonlySet<Ip>;
  /** The egress IP here of each of them that has one. */
  readonly podSources: ReadonlyMap<Ip, Ip>;
}

const clear = hex(~seenBit.clear >>> 0);
const seenMask = hex(seenBit.set | seenBit.clear);
const hasOwner = `ct mark & ${seenMask} == ${hex(seenBit.set)}`;
const setSeen = `meta mark set meta mark & ${clear} | ${hex(seenBit.set)}`;
const ended = hex(ctMark.ended);

function list(items: readonly string[]): string {
  return `{ ${items.join(', ')} }`;
}

function chain(name: string, hook: string | undefined, rules: readonly string[]): string[] {
  const type = hook === undefined ? [] : [`    type ${hook}; policy accept;`];
  return [`  chain ${name} {`, ...type, ...rules.map((rule) => `    ${rule}`), '  }'];
}

/** A table that replaces the one that was there. */
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
 * Source NAT to an address of the node. Masquerading takes the first address that the kernel has of the network it
 * sends into; in the node's own network that may be an egress IP, once the node's address was removed and added again.
 */
function asNode({ nodeIP, uplink: { device, network } }: NftBase): string[] {
  return [`oifname "${device}" rt ip nexthop ${network.text} snat to ${nodeIP}`, 'masquerade'];
}

/**
 * The owner of what comes from tun0: noted with the first packet, compared with each later one. A connection without
 * one, begun under an older agent or marked by another program, gets the packet's when it is translated to what that
 * owner may have now. A message about a connection (ICMP errors) that is not its owner's is dropped, and the connection
 * goes on: anybody can send one.
 */
function owner(): string[] {
  return [
    `ct mark ${ended} goto stranger`,
    'ct state new ct mark 0x0 ct mark set meta mark return',
    `meta mark ${hex(noneAsked)} ct mark ${hex(noneAsked)} return`,
    'meta mark . ct mark @owners return',
    'ct state related drop',
    `${hasOwner} goto stranger`,
    `ct mark & ${hex(acceptedMask)} == ${hex(ctMark.accepted)} return`,
    `meta mark ${hex(noneAsked)} ct mark set meta mark return`,
    'meta mark . ct reply ip daddr @egress_sources ct mark set meta mark return',
    'goto stranger',
  ];
}

/** A connection with a packet that may not pass: it is to end, and the agent hears of it by a trace. */
const stranger: readonly string[] = [
  `ct mark set ${ended}`,
  'limit rate over 10/second burst 5 packets drop',
  'meta nftrace set 1',
  'drop',
];

function chooseSource(base: NftBase): string[] {
  const masqueraded =
    base.masqueradeBit === undefined ? [] : [`meta mark & ${hex((1 << base.masqueradeBit) >>> 0)} != 0 accept`];
  return [
    ...masqueraded,
    `ip daddr @inside ct mark != ${hex(noneAsked)} masquerade`,
    'ip daddr @inside accept',
    'snat to ct mark map @egress_snat',
    `ct mark != ${hex(noneAsked)} drop`,
    `ip saddr != ${base.subnet.text} drop`,
    ...asNode(base),
  ];
}

function natTable(base: NftBase): string[] {
  const untracked = [`udp dport ${base.vxlanPort} notrack`];
  const isNetdev = base.datapath === 'netdev';
  const fromBridge = [
    ...(isNetdev ? [`iifname "${tunDevice}" meta mark set @ll,64,32`] : []),
    `iifname "${tunDevice}" ${setSeen}`,
    `iifname "${tunDevice}" ct direction original jump owner`,
    // what Open vSwitch marks opens a connection; the answer to one that policies did not let in is none
    `iifname "${tunDevice}" ct direction reply meta mark != ${hex(noneAsked)} drop`,
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
    ...chain('stranger', undefined, stranger),
    ...chain('owner', undefined, owner()),
    ...chain('choose_source', undefined, chooseSource(base)),
    ...chain('owned', undefined, [
      'ct mark . ip saddr @egress_sources accept',
      `ct status dnat ip saddr ${base.nodeIP} accept`,
      'goto stranger',
    ]),
    ...chain('vxlan_in', 'filter hook prerouting priority raw', untracked),
    ...chain('vxlan_out', 'filter hook output priority raw', untracked),
    ...chain('from_bridge', 'filter hook prerouting priority mangle - 40', fromBridge),
    ...chain('to_route', 'filter hook prerouting priority 300', toRoute),
    ...chain('leaving', 'nat hook postrouting priority srcnat - 100', [
      `ip saddr @pod_networks ${hasOwner} jump choose_source`,
    ]),
    ...chain('left', 'filter hook postrouting priority srcnat + 100', [
      `oifname != "${tunDevice}" ct direction original ip daddr != @inside ${hasOwner} ct mark != ${hex(noneAsked)} jump owned`,
    ]),
    ...(isNetdev ? chain('to_bridge', 'filter hook postrouting priority 300', toBridge) : []),
  ]);
}

/** Where a pod's connection may leave from, by the addresses it has before and after NAT. */
function sources({ subnet }: NftBase): string[] {
  return [
    'ct original ip saddr . ip saddr @pod_sources accept',
    `ct original ip saddr != ${subnet.text} ip saddr @egress_hosted accept`,
    'ip saddr @egress_hosted drop',
    'fib saddr type != local drop',
    // what a Service rewrote leaves as the node; one that leaves no trace of that (IPVS) is known by where it went
    'ct status dnat accept',
    'ct original ip daddr @inside accept',
    'ct original ip saddr @restricted_pods drop',
    `ct original ip saddr != ${subnet.text} drop`,
  ];
}

function guardTable(base: NftBase): string[] {
  const forged = [
    `iifname "${tunDevice}" udp dport ${base.vxlanPort} drop`,
    // whoever sent it, a Service made VXLAN of something else
    `udp dport ${base.vxlanPort} ct original proto-dst != ${base.vxlanPort} drop`,
  ];
  const refused = 'reject with icmp type admin-prohibited';
  return table(nftTables.guard, [
    ...networks(base),
    '  set egress_hosted { type ipv4_addr; }',
    '  set restricted_pods { type ipv4_addr; }',
    '  set pod_sources { type ipv4_addr . ipv4_addr; }',
    ...chain('sources', undefined, sources(base)),
    ...chain('arriving', 'filter hook prerouting priority mangle - 40', [
      `iifgroup ${podGroup} drop`,
      `iifname != { "${tunDevice}", "lo" } ip saddr ${base.subnet.text} drop`,
    ]),
    ...chain('forward', 'filter hook forward priority filter', [
      ...forged,
      `iifname != "${tunDevice}" ct state new ct original ip daddr @egress_hosted ${refused}`,
      `iifname "${tunDevice}" ip saddr @pod_networks ip daddr != @inside ct state invalid,untracked drop`,
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

/** The table of the userspace datapath: what the node's kernel says of a packet becomes its source MAC, which is all that Open vSwitch gets of it. */
export function switchTable(device: string = tunDevice): string[] {
  const rules = Object.values(direction).map(({ mark, mac }) => `meta mark ${hex(mark)} ether saddr set ${mac}`);
  return table(nftTables.switch, chain('to_bridge', `filter hook egress device "${device}" priority filter`, rules));
}

/** The tables that a node has on a datapath. */
export function tablesOf(datapath: Datapath): string[] {
  const { nat, guard, switch: toSwitch } = nftTables;
  return datapath === 'netdev' ? [nat, guard, toSwitch] : [nat, guard];
}

/** The tables with their chains and empty sets, as `nft -f` takes them; what was there before is replaced. */
export function renderBase(base: NftBase): string {
  return [...natTable(base), ...guardTable(base), ...(base.datapath === 'netdev' ? switchTable() : []), ''].join('\n');
}
