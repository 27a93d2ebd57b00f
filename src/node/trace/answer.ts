/** How a pod answers who came to it by a Service: which node it answers to, and what who asked sees. */
import type { Hit } from '../../model/services/proxy.ts';
import { endpointsOn } from '../../model/services/served.ts';
import type { Ip } from '../../model/values/address.ts';
import type { Ended } from './host.ts';
import type { TracedNode, TracedPod, TraceWorld } from './world.ts';

export type Answer = { readonly hit: Hit } & (
  | { readonly kind: 'end'; readonly ended: Ended }
  /** It goes by the bridge to this node, which puts the address of the Service into it. */
  | { readonly kind: 'goes'; readonly asked: TracedNode; readonly to: Ip | undefined; readonly reason: string }
);

interface Asked {
  readonly to: Ip;
  readonly proto: 'tcp' | 'udp' | 'sctp' | 'icmp';
  readonly port: number | undefined;
}

const none = (hit: Hit, why: string): Answer => ({
  ...{ kind: 'end', hit },
  ended: {
    verdict: 'dropped',
    address: null,
    reason: `nothing comes in to the pod there, so it answers nothing: ${why}`,
  },
});

/** The Service that has the address and port, by a node port if a node has the address. */
export function serviceAt(world: TraceWorld, { to, proto, port: number }: Asked): Hit | undefined {
  if (proto === 'icmp' || number === undefined) return undefined;
  const hit = world.doors?.at({ ip: to }, { to, protocol: proto, port: number });
  return hit?.door === 'node port' && world.nodeAt(to) === undefined ? undefined : hit;
}

/** The pod's answer to what came to the address and port; undefined if they are not those of a Service. */
export function serviceAnswer(world: TraceWorld, pod: TracedPod, question: Asked): Answer | undefined {
  const hit = serviceAt(world, question);
  if (hit === undefined) return undefined;
  const { to } = question;
  const { served, door } = hit;
  const name = `Service ${served.service}`;
  if (![...served.endpoints, ...served.ending].some(({ ip }) => ip === pod.ip))
    return none(hit, `it is no ready endpoint of ${name}`);
  if (door !== 'cluster address') return backByNode(world, pod, hit, to);
  const reason = `it goes to the node of who asked, a pod or a node, which puts the address of ${name} into it`;
  return { kind: 'end', hit, ended: { verdict: 'delivered', address: to, reason } };
}

/** By an external address any node may have been asked. */
function backByNode(world: TraceWorld, pod: TracedPod, hit: Hit, to: Ip): Answer | undefined {
  const at = world.nodeAt(to);
  const asked = world.node(at ?? pod.node);
  if (asked === undefined) return undefined;
  const { served } = hit;
  const reason = `it goes back by ${at ?? 'the node that was asked'}, which puts the address of Service ${served.service} into it`;
  if (!served.isExternalLocal) return { kind: 'goes', hit, asked, to: asked.gateway, reason };
  if (endpointsOn(served, asked.name).some(({ ip }) => ip === pod.ip))
    return { kind: 'goes', hit, asked, to: undefined, reason };
  // pods and the node itself reach every endpoint
  const alone = `externalTrafficPolicy of Service ${served.service} is Local, and the pod is not on ${asked.name}: only that node and its pods reach it there, and ${asked.name} puts the address into the answer`;
  return { kind: 'end', hit, ended: { verdict: 'delivered', address: to, reason: alone } };
}
