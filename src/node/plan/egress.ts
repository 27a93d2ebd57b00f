/** Tables 101 and 102: how each VNID leaves the cluster, and through which node. */
import uniqBy from 'lodash/uniqBy.js';
import type { EgressState } from '../../model/egress/state.ts';
import type { Hop, VnidState } from '../../model/egress/verdict.ts';
import type { Destination, EgressRules } from '../../model/objects/egressrules.ts';
import type { PolicyPort } from '../../model/policy/networkpolicy.ts';
import { type Ip, ipNumber } from '../../model/values/address.ts';
import { markOf } from '../../model/values/mark.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import {
  type Action,
  ctCommit,
  established,
  type Flow,
  goto,
  type Group,
  hex,
  output,
  registerValue,
  set,
  vnidToTunnel,
} from '../ovs/flow.ts';
import { ownerOf, repliesOf } from '../ovs/owner.ts';
import { port, priority, table } from '../ovs/pipeline.ts';
import { flowKey } from '../ovs/render.ts';
import type { LocalPod, NodeFacts } from '../values/facts.ts';
import { memoized, memoizedPair } from '../values/memo.ts';
import { meterOf } from './meters.ts';
import { blockMatch, portMatches } from './policy-matches.ts';
import { type Keeping, packetToTun0, recordedToTun0 } from './tun0.ts';

/**
 * The ct_label of a connection that leaves with an egress IP: the address as a number, so its meaning never changes.
 */
function labelOf(egressIP: Ip): number {
  return Number(ipNumber(egressIP));
}

/** Whose traffic leaves, from which node, and whether a meter of this node limits what it sends by its egress IP here. */
interface Leaving {
  readonly facts: NodeFacts;
  readonly vnid: Vnid;
  readonly isMetered: boolean;
}

function keeping({ facts, vnid }: Leaving, egressIP: Ip): Required<Keeping> {
  return { mark: ownerOf(vnid, facts.masqueradeBit), label: labelOf(egressIP) };
}

/** All that leaves by an egress IP of this node goes through its meter, whichever node it comes from. */
const metering = ({ vnid, isMetered }: Leaving): Action[] => (isMetered ? [{ kind: 'meter', id: meterOf(vnid) }] : []);

function localHop(leaving: Leaving, egressIP: Ip): Action[] {
  const { facts, vnid } = leaving;
  return [
    ...metering(leaving),
    set('eth_dst', facts.tunMac),
    ...packetToTun0(facts, markOf(vnid, facts.masqueradeBit), keeping(leaving, egressIP)),
  ];
}

function remoteHop(leaving: Leaving, hop: Hop): Action[] {
  return [{ ...ctCommit, ...keeping(leaving, hop.egressIP) }, ...recordedToHop(hop)];
}

function recordedToHop({ nodeIP }: Hop): Action[] {
  return [vnidToTunnel, set('tun_dst', nodeIP), output(port.vxlan0)];
}

function recordedLocalHop(leaving: Leaving): Action[] {
  const { facts, vnid } = leaving;
  return [
    ...metering(leaving),
    set('eth_dst', facts.tunMac),
    ...recordedToTun0(facts, markOf(vnid, facts.masqueradeBit)),
  ];
}

/** What a connection has that is recorded with all that `keeping` says: nothing would change by recording it again. */
function recordedWith(leaving: Leaving, egressIP: Ip): Flow['match'] {
  const { mark, label } = keeping(leaving, egressIP);
  return { ct_state: established, ct_mark: hex(mark), ct_label: hex(label) };
}

/**
 * What connections that leave by the hop have in common. The kernel's datapath commits none that leaves by its own node:
 * nft gives those their owner, and they have no label.
 */
function keptBy({ facts, vnid }: Leaving, { node, egressIP }: Hop): Flow['match'] {
  if (facts.datapath === 'system' && node === facts.name)
    return { ct_mark: hex(ownerOf(vnid, facts.masqueradeBit)), ct_label: '0' };
  return { ct_label: hex(labelOf(egressIP)) };
}

/** How a connection goes on to a hop without a commit; nothing where none is made that could be left out. */
function recordedAt(leaving: Leaving, hop: Hop): (readonly [Flow['match'], Action[]])[] {
  const { facts } = leaving;
  const isHere = hop.node === facts.name;
  if (isHere && facts.datapath === 'system') return [];
  return [[recordedWith(leaving, hop.egressIP), isHere ? recordedLocalHop(leaving) : recordedToHop(hop)] as const];
}

/** Flows and groups of one VNID. */
interface VnidRules {
  readonly flows: readonly Flow[];
  readonly groups: readonly Group[];
}

