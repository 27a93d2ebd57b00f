/**
 * What each way of a packet costs in the flows of br0, by the plan: the flows that it takes, how often the datapath looks
 * it up, and how often it passes conntrack. None of it depends on the machine. It is for packets of a connection that both
 * ends have used, with NetworkPolicy; the nodes of a way are added up.
 */
import { ipNumber } from '../../../src/model/values/address.ts';
import type { Flow } from '../../../src/node/ovs/flow.ts';
import { inboundOwnerOf, noneAsked, ownerOf } from '../../../src/node/ovs/owner.ts';
import { ctMark, direction, port } from '../../../src/node/ovs/pipeline.ts';
import { planNode } from '../../../src/node/plan/node.ts';
import type { Packet } from '../../../src/node/trace/packet.ts';
import { walk } from '../../../src/node/trace/walk.ts';
import type { Datapath } from '../../../src/node/values/facts.ts';
import { ip, nodeInput, type Scene, vnid } from '../states.ts';

export interface Cost {
  /** Flows of OpenFlow that the packet takes: what a cache of the datapath spares all but the first packets. */
  readonly flows: number;
  /** Lookups in the datapath: one for each entry into a bridge, and one after each pass through conntrack that returns. */
  readonly lookups: number;
  readonly passes: number;
}

export interface WayCost {
  readonly way: string;
  /** From who opened the connection. */
  readonly there: Cost;
  readonly back: Cost;
}

/** A packet as it comes to the bridge of a node, with the connection that the node's conntrack knows. */
type Arriving = Partial<Packet> & Pick<Packet, 'in_port' | 'nw_src' | 'nw_dst'>;

const egressIP = '192.168.7.200';
const [pod, other] = ['10.254.0.2', '10.254.0.3'];
const remotePod = '10.254.1.2';
const outside = '10.1.8.72';
const [podPort, otherPort] = [port.firstPod, port.firstPod + 1];
const pods = { 2: 77, 3: 77 };
const scenes = {
  plain: { pods },
  near: { pods, requests: { 77: [egressIP] }, hosts: { 0: [egressIP] } },
  far: { pods, requests: { 77: [egressIP] }, hosts: { 1: [egressIP] } },
  hosting: { requests: { 77: [egressIP] }, hosts: { 0: [egressIP] } },
} as const satisfies Readonly<Record<string, Scene>>;

const tracked = (actions: Flow['actions']) => actions.flatMap((action) => (action.kind === 'ct' ? [action] : []));

/** The cost of one packet on one node, where it must leave by that port. */
function costOf(scene: Scene, datapath: Datapath, arriving: Arriving, leaves: number): Cost {
  const { flows, groups } = planNode(nodeInput({ ...scene, datapath }));
  // the kernel's datapath keeps what the node's kernel knows about a packet
  const isTracked = datapath === 'system' && arriving.in_port === port.tun0;
  const fromNode = { dl_src: arriving.isReply === true ? direction.answers.mac : direction.opens.mac };
  const packet: Packet = {
    proto: 'tcp',
    isEstablished: true,
    isTracked,
    tp_src: 40_000,
    tp_dst: 80,
    ...fromNode,
    ...arriving,
  };
  const [end, ...more] = walk({ flows, groups }, packet);
  if (end?.port !== leaves || more.length > 0)
    throw new Error(`${JSON.stringify(packet)} leaves by ${end?.port ?? 'no port'}`);
  const passes = end.taken.flatMap(({ flow }) => tracked(flow.actions));
  return {
    flows: end.taken.length,
    lookups: 1 + passes.filter((action) => action.table !== undefined).length,
    passes: passes.length,
  };
}

function sum(...costs: readonly Cost[]): Cost {
  const of = (field: keyof Cost): number => costs.reduce((before, cost) => before + cost[field], 0);
  return { flows: of('flows'), lookups: of('lookups'), passes: of('passes') };
}

