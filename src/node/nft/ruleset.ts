/**
 * The nft table of a node as values: the fixed chains, and the sets and maps that carry all that changes. Reading a
 * chain from top to bottom gives the rules of the data path in order.
 *
 * What comes in by tun0 gets the "seen" bits in its mark (see pipeline.ts): the routing guard lets nothing off the
 * node without them, so a lost table closes the node instead of opening it. A connection's first packet decides its
 * source (chain `leaving`); every packet is looked at once more after NAT (chain `leak_guard`), which also stops what
 * conntrack would still translate to an address that is no longer requested.
 */
import type { Cidr, Ip } from '../../model/address.ts';
import { hex } from '../ovs/flow.ts';
import { seenBit, tunDevice } from '../ovs/pipeline.ts';
import type { Datapath } from '../facts.ts';
import type { Uplink } from '../links/addresses.ts';

export const nftTable = 'sdn_compat';

/** The sets that are filled with the chains, and stay as they are. */
export const networkSets = ['pod_networks', 'inside'] as const;

/** What the chains are made from; a change of it replaces the whole table in one transaction. */
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
  /** Source address by mark, as the node sees the mark (with the seen bits). */
  readonly snat: ReadonlyMap<number, Ip>;
  /** Addresses that this node hosts. */
  readonly hosted: ReadonlySet<Ip>;
  /** Local pods whose VNID requests egress IPs. */
  readonly restricted: ReadonlySet<Ip>;
}

/** A mark as the node sees it once our table has seen the packet. */
export function seenMark(mark: number): number {
  return ((mark & ~seenBit.clear) | seenBit.set) >>> 0;
}

const unmarked = hex(seenMark(0));
const seenMask = hex(seenBit.set | seenBit.clear);
const seen = `meta mark & ${seenMask} == ${hex(seenBit.set)}`;

function list(items: readonly string[]): string {
  return `{ ${items.join(', ')} }`;
}

function chain(name: string, hook: string, rules: readonly string[]): string[] {
  return [`  chain ${name} {`, `    type ${hook}; policy accept;`, ...rules.map((rule) => `    ${rule}`), '  }'];
}

function sets(base: NftBase): string[] {
  const inside = [...base.cluster, base.service].map(({ text }) => text);
  return [
    '  set pod_networks { type ipv4_addr; flags interval; elements = ' + list(base.cluster.map(({ text }) => text)) + '; }',
    `  set inside { type ipv4_addr; flags interval; elements = ${list(inside)}; }`,
    '  map egress_snat { type mark : ipv4_addr; }',
    '  set egress_sources { type mark . ipv4_addr; }',
    '  set egress_hosted { type ipv4_addr; }',
    '  set restricted_pods { type ipv4_addr; }',
  ];
}

/**
 * Source NAT to an address of the node. Masquerading takes the first address that the kernel has of the network it
 * sends into; in the node's own network that may be an egress IP, once the node's address was removed and added again.
 */
function asNode({ nodeIP, uplink: { device, network } }: NftBase, match = ''): string[] {
  return [`${match}oifname "${device}" rt ip nexthop ${network.text} snat to ${nodeIP}`, `${match}masquerade`];
}

function leaving(base: NftBase): string[] {
  const masqueraded = base.masqueradeBit === undefined ? [] : [`meta mark & ${hex((1 << base.masqueradeBit) >>> 0)} != 0 accept`];
  return [
    `${seen} ip saddr @pod_networks jump choose_source`,
    '}',
    'chain choose_source {',
    ...masqueraded,
    `ip daddr @inside meta mark != ${unmarked} masquerade`,
    'ip daddr @inside accept',
    'snat to meta mark map @egress_snat',
    `meta mark != ${unmarked} drop`,
    `ip saddr != ${base.subnet.text} drop`,
    ...asNode(base, 'ct status dnat '),
    'ip saddr @restricted_pods drop',
    ...asNode(base),
  ];
}

const leakGuard: readonly string[] = [
  `${seen} ip daddr != @inside ct direction original jump left`,
  '}',
  'chain left {',
  'ip saddr @pod_networks drop',
  'ct status dnat accept',
  'meta mark . ip saddr @egress_sources accept',
  `meta mark != ${unmarked} drop`,
  'ct original ip saddr @restricted_pods drop',
];

/** The table with its chains and empty sets, as `nft -f` takes it; what was there before is replaced. */
export function renderBase(base: NftBase): string {
  const untracked = [`udp dport ${base.vxlanPort} notrack`];
  const mark = [
    ...(base.datapath === 'netdev' ? [`iifname "${tunDevice}" meta mark set @ll,64,32`] : []),
    `iifname "${tunDevice}" meta mark set meta mark & ${hex(~seenBit.clear >>> 0)} | ${hex(seenBit.set)}`,
  ];
  const forward = [
    `iifname != "${tunDevice}" ct state new ct original ip daddr @egress_hosted reject with icmp type admin-prohibited`,
    `iifname "${tunDevice}" ip saddr @pod_networks ip daddr != @inside ct state invalid,untracked drop`,
  ];
  const inbound = ['iif "lo" accept', 'ip daddr @egress_hosted ct state new reject with icmp type admin-prohibited'];
  return [
    `table ip ${nftTable} {}`,
    `delete table ip ${nftTable}`,
    `table ip ${nftTable} {`,
    ...sets(base),
    ...chain('vxlan_in', 'filter hook prerouting priority raw', untracked),
    ...chain('vxlan_out', 'filter hook output priority raw', untracked),
    ...chain('from_bridge', 'filter hook prerouting priority mangle', mark),
    ...chain('forward', 'filter hook forward priority filter', forward),
    ...chain('inbound', 'filter hook input priority filter', inbound),
    ...chain('leaving', 'nat hook postrouting priority srcnat - 5', leaving(base)),
    ...chain('leak_guard', 'filter hook postrouting priority srcnat + 100', leakGuard),
    '}',
    '',
  ].join('\n');
}
