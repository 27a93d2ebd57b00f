/** Table 101: how each VNID leaves the cluster, and through which node. */
import type { EgressState } from '../../model/egress/state.ts';
import type { Hop, VnidState } from '../../model/egress/verdict.ts';
import { type Ip, ipNumber } from '../../model/values/address.ts';
import { markOf } from '../../model/values/mark.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import {
  type Action,
  ctCommit,
  established,
  type Flow,
  type Group,
  hex,
  output,
  registerValue,
  set,
  vnidToTunnel,
} from '../ovs/flow.ts';
import { ownerOf, repliesOf } from '../ovs/owner.ts';
import { port, priority, table } from '../ovs/pipeline.ts';
import type { NodeFacts } from '../values/facts.ts';
import { memoized, memoizedPair } from '../values/memo.ts';
import { type Keeping, packetToTun0, recordedToTun0 } from './tun0.ts';

/**
 * The ct_label of a connection that leaves with an egress IP: the address as a number, so its meaning never changes.
 */
function labelOf(egressIP: Ip): number {
  return Number(ipNumber(egressIP));
}

function keeping(facts: NodeFacts, vnid: Vnid, egressIP: Ip): Required<Keeping> {
  return { mark: ownerOf(vnid, facts.masqueradeBit), label: labelOf(egressIP) };
}

function localHop(facts: NodeFacts, vnid: Vnid, egressIP: Ip): Action[] {
  return [
    set('eth_dst', facts.tunMac),
    ...packetToTun0(facts, markOf(vnid, facts.masqueradeBit), keeping(facts, vnid, egressIP)),
  ];
}

function remoteHop(facts: NodeFacts, vnid: Vnid, hop: Hop): Action[] {
  return [{ ...ctCommit, ...keeping(facts, vnid, hop.egressIP) }, ...recordedToHop(hop)];
}

function recordedToHop({ nodeIP }: Hop): Action[] {
  return [vnidToTunnel, set('tun_dst', nodeIP), output(port.vxlan0)];
}

function recordedLocalHop(facts: NodeFacts, vnid: Vnid): Action[] {
  return [set('eth_dst', facts.tunMac), ...recordedToTun0(facts, markOf(vnid, facts.masqueradeBit))];
}

/** What a connection has that is recorded with all that `keeping` says: nothing would change by recording it again. */
function recordedWith(facts: NodeFacts, vnid: Vnid, egressIP: Ip): Flow['match'] {
  const { mark, label } = keeping(facts, vnid, egressIP);
  return { ct_state: established, ct_mark: hex(mark), ct_label: hex(label) };
}

/**
 * What connections that leave by the hop have in common. The kernel's datapath commits none that leaves by its own node:
 * nft gives those their owner, and they have no label.
 */
function keptBy(facts: NodeFacts, vnid: Vnid, { node, egressIP }: Hop): Flow['match'] {
  if (facts.datapath === 'system' && node === facts.name)
    return { ct_mark: hex(ownerOf(vnid, facts.masqueradeBit)), ct_label: '0' };
  return { ct_label: hex(labelOf(egressIP)) };
}

/** How a connection goes on to a hop without a commit; nothing where none is made that could be left out. */
function recordedAt(facts: NodeFacts, vnid: Vnid, hop: Hop): (readonly [Flow['match'], Action[]])[] {
  const isHere = hop.node === facts.name;
  if (isHere && facts.datapath === 'system') return [];
  return [
    [recordedWith(facts, vnid, hop.egressIP), isHere ? recordedLocalHop(facts, vnid) : recordedToHop(hop)] as const,
  ];
}

/** Flows and groups of one VNID. */
interface VnidRules {
  readonly flows: readonly Flow[];
  readonly groups: readonly Group[];
}

/** Flows and groups of all VNIDs; each part is the same list while nothing in it changes. */
interface EgressRules {
  readonly parts: readonly (readonly Flow[])[];
  readonly groups: readonly Group[];
}

/** Hops whose buckets fit into one message of OpenFlow: 65,535 bytes, of which each takes less than 200. */
const mostHops = 256;

/** The hops for new connections: only the first listed one with `firstAvailable`, else any of the first 256. */
export function hopsUsed(listed: readonly Hop[], firstAvailable: boolean): readonly Hop[] {
  return listed.slice(0, firstAvailable ? 1 : mostHops);
}

function viaRules(facts: NodeFacts, vnid: Vnid, listed: readonly Hop[]): VnidRules {
  const hops = hopsUsed(listed, facts.firstAvailable);
  const local = hops.find((hop) => hop.node === facts.name);
  const actionsOf = (hop: Hop): Action[] =>
    hop.node === facts.name ? localHop(facts, vnid, hop.egressIP) : remoteHop(facts, vnid, hop);
  const at = (priority: number, match: Flow['match'], actions: readonly Action[]): Flow => ({
    table: table.egressIP,
    priority,
    match: { proto: 'ip', reg0: registerValue(vnid), ...match },
    actions,
  });
  // a connection keeps its hop while that is available, also when new ones use another
  const kept = [
    ...listed.flatMap((hop) => recordedAt(facts, vnid, hop).map((one) => at(priority.egressIP.recorded, ...one))),
    ...(listed.length < 2
      ? []
      : listed.map((hop) => at(priority.egressIP.kept, keptBy(facts, vnid, hop), actionsOf(hop)))),
  ];
  const only = local ?? (hops.length === 1 ? hops[0] : undefined);
  if (only !== undefined) return { flows: [...kept, at(priority.egressIP.vnid, {}, actionsOf(only))], groups: [] };
  return {
    flows: [...kept, at(priority.egressIP.vnid, {}, [{ kind: 'group', id: vnid }])],
    groups: [{ id: vnid, buckets: hops.map(actionsOf) }],
  };
}