/** Flows and groups of all VNIDs; each part is the same list while nothing in it changes. */
interface EgressContent {
  readonly parts: readonly (readonly Flow[])[];
  readonly groups: readonly Group[];
}

/** Hops whose buckets fit into one message of OpenFlow: 65,535 bytes, of which each takes less than 200. */
const mostHops = 256;

/** The hops for new connections: only the first listed one with `firstAvailable`, else any of the first 256. */
export function hopsUsed(listed: readonly Hop[], firstAvailable: boolean): readonly Hop[] {
  return listed.slice(0, firstAvailable ? 1 : mostHops);
}

/** Where the flows of a VNID's state are, without finer rules in table 101. */
type Place = typeof table.egressIP | typeof table.egressHop;

/** Makes a flow of one VNID's IP packets. */
type Row = (priority: number, match: Flow['match'], actions: readonly Action[]) => Flow;

function rowsOf(place: Place, vnid: Vnid): Row {
  return (priority, match, actions) => ({
    table: place,
    priority,
    match: { proto: 'ip', reg0: registerValue(vnid), ...match },
    actions,
  });
}

function actionsTo(leaving: Leaving): (hop: Hop) => Action[] {
  const { name } = leaving.facts;
  return (hop) => (hop.node === name ? localHop(leaving, hop.egressIP) : remoteHop(leaving, hop));
}

function viaRules(leaving: Leaving, listed: readonly Hop[], place: Place): VnidRules {
  const { facts, vnid } = leaving;
  const hops = hopsUsed(listed, facts.firstAvailable);
  const local = hops.find((hop) => hop.node === facts.name);
  const actionsOf = actionsTo(leaving);
  const at = rowsOf(place, vnid);
  // a connection keeps its hop while that is available, also when new ones use another
  const kept = [
    ...listed.flatMap((hop) => recordedAt(leaving, hop).map((one) => at(priority.egressIP.recorded, ...one))),
    ...(listed.length < 2 ? [] : listed.map((hop) => at(priority.egressIP.kept, keptBy(leaving, hop), actionsOf(hop)))),
  ];
  const only = local ?? (hops.length === 1 ? hops[0] : undefined);
  if (only !== undefined) return { flows: [...kept, at(priority.egressIP.vnid, {}, actionsOf(only))], groups: [] };
  return {
    flows: [...kept, at(priority.egressIP.vnid, {}, [{ kind: 'group', id: vnid }])],
    groups: [{ id: vnid, buckets: hops.map(actionsOf) }],
  };
}

function stateRules(leaving: Leaving, state: VnidState, place: Place): VnidRules {
  switch (state.kind) {
    case 'normal':
      return { flows: [], groups: [] };
    case 'dropped':
      return {
        flows: [
          { table: place, priority: priority.egressIP.vnid, match: { reg0: registerValue(leaving.vnid) }, actions: [] },
        ],
        groups: [],
      };
    case 'via':
      return viaRules(leaving, state.hops, place);
  }
}

/**
 * Networks that are reached with one egress IP of the VNID alone. A connection that has another one is given this; where
 * it is not in use, nothing goes there.
 */
function networkFlows(leaving: Leaving, hops: readonly Hop[], { destinationIPs }: EgressRules): Flow[] {
  const at = rowsOf(table.egressHop, leaving.vnid);
  const actionsOf = actionsTo(leaving);
  return destinationIPs.flatMap(({ cidr, egressIP }) => {
    const match = blockMatch('nw_dst', cidr);
    const rank = priority.egressHop.ofNetwork + 2 * cidr.length;
    const hop = hops.find((one) => one.egressIP === egressIP);
    if (hop === undefined) return [at(rank, match, [])];
    const recorded = recordedAt(leaving, hop).map(([of, actions]) => at(rank + 1, { ...match, ...of }, actions));
    return [...recorded, at(rank, match, actionsOf(hop))];
  });
}

/** Matches what goes to a destination; fragments without ports only where they are to count as the others. */
function destinationMatches({ cidr, protocol, ports }: Destination, withFragments: boolean): Flow['match'][] {
  const to = blockMatch('nw_dst', cidr);
  if (protocol === undefined) return [to];
  const of: readonly PolicyPort[] =
    ports === undefined
      ? [{ kind: 'any', protocol }]
      : [{ kind: 'range', protocol, from: ports.first, to: ports.last }];
  return portMatches(of, undefined)
    .filter((match) => withFragments || match.nw_frag === undefined)
    .map((match) => ({ ...to, ...match }));
}

