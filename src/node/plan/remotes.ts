/** Flows for the other nodes: VXLAN from and to them. */
import { type Flow, goto, output, registerValue, set, vnidToTunnel } from '../ovs/flow.ts';
import { port, priority, table } from '../ovs/pipeline.ts';
import type { RemoteNode } from '../values/facts.ts';
import { memoized } from '../values/memo.ts';

/** The flows for another node: VXLAN from it is accepted, and its subnet is reached through it. */
export const remoteNodeFlows = memoized((node: RemoteNode): readonly Flow[] => {
  const subnet = node.subnet.text;
  const vnid = node.fixedVnid === undefined ? vnidToTunnel : set('tun_id', registerValue(node.fixedVnid));
  const tunnel = [vnid, set('tun_dst', node.nodeIP), output(port.vxlan0)];
  return [
    {
      table: table.fromVxlan,
      priority: priority.match,
      match: { tun_src: node.nodeIP },
      actions: [goto(table.commit)],
    },
    { table: table.arpRemote, priority: priority.match, match: { proto: 'arp', arp_tpa: subnet }, actions: tunnel },
    { table: table.toRemotePod, priority: priority.match, match: { proto: 'ip', nw_dst: subnet }, actions: tunnel },
  ];
});