function stateRules(facts: NodeFacts, vnid: Vnid, state: VnidState): VnidRules {
  switch (state.kind) {
    case 'normal':
      return { flows: [], groups: [] };
    case 'dropped':
      return {
        flows: [
          {
            table: table.egressIP,
            priority: priority.egressIP.vnid,
            match: { reg0: registerValue(vnid) },
            actions: [],
          },
        ],
        groups: [],
      };
    case 'via':
      return viaRules(facts, vnid, state.hops);
  }
}

/**
 * Replies of a VNID that requests egress IPs. They leave the way the connection came in, but only if it came in to this
 * VNID: not an ICMP error about another's connection, nor what a pod sends that has the address of one that is gone.
 * The node may have masqueraded who opened a connection, so the same holds for replies to the node.
 */
function replyRules(facts: NodeFacts, vnid: Vnid): Flow[] {
  const reply = { ct_state: '+rpl', proto: 'ip', reg0: registerValue(vnid) } as const;
  const own = repliesOf(vnid);
  const toNode = { nw_dst: facts.gateway };
  const actions = recordedToTun0(facts, 0);
  const { egressIP, route } = priority;
  return [
    { table: table.egressIP, priority: egressIP.ownReply, match: own, actions },
    { table: table.egressIP, priority: egressIP.otherReply, match: reply, actions: [] },
    { table: table.route, priority: route.ownReply, match: { ...own, ...toNode }, actions },
    { table: table.route, priority: route.otherReply, match: { ...reply, ...toNode }, actions: [] },
  ];
}

/** By facts and state the rules of the one VNID that has this state. */
const rulesByVnid = memoizedPair<NodeFacts, VnidState, Map<Vnid, VnidRules>>(() => new Map());

/** The rules of a VNID with pods here. */
function vnidRules(facts: NodeFacts, vnid: Vnid, state: VnidState): VnidRules {
  const known = rulesByVnid(facts, state);
  const before = known.get(vnid);
  if (before !== undefined) return before;
  const { flows, groups } = stateRules(facts, vnid, state);
  const rules = { flows: state.kind === 'normal' ? flows : [...flows, ...replyRules(facts, vnid)], groups };
  known.set(vnid, rules);
  return rules;
}

/** The egress IP that this node hosts, by VNID. */
export function hostedHere({ name }: Pick<NodeFacts, 'name'>, state: EgressState): ReadonlyMap<Vnid, Ip> {
  const hosted = new Map<Vnid, Ip>();
  for (const [vnid, ips] of state.requests) {
    const ip = ips.find((candidate) => state.assigned.get(candidate)?.node === name);
    if (ip !== undefined && state.vnids.get(vnid)?.kind === 'via') hosted.set(vnid, ip);
  }
  return hosted;
}

/** What other nodes send here for a VNID leaves with the egress IP that this node hosts for it. */
function hostedFlowsOf(facts: NodeFacts, vnid: Vnid, ip: Ip): Flow[] {
  const match = { proto: 'ip', reg0: registerValue(vnid), in_port: port.vxlan0 } as const;
  const { hosted, hostedRecorded } = priority.egressIP;
  const at = (priority: number, match: Flow['match'], actions: Action[]): Flow => ({
    ...{ table: table.egressIP, priority, match, actions },
  });
  const any = at(hosted, match, localHop(facts, vnid, ip));
  if (facts.datapath === 'system') return [any];
  const recorded = { ...recordedWith(facts, vnid, ip), ...match };
  return [at(hostedRecorded, recorded, recordedLocalHop(facts, vnid)), any];
}

/** By facts the flow of each VNID whose egress IP is here, as of the last time. */
const hostedByVnid = memoized<NodeFacts, Map<Vnid, { readonly ip: Ip; readonly flows: readonly Flow[] }>>(
  () => new Map(),
);

function hostedFlows(facts: NodeFacts, hosted: ReadonlyMap<Vnid, Ip>): (readonly Flow[])[] {
  const known = hostedByVnid(facts);
  for (const vnid of known.keys()) if (!hosted.has(vnid)) known.delete(vnid);
  for (const [vnid, ip] of hosted)
    if (known.get(vnid)?.ip !== ip) known.set(vnid, { ip, flows: hostedFlowsOf(facts, vnid, ip) });
  return [...known.values()].map(({ flows }) => flows);
}

/** The flows of table 101 in addition to its defaults, for the VNIDs with a pod or an egress IP on this node. */
export function egressRules(facts: NodeFacts, state: EgressState, localVnids: ReadonlySet<Vnid>): EgressRules {
  const parts = hostedFlows(facts, hostedHere(facts, state));
  const groups: Group[] = [];
  for (const vnid of localVnids) {
    const known = state.vnids.get(vnid);
    if (known === undefined) continue;
    const rules = vnidRules(facts, vnid, known);
    parts.push(rules.flows);
    groups.push(...rules.groups);
  }
  return { parts, groups };
}
