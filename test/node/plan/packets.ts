/** What the flows of one table do with a packet, where it must be clear what that is. */
import type { Action, Flow } from '../../../src/node/ovs/flow.ts';
import { isMatched, type Packet } from '../../../src/node/trace/packet.ts';

export { isWithin, type Packet } from '../../../src/node/trace/packet.ts';

/**
 * The actions of the flow with the highest priority that matches; undefined if none does. Throws when two such flows
 * differ, since Open vSwitch would choose either.
 */
export function actionsFor(flows: readonly Flow[], table: number, packet: Packet): readonly Action[] | undefined {
  const found = flows.filter((flow) => flow.table === table && isMatched(flow.match, packet));
  const top = Math.max(...found.map(({ priority }) => priority));
  const [first, ...more] = found.filter(({ priority }) => priority === top).map(({ actions }) => actions);
  if (more.some((actions) => JSON.stringify(actions) !== JSON.stringify(first))) throw new Error('two flows differ');
  return first;
}