/** The costs of all ways on a datapath. */
export function wayCosts(datapath: Datapath): readonly WayCost[] {
  const cost = (scene: keyof typeof scenes, arriving: Arriving, leaves: number): Cost =>
    costOf(scenes[scene], datapath, arriving, leaves);
  const { tun0, vxlan0 } = port;
  const { facts } = nodeInput({ datapath });
  const owner = { ct_mark: ownerOf(vnid(77), facts.masqueradeBit), ct_label: Number(ipNumber(ip(egressIP))) };
  const unasked = { ct_mark: noneAsked };
  const letIn = { ct_mark: inboundOwnerOf(vnid(77)) };
  const out = { nw_src: pod, nw_dst: outside };
  const answer = { nw_src: outside, nw_dst: pod, isReply: true, ct_nw_dst: outside };
  const [toHost, toPod] = [
    { tun_id: 77, tun_src: '192.168.7.12' },
    { in_port: vxlan0, tun_src: '192.168.7.12', tun_id: 77 },
  ];
  const here = { nw_src: pod, nw_dst: other };
  const hereBack = { nw_src: other, nw_dst: pod, isReply: true, ct_nw_dst: other };
  const served = { ct_mark: datapath === 'system' ? letIn.ct_mark : (ctMark.served | 77) >>> 0 };
  const service = '172.30.0.9';
  return [
    {
      way: 'outside, no egress IP',
      there: cost('plain', { in_port: podPort, ...out, ...unasked }, tun0),
      back: cost('plain', { in_port: tun0, ...answer, ...unasked }, podPort),
    },
    {
      way: 'outside, egress IP on the own node',
      there: cost('near', { in_port: podPort, ...out, ...owner }, tun0),
      back: cost('near', { in_port: tun0, ...answer, ...owner }, podPort),
    },
    {
      way: 'outside, egress IP on another node',
      there: sum(
        cost('far', { in_port: podPort, ...out, ...owner }, vxlan0),
        cost('hosting', { in_port: vxlan0, ...toHost, nw_src: remotePod, nw_dst: outside, ...owner }, tun0),
      ),
      back: sum(
        cost('hosting', { in_port: tun0, ...answer, nw_dst: remotePod, ...owner }, vxlan0),
        cost('far', { ...toPod, tun_id: 0, ...answer, ...owner }, podPort),
      ),
    },
    {
      way: 'pod to pod, own node',
      there: cost('plain', { in_port: podPort, ...here, ...letIn }, otherPort),
      back: cost('plain', { in_port: otherPort, ...hereBack, ...letIn }, podPort),
    },
    {
      way: 'pod to pod, another node',
      there: sum(
        cost('plain', { in_port: podPort, nw_src: pod, nw_dst: remotePod }, vxlan0),
        cost('plain', { ...toPod, nw_src: remotePod, nw_dst: pod, ...letIn }, podPort),
      ),
      back: sum(
        cost(
          'plain',
          { in_port: podPort, nw_src: pod, nw_dst: remotePod, isReply: true, ct_nw_dst: pod, ...letIn },
          vxlan0,
        ),
        cost('plain', { ...toPod, nw_src: remotePod, nw_dst: pod, isReply: true, ct_nw_dst: remotePod }, podPort),
      ),
    },
    {
      way: 'pod to pod, own node, by a Service',
      there: sum(
        cost('plain', { in_port: podPort, nw_src: pod, nw_dst: service }, tun0),
        cost('plain', { in_port: tun0, ...here, ...served }, otherPort),
      ),
      back:
        datapath === 'system'
          ? cost('plain', { in_port: otherPort, ...hereBack, ct_nw_dst: service, ...served }, podPort)
          : sum(
              cost('plain', { in_port: otherPort, ...hereBack, ct_nw_dst: other, ...served }, tun0),
              cost('plain', { in_port: tun0, ...hereBack, nw_src: service, ct_nw_dst: service, ct_mark: 0 }, podPort),
            ),
    },
    {
      way: 'outside to a pod',
      there: cost('near', { in_port: tun0, nw_src: outside, nw_dst: pod, ...letIn }, podPort),
      back: cost(
        'near',
        { in_port: podPort, nw_src: pod, nw_dst: outside, isReply: true, ct_nw_dst: pod, ...letIn },
        tun0,
      ),
    },
  ];
}
