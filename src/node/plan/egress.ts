/** Tables 101 and 102: how each VNID leaves the cluster, and through which node. */
import uniqBy from 'lodash/uniqBy.js';
import type { Drain } from '../../model/egress/drains.ts';
import type { EgressState } from '../../model/egress/state.ts';
import type { Hop, VnidState } from '../../model/egress/verdict.ts';
import type { Destination, EgressRules } from '../../model/objects/egressrules.ts';
import type { PolicyPort } from '../../model/policy/networkpolicy.ts';
import { type Ip, ipNumber } from '../../model/values/address.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { type Action, type Flow, goto, type Group, hex, registerValue, set } from '../ovs/flow.ts';
import { repliesOf } from '../ovs/owner.ts';
import { priority, table } from '../ovs/pipeline.ts';
import { flowKey } from '../ovs/render.ts';
import type { LocalPod, NodeFacts } from '../values/facts.ts';
import { memoized, memoizedPair } from '../values/memo.ts';
import { actionsTo, keptByAny, type KnownHop, type Leaving, recordedAt } from './hops.ts';
import { drainedHere, hostedFlows, hostedHere } from './hosted.ts';
import { blockMatch, portMatches } from './policy-matches.ts';
import { recordedToTun0 } from './tun0.ts';

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
export function hopsUsed<H extends Hop>(listed: readonly H[], firstAvailable: boolean): readonly H[] {
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

/** The hops of a state; where egress IPs may drain, connections are known by the node of theirs, too. */
function hopsOf(state: VnidState): readonly KnownHop[] {
  if (state.kind !== 'via') return [];
  return state.drain === undefined ? state.hops : state.hops.map((hop) => ({ ...hop, notedNode: hop.nodeIP }));
}

/** Connections that stay on the hops from which egress IPs drain, and that take no others any more. */
function drainRows(
  leaving: Leaving,
  drains: readonly Drain[],
  at: (isRecorded: boolean, match: Flow['match'], actions: readonly Action[]) => Flow,
): Flow[] {
  const actionsOf = actionsTo(leaving);
  return drains.flatMap(({ egressIP, from }) => {
    const hop = { egressIP, ...from, notedNode: from.nodeIP };
    return [
      ...recordedAt(leaving, hop).map(([match, actions]) => at(true, match, actions)),
      ...keptByAny(leaving, hop).map((match) => at(false, match, actionsOf(hop))),
    ];
  });
}

const chosenValue = (egressIP: Ip): string => hex(Number(ipNumber(egressIP)));

/**
 * A bucket that has the flow of a hop send the packet. By itself it could not: it is an action set (OpenFlow 1.3.5, section
 * 5.10), of which Open vSwitch leaves out the ct if there is an output, so that nothing would keep the connection there.
 */
function choosing(egressIP: Ip, place: Place): Action[] {
  return [set('reg3', chosenValue(egressIP)), { kind: 'resubmit', table: place }];
}

function viaRules(leaving: Leaving, listed: readonly KnownHop[], place: Place): VnidRules {
  const { facts, vnid } = leaving;
  const hops = hopsUsed(listed, facts.firstAvailable);
  const local = hops.find((hop) => hop.node === facts.name);
  const actionsOf = actionsTo(leaving);
  const at = rowsOf(place, vnid);
  // a connection keeps its hop while that is available, also when new ones use another
  const kept = [
    ...listed.flatMap((hop) => recordedAt(leaving, hop).map((one) => at(priority.egressIP.recorded, ...one))),
    ...(listed.length < 2 ? [] : listed).flatMap((hop) =>
      keptByAny(leaving, hop).map((match) => at(priority.egressIP.kept, match, actionsOf(hop))),
    ),
  ];
  const only = local ?? (hops.length === 1 ? hops[0] : undefined);
  if (only !== undefined) return { flows: [...kept, at(priority.egressIP.vnid, {}, actionsOf(only))], groups: [] };
  return {
    flows: [
      ...kept,
      ...hops.map((hop) => at(priority.egressIP.chosen, { reg3: chosenValue(hop.egressIP) }, actionsOf(hop))),
      at(priority.egressIP.vnid, {}, [{ kind: 'group', id: vnid }]),
    ],
    groups: [{ id: vnid, buckets: hops.map(({ egressIP }) => choosing(egressIP, place)) }],
  };
}

function dropping({ vnid }: Leaving, place: Place, priority: number): Flow {
  return { table: place, priority, match: { reg0: registerValue(vnid) }, actions: [] };
}

/**
 * Open vSwitch deletes a meter's flows with it. Without them the packets of a connection would be those of a VNID that
 * requests nothing, for which nft ends it. From table 102 nothing goes on by itself.
 */
function withoutMeter(leaving: Leaving, place: Place): Flow[] {
  const isNeeded = leaving.isMetered && place === table.egressIP;
  return isNeeded ? [dropping(leaving, place, priority.egressIP.withoutMeter)] : [];
}

/** The rules without what drains. */
function newRules(leaving: Leaving, state: VnidState, place: Place): VnidRules {
  switch (state.kind) {
    case 'normal':
      return { flows: [], groups: [] };
    case 'dropped':
      return { flows: [dropping(leaving, place, priority.egressIP.vnid)], groups: [] };
    case 'via': {
      const { flows, groups } = viaRules(leaving, hopsOf(state), place);
      return { flows: [...flows, ...withoutMeter(leaving, place)], groups };
    }
  }
}

function stateRules(leaving: Leaving, state: VnidState, place: Place): VnidRules {
  const { flows, groups } = newRules(leaving, state, place);
  if (leaving.drains.length === 0) return { flows, groups };
  const { recorded, kept } = priority.egressIP;
  const staying = drainRows(leaving, leaving.drains, (isRecorded, ...row) =>
    rowsOf(place, leaving.vnid)(isRecorded ? recorded : kept, ...row),
  );
  return { flows: uniqBy([...staying, ...flows], flowKey), groups };
}

/**
 * Networks that are reached with one egress IP of the VNID alone. A connection that has another one is given this; where
 * it is not in use, nothing goes there.
 */
function networkFlows(leaving: Leaving, hops: readonly KnownHop[], { destinationIPs }: EgressRules): Flow[] {
  const at = rowsOf(table.egressHop, leaving.vnid);
  const actionsOf = actionsTo(leaving);
  return destinationIPs.flatMap(({ cidr, egressIP }) => {
    const match = blockMatch('nw_dst', cidr);
    const rank = priority.egressHop.ofNetwork + 2 * cidr.length;
    const hop = hops.find((one) => one.egressIP === egressIP);
    const own = leaving.drains.filter((drain) => drain.egressIP === egressIP);
    const staying = drainRows(leaving, own, (_, of, actions) => at(rank + 1, { ...match, ...of }, actions));
    if (hop === undefined) return [...staying, at(rank, match, [])];
    const recorded = recordedAt(leaving, hop).map(([of, actions]) => at(rank + 1, { ...match, ...of }, actions));
    return uniqBy([...staying, ...recorded, at(rank, match, actionsOf(hop))], flowKey);
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
  const isNamed = state.kind === 'via' || leaving.drains.length > 0;
  const networks = isNamed ? networkFlows(leaving, hopsOf(state), rules) : [];
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

const noDrains: readonly Drain[] = [];

/** By facts and state the rules of the one VNID that has this state, and whether it is metered and what drains in them. */
const rulesByVnid = memoizedPair<NodeFacts, VnidState, Map<Vnid, VnidRules & Pick<Leaving, 'isMetered' | 'drains'>>>(
  () => new Map(),
);

/** The rules of a VNID with pods here. */
function vnidRules(leaving: Leaving, state: VnidState): VnidRules {
  const { facts, vnid, isMetered, drains } = leaving;
  const known = rulesByVnid(facts, state);
  const before = known.get(vnid);
  if (before?.isMetered === isMetered && before.drains === drains) return before;
  const finer = state.kind === 'normal' ? undefined : state.rules;
  const { flows, groups } =
    finer === undefined ? stateRules(leaving, state, table.egressIP) : ruledRules(leaving, state, finer);
  const rules = {
    flows: state.kind === 'normal' ? flows : [...flows, ...replyRules(facts, vnid)],
    ...{ groups, isMetered, drains },
  };
  known.set(vnid, rules);
  return rules;
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
  const left = [...drainedHere(facts, state)].flatMap(([vnid, [ip]]) =>
    ip === undefined ? [] : [[vnid, ip] as const],
  );
  const parts = hostedFlows(facts, new Map([...left, ...hostedHere(facts, state)]), metered);
  const groups: Group[] = [];
  for (const vnid of local) {
    const known = state.vnids.get(vnid);
    if (known === undefined) continue;
    const drains = state.drains?.get(vnid) ?? noDrains;
    const rules = vnidRules({ facts, vnid, isMetered: metered.has(vnid), drains }, known);
    parts.push(rules.flows);
    groups.push(...rules.groups);
  }
  return { parts, groups };
}
