/** Tables 110, 111 and 120: multicast for the VNIDs that have it, to their pods here and to every other node. */
import chunk from 'lodash/chunk.js';
import type { Vnid } from '../../model/values/vnid.ts';
import { type Action, type Flow, goto, type Group, output, registerValue, set, vnidToTunnel } from '../ovs/flow.ts';
import { firstMulticastGroup, port, priority, table } from '../ovs/pipeline.ts';
import type { LocalPod, RemoteNode } from '../values/facts.ts';
import { memoized } from '../values/memo.ts';

const byAddress = (a: RemoteNode, b: RemoteNode): number => (a.name < b.name ? -1 : 1);

/** Nodes whose actions fit into one message of OpenFlow: 65,535 bytes, of which each takes 32. */
const mostInMessage = 1_500;

const toNode = (remote: RemoteNode): Action[] => [set('tun_dst', remote.nodeIP), output(port.vxlan0)];

/** The flow that sends a packet to every other node, and then to the pods here; more nodes than fit are in groups. */
export const multicastToNodes = memoized(
  (remotes: readonly RemoteNode[]): { readonly flows: readonly Flow[]; readonly groups: readonly Group[] } => {
    const sorted = remotes.toSorted(byAddress);
    const groups =
      sorted.length <= mostInMessage
        ? []
        : chunk(sorted, mostInMessage).map((some, index): Group => {
            return { id: firstMulticastGroup + index, type: 'indirect', buckets: [some.flatMap(toNode)] };
          });
    const all = groups.length > 0 ? groups.map(({ id }): Action => ({ kind: 'group', id })) : sorted.flatMap(toNode);
    const actions = [...(all.length === 0 ? [] : [vnidToTunnel, ...all]), goto(table.multicastLocal)];
    return { flows: [{ table: table.multicastRemote, priority: priority.match, match: {}, actions }], groups };
  },
);

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
