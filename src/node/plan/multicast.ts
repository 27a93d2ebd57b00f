/** Tables 110, 111 and 120: multicast for the VNIDs that have it, to their pods here and to every other node. */
import chunk from 'lodash/chunk.js';
import type { Vnid } from '../../model/values/vnid.ts';
import { type Action, type Flow, goto, output, registerValue, set, vnidToTunnel } from '../ovs/flow.ts';
import { port, priority, table } from '../ovs/pipeline.ts';
import type { LocalPod, RemoteNode } from '../values/facts.ts';
import { memoized } from '../values/memo.ts';

const byAddress = (a: RemoteNode, b: RemoteNode): number => (a.name < b.name ? -1 : 1);

/** Nodes whose actions fit into one message of OpenFlow: 65,535 bytes, of which each takes 32. */
const mostInMessage = 1_500;

const toNode = (remote: RemoteNode): Action[] => [set('tun_dst', remote.nodeIP), output(port.vxlan0)];

/**
 * The flows that send a packet to every other node, and then to the pods here: one, or for more nodes than fit one after
 * another, by register 3. (A group would not do: of a bucket Open vSwitch carries out one output.)
 */
export const multicastToNodes = memoized((remotes: readonly RemoteNode[]): readonly Flow[] => {
  const parts = remotes.length === 0 ? [[]] : chunk(remotes.toSorted(byAddress), mostInMessage);
  return parts.map((some, index): Flow => {
    const isLast = index === parts.length - 1;
    const next: Action[] = isLast
      ? [goto(table.multicastLocal)]
      : [set('reg3', registerValue(index + 1)), { kind: 'resubmit', table: table.multicastRemote }];
    return {
      table: table.multicastRemote,
      priority: priority.match,
      match: parts.length === 1 ? {} : { reg3: registerValue(index) },
      actions: [...(some.length === 0 ? [] : [vnidToTunnel]), ...some.flatMap(toNode), ...next],
    };
  });
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
