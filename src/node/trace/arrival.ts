/** The packet of a question as it comes to a node, for comparing the node with the plan. */
import { port } from '../ovs/pipeline.ts';
import { podMac } from '../values/addressing.ts';
import type { Asked } from './ofproto.ts';
import { firstPacket, type Question, type Way } from './way.ts';
import type { TracedNode, TraceWorld } from './world.ts';

export interface Arrival extends Asked {
  /** `pod`: the pod is here; its port has another number on the bridge than in the plan. */
  readonly by: 'pod' | 'tunnel';
}

/** Undefined if no way goes by that node's bridge. */
export function arrivalAt(
  world: TraceWorld,
  node: TracedNode,
  question: Question,
  ways: readonly Way[],
): Arrival | undefined {
  const { pod } = question;
  const from = world.node(pod.node);
  if (from === undefined) return undefined;
  const packet = firstPacket(from, question);
  const macs = { from: podMac(pod.ip), to: podMac(from.gateway) };
  if (pod.node === node.name) return { by: 'pod', packet, macs };
  const isOnWay = ways.some(({ steps }) => steps.some((step) => step.node === node.name));
  if (!isOnWay) return undefined;
  return { by: 'tunnel', packet: { ...packet, in_port: port.vxlan0, tun_id: pod.vnid, tun_src: from.nodeIP }, macs };
}
