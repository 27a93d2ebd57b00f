/**
 * The nft tables of a node as values: fixed chains, and the sets and maps with everything that changes.
 *
 * Two tables enforce the first law and share nothing. `sdn_compat` works by marks: packets from tun0 have the mark of
 * their VNID, the first packet of a connection records it in conntrack as the owner, source NAT follows the owner, and
 * every later packet is compared with it. A connection that comes in to a pod has the pod's VNID as its owner, with
 * which the pod's answers are compared. `sdn_compat_guard` works by addresses alone: packets with a source in the pod
 * networks, or of a restricted pod with any source except its own egress IPs, do not leave the node, whatever the marks
 * are. On the userspace datapath a third table tells Open vSwitch who opened a connection (see `direction`).
 *
 * Packets that enter through tun0, and packets to pods, get the "seen" bits in their mark (see pipeline.ts). Without
 * these bits the routing guard lets nothing off the node, so a lost table closes the node instead of opening it.
 * Packets to pods need them too: with rp_filter on, the kernel looks up the return path as if the packet came from
 * tun0, with its own mark.
 */
import type { Datapath } from '../values/facts.ts';
import { guardTable } from './guard-table.ts';
import { natTable } from './nat-table.ts';
import { switchTable } from './switch-table.ts';
import { type NftBase, nftTables } from './vocabulary.ts';

/** The tables of a node on this datapath. */
export function tablesOf(datapath: Datapath): string[] {
  const { nat, guard, switch: toSwitch } = nftTables;
  return datapath === 'netdev' ? [nat, guard, toSwitch] : [nat, guard];
}

/** The tables with their chains and empty sets, as input for `nft -f`; they replace the existing ones. */
export function renderBase(base: NftBase): string {
  return [...natTable(base), ...guardTable(base), ...(base.datapath === 'netdev' ? switchTable() : []), ''].join('\n');
}