/** Table 101 of a VNID with finer rules: what they cover goes to table 102, and the rest leaves as the node. */
function coverageFlows(vnid: Vnid, { destinations, except }: EgressRules): Flow[] {
  const at = rowsOf(table.egressIP, vnid);
  const { excepted, covered, vnid: rest } = priority.egressIP;
  const toHop = [goto(table.egressHop)];
  const toNode = [goto(table.asNode)];
  const named = [
    ...except.flatMap((one) => destinationMatches(one, false).map((match) => at(excepted, match, toNode))),
    ...(destinations ?? []).flatMap((one) => destinationMatches(one, true).map((match) => at(covered, match, toHop))),
  ];
  return [...uniqBy(named, flowKey), at(rest, {}, destinations === undefined ? toHop : toNode)];
}

/** A pod that finer rules do not select: table 20 has made sure that it is the pod's own address. */
export const notSelectedFlows = memoized(({ vnid, ip }: LocalPod): readonly Flow[] => [
  rowsOf(table.egressIP, vnid)(priority.egressIP.notSelected, { nw_src: ip }, [goto(table.asNode)]),
]);

function ruledRules(leaving: Leaving, state: VnidState, rules: EgressRules): VnidRules {
  const { flows, groups } = stateRules(leaving, state, table.egressHop);
  const networks = state.kind === 'via' ? networkFlows(leaving, state.hops, rules) : [];
  return { flows: [...coverageFlows(leaving.vnid, rules), ...networks, ...flows], groups };
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

/** By facts and state the rules of the one VNID that has this state, and whether it is metered in them. */
const rulesByVnid = memoizedPair<NodeFacts, VnidState, Map<Vnid, VnidRules & Pick<Leaving, 'isMetered'>>>(
  () => new Map(),
);

/** The rules of a VNID with pods here. */
function vnidRules(leaving: Leaving, state: VnidState): VnidRules {
  const { facts, vnid, isMetered } = leaving;
  const known = rulesByVnid(facts, state);
  const before = known.get(vnid);
  if (before?.isMetered === isMetered) return before;
  const finer = state.kind === 'normal' ? undefined : state.rules;
  const { flows, groups } =
    finer === undefined ? stateRules(leaving, state, table.egressIP) : ruledRules(leaving, state, finer);
  const rules = { flows: state.kind === 'normal' ? flows : [...flows, ...replyRules(facts, vnid)], groups, isMetered };
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
function hostedFlowsOf(leaving: Leaving, ip: Ip): Flow[] {
  const { facts, vnid } = leaving;
  const match = { proto: 'ip', reg0: registerValue(vnid), in_port: port.vxlan0 } as const;
  const { hosted, hostedRecorded } = priority.egressIP;
  const at = (priority: number, match: Flow['match'], actions: Action[]): Flow => ({
    ...{ table: table.egressIP, priority, match, actions },
  });
  const any = at(hosted, match, localHop(leaving, ip));
  if (facts.datapath === 'system') return [any];
  const recorded = { ...recordedWith(leaving, ip), ...match };
  return [at(hostedRecorded, recorded, recordedLocalHop(leaving)), any];
}

/** By facts the flow of each VNID whose egress IP is here, as of the last time. */
const hostedByVnid = memoized<NodeFacts, Map<Vnid, HostedFlows>>(() => new Map());

interface HostedFlows extends Pick<Leaving, 'isMetered'> {
  readonly ip: Ip;
  readonly flows: readonly Flow[];
}

function hostedFlows(facts: NodeFacts, hosted: ReadonlyMap<Vnid, Ip>, metered: ReadonlySet<Vnid>): (readonly Flow[])[] {
  const known = hostedByVnid(facts);
  for (const vnid of known.keys()) if (!hosted.has(vnid)) known.delete(vnid);
  for (const [vnid, ip] of hosted) {
    const isMetered = metered.has(vnid);
    const before = known.get(vnid);
    if (before?.ip !== ip || before.isMetered !== isMetered)
      known.set(vnid, { ip, isMetered, flows: hostedFlowsOf({ facts, vnid, isMetered }, ip) });
  }
  return [...known.values()].map(({ flows }) => flows);
}

/**
 * The flows of table 101 in addition to its defaults, and of table 102, for the VNIDs with a pod or an egress IP on this
 * node. The switch has a meter of those that are metered.
 */
export function egressRules(
  facts: NodeFacts,
  state: EgressState,
  { local, metered }: { readonly local: ReadonlySet<Vnid>; readonly metered: ReadonlySet<Vnid> },
): EgressContent {
  const parts = hostedFlows(facts, hostedHere(facts, state), metered);
  const groups: Group[] = [];
  for (const vnid of local) {
    const known = state.vnids.get(vnid);
    if (known === undefined) continue;
    const rules = vnidRules({ facts, vnid, isMetered: metered.has(vnid) }, known);
    parts.push(rules.flows);
    groups.push(...rules.groups);
  }
  return { parts, groups };
}
