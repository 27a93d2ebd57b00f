/** The table `netdev sdn_compat`, through which Open vSwitch hears from the node's kernel on the userspace datapath. */
import { hex } from '../ovs/flow.ts';
import { direction, hookPriority, tunDevice } from '../ovs/pipeline.ts';
import { chain, nftTables, table } from './vocabulary.ts';

/**
 * The table of the userspace datapath: it turns what the node's kernel knows about a packet into the source MAC, which
 * is all that Open vSwitch gets.
 */
export function switchTable(device: string = tunDevice): string[] {
  const rules = Object.values(direction).map(({ mark, mac }) => `meta mark ${hex(mark)} ether saddr set ${mac}`);
  return table(
    nftTables.switch,
    chain('to_bridge', `filter hook egress device "${device}" priority ${hookPriority.filter}`, rules),
  );
}
