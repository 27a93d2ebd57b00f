/** The table `sdn_compat_guard`, which works by addresses alone: what may leave the node, whatever the marks are. */
import { hookPriority, podGroup, tunDevice } from '../ovs/pipeline.ts';
import { chain, finerChains, networks, type NftBase, nftTables, noNodePort, table } from './vocabulary.ts';

/** To a node itself. */
const toNode = (base: NftBase): string => `ip daddr @node_addresses ${noNodePort(base)}`;

/** The sources that a pod's connection may leave with, by its addresses before and after NAT. */
function sources(base: NftBase): string[] {
  const { subnet } = base;
  return [
    'ct original ip saddr . ip saddr @pod_sources accept',
    `ct original ip saddr != ${subnet.text} ip saddr @egress_hosted accept`,
    'ip saddr @egress_hosted drop',
    'fib saddr type != local drop',
    // what a Service sent to the cluster itself leaves as the node, but not to another Service's node port, which may
    // lead outside; rewriting without a trace (IPVS) is recognized by the destination
    `${toNode(base)} ct status dnat accept`,
    `${toNode(base)} ct original ip daddr @inside accept`,
    'ct original ip saddr @restricted_pods goto restricted',
    `ct original ip saddr != ${subnet.text} drop`,
  ];
}

/** A restricted pod leaves as the node only where finer rules of its VNID do not cover it. */
const restricted: readonly string[] = ['ct original ip saddr vmap @pod_rules', 'drop'];

/**
 * Messages about connections that came in (ICMP errors), which leave: only a pod's own, and none of other nodes' pods.
 */
const errors = ({ subnet }: NftBase): string[] => [
  'ip saddr . ct reply ip saddr @pod_itself return',
  'ip saddr @restricted_pods drop',
  `ip saddr @pod_networks ip saddr != ${subnet.text} drop`,
];

/**
 * What a namespace sent with its egress IP to a Service's address on this node, which sends it on. It may go to the
 * cluster itself, but not outside, where it would arrive with this node's address, nor to a node port of another node,
 * which may lead there.
 */
const relayed = (base: NftBase): string[] => [
  `${toNode(base)} accept`,
  'ct status dnat drop',
  // rewritten without a trace (IPVS)
  'ct original ip daddr @node_addresses drop',
];

/**
 * The table with its chains and empty sets; it replaces the existing one. Every packet passes these rules: each first
 * asks what few packets have.
 */
export function guardTable(base: NftBase): string[] {
  const forged = [
    `iifname "${tunDevice}" udp dport ${base.vxlanPort} drop`,
    // a Service turned it into VXLAN, whoever sent it
    `udp dport ${base.vxlanPort} ct original proto-dst != ${base.vxlanPort} drop`,
  ];
  const refused = 'reject with icmp type admin-prohibited';
  return table(nftTables.guard, [
    ...networks(base),
    '  set egress_hosted { type ipv4_addr; }',
    '  set egress_ips { type ipv4_addr; }',
    '  set restricted_pods { type ipv4_addr; }',
    '  set pod_sources { type ipv4_addr . ipv4_addr; }',
    '  set pod_itself { type ipv4_addr . ipv4_addr; }',
    '  set node_addresses { type ipv4_addr; }',
    '  map pod_rules { type ipv4_addr : verdict; }',
    ...finerChains(base, nftTables.guard),
    ...chain('restricted', undefined, restricted),
    ...chain('sources', undefined, sources(base)),
    ...chain('errors', undefined, errors(base)),
    ...chain('relayed', undefined, relayed(base)),
    ...chain('arriving', `filter hook prerouting priority ${hookPriority.untracked}`, [
      `iifgroup ${podGroup} drop`,
      `ip saddr ${base.subnet.text} iifname != { "${tunDevice}", "lo" } drop`,
    ]),
    ...chain('forward', `filter hook forward priority ${hookPriority.filter}`, [
      ...forged,
      `ct state new iifname != "${tunDevice}" ct original ip daddr @egress_hosted ${refused}`,
      `ct state invalid,untracked iifname "${tunDevice}" ip saddr @pod_networks ip daddr != @inside drop`,
      `ct state related ct direction reply iifname "${tunDevice}" oifname != "${tunDevice}" jump errors`,
    ]),
    ...chain('inbound', `filter hook input priority ${hookPriority.filter}`, [
      'iif "lo" accept',
      ...forged,
      `ip daddr @egress_hosted ct state new ${refused}`,
    ]),
    ...chain('leak_guard', `filter hook postrouting priority ${hookPriority.afterNat}`, [
      `oifname { "${tunDevice}", "lo" } accept`,
      'ct direction reply accept',
      'ip saddr @pod_networks drop',
      'ct original ip saddr @pod_networks jump sources',
      'ct original ip saddr @egress_ips jump relayed',
    ]),
  ]);
}
