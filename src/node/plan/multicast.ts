/** Tables 110, 111 and 120: multicast for the VNIDs that have it, to their pods here and to every other node. */
import type { Vnid } from '../../model/values/vnid.ts';
import { type Action, type Flow, goto, output, registerValue, set, vnidToTunnel } from '../ovs/flow.ts';
import { port, priority, table } from '../ovs/pipeline.ts';
import type { LocalPod, RemoteNode } from '../values/facts.ts';
import { memoized } from '../values/memo.ts';

const byAddress = (a: RemoteNode, b: RemoteNode): number => (a.name < b.name ? -1 : 1);

/** The flow that sends a packet to every other node, and then to the pods here. */
export const multicastToNodes = memoized((remotes: readonly RemoteNode[]): readonly Flow[] => {
  const tunnels = remotes
    .toSorted(byAddress)
    .flatMap((remote): Action[] => [set('tun_dst', remote.nodeIP), output(port.vxlan0)]);
  const actions = tunnels.length === 0 ? [] : [vnidToTunnel, ...tunnels];
  return [
    {
      table: table.multicastRemote,
      priority: priority.match,
      match: {},
      actions: [...actions, goto(table.multicastLocal)],
    },
  ];
});

/** The flows of the VNIDs with multicast and pods here. */
export function multicastFlows(enabled: ReadonlySet<Vnid>, pods: readonly LocalPod[]): Flow[] {
  return [...enabled].flatMap((vnid): Flow[] => {
    const ports = pods.filter((pod) => pod.vnid === vnid).map(({ ofport }) => ofport);
    if (ports.length === 0) return [];
    const match = { reg0: registerValue(vnid) };
    return [
      { table: table.multicast, priority: priority.match, match, actions: [goto(table.multicastRemote)] },
      {
        table: table.multicastLocal,
        priority: priority.match,
        match,
        actions: ports.toSorted((a, b) => a - b).map(output),
      },
    ];
  });
}
