/** What flows do, in words. */
import { reasonText } from '../../model/egress/reasons.ts';
import { listText } from '../../model/values/list-text.ts';
import { rateText } from '../../model/values/rate.ts';
import type { Flow } from '../ovs/flow.ts';
import { priority, table } from '../ovs/pipeline.ts';
import { meterOf } from '../plan/meters.ts';
import type { Packet } from './packet.ts';
import type { End, Taken } from './walk.ts';
import type { TraceWorld } from './world.ts';

/** `table N NAME`. */
function nameOf(number: number): string {
  const [name = ''] = Object.entries(table).find(([, one]) => one === number) ?? [];
  return `table ${number} ${name}`;
}

const isDrop = ({ actions }: Flow): boolean => actions.length === 0;

function policyText(
  world: TraceWorld,
  flow: Flow,
  packet: Packet,
  direction: 'ingress' | 'egress',
): string | undefined {
  const pod = world.podAt(direction === 'egress' ? packet.nw_src : packet.nw_dst);
  const names = pod === undefined ? [] : world.policiesOn(pod, direction);
  const what = direction === 'egress' ? 'what it sends' : 'what it gets';
  if (names.length === 0) {
    if (!isDrop(flow)) return undefined;
    return world.policyWorld === undefined
      ? 'another VNID than that of the pod: pods of different namespaces do not reach each other'
      : 'nothing lets it pass';
  }
  const policies = `${names.length === 1 ? 'NetworkPolicy' : 'NetworkPolicies'} ${listText(names)}`;
  return isDrop(flow) ? `no rule of ${policies} allows ${what}` : `a rule of ${policies} allows it, or it answers`;
}

/** The rule of the VNID's EgressNetworkPolicy that made the flow. */
function egressPolicyText(world: TraceWorld, flow: Flow, { reg0 = 0 }: Packet): string | undefined {
  const policy = [...world.policies.byVnid].find(([vnid]) => vnid === reg0)?.[1];
  if (policy === undefined) return undefined;
  if (policy.kind === 'drop')
    return 'EgressNetworkPolicies that cannot be followed rule by rule (several, or of joined namespaces) drop everything';
  const index = policy.rules.length - flow.priority;
  const rule = policy.rules[index];
  if (rule === undefined)
    return flow.priority === 0 ? 'no rule of its EgressNetworkPolicy names the destination' : undefined;
  const to = rule.kind === 'dns' ? rule.name : rule.cidr.text;
  return `rule ${index + 1} of its EgressNetworkPolicy ${rule.allow ? 'allows' : 'denies'} ${to}`;
}

function egressText({ actions, priority: at }: Flow, packet: Packet): string {
  const isReply = packet.isReply === true;
  if (actions.length === 0)
    return isReply ? 'an answer to nothing that came in' : 'its namespace requests egress IPs, and may use none now';
  if (isReply) return 'an answer leaves as its connection came in';
  const goesTo = actions.flatMap((one) => (one.kind === 'goto' ? [one.table] : []))[0];
  if (at === priority.egressIP.notSelected) return 'the pod-selector of its namespace does not select the pod';
  if (goesTo !== undefined) return goesTo === table.asNode ? 'no finer rule covers it' : 'finer rules cover it';
  if (actions.some(({ kind }) => kind === 'group'))
    return 'each connection takes one of several egress IPs, and keeps it';
  if (packet.in_port === 1) return 'its VNID has an egress IP here';
  const isMarked = actions.some((one) => one.kind === 'set' && one.field === 'pkt_mark' && one.value !== '0');
  const isSent = actions.some((one) => one.kind === 'set' && one.field === 'tun_dst');
  if (isMarked) return 'its namespace has an egress IP on this node';
  return isSent ? 'its namespace has an egress IP on another node' : 'its namespace requests no egress IP';
}

/** The limit of what goes by a flow; empty without one. */
function limitText({ state }: TraceWorld, { actions }: Flow): string {
  const id = actions.flatMap((one) => (one.kind === 'meter' ? [one.id] : []))[0];
  const verdict = [...state.vnids].find(([vnid]) => meterOf(vnid) === id)?.[1];
  if (verdict?.kind !== 'via' || verdict.bandwidth === undefined) return '';
  return `, with at most ${rateText(verdict.bandwidth)} bits per second for all of its pods`;
}

/** What a flow does with the packet, and where; undefined if that is nothing worth telling. */
export function saidAt(
  world: TraceWorld,
  flow: Flow,
  packet: Packet,
): { readonly at: string; readonly says: string } | undefined {
  const says = sayingOf(world, flow, packet);
  return says === undefined ? undefined : { at: nameOf(flow.table), says };
}

function sayingOf(world: TraceWorld, flow: Flow, packet: Packet): string | undefined {
  switch (flow.table) {
    case table.policyEgress:
      return policyText(world, flow, packet, 'egress');
    case table.isolation:
      return policyText(world, flow, packet, 'ingress');
    case table.egressPolicy:
      return egressPolicyText(world, flow, packet);
    case table.egressIP:
    case table.egressHop:
      return `${egressText(flow, packet)}${limitText(world, flow)}`;
    case table.asNode:
      return 'finer rules of its namespace do not cover it: it leaves as the node';
    case table.toService:
      return isDrop(flow)
        ? dropText(flow.table, packet)
        : "a Service: to the node's service proxy, past policies for now";
    default:
      return isDrop(flow) ? dropText(flow.table, packet) : undefined;
  }
}

function dropText(number: number, { nw_dst: to = '', tun_src: from = '' }: Packet): string {
  switch (number) {
    case table.fromPod:
      return 'a pod sends only with its own address, and no VXLAN';
    case table.fromVxlan:
      return `no HostSubnet has the address ${from} that it comes from`;
    case table.toLocalPod:
      return `no pod of this node has the address ${to}`;
    case table.toRemotePod:
      return `no node has the subnet of ${to}`;
    default:
      return 'nothing lets it pass';
  }
}

/** Why the packet ends here. */
export function whyDropped(world: TraceWorld, { taken }: End): string {
  const last = taken.at(-1);
  if (last === undefined) return 'no flow is for it';
  if (last.flow.table !== table.egressIP && last.flow.table !== table.egressHop)
    return sayingOf(world, last.flow, last.packet) ?? 'nothing lets it pass';
  return egressReason(world, last) ?? egressText(last.flow, last.packet);
}

/** Why the VNID may use none of its egress IPs, or not the one for this network. */
function egressReason(world: TraceWorld, { flow, packet: { reg0 = 0, isReply } }: Taken): string | undefined {
  const verdict = [...world.state.vnids].find(([vnid]) => vnid === reg0)?.[1];
  if (verdict === undefined || verdict.kind === 'normal' || isReply === true) return undefined;
  if (flow.priority >= priority.egressHop.ofNetwork)
    return `the one egress IP that its namespace takes to ${flow.match.nw_dst ?? 'any address'} is not in use`;
  if (verdict.kind !== 'dropped') return undefined;
  return verdict.reasons.map((reason) => `${reason.code}: ${reasonText(reason)}`).join('; ');
}
